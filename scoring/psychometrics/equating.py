"""Scores of one exam form on the scale of another. Kolen & Brennan (2014), chapters 2 to 5 and 7.

Every function gives, for raw score 0 to K of form X, the equivalent score on form Y, unrounded.
Equipercentile functions treat a whole score as the middle of an interval: they run from -0.5, where
nobody scores lower, to K + 0.5, where nobody scores higher.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.distributions import AnchoredCounts, ScoreCounts
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
Counts = TypeVar("Counts", ScoreCounts, AnchoredCounts)


@dataclass(frozen=True)
class Line:
    """y = ``slope`` x + ``intercept``."""

    slope: float
    intercept: float

    def at(self, score: Floats) -> Floats:
        """(n,): the line at some scores."""
        return self.slope * score + self.intercept


class NoSpread(ValueError):
    """A score that everybody shares cannot be put on another scale."""


def raw_scores(x: ScoreCounts) -> Floats:
    """0 to K."""
    return np.arange(x.highest + 1, dtype=np.float64)


def mean_equating(x: ScoreCounts, y: ScoreCounts) -> Floats:
    """Equivalent groups: shift by the difference of the means."""
    return raw_scores(x) + (y.mean - x.mean)


def linear_equating(x: ScoreCounts, y: ScoreCounts) -> Floats:
    """Equivalent groups: equal standard scores are equivalent.

    Raises ``NoSpread`` where all of a group have one score, or it is of one candidate.
    """
    return _line(x.mean, x.variance, y.mean, y.variance).at(raw_scores(x))


def tucker_line(x: AnchoredCounts, y: AnchoredCounts) -> Line:
    """Common items, groups that differ: regressions on the anchor are the same in both groups.

    The synthetic population weighs the groups by their size. Kolen & Brennan (2014), 4.1.
    """
    return _synthetic_line(
        x,
        y,
        x.covariance / _positive(x.anchor.variance),
        y.covariance / _positive(y.anchor.variance),
    )


def levine_line(x: AnchoredCounts, y: AnchoredCounts) -> Line:
    """Common items inside the total: true scores are linear in the anchor. The same, 4.2."""
    return _synthetic_line(
        x, y, x.total.variance / _positive(x.covariance), y.total.variance / _positive(y.covariance)
    )


def chained_line(x: AnchoredCounts, y: AnchoredCounts) -> Line:
    """X to the anchor in one group, the anchor to Y in the other."""
    first = _line(x.total.mean, x.total.variance, x.anchor.mean, x.anchor.variance)
    second = _line(y.anchor.mean, y.anchor.variance, y.total.mean, y.total.variance)
    return Line(first.slope * second.slope, second.slope * first.intercept + second.intercept)


def nominal_line(x: AnchoredCounts, y: AnchoredCounts) -> Line:
    """Common items, few people: a shift by the means, and no covariance is estimated.

    A point on the anchor is worth as many of the form as the form has items for each of the anchor.
    Babcock, Albano & Raymond (2012).
    """
    weight_x = x.total.n / (x.total.n + y.total.n)
    shift = x.anchor.mean - y.anchor.mean
    gamma_x, gamma_y = (form.total.highest / form.anchor.highest for form in (x, y))
    mean_x = x.total.mean - (1 - weight_x) * gamma_x * shift
    return Line(1.0, y.total.mean + weight_x * gamma_y * shift - mean_x)


def chained_mean(x: AnchoredCounts, y: AnchoredCounts) -> Line:
    """Shift by the means: from X to the anchor in one group, from the anchor to Y in the other."""
    return Line(1.0, (x.anchor.mean - x.total.mean) + (y.total.mean - y.anchor.mean))


def braun_holland_line(x: AnchoredCounts, y: AnchoredCounts) -> Line:
    """Means and variances of the population that frequency estimation makes. Kolen & Brennan, 5.2.

    Its variances have the divisor n.
    """
    one, other = (_without_bias(scores) for scores in synthetic_counts(x, y))
    return _line(*one, *other)


def _without_bias(scores: ScoreCounts) -> tuple[float, float]:
    return scores.mean, scores.variance * (scores.n - 1) / scores.n


def circle_arc(x: ScoreCounts, y: ScoreCounts) -> Floats:
    """Equivalent groups, few people: a line between the ends of the forms, and on it the arc of a
    circle through the point of the means. The simplified way of Livingston & Kim (2009).
    """
    return arc_through(x.highest, y.highest, (x.mean, y.mean))


def circle_arc_tucker(x: AnchoredCounts, y: AnchoredCounts) -> Floats:
    """The same with common items: the means are those of Tucker's synthetic population."""
    weight_x = x.total.n / (x.total.n + y.total.n)
    shift = x.anchor.mean - y.anchor.mean
    gamma_x, gamma_y = (form.covariance / _positive(form.anchor.variance) for form in (x, y))
    middle = (
        x.total.mean - (1 - weight_x) * gamma_x * shift,
        y.total.mean + weight_x * gamma_y * shift,
    )
    return arc_through(x.total.highest, y.total.highest, middle)


def arc_through(highest_x: int, highest_y: int, middle: tuple[float, float]) -> Floats:
    """(K + 1,): raw scores 0 to K by a line from (0, 0) to the highest, plus an arc on it.

    Above the line, the arc passes 0 at both ends, and the middle's own distance at the middle.
    """
    raw = np.arange(highest_x + 1, dtype=np.float64)
    slope = highest_y / highest_x
    at, above = middle[0], middle[1] - slope * middle[0]
    if abs(above) < 1e-12:
        return slope * raw
    # A circle through (0, 0), (K, 0) and (at, above): its centre is over K / 2.
    half = highest_x / 2
    centre = (at * (at - highest_x) + above**2) / (2 * above)
    radius = np.hypot(half, centre)
    arc = centre + np.sign(above) * np.sqrt(np.maximum(radius**2 - (raw - half) ** 2, 0.0))
    return np.asarray(slope * raw + arc, np.float64)


