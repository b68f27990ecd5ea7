"""What the raw scores of a group look like: where they lie, how wide, how lopsided, how peaked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.precision import conditional_sem

Floats = NDArray[np.float64]
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Shape:
    """``frequency``: (K + 1,), how many have raw score 0 to K. ``skew``, ``kurtosis``: of the
    sample, m3 / s³ and m4 / s⁴ - 3, with s of the divisor n - 1. ``quarters``: the three quartiles.
    """

    frequency: NDArray[np.int64]
    lowest: float
    highest: float
    quarters: tuple[float, float, float]
    skew: float
    kurtosis: float


def shape(total: NDArray[np.int64], possible: int) -> Shape:
    """Describe raw scores (N,) out of ``possible``. Everything but the frequencies is NaN for
    nobody, and the moments for scores that are all alike.
    """
    frequency = np.bincount(total, minlength=possible + 1)
    nothing = float("nan")
    if not len(total):
        return Shape(frequency, nothing, nothing, (nothing,) * 3, nothing, nothing)
    first, middle, third = (float(q) for q in np.quantile(total, QUARTERS))
    skew, kurtosis = _moments(total.astype(np.float64))
    lowest, highest = float(total.min()), float(total.max())
    return Shape(frequency, lowest, highest, (first, middle, third), skew, kurtosis)


def _moments(values: Floats) -> tuple[float, float]:
    if len(values) < 2 or np.ptp(values) == 0:
        return float("nan"), float("nan")
    centred = values - values.mean()
    spread = np.sqrt(centred @ centred / (len(values) - 1))
    return float((centred**3).mean() / spread**3), float((centred**4).mean() / spread**4 - 3)


def error_at_scores(items: int, possible: int, kr20: float, kr21: float) -> Floats:
    """(possible + 1,): conditional error of measurement where every item is worth one mark; NaN at
    every score where weights or partial credit leave it undefined.
    """
    if items != possible:
        return np.full(possible + 1, np.nan)
    return conditional_sem(items, kr20, kr21)
