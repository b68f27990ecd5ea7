from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.models import ItemModel, TwoParameter
from scoring.psychometrics.irt.points import (
    maximum_a_posteriori,
    maximum_likelihood,
    weighted_likelihood,
)
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


@pytest.mark.parametrize("model", [TwoParameter(), ThreeParameter()])
def test_the_mode_is_where_a_search_finds_it(simulated: Simulate, model: ItemModel) -> None:
    credit = simulated(300, 8)[0].credit.copy()
    credit[np.random.default_rng(5).random(credit.shape) < 0.1] = NO_CREDIT
    scored = from_scores(credit, persons=np.arange(300), items="abcdefgh")
    found = calibrate(scored, model)
    people = maximum_a_posteriori(scored, found)
    for person in range(0, 300, 29):
        given = credit[person] != NO_CREDIT

        def against(theta: float, person: int = person, given: Any = given) -> float:
            right, wrong = model.logs(found.parameters, np.array([theta]))
            logs = np.where(credit[person] == 1, right[:, 0], wrong[:, 0])
            return float(0.5 * theta**2 - logs[given].sum())

        best = minimize_scalar(against, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})
        assert people.theta[person] == pytest.approx(best.x, abs=1e-5)
        bend = (against(best.x + 1e-3) - 2 * against(best.x) + against(best.x - 1e-3)) / 1e-6
        assert people.error[person] == pytest.approx(1 / np.sqrt(bend), rel=1e-3)


def test_all_right_and_all_wrong_have_no_likelihood_estimate_but_a_weighted_one(
    lsat: dict[int, ScoredMatrix],
) -> None:
    found = calibrate(lsat[6])
    extreme = np.isin(lsat[6].total, [0, 5])
    likely, weighted = (way(lsat[6], found) for way in (maximum_likelihood, weighted_likelihood))
    assert np.isnan(likely.theta[extreme]).all()
    assert np.isfinite(likely.theta[~extreme]).all()
    assert np.isfinite(weighted.theta).all()
    assert np.isfinite(weighted.error).all()


def test_weighting_takes_the_bias_out(simulated: Simulate) -> None:
    scored, _, _, theta = simulated(6000, 40)
    found = calibrate(scored)
    far = (np.abs(theta) > 1.5) & (np.abs(theta) < 2)
    likely, weighted = (way(scored, found) for way in (maximum_likelihood, weighted_likelihood))
    known = far & np.isfinite(likely.theta)
    outward = np.sign(theta[known])
    bias = [
        ((people.theta[known] - theta[known]) * outward).mean() for people in (likely, weighted)
    ]
    assert abs(bias[1]) < abs(bias[0])


def test_nothing_given_means_no_estimate(simulated: Simulate) -> None:
    credit = simulated(200, 5)[0].credit.copy()
    credit[7] = NO_CREDIT
    scored = from_scores(credit, persons=np.arange(200), items="abcde")
    found = calibrate(scored)
    for way in (maximum_a_posteriori, maximum_likelihood, weighted_likelihood):
        assert np.isnan(way(scored, found).theta[7])
