from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.curves import (
    ability_sem,
    curve,
    empirical_curves,
    information,
    item_information,
    raw_score_sem,
)
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.models import ItemModel, TwoParameter
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]
THETA = np.linspace(-3, 3, 25)


@pytest.mark.parametrize("model", [TwoParameter(), ThreeParameter(), Rasch()])
def test_information_is_the_squared_slope_over_the_variance(
    simulated: Simulate, model: ItemModel
) -> None:
    found = calibrate(simulated(900, 6)[0], model)
    p = curve(found, THETA)
    slope = (curve(found, THETA + 1e-5) - curve(found, THETA - 1e-5)) / 2e-5
    np.testing.assert_allclose(item_information(found, THETA), slope**2 / (p * (1 - p)), rtol=1e-6)
    np.testing.assert_allclose(
        curve(found, THETA),
        found.c[:, None]
        + (1 - found.c[:, None]) / (1 + np.exp(-found.a[:, None] * (THETA - found.b[:, None]))),
    )


def test_the_error_of_ability_is_the_root_of_one_over_information(simulated: Simulate) -> None:
    found = calibrate(simulated(900, 6)[0])
    np.testing.assert_allclose(ability_sem(found, THETA) ** -2, information(found, THETA))
    mean, error = raw_score_sem(found, THETA)
    p = curve(found, THETA)
    np.testing.assert_allclose(mean, p.sum(axis=0))
    np.testing.assert_allclose(error**2, (p * (1 - p)).sum(axis=0))


def test_where_the_model_holds_the_points_lie_on_the_curve(simulated: Simulate) -> None:
    scored = simulated(6000, 20)[0]
    curves = empirical_curves(scored, calibrate(scored))
    assert curves.n.sum(axis=1) == pytest.approx(6000)
    assert (np.diff(curves.theta) > 0).all()
    assert np.abs((curves.observed - curves.expected) / curves.error).max() < 3.5


def test_an_item_that_turns_back_leaves_the_curve(simulated: Simulate) -> None:
    scored, _, _, theta = simulated(3000, 20)
    credit = scored.credit.copy()
    credit[:, 4] = np.abs(theta) < 0.7
    bent = from_scores(credit, persons=scored.persons, items=scored.items)
    curves = empirical_curves(bent, calibrate(bent))
    away = np.abs((curves.observed - curves.expected) / curves.error)
    assert away[4].max() > 8
    assert np.delete(away, 4, axis=0).max() < 4
