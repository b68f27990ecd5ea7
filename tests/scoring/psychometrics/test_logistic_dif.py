from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize

from scoring.psychometrics.dif import mantel_haenszel, shrunken_delta
from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.logistic_dif import (
    Kind,
    effect_class,
    logistic_dif,
)

Scored = Callable[..., ScoredMatrix]


def people(number: int = 3000, seed: int = 4, turn: float = 0.0) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    focal = np.arange(number) % 2 == 1
    theta = random.standard_normal((number, 1))
    slope = np.ones((number, 10))
    slope[focal, 5] += turn
    chance = 1 / (1 + np.exp(-slope * (theta - random.normal(0, 0.5, 10))))
    return (random.random(chance.shape) < chance).astype(np.uint8), focal


def test_one_item_agrees_with_a_general_optimiser(make_scored: Scored) -> None:
    x, focal = people(600, turn=1.0)
    found = logistic_dif(make_scored(x), focal)
    total = x.sum(axis=1) / 10
    columns = np.stack([np.ones(600), total, focal, total * focal], axis=1)

    def deviance(size: int) -> float:
        def loss(beta: Any) -> Any:
            logit = columns[:, :size] @ beta
            return -2 * (x[:, 5] @ logit - np.logaddexp(0, logit).sum())

        return float(optimize.minimize(loss, np.zeros(size), method="BFGS", tol=1e-9).fun)

    assert found.chi2[5] == pytest.approx(deviance(2) - deviance(4), abs=1e-4)


def test_a_curve_that_turns_is_seen_by_the_interaction_alone(make_scored: Scored) -> None:
    x, focal = people(6000, turn=1.5)
    scored = make_scored(x)
    assert logistic_dif(scored, focal, Kind.NONUNIFORM).p[5] < 1e-6
    assert logistic_dif(scored, focal, Kind.UNIFORM).p[5] > 1e-6


def test_small_separated_and_constant_data_are_told_in_words(make_scored: Scored) -> None:
    x, focal = people(400)
    x[:, 0], x[:, 1] = 1, x[:, 2:].sum(axis=1) > 4
    found = logistic_dif(make_scored(x), focal)
    codes = {(finding.code, finding.subject) for finding in found.findings}
    assert {(FindingCode.NO_VARIANCE, "i0"), (FindingCode.SEPARATED, "i1")} <= codes
    assert np.isnan(found.chi2[:2]).all()
    small = logistic_dif(make_scored(x[:100]), focal[:100])
    assert [finding.code for finding in small.findings] == [FindingCode.GROUP_TOO_SMALL]


def test_effects_have_three_classes() -> None:
    assert [effect_class(size) for size in (0.01, 0.05, 0.08, float("nan"))] == ["A", "B", "C", ""]


def test_small_groups_are_drawn_towards_the_mean(make_scored: Scored) -> None:
    x, focal = people(300)
    found = mantel_haenszel(make_scored(x), focal, smallest_group=20)
    delta, error = shrunken_delta(found)
    assert (
        np.abs(delta - found.delta.mean()).max() <= np.abs(found.delta - found.delta.mean()).max()
    )
    assert (error <= 2.35 * found.error + 1e-12).all()
    assert ((delta - found.delta) * (found.delta.mean() - found.delta) >= 0).all()
