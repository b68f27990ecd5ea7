"""One room as a grid: who sits beside whom, and how many pairs no seating can avoid.

Two chairs are neighbours when both grid coordinates differ by at most one; an aisle is an empty
column of the grid and parts them, as a wall or a missing chair does.
"""

from collections import Counter

import numpy as np

from .problem import Flags, Ints

NO_INSTITUTION = -1  # shares an institution with nobody


class RoomShape:
    """One room: its chairs, neighbours, and the counting that bounds pairs from below."""

    def __init__(self, chairs: Ints, x: Ints, y: Ints, serves: Flags) -> None:
        """`chairs` (S,) are indices in the centre, `x`, `y` (S,) squares, `serves` (S, A)."""
        self.chairs, self.serves = chairs, serves
        touch = (abs(x[:, None] - x) <= 1) & (abs(y[:, None] - y) <= 1)
        np.fill_diagonal(touch, False)
        self.x, self.y = x, y
        self.touch = touch.astype(np.float32)
        self.free_order: list[int] = np.lexsort((x, y, _apart_class(x, y))).tolist()
        self.cliques = _ways_to_cut(x, y, touch)

    def touching(self) -> Flags:
        """Pairs of classes for which there are chairs that touch, (A, A)."""
        serves = self.serves.astype(np.float32)
        return serves.T @ self.touch @ serves > 0

    def squares(self) -> list[tuple[int, ...]]:
        """Chairs of every 2 x 2 square that holds three or four, in order."""
        at = {place: chair for chair, place in enumerate(zip(self.x, self.y, strict=True))}
        found = []
        for x, y in {(x - dx, y - dy) for x, y in at for dx in (0, 1) for dy in (0, 1)}:
            corners = [at.get((x + dx, y + dy)) for dx in (0, 1) for dy in (0, 1)]
            inside = sorted(chair for chair in corners if chair is not None)
            if len(inside) > 2:
                found.append(tuple(inside))
        return sorted(found)

    def fewest_pairs(self, institution: Ints) -> int:
        """Pairs of neighbours from one institution that no plan of this room can avoid.

        The chairs fall into cliques of a 2 x 2 square; m people of one institution in T cliques
        share at least sum C(k, 2) pairs, k as even as the sizes allow. The best of the ways to
        cut the room counts.
        """
        sizes = Counter(institution[institution != NO_INSTITUTION].tolist())
        return max(
            (sum(_forced_pairs(m, cliques) for m in sizes.values()) for cliques in self.cliques),
            default=0,
        )


def _apart_class(x: Ints, y: Ints) -> Ints:
    """Four classes of chairs that do not touch, ordered so that the first two meet at corners."""
    return (x % 2 ^ y % 2) * 2 + y % 2


def _ways_to_cut(x: Ints, y: Ints, touch: Flags) -> list[list[int]]:
    """Ways to cut a room into cliques: for each, how many hold at least 1, 2, 3 and 4 chairs.

    The four alignments of 2 x 2 squares over the whole room, and one that takes for every block
    between aisles the alignment that needs the fewest.
    """
    shifts = [(dx, dy) for dx in (0, 1) for dy in (0, 1)]
    whole = [_cliques(x + dx, y + dy) for dx, dy in shifts]
    blocks = _blocks(touch)
    apart: list[int] = []
    for block in np.unique(blocks):
        here = blocks == block
        cuts: list[list[int]] = [_cliques(x[here] + dx, y[here] + dy) for dx, dy in shifts]
        fewest = min(cuts, key=len)
        apart += fewest
    return [[sum(size >= k for size in sizes) for k in (1, 2, 3, 4)] for sizes in [*whole, apart]]


def _cliques(x: Ints, y: Ints) -> list[int]:
    """Chairs in each 2 x 2 square."""
    sizes: list[int] = np.unique(x // 2 * 1000 + y // 2, return_counts=True)[1].tolist()
    return sizes


def _blocks(touch: Flags) -> Ints:
    """The block of each chair, (S,): chairs that hang together by touching."""
    block = np.arange(len(touch))
    while True:
        lowest = np.where(touch, block, len(touch)).min(1, initial=len(touch))
        merged = np.minimum(block, lowest)
        if (merged == block).all():
            return block
        block = merged


def _forced_pairs(people: int, at_least: list[int]) -> int:
    """Spread people over cliques level by level: the k-th in a clique meets k - 1 others."""
    pairs = 0
    for met, cliques in enumerate(at_least):
        here = min(people, cliques)
        pairs += here * met
        people -= here
    return pairs
