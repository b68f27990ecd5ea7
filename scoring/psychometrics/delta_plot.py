"""Did items that stand in two forms keep their order of difficulty? Angoff & Ford (1973).

Difficulties become deltas, 13 plus four normal deviates of the share wrong; the major axis through
them is what the two groups' ability explains; an item far from it changed for its own reasons.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
FAR = 1.5  # the usual distance from the axis at which an item is looked at


@dataclass(frozen=True)
class DeltaPlot:
    """``first``, ``second``: (J,) deltas. ``distance``: (J,), from ``intercept + slope x``,
    positive where the item was harder in the second form than the axis says. NaN where an item was
    right for all or nobody; no axis for fewer than three items that vary.
    """

    first: Floats
    second: Floats
    slope: float
    intercept: float
    distance: Floats

    @property
    def far(self) -> NDArray[np.bool_]:
        """(J,): whether an item lies farther from the axis than is usual."""
        return np.asarray(np.nan_to_num(np.abs(self.distance)) > FAR, np.bool_)


def delta_plot(p_first: Floats, p_second: Floats) -> DeltaPlot:
    """Compare shares right (J,) of the same items in two groups of people."""
    first, second = delta(p_first), delta(p_second)
    known = np.isfinite(first) & np.isfinite(second)
    nothing = np.full(len(first), np.nan)
    if known.sum() < 3:
        return DeltaPlot(first, second, float("nan"), float("nan"), nothing)
    x, y = first[known], second[known]
    (vx, cross), (_, vy) = np.cov(x, y)
    if cross == 0:
        return DeltaPlot(first, second, float("nan"), float("nan"), nothing)
    slope = float((vy - vx + np.sqrt((vy - vx) ** 2 + 4 * cross**2)) / (2 * cross))
    intercept = float(y.mean() - slope * x.mean())
    distance = (second - intercept - slope * first) / np.sqrt(1 + slope**2)
    return DeltaPlot(first, second, slope, intercept, np.asarray(distance, np.float64))


def delta(p: Floats) -> Floats:
    """(J,): difficulty on the ETS scale, mean 13, SD 4; NaN for all or none right."""
    inside = (p > 0) & (p < 1)
    found = np.full(len(p), np.nan)
    found[inside] = 13 + 4 * stats.norm.isf(p[inside])
    return found
