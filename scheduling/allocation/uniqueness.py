"""Is there another plan just as good? Only if somebody could change places at no cost, in a ring.

Nodes are the columns, and one more for all columns with places left together. Somebody who would
pay the same, price included, in another column makes an arc to it. A second best-equal plan moves
people along a cycle of such arcs; without a cycle the plan is the only one.
"""

from collections.abc import Iterable

import numpy as np

from .problem import Flags, Ints


def is_only_plan(
    parts: Iterable[tuple[Ints, Ints]], column: Ints, prices: Ints, capacity: Ints
) -> bool:
    """Whether an optimal plan is the only one.

    `parts` are the people in pieces, each with costs + prices (m, K) and columns (m,);
    `column` (n,) is where everybody is, `prices` and `capacity` (K,).
    """
    full = np.bincount(column, minlength=len(prices)) >= capacity
    arcs = free_place_moves(full, prices, capacity)
    for priced, here in parts:
        arcs |= indifferent_moves(priced, here, full)
    return is_acyclic(arcs)


def indifferent_moves(priced: Ints, column: Ints, full: Flags) -> Flags:
    """Arcs of people who would pay the same elsewhere, (K + 1, K + 1).

    `priced` (n, K) cost + price, `column` (n,) where each is, `full` (K,) columns without a place.
    """
    columns = len(full)
    arcs = np.zeros((columns + 1, columns + 1), bool)
    node = np.where(full, np.arange(columns), columns)
    rows = np.arange(len(priced))
    tight: Flags = priced == priced[rows, column][:, None]
    tight[rows, column] = False
    person, other = np.nonzero(tight)
    arcs[node[column[person]], node[other]] = True
    return arcs


def free_place_moves(full: Flags, prices: Ints, capacity: Ints) -> Flags:
    """Arcs of empty places: one may go to a full column whose price is 0, (K + 1, K + 1)."""
    arcs = np.zeros((len(full) + 1, len(full) + 1), bool)
    if not full.all():
        arcs[len(full), np.flatnonzero(full & (prices == 0) & (capacity > 0))] = True
    return arcs


def is_acyclic(arcs: Flags) -> bool:
    """Whether a graph has no cycle: take away nodes nothing points to until none is left (Kahn)."""
    alive = np.ones(len(arcs), bool)
    while alive.any():
        free = alive & ~arcs[alive].any(0)
        if not free.any():
            return False
        alive &= ~free
    return True
