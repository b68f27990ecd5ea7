from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.psychometrics.distributions import (
    AnchoredCounts,
    NobodyScored,
    ScoreCounts,
    aic,
    best_degree,
    count_anchored,
    count_scores,
    presmooth,
    presmooth_anchored,
)
from scoring.psychometrics.equating import (
    NoSpread,
    bootstrap_error,
    chained_equipercentile,
    chained_line,
    equipercentile,
    equipercentile_error,
    frequency_estimation,
    levine_line,
    linear_equating,
    mean_equating,
    percentile_rank,
    raw_scores,
    score_at_rank,
    tucker_line,
)


def binomial(chance: float, people: int = 4000, items: int = 20, seed: int = 1) -> ScoreCounts:
    return count_scores(np.random.default_rng(seed).binomial(items, chance, people), items)


def neat(shift: float, harder: float, seed: int) -> AnchoredCounts:
    """30 items of which 10 are common; the others are harder by ``harder`` logits."""
    random = np.random.default_rng(seed)
    ability = shift + random.standard_normal((3000, 1))
    easy = np.concatenate([np.linspace(-1, 1, 10), np.linspace(-1.5, 1.5, 20) - harder])
    right = random.random((3000, 30)) < 1 / (1 + np.exp(-ability - easy))
    return count_anchored(right.sum(axis=1), right[:, :10].sum(axis=1), 30, 10)


# Kolen & Brennan (2014), tables 2.3 and 2.4: two five-item forms worked by hand.
FORM_X = ScoreCounts(np.array([0.2, 0.3, 0.2, 0.2, 0.1]))
FORM_Y = ScoreCounts(np.array([0.1, 0.2, 0.2, 0.3, 0.2]))


def test_the_worked_example_of_the_textbook() -> None:
    np.testing.assert_allclose(
        percentile_rank(FORM_X, raw_scores(FORM_X)), [0.10, 0.35, 0.60, 0.80, 0.95]
    )
    np.testing.assert_allclose(equipercentile(FORM_X, FORM_Y), [0.5, 1.75, 2.8333333, 3.5, 4.25])


def test_every_method_equates_a_form_to_itself_by_doing_nothing() -> None:
    x = presmooth(binomial(0.6), 4)
    both = presmooth_anchored(neat(0, 0, 1), 4, 4)
    alone, anchored = raw_scores(x), raw_scores(both.total)
    for equated in (mean_equating(x, x), linear_equating(x, x), equipercentile(x, x)):
        np.testing.assert_allclose(equated, alone, atol=1e-9)
    for line in (tucker_line(both, both), levine_line(both, both), chained_line(both, both)):
        np.testing.assert_allclose(line.at(anchored), anchored, atol=1e-9)
    for equated in (chained_equipercentile(both, both), frequency_estimation(both, both)):
        np.testing.assert_allclose(equated, anchored, atol=1e-7)


@given(
    st.lists(st.integers(0, 30), min_size=4, max_size=12).filter(any),
    st.lists(st.integers(0, 30), min_size=4, max_size=12).filter(any),
)
def test_equipercentile_is_monotone_bounded_and_finite(first: list[int], second: list[int]) -> None:
    x, y = (ScoreCounts(np.array(counts, float)) for counts in (first, second))
    equated = equipercentile(x, y)
    assert np.isfinite(equated).all()
    assert (np.diff(equated) >= -1e-12).all()
    assert equated.min() >= -0.5
    assert equated.max() <= y.highest + 0.5


def test_there_and_back_is_where_one_started() -> None:
    x, y = presmooth(binomial(0.5), 3), presmooth(binomial(0.6, seed=2), 3)
    there = equipercentile(x, y)
    back = score_at_rank(x, percentile_rank(y, there))
    np.testing.assert_allclose(back, raw_scores(x), atol=1e-9)


def test_nobody_below_and_nobody_above_mean_the_ends_of_the_scale() -> None:
    x = ScoreCounts(np.array([0.0, 0, 5, 5, 0, 0]))
    y = ScoreCounts(np.array([0.0, 1, 8, 1, 0]))
    assert equipercentile(x, y)[[0, 1]].tolist() == [-0.5, -0.5]
    assert equipercentile(x, y)[[4, 5]].tolist() == [4.5, 4.5]


