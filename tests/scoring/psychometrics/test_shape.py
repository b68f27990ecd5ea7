import numpy as np
import pytest

from scoring.psychometrics.shape import error_at_scores, shape


def test_the_shape_of_a_few_scores_by_hand() -> None:
    found = shape(np.array([0, 1, 1, 2, 6]), 6)
    assert found.frequency.tolist() == [1, 2, 1, 0, 0, 0, 1]
    assert (found.lowest, found.highest, found.quarters) == (0, 6, (1, 1, 2))
    centred = np.array([-2, -1, -1, 0, 4.0])
    spread = np.sqrt((centred**2).sum() / 4)
    assert found.skew == pytest.approx((centred**3).mean() / spread**3)
    assert found.kurtosis == pytest.approx((centred**4).mean() / spread**4 - 3)


def test_turning_scores_round_turns_the_skew_and_leaves_the_peak() -> None:
    scores = np.random.default_rng(1).binomial(20, 0.8, 500)
    plain, turned = shape(scores, 20), shape(20 - scores, 20)
    assert turned.skew == pytest.approx(-plain.skew)
    assert turned.kurtosis == pytest.approx(plain.kurtosis)
    assert turned.frequency.tolist() == plain.frequency.tolist()[::-1]


def test_nobody_and_equal_scores_have_no_moments() -> None:
    assert np.isnan(shape(np.array([], np.int64), 3).skew)
    assert shape(np.array([], np.int64), 3).frequency.tolist() == [0, 0, 0, 0]
    assert np.isnan(shape(np.array([2, 2]), 3).kurtosis)


def test_the_error_at_a_score_needs_items_of_one_mark() -> None:
    assert error_at_scores(10, 10, 0.7, 0.65)[5] > 0
    assert np.isnan(error_at_scores(10, 12, 0.7, 0.65)).all()
