"""Two calibrations on one scale, through the items they share: theta_Y = A theta_X + B.

Mean/mean (Loyd & Hoover 1980), mean/sigma (Marco 1977), Haebara (1980), Stocking & Lord (1983).
Items whose difficulty drifted are left out first, by the robust z of Huynh & Meyer (2010).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.grid import Grid

Floats = NDArray[np.float64]
_ROBUST, _DRIFTED = 0.74, 2.7


class TooFewAnchors(ValueError):
    """Fewer than two usable items are shared."""


@dataclass(frozen=True)
class ItemSet:
    """Items in the logistic metric, each (M,): ``a``, ``b`` and ``c``."""

    a: Floats
    b: Floats
    c: Floats


@dataclass(frozen=True)
class Link:
    """``slope`` A and ``intercept`` B, which carry X to the scale of Y."""

    slope: float
    intercept: float

    def ability(self, theta: Floats) -> Floats:
        """Abilities of X on the scale of Y."""
        return self.slope * theta + self.intercept

    def items(self, x: ItemSet) -> ItemSet:
        """Items of X on the scale of Y."""
        return ItemSet(x.a / self.slope, self.ability(x.b), x.c)


@dataclass(frozen=True)
class Drift:
    """Each (M,): how far an anchor's difficulty moved against the others, in robust spreads."""

    items: tuple[str, ...]
    z: Floats
    drifted: NDArray[np.bool_]


def anchors(x: Calibration, y: Calibration) -> tuple[tuple[str, ...], ItemSet, ItemSet]:
    """The items calibrated in both, as X and as Y sees them. Raises ``TooFewAnchors``."""
    place = {y.items[j]: j for j in y.used}
    shared = [(j, place[x.items[j]]) for j in x.used if x.items[j] in place]
    if len(shared) < 2:
        raise TooFewAnchors(f"{len(shared)} items are shared; a link needs two.")
    ours, theirs = (list(column) for column in zip(*shared, strict=True))
    sets = (
        ItemSet(source.a[rows], source.b[rows], source.c[rows])
        for source, rows in ((x, ours), (y, theirs))
    )
    return tuple(x.items[j] for j in ours), next(sets), next(sets)


def mean_mean(x: ItemSet, y: ItemSet) -> Link:
    """A is the ratio of the mean slopes."""
    slope = float(x.a.mean() / y.a.mean())
    return Link(slope, float(y.b.mean() - slope * x.b.mean()))


def mean_sigma(x: ItemSet, y: ItemSet) -> Link:
    """A is the ratio of the spreads of difficulty. Raises ``TooFewAnchors`` where X has none."""
    if len(x.b) < 2 or not x.b.std() > 0:
        raise TooFewAnchors("The shared items have one difficulty; their spread gives no scale.")
    slope = float(y.b.std() / x.b.std())
    return Link(slope, float(y.b.mean() - slope * x.b.mean()))


def haebara(x: ItemSet, y: ItemSet, grid: Grid | None = None) -> Link:
    """Least squared distance of item curves, over both populations."""
    return _by_curves(x, y, grid or Grid(), lambda gap: (gap**2).sum(axis=0))


def stocking_lord(x: ItemSet, y: ItemSet, grid: Grid | None = None) -> Link:
    """Least squared distance of test curves, over both populations."""
    return _by_curves(x, y, grid or Grid(), lambda gap: gap.sum(axis=0) ** 2)


def _by_curves(x: ItemSet, y: ItemSet, grid: Grid, distance: Callable[[Floats], Floats]) -> Link:
    nodes, weight = grid.nodes, np.exp(grid.log_weights)

    def loss(constants: Floats) -> float:
        link = Link(float(constants[0]), float(constants[1]))
        on_y = _curves(link.items(x), nodes) - _curves(y, nodes)
        back = Link(1 / link.slope, -link.intercept / link.slope)
        on_x = _curves(back.items(y), nodes) - _curves(x, nodes)
        return float(weight @ (distance(on_y) + distance(on_x)))

    start = mean_sigma(x, y)
    found = optimize.minimize(
        loss,
        [start.slope, start.intercept],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 2000},
    )
    return Link(float(found.x[0]), float(found.x[1]))


def _curves(items: ItemSet, nodes: Floats) -> Floats:
    """(M, Q): chance of right."""
    known = 0.5 * (1 + np.tanh(0.5 * items.a[:, None] * (nodes - items.b[:, None])))
    curves: Floats = items.c[:, None] + (1 - items.c[:, None]) * known
    return curves


def drift(names: tuple[str, ...], x: ItemSet, y: ItemSet) -> Drift:
    """Which anchors moved: distance from the median in 0.74 interquartile ranges, beyond 2.7."""
    moved = y.b - mean_sigma(x, y).ability(x.b)
    low, middle, high = np.percentile(moved, [25, 50, 75])
    spread = _ROBUST * (high - low)
    z = (moved - middle) / spread if spread > 0 else np.zeros_like(moved)
    return Drift(names, z, np.abs(z) > _DRIFTED)


def link_without_drift(
    x: Calibration,
    y: Calibration,
    method: Callable[[ItemSet, ItemSet], Link] = stocking_lord,
) -> tuple[Link, Drift]:
    """Leave out drifted anchors, then link by ``method`` over the rest."""
    names, ours, theirs = anchors(x, y)
    found = drift(names, ours, theirs)
    kept = ~found.drifted
    sets = (ItemSet(s.a[kept], s.b[kept], s.c[kept]) for s in (ours, theirs))
    return method(next(sets), next(sets)), found
