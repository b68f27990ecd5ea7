from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.concurrent import narrowed, together
from scoring.psychometrics.irt.curves import ability_at, raw_score_sem
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def forms_of(scored: ScoredMatrix) -> list[ScoredMatrix]:
    """Half of the people on the first thirty items, half on the last thirty; ten in common."""
    half = len(scored.persons) // 2
    parts = (slice(0, half), slice(0, 30)), (slice(half, None), slice(20, 50))
    return [
        from_scores(
            scored.credit[rows, columns], persons=scored.persons[rows], items=scored.items[columns]
        )
        for rows, columns in parts
    ]


def test_an_item_in_two_forms_is_one_item_and_the_others_are_not_administered(
    simulated: Simulate,
) -> None:
    first, second = forms_of(simulated(400, 50)[0])
    both = together([first, second])
    assert both.items == tuple(f"i{j}" for j in range(50))
    assert (both.credit[:200, 30:] == NO_CREDIT).all()
    assert (both.credit[200:, :20] == NO_CREDIT).all()
    assert np.array_equal(both.total, np.concatenate([first.total, second.total]))


def test_an_item_dropped_in_one_form_counts_in_none(simulated: Simulate) -> None:
    first, second = forms_of(simulated(400, 50)[0])
    counted = second.counted.copy()
    counted[0] = False
    dropped = ScoredMatrix(second.credit, second.maximum, counted, second.persons, second.items)
    both = together([first, dropped])
    assert [item for item, yes in zip(both.items, both.counted, strict=True) if not yes] == ["i20"]


def test_two_forms_through_common_items_recover_what_one_form_would(simulated: Simulate) -> None:
    scored, a, b, _theta = simulated(6000, 50)
    found = calibrate(together(forms_of(scored)))
    assert found.converged
    assert np.abs(found.a - a).max() < 0.35
    assert np.corrcoef(found.b, b)[0, 1] > 0.995


def test_a_form_alone_is_what_it_is_by_itself(simulated: Simulate) -> None:
    scored = simulated(1500, 12)[0]
    found = calibrate(together([scored]))
    own = narrowed(found, scored)
    assert np.array_equal(own.parameters, found.parameters)
    plain = s_x2(scored, calibrate(scored))
    assert s_x2(scored, own).chi2 == pytest.approx(plain.chi2, rel=1e-4)


def test_each_form_sees_its_items_in_its_order(simulated: Simulate) -> None:
    forms = forms_of(simulated(1000, 50)[0])
    found = calibrate(together(forms))
    own = narrowed(found, forms[1])
    assert own.items == forms[1].items
    place = [found.items.index(item) for item in own.items]
    assert np.array_equal(own.b, found.b[place])


def test_candidates_of_weights_are_not_told_apart(simulated: Simulate) -> None:
    scored = simulated(300, 12)[0]
    found = calibrate(scored, weights=np.ones(300))
    with pytest.raises(ValueError, match="together"):
        narrowed(found, scored)


def test_the_ability_of_a_raw_score_has_that_score_expected(simulated: Simulate) -> None:
    found = calibrate(simulated(2000, 30)[0])
    theta = ability_at(found, 17.0)
    assert raw_score_sem(found, np.array([theta]))[0][0] == pytest.approx(17.0, abs=1e-9)
    assert np.isnan(ability_at(found, 30.0))
