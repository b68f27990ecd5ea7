from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.blocks import blocks
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.em import Stop
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.information import observed_information, standard_errors
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def numeric_information(scored: ScoredMatrix, found: Calibration) -> Any:
    """Minus the second derivative, by central differences of the gradient."""
    data = blocks(scored, found.used)
    model, nodes, here = found.model, found.grid.nodes, found.parameters[:, found.used]

    def gradient(parameters: Any) -> Any:
        expected = expectation(data, model.logs(parameters, nodes), found.grid)
        return model.gradient(parameters, expected, nodes).ravel()

    columns = []
    for place in range(here.size):
        step = np.zeros(here.size)
        step[place] = 1e-4
        up, down = (gradient(here + sign * step.reshape(here.shape)) for sign in (1, -1))
        columns.append((down - up) / 2e-4)
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("design", ["complete", "two forms", "holes"])
def test_information_is_minus_the_curvature(simulated: Simulate, design: str) -> None:
    credit = simulated(900, 7)[0].credit.copy()
    if design == "two forms":
        credit[:450, 5:], credit[450:, :2] = NO_CREDIT, NO_CREDIT
    if design == "holes":
        credit[np.random.default_rng(3).random(credit.shape) < 0.2] = NO_CREDIT
    scored = from_scores(credit, persons=np.arange(900), items="abcdefg")
    found = calibrate(scored)
    exact = observed_information(blocks(scored, found.used), found)
    np.testing.assert_allclose(exact, exact.T, atol=1e-9)
    np.testing.assert_allclose(exact, numeric_information(scored, found), atol=1e-4)


def test_the_error_of_b_knows_that_slope_and_intercept_move_together(simulated: Simulate) -> None:
    scored = simulated(1500, 8)[0]
    found = calibrate(scored, stop=Stop(step=1e-9))
    errors = standard_errors(scored, found)
    a, d = found.parameters
    j, count = 3, 8
    block = errors.covariance[np.ix_([j, count + j], [j, count + j])]
    jacobian = np.array([d[j] / a[j] ** 2, -1 / a[j]])
    assert errors.b[j] == pytest.approx(np.sqrt(jacobian @ block @ jacobian))
    assert np.isnan(errors.c).all()


def test_four_times_the_people_halve_the_errors(simulated: Simulate) -> None:
    few = simulated(1000, 8)[0]
    many = from_scores(np.tile(few.credit, (4, 1)), persons=np.arange(4000), items=few.items)
    one, four = (standard_errors(s, calibrate(s)) for s in (few, many))
    np.testing.assert_allclose(four.a, one.a / 2, rtol=1e-4)


def test_information_that_cannot_be_inverted_gives_no_errors(
    make_scored: Callable[..., ScoredMatrix],
) -> None:
    scale = [[int(j < right) for j in range(3)] for right in range(4)]
    scored = make_scored(scale)
    found = calibrate(scored, stop=Stop(cycles=30))
    errors = standard_errors(scored, found)
    extreme = {finding.code for finding in (*found.findings, *errors.findings)}
    assert extreme & {
        FindingCode.SINGULAR_INFORMATION,
        FindingCode.EXTREME_SLOPE,
        FindingCode.NOT_CONVERGED,
    }