def _synthetic_line(x: AnchoredCounts, y: AnchoredCounts, gamma_x: float, gamma_y: float) -> Line:
    weight_x = x.total.n / (x.total.n + y.total.n)
    weight_y = 1 - weight_x
    shift = x.anchor.mean - y.anchor.mean
    spread = x.anchor.variance - y.anchor.variance
    both = weight_x * weight_y * shift**2
    return _line(
        x.total.mean - weight_y * gamma_x * shift,
        x.total.variance + gamma_x**2 * (both - weight_y * spread),
        y.total.mean + weight_x * gamma_y * shift,
        y.total.variance + gamma_y**2 * (both + weight_x * spread),
    )


def _line(mean_x: float, variance_x: float, mean_y: float, variance_y: float) -> Line:
    slope = float(np.sqrt(_positive(variance_y) / _positive(variance_x)))
    return Line(slope, mean_y - slope * mean_x)


def _positive(value: float) -> float:
    if not value > 0:
        raise NoSpread("Everybody has the same score, or raw and anchor score are unrelated.")
    return value


def percentile_rank(scores: ScoreCounts, at: Floats) -> Floats:
    """Share of candidates below ``at``; each whole score is spread over the point around it."""
    return np.interp(at, _edges(scores), scores.cumulative)


def score_at_rank(scores: ScoreCounts, rank: Floats) -> Floats:
    """The score with a given percentile rank: -0.5 at rank 0, K + 0.5 at rank 1.

    Where nobody has the scores in between and all of a gap has that rank, the middle of the gap.
    """
    cumulative, edges = scores.cumulative, _edges(scores)
    high = np.interp(rank, cumulative, edges)
    low = -np.interp(-rank, -cumulative[::-1], -edges[::-1])
    score: Floats = (low + high) / 2
    score[rank <= 0] = -0.5
    score[rank >= 1] = scores.highest + 0.5
    return score


def _edges(scores: ScoreCounts) -> Floats:
    return np.linspace(-0.5, scores.highest + 0.5, scores.highest + 2)


def equipercentile(x: ScoreCounts, y: ScoreCounts) -> Floats:
    """Equivalent groups: equal percentile ranks are equivalent. Kolen & Brennan (2014), 2.5."""
    return score_at_rank(y, percentile_rank(x, raw_scores(x)))


def chained_equipercentile(x: AnchoredCounts, y: AnchoredCounts) -> Floats:
    """X to the anchor in one group, the anchor to Y in the other, both by percentile rank."""
    anchor = equipercentile(x.total, x.anchor)
    return score_at_rank(y.total, percentile_rank(y.anchor, anchor))


def frequency_estimation(x: AnchoredCounts, y: AnchoredCounts) -> Floats:
    """Scores given the anchor are distributed alike in both groups. Kolen & Brennan (2014), 5.1.

    The synthetic population weighs the groups by their size.
    """
    return equipercentile(*synthetic_counts(x, y))


def synthetic_counts(x: AnchoredCounts, y: AnchoredCounts) -> tuple[ScoreCounts, ScoreCounts]:
    """Scores of both groups together on either form, by frequency estimation."""
    anchor = x.counts.sum(axis=0) + y.counts.sum(axis=0)
    shares = (divide(form.counts, form.counts.sum(axis=0), 0.0) for form in (x, y))
    one, other = (ScoreCounts(share @ anchor) for share in shares)
    return one, other


def equipercentile_error(x: ScoreCounts, y: ScoreCounts) -> Floats:
    """(K + 1,): standard error of ``equipercentile`` by the delta method. Lord (1982), (7).

    For unsmoothed counts of two random groups. NaN where form Y has nobody at the equivalent.
    """
    rank = percentile_rank(x, raw_scores(x))
    place = np.clip(np.floor(score_at_rank(y, rank) + 0.5).astype(np.int64), 0, y.highest)
    below, above = y.cumulative[place], y.cumulative[place + 1]
    mass = above - below
    spread = rank * (1 - rank) * (x.n + y.n) / (x.n * y.n)
    within = divide((above - rank) * (rank - below), y.n * mass)
    variance = divide(spread - within, mass * mass)
    return np.sqrt(np.where(variance >= 0, variance, np.nan))


def bootstrap_error(
    equate: Callable[[Counts, Counts], Floats],
    x: Counts,
    y: Counts,
    *,
    seed: int,
    replicates: int = 1000,
) -> Floats:
    """(K + 1,): standard deviation of ``equate`` over samples drawn with replacement.

    ``x`` and ``y`` are observed counts; smoothing belongs inside ``equate``.
    """
    random = np.random.default_rng(seed)
    drawn = [equate(_resampled(x, random), _resampled(y, random)) for _ in range(replicates)]
    error: Floats = np.std(drawn, axis=0, ddof=1)
    return error


def _resampled(scores: Counts, random: np.random.Generator) -> Counts:
    flat = scores.counts.ravel()
    people = int(flat.sum())
    counts = random.multinomial(people, flat / people).astype(np.float64)
    return type(scores)(counts.reshape(scores.counts.shape))
