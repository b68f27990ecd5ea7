"""How many candidates have each raw score, alone or with their anchor score; smoothing of both.

Holland & Thayer (2000), J. Educ. Behav. Stat. 25: a log-linear model keeps the first moments of the
observed distribution and lets go of the rest.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NEWTON_STEPS = 100


class SmoothingFailed(ArithmeticError):
    """The log-linear fit did not settle: the degree is too high for the scores there are."""


class NobodyScored(ValueError):
    """Counts that are empty, or negative."""


@dataclass(frozen=True)
class ScoreCounts:
    """``counts``: (K + 1,), candidates with raw score 0 to K; fractions after smoothing."""

    counts: Floats

    def __post_init__(self) -> None:
        if not (self.counts.sum() > 0 and self.counts.min() >= 0):
            raise NobodyScored("There are no candidates to count.")

    @property
    def highest(self) -> int:
        """K, the highest possible raw score."""
        return len(self.counts) - 1

    @cached_property
    def n(self) -> float:
        """Number of candidates."""
        return float(self.counts.sum())

    @cached_property
    def mean(self) -> float:
        """Mean raw score."""
        return float(self.counts @ np.arange(len(self.counts)) / self.n)

    @cached_property
    def variance(self) -> float:
        """Variance, with divisor n - 1; NaN for one candidate."""
        if self.n < 2:
            return float("nan")
        return float(self.counts @ (np.arange(len(self.counts)) - self.mean) ** 2 / (self.n - 1))

    @cached_property
    def cumulative(self) -> Floats:
        """(K + 2,): share below 0, below 1, ..., below K + 1."""
        below = np.concatenate([[0.0], np.cumsum(self.counts)])
        share: Floats = below / below[-1]
        return share


@dataclass(frozen=True)
class AnchoredCounts:
    """``counts``: (K + 1, A + 1), candidates by raw score and by score on the common items."""

    counts: Floats

    @cached_property
    def total(self) -> ScoreCounts:
        """Raw scores alone."""
        return ScoreCounts(self.counts.sum(axis=1))

    @cached_property
    def anchor(self) -> ScoreCounts:
        """Anchor scores alone."""
        return ScoreCounts(self.counts.sum(axis=0))

    @cached_property
    def covariance(self) -> float:
        """Of raw and anchor score, with divisor n - 1."""
        raw = np.arange(len(self.counts)) - self.total.mean
        anchor = np.arange(self.counts.shape[1]) - self.anchor.mean
        return float(raw @ self.counts @ anchor / (self.total.n - 1))


def count_scores(raw: NDArray[np.int64], highest: int) -> ScoreCounts:
    """Count raw scores from 0 to ``highest``."""
    return ScoreCounts(np.bincount(raw, minlength=highest + 1).astype(np.float64))


def count_anchored(
    raw: NDArray[np.int64], anchor: NDArray[np.int64], highest: int, highest_anchor: int
) -> AnchoredCounts:
    """Count candidates by raw score and anchor score."""
    width = highest_anchor + 1
    cells = np.bincount(raw * width + anchor, minlength=(highest + 1) * width)
    return AnchoredCounts(cells.reshape(-1, width).astype(np.float64))


def presmooth(scores: ScoreCounts, degree: int) -> ScoreCounts:
    """Smooth by a log-linear model that keeps the mean and the first ``degree`` moments."""
    return ScoreCounts(_loglinear(scores.counts, _polynomials(len(scores.counts), degree)))


def presmooth_anchored(
    scores: AnchoredCounts, degree: int, degree_anchor: int, cross: int = 1
) -> AnchoredCounts:
    """Smooth both margins to their degrees and keep the cross moments up to ``cross`` by ``cross``.

    At least one cross moment is needed: without it raw and anchor score would be unrelated.
    """
    rows, columns = scores.counts.shape
    raw = _polynomials(rows, max(degree, cross))
    anchor = _polynomials(columns, max(degree_anchor, cross))
    terms = [np.outer(raw[power], np.ones(columns)) for power in range(degree + 1)]
    terms += [np.outer(np.ones(rows), anchor[power]) for power in range(1, degree_anchor + 1)]
    powers = range(1, cross + 1)
    terms += [np.outer(raw[first], anchor[second]) for first in powers for second in powers]
    design = np.stack([term.ravel() for term in terms])
    return AnchoredCounts(_loglinear(scores.counts.ravel(), design).reshape(rows, columns))


def aic(observed: ScoreCounts, smooth: ScoreCounts, degree: int) -> float:
    """Akaike's criterion of a smoothing, up to a constant: deviance and twice the parameters."""
    seen = observed.counts > 0
    ratio = observed.counts[seen] / smooth.counts[seen]
    return float(2 * observed.counts[seen] @ np.log(ratio)) + 2 * (degree + 1)


def best_degree(scores: ScoreCounts, highest: int = 8) -> int:
    """The degree from 2 to ``highest`` with the lowest AIC."""
    degrees = range(2, highest + 1)
    return min(degrees, key=lambda degree: aic(scores, presmooth(scores, degree), degree))


def _polynomials(size: int, degree: int) -> Floats:
    """(degree + 1, size): polynomials orthonormal over the scores, for a stable fit."""
    score = np.linspace(-1.0, 1.0, size) if size > 1 else np.zeros(1)
    powers = np.vander(score, degree + 1, increasing=True)
    orthonormal, _ = np.linalg.qr(powers)
    return np.asarray(orthonormal.T * np.sqrt(size), np.float64)


def _loglinear(counts: Floats, design: Floats) -> Floats:
    """Poisson maximum likelihood by Newton's method; ``design``: (P, cells), first row constant."""
    coefficients = _first_guess(counts, design)
    fitted = np.exp(coefficients @ design)
    value = counts @ np.log(fitted) - fitted.sum()
    for _ in range(_NEWTON_STEPS):
        gradient = design @ (counts - fitted)
        if np.abs(gradient).max() < 1e-10 * max(counts.sum(), 1.0):
            return fitted
        solved = np.linalg.lstsq((design * fitted) @ design.T, gradient, rcond=None)
        step = np.asarray(solved[0], np.float64)
        coefficients, fitted, value = _climb(counts, design, coefficients, step, value)
    raise SmoothingFailed(f"The log-linear fit did not settle in {_NEWTON_STEPS} steps.")


def _first_guess(counts: Floats, design: Floats) -> Floats:
    """Weighted least squares on the logs, with the counts as weights."""
    weight = counts + 0.1
    target = np.log(weight)
    solved = np.linalg.lstsq((design * weight) @ design.T, design @ (weight * target), rcond=None)
    return np.asarray(solved[0], np.float64)


def _climb(
    counts: Floats, design: Floats, coefficients: Floats, step: Floats, value: float
) -> tuple[Floats, Floats, float]:
    """Halve the step until the likelihood does not fall."""
    for _ in range(40):
        trial = coefficients + step
        logs = trial @ design
        if logs.max() < 700:
            fitted = np.exp(logs)
            reached = float(counts @ logs - fitted.sum())
            if reached >= value - 1e-12 * abs(value):
                return trial, fitted, reached
        step = step / 2
    return coefficients, np.exp(coefficients @ design), value