def test_smoothing_keeps_the_moments_it_was_asked_to_keep() -> None:
    x = binomial(0.65)
    smooth = presmooth(x, 4)
    score = raw_scores(x) / x.highest
    for power in range(5):
        assert smooth.counts @ score**power == pytest.approx(x.counts @ score**power, abs=1e-8)
    assert (smooth.counts > 0).all()
    assert aic(x, presmooth(x, 2), 2) < aic(x, presmooth(x, 1), 1)
    assert 2 <= best_degree(x) <= 8


def test_smoothing_with_the_anchor_keeps_margins_and_the_cross_moment() -> None:
    both = neat(0.2, 0.3, 4)
    smooth = presmooth_anchored(both, 3, 2)
    assert smooth.total.mean == pytest.approx(both.total.mean)
    assert smooth.total.variance == pytest.approx(both.total.variance)
    assert smooth.anchor.variance == pytest.approx(both.anchor.variance)
    assert smooth.covariance == pytest.approx(both.covariance)


def test_scores_with_nothing_to_smooth_come_back_as_they_are() -> None:
    same = ScoreCounts(np.array([0.0, 0, 50, 0, 0, 0]))
    np.testing.assert_allclose(presmooth(same, 5).counts, same.counts, atol=1e-6)


def test_a_form_nobody_took_has_no_scores_to_equate() -> None:
    with pytest.raises(NobodyScored):
        count_scores(np.array([], np.int64), 10)
    with pytest.raises(NobodyScored):
        ScoreCounts(np.array([3.0, -1.0]))


def test_a_score_everybody_shares_cannot_be_equated() -> None:
    same = ScoreCounts(np.array([0.0, 9.0, 0.0]))
    with pytest.raises(NoSpread):
        linear_equating(same, same)


def test_anchored_methods_see_that_the_groups_differ_and_the_forms_do_not() -> None:
    x, y = neat(0.0, 0.0, 5), neat(0.5, 0.0, 6)
    middle = slice(8, 23)
    naive = equipercentile(x.total, y.total)[middle]
    truth = raw_scores(x.total)[middle]
    assert np.abs(naive - truth).mean() > 2
    for line in (levine_line(x, y), chained_line(x, y), tucker_line(x, y)):
        assert np.abs(line.at(truth) - truth).mean() < 1.2
    assert np.abs(chained_equipercentile(x, y)[middle] - truth).mean() < 1.2


def test_the_delta_method_and_the_bootstrap_agree() -> None:
    x, y = binomial(0.55), binomial(0.6, seed=9)
    told = equipercentile_error(x, y)
    seen = bootstrap_error(equipercentile, x, y, seed=2, replicates=400)
    likely = slice(8, 16)
    np.testing.assert_allclose(np.median(told[likely] / seen[likely]), 1.0, atol=0.1)


def test_the_bootstrap_is_repeatable_and_smoothing_lowers_the_error() -> None:
    x, y = binomial(0.55, people=800), binomial(0.6, people=800, seed=9)

    def smoothed(first: ScoreCounts, second: ScoreCounts) -> Any:
        return equipercentile(presmooth(first, 3), presmooth(second, 3))

    draw = partial(bootstrap_error, x=x, y=y, seed=4, replicates=60)
    np.testing.assert_array_equal(draw(smoothed), draw(smoothed))
    assert draw(smoothed)[6:18].mean() < draw(equipercentile)[6:18].mean()


def test_the_bootstrap_resamples_anchored_counts_too() -> None:
    error = bootstrap_error(
        lambda x, y: tucker_line(x, y).at(raw_scores(x.total)),
        neat(0, 0, 1),
        neat(0.3, 0, 2),
        seed=1,
        replicates=40,
    )
    assert (error > 0).all()
    assert error[15] < error[0]


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_counting_agrees_with_going_through_people(seed: int) -> None:
    random = np.random.default_rng(seed)
    anchor = random.integers(0, 4, 30)
    raw = anchor + random.integers(0, 5, 30)
    both = count_anchored(raw, anchor, 7, 3)
    assert both.total.mean == pytest.approx(raw.mean())
    assert both.total.variance == pytest.approx(raw.var(ddof=1))
    assert both.covariance == pytest.approx(np.cov(raw, anchor)[0, 1])
    np.testing.assert_array_equal(both.anchor.counts, np.bincount(anchor, minlength=4))
