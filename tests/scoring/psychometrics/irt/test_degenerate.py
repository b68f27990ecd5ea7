"""What cannot be computed is a finding, and a figure that is not there: never a fault or a zero."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.dif import purified_mantel_haenszel
from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.curves import ability_at, empirical_curves
from scoring.psychometrics.irt.dif import effect_of_items
from scoring.psychometrics.irt.fit import item_fit
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import standard_errors
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.irt.m2 import m2
from scoring.psychometrics.irt.partial_credit import calibrate_partial_credit
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.points import maximum_likelihood, weighted_likelihood
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import ScoredMatrix, from_scores
from scoring.psychometrics.logistic_dif import purified_logistic_dif
from scoring.psychometrics.person_fit import person_fit

RANDOM = np.random.default_rng(0)
CHANCE = 1 / (1 + np.exp(np.linspace(-1, 1, 6) - 1.5 * RANDOM.standard_normal((120, 1))))
SOME = (RANDOM.random((120, 6)) < CHANCE).astype(np.uint8)
CASES = {
    "nobody": np.zeros((0, 5), np.uint8),
    "one person": SOME[:1],
    "one item": SOME[:, :1],
    "all right": np.ones((40, 5), np.uint8),
    "all wrong": np.zeros((40, 5), np.uint8),
    "all alike": np.repeat(SOME[:1], 60, axis=0),
    "an item without variance": np.hstack([SOME, np.ones((120, 1), np.uint8)]),
}


def scored_of(name: str) -> ScoredMatrix:
    credit = CASES[name]
    items = [f"i{j}" for j in range(credit.shape[1])]
    return from_scores(credit, persons=np.arange(len(credit)), items=items)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("model", [None, Rasch(), ThreeParameter()])
def test_a_model_of_anything_is_answered(name: str, model: Any) -> None:
    scored = scored_of(name)
    found = calibrate(scored, model)
    figures: list[Callable[[], object]] = [
        lambda: standard_errors(scored, found),
        lambda: expected_a_posteriori(scored, found),
        lambda: maximum_likelihood(scored, found),
        lambda: person_fit(scored, found, weighted_likelihood(scored, found)),
        lambda: s_x2(scored, found),
        lambda: m2(scored, found),
        lambda: item_fit(scored, found),
        lambda: empirical_curves(scored, found),
        lambda: ability_at(found, 2.0),
    ]
    for figure in figures:
        figure()
    unusable = {"nobody", "one person", "one item", "all right", "all wrong", "all alike"}
    if name in unusable:
        assert FindingCode.NOT_IDENTIFIED in {one.code for one in found.findings}
        assert np.isnan(found.a).all()
        assert np.isnan(expected_a_posteriori(scored, found).theta).all()
    if name == "an item without variance":
        lost = [one.subject for one in found.findings if one.code is FindingCode.NO_VARIANCE]
        assert lost == ["i6"]
        assert np.isfinite(found.a[:6]).all()


@pytest.mark.parametrize("name", CASES)
def test_graded_items_of_anything_are_answered(name: str) -> None:
    found = calibrate_partial_credit(scored_of(name))
    for place in (expected_a_posteriori, maximum_likelihood, weighted_likelihood):
        assert len(place(found.scored_columns, found.columns).theta) == len(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_a_group_of_nobody_is_too_small(name: str) -> None:
    scored = scored_of(name)
    nobody = np.zeros(len(scored.persons), np.bool_)
    for compare in (purified_mantel_haenszel, purified_logistic_dif):
        found = compare(scored, nobody)
        assert [one.code for one in found.findings] == [FindingCode.GROUP_TOO_SMALL]
    first = np.arange(len(scored.items)) == 0
    assert np.isnan(effect_of_items(scored, nobody, first, 3.0).mean_shift)


def test_groups_that_scores_tell_apart_leave_no_common_strata() -> None:
    scored = from_scores(
        np.vstack([np.ones((60, 5), np.uint8), np.zeros((60, 5), np.uint8)]),
        persons=np.arange(120),
        items=list("abcde"),
    )
    found = purified_mantel_haenszel(scored, np.arange(120) < 60, smallest_group=10)
    assert {one.code for one in found.findings} == {FindingCode.NO_COMMON_STRATA}
    assert np.isnan(found.delta).all()
