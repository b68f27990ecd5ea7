from collections.abc import Callable

import numpy as np
import pytest

from scoring.psychometrics.classical import reliability
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.precision import biserial, conditional_sem, stratified_alpha


def test_the_biserial_finds_the_correlation_behind_a_cut_trait() -> None:
    random = np.random.default_rng(1)
    trait = random.standard_normal(200_000)
    score = 0.6 * trait + 0.8 * random.standard_normal(200_000)
    cuts = np.array([-1.0, 0.0, 1.2])
    right = trait[:, None] > cuts
    plain = np.array([np.corrcoef(column, score)[0, 1] for column in right.T])
    np.testing.assert_allclose(biserial(plain, right.mean(axis=0)), 0.6, atol=0.01)
    assert (plain < 0.5).all()


def test_an_item_everyone_got_right_has_no_biserial() -> None:
    found = biserial(np.array([np.nan, 0.3, np.nan]), np.array([1.0, 0.5, 0.0]))
    assert np.isnan(found[[0, 2]]).all()
    assert found[1] == pytest.approx(0.3 * 0.5 * np.sqrt(2 * np.pi))


def test_the_error_at_a_score_is_largest_in_the_middle_and_none_at_the_ends() -> None:
    found = conditional_sem(10)
    assert found[[0, 10]].tolist() == [0, 0]
    assert found[5] == pytest.approx(np.sqrt(25 / 9))
    assert found.argmax() == 5
    assert np.isnan(conditional_sem(1)).all()


def test_its_mean_square_is_the_square_of_the_overall_error(
    make_scored: Callable[..., ScoredMatrix],
) -> None:
    """Over everybody, Lord's gives the error of KR-21 and Keats's that of KR-20."""
    random = np.random.default_rng(2)
    x = random.random((500, 20)) < random.beta(3, 2, (500, 1)) * np.linspace(0.7, 1, 20)
    scored = make_scored(x.astype(np.uint8))
    found, total = reliability(scored), scored.total
    variance = total.var()
    lord = conditional_sem(20)[total]
    assert (lord**2).mean() == pytest.approx(variance * (1 - found.kr21))
    keats = conditional_sem(20, found.kr20, found.kr21)[total]
    assert (keats**2).mean() == pytest.approx(variance * (1 - found.kr20))


def test_one_part_is_the_whole_and_perfect_parts_are_perfect() -> None:
    assert stratified_alpha([9.0], [0.8], 9.0) == pytest.approx(0.8)
    assert stratified_alpha([4.0, 9.0], [1.0, 1.0], 20.0) == 1.0
    assert stratified_alpha([4.0, 9.0], [0.5, 0.7], 20.0) == pytest.approx(1 - 4.7 / 20)
    assert np.isnan(stratified_alpha([0.0], [0.5], 0.0))
