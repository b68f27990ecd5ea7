from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.dif import (
    EtsClass,
    ets_class,
    mantel_haenszel,
    purified_mantel_haenszel,
    table_figures,
)
from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.keying import ScoredMatrix

Scored = Callable[..., ScoredMatrix]


def people(harder: dict[int, float], number: int = 2000, seed: int = 4) -> tuple[Any, Any]:
    """Ten items; for the focal group item j is harder by ``harder[j]`` logits."""
    random = np.random.default_rng(seed)
    focal = np.arange(number) % 2 == 1
    easiness = np.zeros((number, 10)) + random.normal(0, 0.5, 10)
    for item, logits in harder.items():
        easiness[focal, item] -= logits
    chance = 1 / (1 + np.exp(-easiness - random.standard_normal((number, 1))))
    return (random.random(chance.shape) < chance).astype(np.uint8), focal


def test_one_item_agrees_with_the_formulas_written_out(make_scored: Scored) -> None:
    x, focal = people({2: 0.8}, number=600)
    found = mantel_haenszel(make_scored(x), focal)
    total, up, down, seen, expected, variance = x.sum(axis=1), 0.0, 0.0, 0.0, 0.0, 0.0
    for level in range(11):
        here = total == level
        a, b = (x[here & ~focal, 2] == 1).sum(), (x[here & ~focal, 2] == 0).sum()
        c, d = (x[here & focal, 2] == 1).sum(), (x[here & focal, 2] == 0).sum()
        n = a + b + c + d
        if n > 1:
            up, down = up + a * d / n, down + b * c / n
            seen, expected = seen + a, expected + (a + b) * (a + c) / n
            variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
    assert found.alpha[2] == pytest.approx(up / down)
    assert found.delta[2] == pytest.approx(-2.35 * np.log(up / down))
    assert found.chi2[2] == pytest.approx((abs(seen - expected) - 0.5) ** 2 / variance)


def test_one_stratum_gives_the_plain_odds_ratio_and_its_error() -> None:
    alpha, error, _ = table_figures(np.array([[[20.0, 30.0], [35.0, 15.0]]]))
    assert alpha == pytest.approx(30 * 35 / (20 * 15))
    assert error == pytest.approx(np.sqrt(1 / 30 + 1 / 20 + 1 / 15 + 1 / 35))


def test_the_planted_item_is_found_and_no_other(make_scored: Scored) -> None:
    x, focal = people({3: 1.2}, number=6000)
    found = purified_mantel_haenszel(make_scored(x), focal)
    assert found.ets[3] is EtsClass.C
    assert found.delta[3] < -1.5
    assert set(found.ets[:3] + found.ets[4:]) == {EtsClass.A}


def test_exchanging_the_groups_turns_the_sign(make_scored: Scored) -> None:
    x, focal = people({3: 0.6})
    one = mantel_haenszel(make_scored(x), focal)
    other = mantel_haenszel(make_scored(x), ~focal)
    np.testing.assert_allclose(one.delta, -other.delta)
    np.testing.assert_allclose(one.chi2, other.chi2)


def test_purification_takes_the_guilty_out_of_the_matching_score(make_scored: Scored) -> None:
    x, focal = people({0: 1.5, 1: 1.5, 2: 1.5}, number=4000)
    plain = mantel_haenszel(make_scored(x), focal)
    pure = purified_mantel_haenszel(make_scored(x), focal)
    assert np.abs(pure.delta[3:]).max() < np.abs(plain.delta[3:]).max()
    assert pure.purified.tolist() == [True] * 3 + [False] * 7


def test_a_small_group_is_refused_in_words(make_scored: Scored) -> None:
    x, focal = people({}, number=150)
    found = mantel_haenszel(make_scored(x), focal)
    assert [finding.code for finding in found.findings] == [FindingCode.GROUP_TOO_SMALL]
    assert set(found.ets) == {EtsClass.UNKNOWN}
    assert np.isnan(found.delta).all()


def test_an_item_everyone_got_right_has_no_odds(make_scored: Scored) -> None:
    x, focal = people({})
    x[:, 4] = 1
    found = mantel_haenszel(make_scored(x), focal)
    assert [(f.code, f.subject) for f in found.findings] == [(FindingCode.NO_COMMON_STRATA, "i4")]
    assert found.ets[4] is EtsClass.UNKNOWN


@pytest.mark.parametrize(
    ("delta", "error", "p", "letter"),
    [
        (0.9, 0.1, 0.001, "A"),
        (1.2, 0.7, 0.06, "A"),
        (1.2, 0.1, 0.001, "B"),
        (-1.6, 0.5, 0.001, "B"),
        (-1.6, 0.3, 0.001, "C"),
        (float("nan"), 0.3, 0.001, ""),
    ],
)
def test_classes_need_size_and_significance(
    delta: float, error: float, p: float, letter: str
) -> None:
    assert ets_class(delta, error, p) == letter
