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
    purified_logistic_dif,
)
from scoring.psychometrics.tables import read_groups

Scored = Callable[..., ScoredMatrix]
KINDS = {Kind.BOTH: "both", Kind.UNIFORM: "udif", Kind.NONUNIFORM: "nudif"}
SETS = [
    ("hci", "gender", "dif", "1"),
    ("gmat", "group", "dif", "1"),
    ("timss_aus_twn", "IDCNTRY", "dif_country", "158"),
    ("timss_aus_twn", "ITSEX", "dif_gender", "1"),
]


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


@pytest.mark.parametrize(("name", "column", "entry", "value"), SETS)
def test_real_groups_give_the_figures_other_programs_give(
    shared_set: Callable[[str], Any],
    shared_scores: Callable[[str], ScoredMatrix],
    reference: Callable[[str], Any],
    name: str,
    column: str,
    entry: str,
    value: str,
) -> None:
    scored = shared_scores(name)
    focal = read_groups(shared_set(name) / "persons.csv", column, scored.persons, value)
    for matching, ours in (("plain", logistic_dif), ("purified", purified_logistic_dif)):
        expected = reference(name)[entry][matching]
        if "error" in expected:
            continue
        for kind, theirs in KINDS.items():
            found = ours(scored, focal, kind)
            rows = [row for row in expected["logistic"] if row["type"] == theirs]
            if matching == "purified" and FindingCode.PURIFICATION_CYCLED in {
                finding.code for finding in found.findings
            }:
                continue
            np.testing.assert_allclose(found.chi2, [row["lr"] for row in rows], atol=1e-4)
            if entry == "dif":
                share = (scored.credit > 0).mean(axis=0)
                null = share * np.log(share) + (1 - share) * np.log(1 - share)
                lost = -null * len(focal) > 745  # the peer's scale underflows to 1
                highest = np.where(lost, 1 - np.exp(2 * null), 1.0)
                theirs_scaled = [row["delta_R2_nagelkerke"] for row in rows] / highest
                np.testing.assert_allclose(found.effect, theirs_scaled, atol=1e-4)
        if matching == "plain":
            differences = [row["st_p_dif"] for row in expected["std_p_dif"]]
            np.testing.assert_allclose(found.standardised, differences, atol=1e-6)


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
