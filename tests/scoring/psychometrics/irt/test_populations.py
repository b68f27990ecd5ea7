from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.calibration import AnchorsRefused, calibrate
from scoring.psychometrics.irt.comparison import free_parameters
from scoring.psychometrics.irt.em import Stop, populated
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import full_information, standard_errors
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.points import maximum_a_posteriori
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]
RANDOM = np.random.default_rng(5)
A, B = RANDOM.lognormal(0, 0.3, 12), RANDOM.normal(0, 1, 12)


def two_groups(people: int = 4000, mean: float = 0.7, sd: float = 1.4) -> tuple[ScoredMatrix, Any]:
    random = np.random.default_rng(6)
    group = np.repeat(["new", "old"], people // 2)
    theta = random.standard_normal(people)
    theta[group == "old"] = mean + sd * theta[group == "old"]
    chance = 1 / (1 + np.exp(-A * (theta[:, None] - B)))
    credit = (random.random(chance.shape) < chance).astype(np.uint8)
    return from_scores(credit, persons=np.arange(people), items="abcdefghijkl"), group


def test_means_and_spreads_of_groups_are_recovered_within_their_errors() -> None:
    scored, group = two_groups()
    found = calibrate(scored, groups=group)
    errors = standard_errors(scored, found)
    assert found.converged
    assert found.groups == ("new", "old")
    assert found.populations[0].tolist() == [0, 1]
    assert np.isnan(errors.populations[0]).all()
    assert (np.abs(found.populations[1] - [0.7, 1.4]) < 4 * errors.populations[1]).all()
    assert (np.abs(found.a - A) < 4 * errors.a).all()
    assert free_parameters(found) == 26


def test_alike_groups_are_one_population() -> None:
    scored, group = two_groups(mean=0.0, sd=1.0)
    gain = calibrate(scored, groups=group).loglik - calibrate(scored).loglik
    assert 0 <= gain < 6


def test_information_of_means_and_spreads_is_minus_the_curvature() -> None:
    scored, group = two_groups(600)
    found = calibrate(scored, groups=group, stop=Stop(step=1e-9))
    data, nodes = found.blocks(scored), found.grid.nodes
    items = found.parameters.size

    def gradient(point: Any) -> Any:
        parameters = point[:items].reshape(found.parameters.shape)
        mean, sd = point[items:]
        grids = populated(found.grid, np.array([[0.0, 1.0], [mean, sd]]))
        expected = expectation(data, found.model.logs(parameters, nodes), grids)
        z = (nodes - mean) / sd
        own = [expected.mass[1] @ z / sd, expected.mass[1] @ (z * z - 1) / sd]
        return np.append(found.model.gradient(parameters, expected, nodes).ravel(), own)

    here = np.append(found.parameters.ravel(), found.populations[1])
    steps = 1e-4 * np.eye(len(here))
    slow = np.stack([(gradient(here - step) - gradient(here + step)) / 2e-4 for step in steps])
    np.testing.assert_allclose(full_information(data, found), slow.T, atol=2e-4)


def test_a_weight_is_as_many_people(simulated: Simulate) -> None:
    scored = simulated(400, 6)[0]
    weights = np.random.default_rng(1).integers(0, 4, 400)
    rows = np.repeat(np.arange(400), weights)
    many = from_scores(scored.credit[rows], persons=rows, items=scored.items)
    one, other = calibrate(scored, weights=weights.astype(float)), calibrate(many)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-5)
    np.testing.assert_allclose(one.a, other.a, atol=1e-5)
    np.testing.assert_allclose(
        standard_errors(scored, one).b, standard_errors(many, other).b, atol=1e-5
    )


def test_anchors_stay_and_put_new_items_on_their_scale() -> None:
    scored, group = two_groups()
    old = from_scores(scored.credit[group == "old"], persons=np.arange(2000), items=scored.items)
    anchors = {item: (a, b) for item, a, b in zip("abcdef", A, B, strict=False)}
    found = calibrate(old, anchors=anchors)
    np.testing.assert_array_equal(found.a[:6], A[:6])
    np.testing.assert_allclose(found.b[:6], B[:6])
    errors = standard_errors(old, found)
    assert (errors.a[:6] == 0).all()
    assert (np.abs(found.b[6:] - B[6:]) < 4 * errors.b[6:]).all()
    assert (np.abs(found.populations[0] - [0.7, 1.4]) < 4 * errors.populations[0]).all()
    assert found.converged


def test_people_are_placed_in_their_own_population() -> None:
    scored, group = two_groups()
    found = calibrate(scored, groups=group)
    for place in (expected_a_posteriori, maximum_a_posteriori):
        theta = place(scored, found).theta
        assert theta[group == "old"].mean() == pytest.approx(found.populations[1, 0], abs=0.1)


def test_guessing_can_be_anchored_and_rasch_refuses_in_words() -> None:
    scored, _ = two_groups(2000)
    found = calibrate(scored, ThreeParameter(), anchors={"a": (1.0, 0.0, 0.2), "b": (1, 1, 0.1)})
    assert found.c[:2].tolist() == pytest.approx([0.2, 0.1])
    with pytest.raises(AnchorsRefused, match="rasch"):
        calibrate(scored, Rasch(), anchors={"a": (1.0, 0.0)})


def test_anchors_that_are_not_in_the_form_are_told() -> None:
    scored, _ = two_groups(1000)
    found = calibrate(scored, anchors={"zz": (1.0, 0.0)})
    assert FindingCode.NO_ANCHORS in {finding.code for finding in found.findings}
