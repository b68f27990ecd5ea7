"""Sums, squares and products of item credit: the one matrix from which classical figures come."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.keying import ScoredMatrix

_ROWS_AT_ONCE = 8192
_EXACT_IN_SINGLE = 2**24  # whole numbers up to here add exactly in float32

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Exact sums over candidates; products only of candidates given both items.

    ``together``: (J, J), how many were given both. ``products``: (J, J), sum of x_i x_j.
    ``sums``: (J, J), sum of x_i over those also given j. All are whole numbers in float64.
    """

    together: Floats
    products: Floats
    sums: Floats

    @property
    def n(self) -> Floats:
        """(J,): how many were given the item."""
        return np.diag(self.together)

    @property
    def total_credit(self) -> Floats:
        """(J,): sum of credit."""
        return np.diag(self.sums)

    @cached_property
    def covariance(self) -> Floats:
        """(J, J): covariance with divisor n - 1, pairwise; NaN for fewer than two together.

        n times the products minus the product of the sums is formed in whole numbers, so an item
        without variance has a variance of exactly zero.
        """
        n = self.together
        cross = n * self.products - self.sums * self.sums.T
        result = np.full(n.shape, np.nan)
        np.divide(cross, n * (n - 1), out=result, where=n > 1)
        return result


def moments(scored: ScoredMatrix) -> Moments:
    """Add up credit and its products in blocks of rows, exactly, by matrix multiplication."""
    items = len(scored.items)
    highest = int(scored.maximum.max(initial=1))
    single = _ROWS_AT_ONCE * highest * highest < _EXACT_IN_SINGLE
    kind: type[Any] = np.float32 if single else np.float64
    together, products, sums = (np.zeros((items, items)) for _ in range(3))
    for start in range(0, len(scored.credit), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        given = scored.administered[rows]
        credit = np.where(given, scored.credit[rows], np.uint8(0)).astype(kind)
        products += credit.T @ credit
        if scored.complete:
            together += len(credit)
            sums += credit.sum(axis=0, dtype=np.float64)[:, None]
        else:
            mask = given.astype(kind)
            together += mask.T @ mask
            sums += credit.T @ mask
    return Moments(together, products, sums)


def divide(
    above: Floats | NDArray[np.int64], below: Floats | NDArray[np.int64], otherwise: float = np.nan
) -> Floats:
    """``above / below`` where that exists, else ``otherwise``; never a warning."""
    shape = np.broadcast_shapes(above.shape, below.shape)
    result = np.full(shape, otherwise)
    np.divide(above, below, out=result, where=np.broadcast_to(below != 0, shape))
    return result
