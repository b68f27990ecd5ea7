"""People of one centre and exam session to rooms and chairs, with little to copy from neighbours.

First people are dealt over rooms: those with needs to chairs that serve them, and every
institution as evenly as the rooms allow. Then, room by room, the largest institution fills one of
four classes of chairs that do not touch (x and y even or odd), the next one goes on where it
ended, and chairs are exchanged while that lessens the pairs of neighbours from one institution.
Two chairs are neighbours when both grid coordinates differ by at most one, so an aisle, which is
an empty column of the grid, parts them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

import numpy as np

from .forms import form_of, protected_directions
from .problem import Flags, Ints

NO_INSTITUTION = -1  # shares an institution with nobody
_EMPTY = -1
_EXCHANGES = 400  # tries per room before what is left is accepted


class RoomsTooSmall(Exception):
    """The chairs of the rooms cannot take the people of an access class."""

    def __init__(self, access: int, people: int, chairs: int) -> None:
        """Keep the class, how many must sit and how many chairs are left for them."""
        self.access, self.people, self.chairs = access, people, chairs
        super().__init__(f"class {access}: {people} people, {chairs} chairs")


@dataclass(frozen=True, eq=False, kw_only=True)
class Chairs:
    """The usable chairs of one centre in one exam session.

    seat_ids  (S,) labels
    room_ids  (S,) the room each chair stands in
    x, y      (S,) grid squares from the front left corner
    serves    (A, S) true where a chair serves an access class
    """

    seat_ids: Ints
    room_ids: Ints
    x: Ints
    y: Ints
    serves: Flags


@dataclass(frozen=True, eq=False, kw_only=True)
class SeatPlan:
    """A chair and an exam form for everybody.

    chair        (n,) index into the chairs
    exam_form    (n,) 0..forms-1
    pairs        neighbours from one institution
    lower_bound  no plan of these people in these rooms has fewer such pairs
    protected    directions in which neighbours always have different exam forms
    """

    chair: Ints
    exam_form: Ints
    pairs: int
    lower_bound: int
    protected: tuple[str, ...]


class SeatingHall:
    """The rooms of one centre, made ready once and used for every exam session."""

    def __init__(self, chairs: Chairs) -> None:
        """Sort the chairs into rooms and kinds, and find who sits beside whom."""
        self.chairs = chairs
        signature = (1 << np.arange(len(chairs.serves))) @ chairs.serves
        self.rooms = [_RoomShape(chairs, room) for room in np.unique(chairs.room_ids).tolist()]
        kinds, kind_of = np.unique(signature, return_inverse=True)
        self.kinds: list[int] = kinds.tolist()
        self.room_kinds = np.array(
            [np.bincount(kind_of[room.chairs], minlength=len(kinds)) for room in self.rooms]
        ).reshape(len(self.rooms), len(kinds))

    def seat(self, institution: Ints, access: Ints, forms: int, seed: int) -> SeatPlan:
        """Seat n people: `institution` (n,) or NO_INSTITUTION, `access` (n,) 0..A-1.

        The same arguments give the same plan. Raises RoomsTooSmall.
        """
        rng = np.random.default_rng(seed)
        room_of = self._deal(institution, access, rng)
        chair = np.full(len(access), _EMPTY, np.int64)
        pairs = bound = 0
        for index, room in enumerate(self.rooms):
            people = np.flatnonzero(room_of == index)
            table = _Table(room, institution[people].tolist(), access[people].tolist())
            fewest = room.fewest_pairs(table.institution)
            pairs += table.settle(fewest, Random(int(rng.integers(2**62))))
            bound += fewest
            chair[people] = room.chairs[table.chair_of]
        forms_of_chairs = form_of(self.chairs.x, self.chairs.y, forms)
        return SeatPlan(
            chair=chair,
            exam_form=forms_of_chairs[chair],
            pairs=pairs,
            lower_bound=bound,
            protected=protected_directions(forms),
        )

    def _deal(self, institution: Ints, access: Ints, rng: np.random.Generator) -> Ints:
        """A room for everybody, (n,): the classes with the fewest chairs first."""
        room_of = np.full(len(access), _EMPTY, np.int64)
        free = self.room_kinds.copy()
        for level in np.argsort(self.chairs.serves.sum(1), kind="stable").tolist():
            people = np.flatnonzero(access == level)
            serving = [k for k, kind in enumerate(self.kinds) if kind >> level & 1]
            if not len(people):
                continue
            open_chairs = free[:, serving].sum(1)
            if len(people) > open_chairs.sum():
                raise RoomsTooSmall(level, len(people), int(open_chairs.sum()))
            quota = _shares(open_chairs, len(people))
            room_of[_by_institution(people, institution, rng)] = _interleave(quota)
            _take(free, quota, sorted(serving, key=lambda k: self.kinds[k].bit_count()))
        return room_of


class _RoomShape:
    """One room: its chairs, neighbours, and the counting that bounds pairs from below."""

    def __init__(self, chairs: Chairs, room_id: int) -> None:
        self.chairs = np.flatnonzero(chairs.room_ids == room_id)
        x, y = chairs.x[self.chairs], chairs.y[self.chairs]
        touch = (abs(x[:, None] - x) <= 1) & (abs(y[:, None] - y) <= 1)
        np.fill_diagonal(touch, False)
        self.neighbours: list[list[int]] = [np.flatnonzero(row).tolist() for row in touch]
        self.serves: list[list[bool]] = chairs.serves[:, self.chairs].T.tolist()
        self.free_order: list[int] = np.lexsort((x, y, _apart_class(x, y))).tolist()
        self.cliques = [_clique_sizes(x + dx, y + dy) for dx in (0, 1) for dy in (0, 1)]

    def fewest_pairs(self, institution: Sequence[int]) -> int:
        """Pairs of neighbours from one institution that no plan of this room can avoid.

        The chairs fall into cliques of a 2 x 2 square; m people of one institution in T cliques
        share at least sum C(k, 2) pairs, k as even as the sizes allow. The best of the four ways
        to cut the room counts.
        """
        sizes = Counter(i for i in institution if i != NO_INSTITUTION)
        return max(
            (sum(_forced_pairs(m, cliques) for m in sizes.values()) for cliques in self.cliques),
            default=0,
        )


class _Table:
    """One room being filled: who sits on which chair."""

    def __init__(self, room: _RoomShape, institution: list[int], access: list[int]) -> None:
        self.room, self.institution, self.access = room, institution, access
        self.person_on = [_EMPTY] * len(room.neighbours)
        self.label_on: list[int] = [NO_INSTITUTION] * len(room.neighbours)
        self.chair_of = [_EMPTY] * len(institution)
        self._seat_everybody()

    def settle(self, goal: int, rng: Random) -> int:
        """Exchange chairs until `goal` pairs are left, or no more can be helped; returns pairs."""
        conflicts = [self._conflicts(chair) for chair in range(len(self.person_on))]
        for _ in range(_EXCHANGES):
            if sum(conflicts) // 2 <= goal:
                break
            bad = [chair for chair, count in enumerate(conflicts) if count]
            self._exchange_best(rng.choice(bad), rng)
            conflicts = [self._conflicts(chair) for chair in range(len(self.person_on))]
        return sum(conflicts) // 2

    def _seat_everybody(self) -> None:
        """The most restricted first, then large institutions, along chairs that do not touch."""
        chairs_for = [sum(column) for column in zip(*self.room.serves, strict=True)]
        size = Counter(self.institution)
        size[NO_INSTITUTION] = 0
        order = sorted(
            range(len(self.institution)),
            key=lambda i: (
                chairs_for[self.access[i]],
                -size[self.institution[i]],
                self.institution[i],
            ),
        )
        left = sorted(self.room.free_order, key=lambda chair: sum(self.room.serves[chair]))
        for person in order:
            access = self.access[person]
            chair = next(c for c in left if self.room.serves[c][access])
            left.remove(chair)
            self._put(person, chair)

    def _put(self, person: int, chair: int) -> None:
        self.person_on[chair] = person
        self.label_on[chair] = self.institution[person] if person >= 0 else NO_INSTITUTION
        if person >= 0:
            self.chair_of[person] = chair

    def _conflicts(self, chair: int) -> int:
        label = self.label_on[chair]
        if label == NO_INSTITUTION:
            return 0
        return sum(self.label_on[other] == label for other in self.room.neighbours[chair])

    def _exchange_best(self, chair: int, rng: Random) -> None:
        """Swap with the chair that lessens the pairs most; sideways half the time."""
        best, partner = 1, _EMPTY
        for other in rng.sample(range(len(self.person_on)), len(self.person_on)):
            if other == chair or not self._may_swap(chair, other):
                continue
            change = self._change(chair, other)
            if change < best:
                best, partner = change, other
        if best < 0 or (best == 0 and rng.random() < 0.5):
            self._swap(chair, partner)

    def _change(self, chair: int, other: int) -> int:
        before = self._conflicts(chair) + self._conflicts(other)
        self._swap(chair, other)
        after = self._conflicts(chair) + self._conflicts(other)
        self._swap(chair, other)
        return after - before

    def _swap(self, chair: int, other: int) -> None:
        here, there = self.person_on[chair], self.person_on[other]
        self._put(there, chair)
        self._put(here, other)

    def _may_swap(self, chair: int, other: int) -> bool:
        here, there = self.person_on[chair], self.person_on[other]
        if here >= 0 and not self.room.serves[other][self.access[here]]:
            return False
        return there < 0 or self.room.serves[chair][self.access[there]]


def same_institution_pairs(chairs: Chairs, chair: Ints, institution: Ints) -> int:
    """Neighbours from one institution in any plan, counted from nothing but the plan."""
    label = np.full(len(chairs.seat_ids), NO_INSTITUTION)
    label[chair] = institution
    return sum(
        int(label[a] == label[b] != NO_INSTITUTION) for a, b in neighbour_pairs(chairs).tolist()
    )


def neighbour_pairs(chairs: Chairs) -> Ints:
    """Every pair of chairs that touch, (P, 2) indices, each once."""
    found: list[tuple[int, int]] = []
    for room in np.unique(chairs.room_ids).tolist():
        members = np.flatnonzero(chairs.room_ids == room)
        for a, b in combinations(members.tolist(), 2):
            if abs(chairs.x[a] - chairs.x[b]) <= 1 and abs(chairs.y[a] - chairs.y[b]) <= 1:
                found.append((a, b))
    return np.array(found, np.int64).reshape(-1, 2)


def _apart_class(x: Ints, y: Ints) -> Ints:
    """Four classes of chairs that do not touch, ordered so that the first two meet at corners."""
    return (x % 2 ^ y % 2) * 2 + y % 2


def _clique_sizes(x: Ints, y: Ints) -> list[int]:
    """How many 2 x 2 squares hold at least 1, 2, 3 and 4 chairs."""
    _, sizes = np.unique(np.column_stack([x // 2, y // 2]), axis=0, return_counts=True)
    return [int((sizes >= k).sum()) for k in (1, 2, 3, 4)]


def _forced_pairs(people: int, at_least: list[int]) -> int:
    """Spread people over cliques level by level: the k-th in a clique meets k - 1 others."""
    pairs = 0
    for met, cliques in enumerate(at_least):
        here = min(people, cliques)
        pairs += here * met
        people -= here
    return pairs


def _shares(weights: Ints, total: int) -> Ints:
    """`total` in whole parts in proportion to weights: largest remainders, none above its own."""
    exact = weights * total
    parts: Ints = exact // weights.sum()
    order = np.argsort(-(exact % weights.sum()), kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return parts


def _interleave(quota: Ints) -> Ints:
    """Rooms in an order in which each comes round as evenly as its quota allows."""
    room = np.repeat(np.arange(len(quota)), quota)
    turn = np.arange(len(room)) - np.repeat(np.cumsum(quota) - quota, quota)
    return room[np.lexsort((room, (turn + 0.5) / quota[room]))]


def _by_institution(people: Ints, institution: Ints, rng: np.random.Generator) -> Ints:
    """People of one institution after another, the largest first, drawn by lot within."""
    drawn = rng.permutation(people)
    label = institution[drawn]
    _, inverse, counts = np.unique(label, return_inverse=True, return_counts=True)
    return drawn[np.lexsort((label, -counts[inverse]))]


def _take(free: Ints, quota: Ints, kinds: list[int]) -> None:
    """Use up chairs of the kinds that serve fewest classes first, in place."""
    left = quota.copy()
    for kind in kinds:
        used = np.minimum(left, free[:, kind])
        free[:, kind] -= used
        left -= used
