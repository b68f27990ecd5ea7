from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.blocks import blocks
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.em import Stop
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.information import observed_information, standard_errors
from scoring.psychometrics.irt.partial_credit import calibrate_partial_credit
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.points import (
    maximum_a_posteriori,
    maximum_likelihood,
    weighted_likelihood,
)
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores
from scoring.psychometrics.tables import read_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]
A = np.array([0.8, 1.2, 1.0, 1.5, 0.7, 1.1])
STEPS = np.array(
    [[-1, 0, 1], [-0.5, 0.2, 0.9], [-1.2, 0.4, 0.3], [0, 0.5, 1], [-1, -0.5, 0], [0, 0, 0.5]]
)


def graded(people: int, seed: int = 1) -> ScoredMatrix:
    random = np.random.default_rng(seed)
    theta = random.standard_normal((people, 1, 1))
    logits = np.cumsum(A[:, None] * (theta - STEPS), axis=2)
    weight = np.exp(np.concatenate([np.zeros((people, 6, 1)), logits], axis=2))
    edges = np.cumsum(weight / weight.sum(axis=2, keepdims=True), axis=2)
    credit = (random.random((people, 6, 1)) > edges).sum(axis=2).astype(np.uint8)
    return from_scores(credit, persons=np.arange(people), items="abcdef")


def test_items_of_two_credits_are_2pl_items(simulated: Simulate) -> None:
    scored = simulated(1500, 8)[0]
    plain, graded_ = calibrate(scored), calibrate_partial_credit(scored)
    errors = standard_errors(scored, plain)
    assert graded_.columns.loglik == pytest.approx(plain.loglik, abs=1e-5)
    np.testing.assert_allclose([item.a for item in graded_.items], plain.a, atol=1e-4)
    np.testing.assert_allclose([item.b for item in graded_.items], plain.b, atol=1e-4)
    np.testing.assert_allclose([item.se_a for item in graded_.items], errors.a, atol=1e-4)
    np.testing.assert_allclose([item.se_steps[0] for item in graded_.items], errors.b, atol=1e-4)
    people = expected_a_posteriori(scored, plain)
    np.testing.assert_allclose(graded_.abilities().theta, people.theta, atol=1e-4)


def test_simulated_steps_are_recovered_within_their_errors() -> None:
    found = calibrate_partial_credit(graded(6000))
    assert found.columns.converged
    for item, a, steps in zip(found.items, A, STEPS, strict=True):
        assert abs(item.a - a) < 4 * item.se_a < 0.4
        assert (np.abs(np.array(item.steps) - steps) < 4 * np.array(item.se_steps)).all()


def test_the_likelihood_is_that_of_every_person_written_out() -> None:
    scored = graded(200)
    credit = scored.credit.copy()
    credit[:60, 2] = NO_CREDIT
    holes = from_scores(credit, persons=scored.persons, items=scored.items)
    found = calibrate_partial_credit(holes)
    nodes, weights = found.columns.grid.nodes, np.exp(found.columns.grid.log_weights)
    total = 0.0
    for person in credit:
        likelihood = np.ones_like(nodes)
        for item, x in zip(found.items, person, strict=True):
            if x != NO_CREDIT:
                logits = np.cumsum([item.a * (nodes - step) for step in item.steps], axis=0)
                every = np.exp(np.vstack([np.zeros_like(nodes), logits]))
                likelihood *= every[x] / every.sum(axis=0)
        total += float(np.log(likelihood @ weights))
    assert found.columns.loglik == pytest.approx(total, abs=1e-6)


def test_information_is_minus_the_curvature() -> None:
    found = calibrate_partial_credit(graded(400), stop=Stop(step=1e-8)).columns
    scored = calibrate_partial_credit(graded(400)).scored_columns
    data, model, nodes = blocks(scored, found.used), found.model, found.grid.nodes
    here, columns = found.parameters, []
    for place in range(here.size):
        step = np.zeros(here.size)
        step[place] = 1e-4
        gradients = []
        for sign in (1, -1):
            parameters = here + sign * step.reshape(here.shape)
            expected = expectation(data, model.logs(parameters, nodes), found.grid)
            surplus = expected.right - expected.given * model.chances(parameters, nodes)
            gradients.append(np.concatenate([surplus @ nodes, surplus.sum(axis=1)]))
        columns.append((gradients[1] - gradients[0]) / 2e-4)
    exact = observed_information(data, found)
    np.testing.assert_allclose(exact, np.stack(columns, axis=1), atol=1e-4)


