from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.m2 import m2
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.irt.sums import chances
from scoring.psychometrics.keying import ScoredMatrix, from_scores

Scores = Callable[[str], ScoredMatrix]
Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def pattern_chances(found: Calibration, patterns: Any) -> Any:
    p, weight = chances(found, found.grid.nodes), np.exp(found.grid.log_weights)
    each = np.where(patterns[:, :, None] == 1, p, 1 - p)
    return np.prod(each, axis=1) @ weight


def slow(scored: ScoredMatrix, found: Calibration) -> float:
    """Every pattern written out, the covariance formed and inverted."""
    size = len(scored.items)
    patterns = np.array(list(product([0, 1], repeat=size)))
    pairs = list(combinations(range(size), 2))

    def moments(x: Any) -> Any:
        return np.hstack([x, np.stack([x[:, i] * x[:, k] for i, k in pairs], axis=1)]).astype(float)

    table, chance = moments(patterns), pattern_chances(found, patterns)
    expected = chance @ table
    covariance = (table * chance[:, None]).T @ table - np.outer(expected, expected)
    columns = []
    for place in range(found.parameters.size):
        step = np.zeros(found.parameters.size)
        step[place] = 1e-5
        up, down = (
            pattern_chances(
                Calibration(
                    **{
                        **vars(found),
                        "parameters": found.parameters
                        + sign * step.reshape(found.parameters.shape),
                    }
                ),
                patterns,
            )
            for sign in (1, -1)
        )
        columns.append((up - down) @ table / 2e-5)
    directions = np.stack(columns, axis=1) @ found.model.free_directions(size)
    inverse = np.linalg.inv(covariance)
    middle = np.linalg.inv(directions.T @ inverse @ directions)
    weight = inverse - inverse @ directions @ middle @ directions.T @ inverse
    residual = moments(scored.credit).mean(axis=0) - expected
    return float(len(scored.persons) * residual @ weight @ residual)


@pytest.mark.parametrize("model", [None, Rasch(), ThreeParameter()])
def test_m2_is_that_of_the_covariance_written_out(simulated: Simulate, model: Any) -> None:
    scored = simulated(700, 7, seed=5)[0]
    found = calibrate(scored, model)
    assert m2(scored, found).m2 == pytest.approx(slow(scored, found), rel=1e-5)


def test_a_second_dimension_is_noticed(simulated: Simulate) -> None:
    one, other = simulated(2000, 10, seed=1)[0], simulated(2000, 10, seed=2)[0]
    credit = np.hstack([one.credit, other.credit])
    items = [f"i{j}" for j in range(20)]
    mixed = from_scores(credit, persons=one.persons, items=items)
    assert m2(mixed, calibrate(mixed)).rmsea > 0.05
    assert m2(one, calibrate(one)).p > 0.001


def test_three_items_leave_nothing_to_test(simulated: Simulate) -> None:
    scored = simulated(300, 3)[0]
    found = m2(scored, calibrate(scored))
    assert [finding.code for finding in found.findings] == [FindingCode.NO_DEGREES_OF_FREEDOM]
    assert np.isnan(found.m2)
