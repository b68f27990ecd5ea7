"""Prices brought nearer to balance before anybody is moved: Newton's method on the dual.

The dual sum_i min_j (c_ij + p_j) - sum_j p_j capacity_j is concave in the prices; its slope in p_j
is how many too many choose column j. How fast that changes is read from the people who waver: those
whose second column costs little more than their first. A step that does not raise the dual is
shortened (Levenberg 1944, Marquardt 1963). Nothing rests on how good these prices are but how few
people the exact search has left to move.
"""

from dataclasses import dataclass

import numpy as np

from .lottery import NEVER
from .problem import Ints

_ROUNDS = 8
_FEWEST = 1000  # people per column below which too few waver to tell anything
_WAVERING = 4  # people looked at for each one too many
_STEADIEST = 1e4  # a step shortened more than this leads nowhere
_CHUNK = 16384
_DEAREST = 2**56  # far beyond any journey, and far enough below a refusal
_LARGEST = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class _Choices:
    """What everybody chooses at some prices; each (n,) but for ``excess``, (K,).

    ``margin`` is what the second column costs beyond the first, ``paid`` what the first costs.
    """

    prices: Ints
    first: Ints
    second: Ints
    margin: Ints
    paid: Ints
    excess: Ints

    @property
    def over(self) -> int:
        """People that columns have beyond their places."""
        return int(np.maximum(self.excess, 0).sum())


def balanced(table: Ints, capacity: Ints, prices: Ints) -> Ints:
    """Prices (K,) >= 0 at which fewer columns have more people than places.

    ``table`` (n, K) whole costs, ``capacity`` (K,), ``prices`` (K,) >= 0 not far from balance.
    """
    people, columns = table.shape
    if people < _FEWEST * columns or not prices.any():
        return prices
    here = best = _choices(table, capacity, prices)
    damping = 1.0
    for _round in range(_ROUNDS):
        if here.over <= columns or damping > _STEADIEST:
            break
        there = _choices(table, capacity, _stepped(here, damping))
        if _is_better(there, here, capacity):
            here, damping = there, damping / 5
            best = min(best, here, key=lambda choices: choices.over)
        else:
            damping *= 10
    return best.prices


def _choices(table: Ints, capacity: Ints, prices: Ints) -> _Choices:
    first, second, margin, paid = (np.empty(len(table), np.int64) for _ in range(4))
    for start in range(0, len(table), _CHUNK):
        part = slice(start, start + _CHUNK)
        costs = table[part] + prices
        rows = np.arange(len(costs))
        first[part] = costs.argmin(1)
        paid[part] = costs[rows, first[part]]
        costs[rows, first[part]] = _LARGEST
        second[part] = costs.argmin(1)
        margin[part] = costs[rows, second[part]] - paid[part]
    excess = np.bincount(first, minlength=len(capacity)) - capacity
    return _Choices(prices, first, second, margin, paid, excess)


def _stepped(here: _Choices, damping: float) -> Ints:
    """Prices after one step. A column of the lowest price that has room keeps it."""
    columns = len(here.prices)
    able = here.margin[here.margin < NEVER]  # who can sit in one place alone wavers nowhere
    if not len(able):
        return here.prices
    wavering = min(len(able) - 1, _WAVERING * (here.over + columns))
    width = max(1, int(np.partition(able, wavering)[wavering]))
    near = here.margin < width
    arcs = here.first[near] * columns + here.second[near]
    flow = np.bincount(arcs, minlength=columns**2).reshape(columns, columns)
    density = (flow + flow.T) / (2 * width)
    free = np.flatnonzero((here.prices > here.prices.min()) | (here.excess > 0))
    change = (np.diag(density.sum(1)) - density)[np.ix_(free, free)]
    change[np.diag_indices(len(free))] += damping * change.diagonal() + 0.5 / width
    step = np.linalg.solve(change, here.excess[free].astype(np.float64))
    prices = here.prices.copy()
    prices[free] = np.clip(np.rint(prices[free] + step), 0, _DEAREST).astype(np.int64)
    return prices


def _is_better(there: _Choices, here: _Choices, capacity: Ints) -> bool:
    """Whether the dual rose; differences are summed, so that large costs round nothing away."""
    more = (there.paid - here.paid).sum(dtype=np.float64)
    return bool(more > (there.prices - here.prices).astype(np.float64) @ capacity)
