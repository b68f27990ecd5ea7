from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.dif import likelihood_ratio_dif, lord_raju, score_effect
from scoring.psychometrics.keying import ScoredMatrix

Scored = Callable[..., ScoredMatrix]


def people(shift: float, number: int = 4000, seed: int = 3) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    focal = np.arange(number) % 2 == 1
    theta = random.standard_normal((number, 1)) + 0.5 * focal[:, None]
    b = np.tile(random.normal(0, 0.8, 8), (number, 1))
    b[focal, 2] += shift
    chance = 1 / (1 + np.exp(-1.2 * (theta - b)))
    return (random.random(chance.shape) < chance).astype(np.uint8), focal


def test_the_planted_item_is_freed_and_measured(make_scored: Scored) -> None:
    x, focal = people(0.8)
    found = lord_raju(make_scored(x), focal)
    assert np.flatnonzero(~found.anchors).tolist() == [2]
    assert found.signed_area[2] == pytest.approx(0.8, abs=0.2)
    assert found.p[2] < 1e-6
    assert found.area_p[2] < 1e-6
    assert found.population[0] == pytest.approx(0.5, abs=0.12)
    assert found.reference[1, 0] == found.focal[1, 0]


def test_both_tests_of_one_item_agree_as_theory_says(make_scored: Scored) -> None:
    x, focal = people(0.8)
    scored = make_scored(x)
    ratio, wald = likelihood_ratio_dif(scored, focal), lord_raju(scored, focal)
    assert wald.chi2[2] == pytest.approx(ratio.chi2[2], rel=0.15)
    assert np.delete(ratio.chi2, 2).max() < ratio.chi2[2] / 5


def test_items_held_alike_have_their_figures_too_and_the_three_tests_agree(
    make_scored: Scored,
) -> None:
    x, focal = people(0.3, number=8000)
    found = lord_raju(make_scored(x), focal)
    assert np.isfinite(found.chi2).all()
    np.testing.assert_allclose(found.chi2, found.ratio_chi2, atol=2.5, rtol=0.15)
    honest = np.arange(8) != 2
    assert np.abs(found.signed_area[honest]).max() < 0.2
    assert (found.p[honest] > 0.01).all()
    assert found.signed_area[2] == pytest.approx(0.3, abs=0.12)


def test_who_is_the_reference_turns_the_sign_of_the_area(make_scored: Scored) -> None:
    x, focal = people(0.4)
    one, other = (lord_raju(make_scored(x), group) for group in (focal, ~focal))
    assert one.chi2[2] == pytest.approx(other.chi2[2], rel=0.1)
    assert np.sign(one.signed_area[2]) == -np.sign(other.signed_area[2])


def test_the_harder_item_costs_the_focal_group_points_and_passes(make_scored: Scored) -> None:
    x, focal = people(0.8)
    scored = make_scored(x)
    effect = score_effect(scored, focal, lord_raju(scored, focal), cut=5)
    assert effect.shift.shape == (2000,)
    assert -0.25 < effect.mean_shift < -0.08
    assert effect.lost > 20
    assert effect.gained < 0.1 * effect.lost


def test_where_nothing_differs_nobody_is_touched(make_scored: Scored) -> None:
    x, focal = people(0.0)
    scored = make_scored(x)
    found = lord_raju(scored, focal)
    assert found.anchors.all()
    effect = score_effect(scored, focal, found, cut=5)
    assert effect.mean_absolute == effect.lost == effect.gained == 0


def test_a_small_group_is_refused_in_words(make_scored: Scored) -> None:
    x, focal = people(0.0, number=120)
    found = lord_raju(make_scored(x), focal)
    assert [finding.code for finding in found.findings] == [FindingCode.GROUP_TOO_SMALL]
    assert np.isnan(found.chi2).all()