def test_real_partial_credits_converge(shared_set: Callable[[str], Any]) -> None:
    scored = read_scores(shared_set("timss_aus_twn") / "responses.csv")
    found = calibrate_partial_credit(scored)
    assert found.columns.converged
    assert [len(item.steps) for item in found.items].count(2) == 4
    assert all(item.a > 0 for item in found.items)


def test_credits_nobody_had_are_passed_over() -> None:
    scored = graded(500)
    credit = np.where(scored.credit == 2, np.uint8(3), scored.credit)
    credit[:, 0] = 1
    found = calibrate_partial_credit(
        from_scores(credit, persons=scored.persons, items=scored.items)
    )
    codes = {(finding.code, finding.subject) for finding in found.findings}
    assert (FindingCode.NO_VARIANCE, "a") in codes
    assert (FindingCode.EMPTY_CATEGORY, "b") in codes
    assert found.items[0].credits == (0, 1, 3)


def test_nothing_to_calibrate_is_a_finding() -> None:
    scored = from_scores(np.ones((5, 2), np.uint8), persons=np.arange(5), items="ab")
    found = calibrate_partial_credit(scored)
    assert found.items == ()
    assert FindingCode.NOT_IDENTIFIED in {finding.code for finding in found.findings}


@pytest.mark.parametrize("way", ["map", "ml", "wle"])
def test_people_are_placed_where_a_search_finds_their_best(way: str) -> None:
    credit = graded(300, seed=4).credit.copy()
    credit[np.random.default_rng(5).random(credit.shape) < 0.1] = NO_CREDIT
    names = [f"i{j}" for j in range(credit.shape[1])]
    scored = from_scores(credit, persons=np.arange(300), items=names)
    found = calibrate_partial_credit(scored)
    place = {
        "map": maximum_a_posteriori, "ml": maximum_likelihood, "wle": weighted_likelihood,
    }[way](found.scored_columns, found.columns)  # fmt: skip
    for person in range(0, 300, 29):
        best = minimize_scalar(
            lambda theta, row=credit[person]: -_height(found.items, row, theta, way),
            bounds=(-6, 6),
            method="bounded",
            options={"xatol": 1e-9},
        )
        if abs(best.x) < 5.9:
            assert place.theta[person] == pytest.approx(best.x, abs=1e-5)
        else:
            assert np.isnan(place.theta[person])


def _height(items: Any, row: Any, theta: float, way: str) -> float:
    """What is to be highest: the log-likelihood, with the prior or Jeffreys' weight."""
    total, information = 0.0, 0.0
    for item, credit in zip(items, row, strict=True):
        if credit == NO_CREDIT:
            continue
        ranks = np.arange(len(item.credits))
        logit = np.cumsum([0.0, *(item.a * (theta - step) for step in item.steps)])
        p = np.exp(logit - logit.max())
        p /= p.sum()
        total += float(np.log(p[item.credits.index(int(credit))]))
        information += item.a**2 * float(p @ ranks**2 - (p @ ranks) ** 2)
    extra = {"map": -0.5 * theta**2, "ml": 0.0, "wle": 0.5 * float(np.log(information))}
    return total + extra[way]


def test_two_credits_place_people_as_the_2pl_does(simulated: Simulate) -> None:
    scored = simulated(500, 15)[0]
    graded_found, plain = calibrate_partial_credit(scored), calibrate(scored)
    ours = weighted_likelihood(graded_found.scored_columns, graded_found.columns)
    theirs = weighted_likelihood(scored, plain)
    assert ours.theta == pytest.approx(theirs.theta, abs=1e-4)
    assert ours.error == pytest.approx(theirs.error, abs=1e-4)
