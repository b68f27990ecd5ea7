"""The fewest neighbours of one institution in one room, by a whole programme with a proven bound.

For rooms where exchanging chairs did not reach what counting proves. People alike (one institution,
the same chairs open to them) are one kind; y_ke >= x_ka + x_kb - 1 for every edge, and in a square
of chairs that all touch, sum y >= m - 1 and, for four, sum y >= 2 m - 3 where m of an institution
sit (C(m, 2) is above both lines). Solved by HiGHS to a number of nodes, so that every machine stops
at the same; what is proved by then counts, whether the best is found or not.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from .problem import Flags, Ints
from .room_shape import NO_INSTITUTION, RoomShape

_NODES = 60


@dataclass(frozen=True, eq=False)
class Fewest:
    """What was found.

    bound  no seating of these people has fewer pairs
    chair  (n,) a chair for each person, or None when no seating was found
    """

    bound: int
    chair: Ints | None


def fewest_pairs(room: RoomShape, institution: Ints, fits: Flags, nodes: int = _NODES) -> Fewest:
    """Seat n people, `institution` (n,) and `fits` (n, S), with as few pairs as can be proved."""
    programme = _Programme(room, institution, fits)
    found = milp(
        programme.weight,
        constraints=LinearConstraint(programme.rows, programme.least, programme.most),
        integrality=programme.whole,
        bounds=Bounds(0, 1),
        options={"node_limit": nodes},
    )
    proved = found.mip_dual_bound
    bound = max(0, int(np.ceil(proved - 1e-6))) if proved is not None and proved < 1e9 else 0
    return Fewest(bound, None if found.x is None else programme.chairs_of(found.x))


class _Programme:
    """Rows and columns: x (kind, chair), then y (institution, edge)."""

    def __init__(self, room: RoomShape, institution: Ints, fits: Flags) -> None:
        labels, of, many = np.unique(institution, return_inverse=True, return_counts=True)
        shared = (many > 1) & (labels != NO_INSTITUTION)
        label = np.where(shared[of], of, -1)
        key = np.column_stack([label, np.packbits(fits, axis=1)])
        kinds, self.kind_of = np.unique(key, axis=0, return_inverse=True)
        self.kind_of = self.kind_of.ravel()
        first = [int(np.flatnonzero(self.kind_of == kind)[0]) for kind in range(len(kinds))]
        self.kind, self.chair = np.nonzero(fits[first])
        self.at: dict[tuple[int, int], list[int]] = {}
        for variable, (kind, chair) in enumerate(zip(self.kind, self.chair, strict=True)):
            self.at.setdefault((int(kinds[kind, 0]), int(chair)), []).append(variable)
        self.edges = [(int(a), int(b)) for a, b in np.argwhere(np.triu(room.touch))]
        self.y = len(self.kind)
        self.shared = np.flatnonzero(shared).tolist()
        self.entries: list[tuple[int, int, float]] = []
        self.limits: list[tuple[float, float]] = []
        self._everybody_once(np.bincount(self.kind_of), fits.shape[1])
        for place, one in enumerate(self.shared):
            self._pairs(room, one, self.y + place * len(self.edges))
        total = self.y + len(self.shared) * len(self.edges)
        row, column, value = zip(*self.entries, strict=True)
        shape = (len(self.limits), total)
        self.rows = coo_array((value, (row, column)), shape=shape).tocsc()
        self.least, self.most = np.array(self.limits).T
        self.weight = (np.arange(total) >= self.y).astype(float)
        self.whole = (np.arange(total) < self.y).astype(int)

    def chairs_of(self, solution: Ints) -> Ints:
        """The people of a kind on its chairs, in the order of their rows."""
        chair = np.empty(len(self.kind_of), np.int64)
        taken = np.flatnonzero(solution[: self.y] > 0.5)
        for kind in np.unique(self.kind_of).tolist():
            chair[self.kind_of == kind] = self.chair[taken[self.kind[taken] == kind]]
        return chair

    def _row(self, terms: list[tuple[int, float]], least: float, most: float) -> None:
        self.entries += [(len(self.limits), variable, value) for variable, value in terms]
        self.limits.append((least, most))

    def _everybody_once(self, many: Ints, chairs: int) -> None:
        for kind, people in enumerate(many.tolist()):
            mine = np.flatnonzero(self.kind == kind).tolist()
            self._row([(variable, 1.0) for variable in mine], people, people)
        for chair in range(chairs):
            here = np.flatnonzero(self.chair == chair).tolist()
            if here:
                self._row([(variable, 1.0) for variable in here], 0, 1)

    def _pairs(self, room: RoomShape, one: int, y: int) -> None:
        number = {edge: y + place for place, edge in enumerate(self.edges)}
        for (a, b), pair in number.items():
            both = [(v, -1.0) for v in self.at.get((one, a), []) + self.at.get((one, b), [])]
            self._row([(pair, 1.0), *both], -1, np.inf)
        for square in room.squares():
            inside = [(number[edge], 1.0) for edge in combinations(square, 2)]
            here = [v for chair in square for v in self.at.get((one, chair), [])]
            self._row([*inside, *((v, -1.0) for v in here)], -1, np.inf)
            if len(square) == 4:
                self._row([*inside, *((v, -2.0) for v in here)], -3, np.inf)
