from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.points import maximum_likelihood, weighted_likelihood
from scoring.psychometrics.keying import ScoredMatrix, from_scores
from scoring.psychometrics.person_fit import person_fit

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


@pytest.mark.parametrize("name", ["hci", "gmat", "tam_mc", "lsat7", "credential_form1"])
def test_real_people_fit_as_other_programs_find(
    shared_scores: Callable[[str], ScoredMatrix], reference: Callable[[str], Any], name: str
) -> None:
    scored = shared_scores(name)
    found = calibrate(scored)
    fit = person_fit(scored, found, expected_a_posteriori(scored, found))
    stored = reference(name)
    expected = stored.get("person_fit_first_30") or stored["irt"]["2PL"]["person_fit_first_30"]
    for ours, theirs in ((fit.lz, "Zh"), (fit.infit, "infit"), (fit.outfit, "outfit")):
        np.testing.assert_allclose(ours[:30], [row[theirs] for row in expected], atol=1e-3)


def test_the_corrected_index_is_standard_normal_where_the_plain_one_is_not(
    simulated: Simulate,
) -> None:
    scored = simulated(8000, 40)[0]
    found = calibrate(scored)
    fit = person_fit(scored, found, weighted_likelihood(scored, found))
    star = fit.lz_star[np.isfinite(fit.lz_star)]
    assert star.std() == pytest.approx(1.0, abs=0.03)
    assert np.nanstd(fit.lz) < 0.9
    assert (fit.p < 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_whoever_answers_at_random_stands_out(simulated: Simulate) -> None:
    scored = simulated(2000, 60)[0]
    credit = scored.credit.copy()
    credit[:40] = np.random.default_rng(1).random((40, 60)) < 0.5
    mixed = from_scores(credit, persons=scored.persons, items=scored.items)
    found = calibrate(mixed)
    fit = person_fit(mixed, found, weighted_likelihood(mixed, found))
    assert (fit.p[:40] < 0.01).mean() > 0.8
    assert fit.u3[:40].mean() > 1.8 * fit.u3[40:].mean()


def test_a_guttman_scale_and_its_reverse_are_the_ends(
    make_scored: Callable[..., ScoredMatrix],
) -> None:
    rows = [[1, 1, 1, 0], [0, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    scored = make_scored(rows)
    found = calibrate(scored)
    u3 = person_fit(scored, found, maximum_likelihood(scored, found)).u3
    assert u3[0] == pytest.approx(0.0)
    assert u3[1] == pytest.approx(1.0)
    assert np.isnan(u3[4:]).all()
