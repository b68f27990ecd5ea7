"""Who asks to sit with whom, who must not sit near whom, and who has a place of his own.

What the rooms do not allow is said by name, and nobody loses a chair that serves him for it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from .problem import Ints

_NO_PAIR = np.empty((0, 2), np.int64)


def no_pairs() -> Ints:
    """An empty list of pairs, (0, 2)."""
    return _NO_PAIR


@dataclass(frozen=True, eq=False, kw_only=True)
class Requests:
    """What people of one plan ask for, by row.

    together  (T, 2) pairs of rows: chairs that touch
    apart     (P, 2) pairs of rows: not in one room
    fixed     (F, 2) row and seat id: this chair and no other
    """

    together: Ints = field(default_factory=no_pairs)
    apart: Ints = field(default_factory=no_pairs)
    fixed: Ints = field(default_factory=no_pairs)

    def among(self, rows: Ints, total: int) -> "Requests":
        """The requests within some of `total` rows, numbered by their place in `rows`."""
        at = np.full(total, -1)
        at[rows] = np.arange(len(rows))
        return Requests(
            together=_inside(at[self.together]),
            apart=_inside(at[self.apart]),
            fixed=_inside(np.stack([at[self.fixed[:, 0]], self.fixed[:, 1]], 1)),
        )

    def of_entries(self, row_of: Ints) -> "Requests":
        """The same for every paper that both take, by entry; `row_of` (n, Q), -1 for none."""
        fixed, seat = row_of[self.fixed[:, 0]], self.fixed[:, [1]]
        own = np.stack([fixed, np.broadcast_to(seat, fixed.shape)], -1)
        return Requests(
            together=_inside(row_of[self.together].swapaxes(1, 2).reshape(-1, 2)),
            apart=_inside(row_of[self.apart].swapaxes(1, 2).reshape(-1, 2)),
            fixed=_inside(own.reshape(-1, 2)),
        )

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(len(self.together) or len(self.apart) or len(self.fixed))

    def rows(self) -> Ints:
        """Everybody who is named, each once."""
        return np.unique(np.concatenate([self.together, self.apart, self.fixed[:, [0, 0]]]))

    def groups(self) -> list[list[int]]:
        """Rows that hang together by `together`, and everybody else who is named, alone."""
        beside = self.neighbours()
        found: list[list[int]] = []
        seen: set[int] = set()
        for row in self.rows().tolist():
            if row not in seen:
                group = list(_reached(row, beside))
                seen.update(group)
                found.append(group)
        return sorted(found, key=lambda group: (-len(group), group))

    def neighbours(self) -> dict[int, set[int]]:
        """Row to the rows it asks to touch."""
        return _both_ways(self.together)

    def strangers(self) -> dict[int, set[int]]:
        """Row to the rows it is kept apart from."""
        return _both_ways(self.apart)


NO_REQUESTS = Requests()


@dataclass(frozen=True)
class Unkept:
    """A request that the rooms did not allow.

    kind  not_together: chairs that do not touch; same_room: apart, but in one room;
          touching: kept apart by nothing; not_fixed: on another chair than his
    rows  the two rows, or the row twice
    """

    kind: str
    rows: tuple[int, int]


def _inside(pairs: Ints) -> Ints:
    kept: Ints = pairs[(pairs >= 0).all(1)]
    return kept


def _both_ways(pairs: Ints) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for a, b in pairs.tolist():
        found[a].add(b)
        found[b].add(a)
    return found


def _reached(start: int, beside: dict[int, set[int]]) -> Iterator[int]:
    """Breadth first, so that everybody but the first touches somebody before him."""
    queue, seen = [start], {start}
    for row in queue:
        yield row
        new = sorted(beside.get(row, set()) - seen)
        seen.update(new)
        queue += new
