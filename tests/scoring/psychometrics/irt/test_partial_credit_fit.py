from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.curves import information, marginal_reliability
from scoring.psychometrics.irt.fit import item_fit
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.irt.partial_credit import CommonSlope, calibrate_partial_credit
from scoring.psychometrics.irt.partial_credit_fit import (
    partial_credit_information,
    partial_credit_item_fit,
    partial_credit_reliability,
    partial_credit_s_x2,
)
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def graded(people: int, seed: int, twisted: int | None = None) -> ScoredMatrix:
    """Ten items of credits 0 to 3; item ``twisted`` is answered at random by half of the people."""
    random = np.random.default_rng(seed)
    a, theta = random.lognormal(0, 0.3, 10), random.standard_normal(people)
    steps = np.sort(random.normal(0, 1, (10, 3)), axis=1)
    logits = np.cumsum(a[:, None] * (theta[:, None, None] - steps), axis=2)
    logits = np.concatenate([np.zeros((people, 10, 1)), logits], axis=2)
    chance = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    credit = (random.random((people, 10, 1)) > chance.cumsum(axis=2)).sum(axis=2).clip(0, 3)
    if twisted is not None:
        credit[: people // 2, twisted] = random.integers(0, 4, people // 2)
    names = [f"i{j}" for j in range(10)]
    return from_scores(credit.astype(np.uint8), persons=np.arange(people), items=names)


@pytest.mark.parametrize("rasch", [False, True])
def test_items_of_two_credits_fit_as_under_the_plain_model(
    simulated: Simulate, rasch: bool
) -> None:
    scored = simulated(700, 8)[0]
    plain = calibrate(scored, Rasch() if rasch else None)
    found = (
        calibrate_partial_credit(scored, CommonSlope) if rasch else calibrate_partial_credit(scored)
    )
    assert found.columns.loglik == pytest.approx(plain.loglik, abs=1e-5)
    ours, theirs = partial_credit_item_fit(scored, found), item_fit(scored, plain)
    for figure in ("infit", "outfit", "infit_z", "outfit_z", "q3"):
        np.testing.assert_allclose(getattr(ours, figure), getattr(theirs, figure), atol=1e-4)
    one, other = partial_credit_s_x2(scored, found), s_x2(scored, plain)
    np.testing.assert_allclose(one.chi2, other.chi2, rtol=1e-3)
    np.testing.assert_array_equal(one.df, other.df)
    theta = np.linspace(-2, 2, 5)
    np.testing.assert_allclose(
        partial_credit_information(found, theta), information(plain, theta), rtol=1e-3
    )
    assert partial_credit_reliability(found) == pytest.approx(marginal_reliability(plain), abs=1e-4)


def test_the_statistic_is_chi_square_where_the_model_holds() -> None:
    p, squares = [], []
    for seed in range(8):
        scored = graded(1000, seed)
        found = calibrate_partial_credit(scored)
        p += partial_credit_s_x2(scored, found).p.tolist()
        squares += partial_credit_item_fit(scored, found).infit.tolist()
    assert np.mean(np.array(p) < 0.05) < 0.13  # 80 items: 4 are expected
    assert np.mean(p) == pytest.approx(0.5, abs=0.12)
    assert np.mean(squares) == pytest.approx(0.9, abs=0.06)  # at posterior means, which shrink


def test_an_item_that_does_not_follow_its_curve_stands_out() -> None:
    scored = graded(2000, 3, twisted=4)
    found = calibrate_partial_credit(scored, CommonSlope)
    assert np.argmax(partial_credit_item_fit(scored, found).infit) == 4
    tested = partial_credit_s_x2(scored, found)
    assert np.argmin(tested.p) == 4
    assert tested.p[4] < 1e-6


def test_who_was_not_given_an_item_and_items_that_tell_nothing_are_passed_over() -> None:
    credit = graded(400, 2).credit.copy()
    credit[:100, 3], credit[:, 5] = NO_CREDIT, 2
    scored = from_scores(credit, persons=np.arange(400), items=[f"i{j}" for j in range(10)])
    found = calibrate_partial_credit(scored)
    fit, tested = partial_credit_item_fit(scored, found), partial_credit_s_x2(scored, found)
    assert np.flatnonzero(np.isnan(fit.infit)).tolist() == [5]
    assert np.isnan(tested.chi2[5])
    assert tested.people == 300
