"""Chairs of one room for people who ask for something; the others sit round them.

A group sits on chairs that touch, side by side before one behind the other; strangers who share a
room sit as far from each other as it allows. A chair is held only while everybody else can still
have one that serves him, which a maximum matching tells.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from .problem import Flags, Ints
from .requests import Requests

_TRIES = 200  # ways to seat one group before it sits like everybody else

Held = dict[int, int]  # row to chair


@dataclass(frozen=True, eq=False)
class Desks:
    """One room: which of its S chairs each of n people may take, and where they stand.

    fits  (n, S)
    x, y  (S,)
    """

    fits: Flags
    x: Ints
    y: Ints

    def seat_all(self, held: Held) -> Held | None:
        """A chair for everybody while some are held, or None when somebody would have none."""
        may = self.fits.copy()
        may[:, list(held.values())] = False
        may[list(held)] = False
        may[list(held), list(held.values())] = True
        chair = maximum_bipartite_matching(csr_array(may), perm_type="column")
        return None if (chair < 0).any() else dict(enumerate(chair.tolist()))


def pin(desks: Desks, requests: Requests, fixed: Held) -> Held:
    """The chairs to hold, `fixed` first; what cannot be had is left out."""
    held: Held = {}
    for row, chair in fixed.items():
        wider = held | {row: chair}
        if desks.fits[row, chair] and desks.seat_all(wider) is not None:
            held = wider
    search = _Search(desks, requests)
    for group in requests.groups():
        if len(group) > 1 or search.strangers.get(group[0]):
            held = search.hold(group, held) or held
    return held


class _Search:
    """Ways to seat one group after another."""

    def __init__(self, desks: Desks, requests: Requests) -> None:
        self.desks = desks
        self.beside, self.strangers = requests.neighbours(), requests.strangers()
        self.scarce = desks.fits.sum(0)

    def hold(self, group: list[int], held: Held) -> Held | None:
        """What is held with the group seated; None where it cannot be."""
        new = [row for row in group if row not in held]
        ways = self._ways(new, held)
        for _, way in zip(range(_TRIES), ways, strict=False):
            if self.desks.seat_all(way) is not None:
                return way
        return None

    def _ways(self, group: list[int], held: Held) -> Iterator[Held]:
        if not group:
            yield held
            return
        row, *others = group
        for chair in self._chairs(row, held):
            yield from self._ways(others, held | {row: chair})

    def _chairs(self, row: int, held: Held) -> list[int]:
        """Chairs for one person, the best first: touching his own, far from strangers."""
        x, y = self.desks.x, self.desks.y
        may = self.desks.fits[row].copy()
        may[list(held.values())] = False
        rows_apart = np.zeros(len(x), np.int64)
        for friend in self.beside.get(row, ()):
            if friend in held:
                dx, dy = abs(x - x[held[friend]]), abs(y - y[held[friend]])
                may &= (dx <= 1) & (dy <= 1)
                rows_apart += dy
        near = np.full(len(x), np.iinfo(np.int64).min)
        for stranger in self.strangers.get(row, ()):
            if stranger in held:
                at = held[stranger]
                near = np.maximum(near, -np.maximum(abs(x - x[at]), abs(y - y[at])))
        order = np.lexsort((np.arange(len(x)), self.scarce, rows_apart, near))
        return [chair for chair in order.tolist() if may[chair]]
