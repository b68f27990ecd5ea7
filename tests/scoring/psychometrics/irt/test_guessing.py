from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.blocks import blocks
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import observed_information, standard_errors
from scoring.psychometrics.keying import ScoredMatrix, from_scores


def guessers(people: int = 4000, items: int = 25, seed: int = 1) -> tuple[ScoredMatrix, Any, Any]:
    random = np.random.default_rng(seed)
    a, b = random.lognormal(0.2, 0.25, items), random.normal(0, 1, items)
    theta = random.standard_normal((people, 1))
    right = random.random((people, items)) < 0.25 + 0.75 / (1 + np.exp(-a * (theta - b)))
    names = [f"i{j}" for j in range(items)]
    return from_scores(right.astype(np.uint8), persons=np.arange(people), items=names), a, b


def test_the_curve_is_the_one_of_the_textbook() -> None:
    nodes = np.linspace(-6, 6, 13)
    right, wrong = ThreeParameter().logs(np.array([[1.3], [0.4], [-1.1]]), nodes)
    c = 1 / (1 + np.exp(1.1))
    expected = c + (1 - c) / (1 + np.exp(-(1.3 * nodes + 0.4)))
    np.testing.assert_allclose(np.exp(right[0]), expected)
    np.testing.assert_allclose(np.exp(wrong[0]), 1 - expected)


def test_derivatives_are_those_of_small_steps() -> None:
    scored = guessers(people=300, items=4)[0]
    model, grid = ThreeParameter(), Grid(21)
    data = blocks(scored, np.arange(4))
    here = model.start(scored.credit.mean(axis=0)) + 0.1
    expected = expectation(data, model.logs(here, grid.nodes), grid)

    def value(parameters: Any) -> Any:
        right, wrong = model.logs(parameters, grid.nodes)
        missed = expected.given - expected.right
        return (expected.right * right + missed * wrong).sum() + model.log_prior(parameters)

    gradient = model.gradient(here, expected, grid.nodes)
    curvature = model.curvature(here, expected, grid.nodes)
    for place in np.ndindex(here.shape):
        step = np.zeros_like(here)
        step[place] = 1e-4
        slope = (value(here + step) - value(here - step)) / 2e-4
        assert gradient[place] == pytest.approx(slope, abs=1e-5)
        moved = [model.gradient(here + sign * step, expected, grid.nodes) for sign in (1, -1)]
        bend = (moved[1] - moved[0])[:, place[1]] / 2e-4
        np.testing.assert_allclose(curvature[place[1], :, place[0]], bend, atol=1e-4)


def test_parameters_are_recovered_within_their_errors() -> None:
    scored, a, b = guessers()
    found = calibrate(scored, ThreeParameter())
    errors = standard_errors(scored, found)
    assert found.converged
    assert found.log_prior < 0
    assert np.mean(np.abs(found.a - a) < 1.96 * errors.a) >= 0.8
    assert np.mean(np.abs(found.b - b) < 1.96 * errors.b) >= 0.8
    assert np.abs(found.c - 0.25).mean() < 0.05
    assert (errors.c > 0).all()


def test_information_is_minus_the_curvature_of_likelihood_and_prior() -> None:
    scored = guessers(people=500, items=4)[0]
    found = calibrate(scored, ThreeParameter())
    data, model, nodes = blocks(scored, found.used), found.model, found.grid.nodes
    exact = observed_information(data, found)
    for place in range(found.parameters.size):
        step = np.zeros(found.parameters.size)
        step[place] = 1e-4
        up, down = (
            model.gradient(
                moved, expectation(data, model.logs(moved, nodes), found.grid), nodes
            ).ravel()
            for moved in (
                found.parameters + sign * step.reshape(found.parameters.shape) for sign in (1, -1)
            )
        )
        np.testing.assert_allclose(exact[:, place], (down - up) / 2e-4, atol=1e-3)
