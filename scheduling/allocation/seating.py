"""People of one centre and exam session to rooms and chairs, with little to copy from neighbours.

First people are dealt over rooms: those with needs to chairs that serve them, and every
institution as evenly as the rooms allow. Then, room by room, the largest institution fills one of
four classes of chairs that do not touch (x and y even or odd), the next one goes on where it
ended, and chairs are exchanged while that lessens the pairs of neighbours from one institution;
a room where that does not come down to what counting proves is solved by a whole programme.
Two chairs are neighbours when both grid coordinates differ by at most one, so an aisle, which is
an empty column of the grid, parts them.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .dealing import Rooms, bring_together
from .fewest import fewest_pairs
from .forms import form_of, protected_directions
from .pins import Desks, Held, pin
from .problem import Flags, Ints
from .requests import NO_REQUESTS, Requests
from .room_shape import NO_INSTITUTION, RoomShape

__all__ = [
    "NO_INSTITUTION",
    "Chairs",
    "RoomsTooSmall",
    "SeatPlan",
    "SeatingHall",
    "neighbour_pairs",
    "same_institution_pairs",
]

_EMPTY = -1
_EXCHANGES = 300  # per room at most
_PATIENCE = 60  # exchanges without a better seating before it is accepted


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
    lower_bound  no seating of the same people in the same rooms has fewer such pairs
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
        self.room_at = np.unique(chairs.room_ids, return_inverse=True)[1].ravel()
        signature = (1 << np.arange(len(chairs.serves))) @ chairs.serves
        self.rooms = [_shape(chairs, room) for room in np.unique(chairs.room_ids).tolist()]
        kinds, kind_of = np.unique(signature, return_inverse=True)
        self.kinds: list[int] = kinds.tolist()
        self.serving: Flags = (kinds >> np.arange(len(chairs.serves))[:, None] & 1).astype(bool)
        self.room_kinds = np.array(
            [np.bincount(kind_of[room.chairs], minlength=len(kinds)) for room in self.rooms]
        ).reshape(len(self.rooms), len(kinds))

    def seat(
        self,
        institution: Ints,
        access: Ints,
        in_front: Flags,
        forms: int,
        seed: int,
        requests: Requests = NO_REQUESTS,
    ) -> SeatPlan:
        """Seat n people: `institution` (n,) or NO_INSTITUTION, `access` (n,) 0..A-1.

        Those `in_front` (n,) sit in the front row of their room, or as few rows as hold them.
        What `requests` ask for is kept where the rooms allow; `checks.requests_unkept` says where
        not. The same arguments give the same plan. Raises RoomsTooSmall.
        """
        rng = np.random.default_rng(seed)
        room_of = self._deal(institution, access, rng)
        fixed = self._fixed_chairs(requests)
        if requests:
            place_of = {row: int(self.room_at[chair]) for row, chair in fixed.items()}
            touching = np.array([room.touching() for room in self.rooms])
            rooms = Rooms(self.room_kinds, self.serving, touching, room_of, access)
            bring_together(rooms, institution, requests, place_of)
        chair = np.full(len(access), _EMPTY, np.int64)
        pairs = bound = 0
        for index, room in enumerate(self.rooms):
            people = np.flatnonzero(room_of == index)
            table = _Table(room, institution[people], access[people], in_front[people])
            if requests:
                table.hold(requests.among(people, len(access)), fixed, people)
            table.seat_everybody()
            left, fewest = table.settle(room.fewest_pairs(institution[people]), rng)
            pairs, bound = pairs + left, bound + fewest
            chair[people] = room.chairs[table.chair_of()]
        forms_of_chairs = form_of(self.chairs.x, self.chairs.y, forms)
        return SeatPlan(
            chair=chair,
            exam_form=forms_of_chairs[chair],
            pairs=pairs,
            lower_bound=bound,
            protected=protected_directions(forms),
        )

    def _fixed_chairs(self, requests: Requests) -> Held:
        """Row to chair index of every fixed place that these rooms have."""
        at = {seat: chair for chair, seat in enumerate(self.chairs.seat_ids.tolist())}
        return {row: at[seat] for row, seat in requests.fixed.tolist() if seat in at}

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


class _Table:
    """One room being filled: who sits on which chair."""

    def __init__(self, room: RoomShape, institution: Ints, access: Ints, in_front: Flags) -> None:
        self.room, self.institution = room, institution
        self.fits = _fits(room, access, in_front)
        self.person_on = np.full(len(room.chairs), _EMPTY)
        self.held: Held = {}

    def hold(self, requests: Requests, fixed: Held, people: Ints) -> None:
        """Hold the chairs that requests ask for; `fixed` are rows and chairs of the centre."""
        if requests:
            at = {chair: place for place, chair in enumerate(self.room.chairs.tolist())}
            rows = people.tolist()
            here = {row: at.get(fixed.get(rows[row], _EMPTY)) for row in range(len(rows))}
            places = {row: place for row, place in here.items() if place is not None}
            self.held = pin(Desks(self.fits, self.room.x, self.room.y), requests, places)

    def chair_of(self) -> Ints:
        """The chair of each person, (n,)."""
        chair = np.empty(len(self.institution), np.int64)
        taken = np.flatnonzero(self.person_on >= 0)
        chair[self.person_on[taken]] = taken
        return chair

    def settle(self, bound: int, rng: np.random.Generator) -> tuple[int, int]:
        """Seat them with as few pairs as can be; returns the pairs and what is proved of them.

        Where exchanges do not come down to `bound`, a whole programme does, or lifts the bound.
        """
        pairs = self._exchange(bound, rng)
        if pairs == bound:
            return pairs, bound
        fits = self.fits.copy()
        for person, chair in self.held.items():
            fits[person] = np.arange(fits.shape[1]) == chair
        found = fewest_pairs(self.room, self.institution, fits)
        if found.chair is not None:
            exchanged = self.person_on.copy()
            self.person_on[:] = _EMPTY
            self.person_on[found.chair] = np.arange(len(found.chair))
            if self._pairs() < pairs:
                pairs = self._pairs()
            else:
                self.person_on = exchanged
        return pairs, max(bound, found.bound)

    def _exchange(self, goal: int, rng: np.random.Generator) -> int:
        """Exchange chairs until `goal` pairs are left or no more can be helped; returns pairs.

        Tabu search (F. Glover, ORSA Journal on Computing 1, 1989): always the best exchange, even
        if it is no better, but not of chairs exchanged a moment ago; the best seating is kept.
        """
        fewest, kept, rests_until = self._pairs(), self.person_on.copy(), 0
        resting = np.zeros(len(self.person_on), np.int64)
        for turn in range(_EXCHANGES):
            if fewest <= goal or turn > rests_until + _PATIENCE:
                break
            a, b = self._best_exchange(resting > turn, rng)
            self.person_on[[a, b]] = self.person_on[[b, a]]
            resting[[a, b]] = turn + rng.integers(3, 8)
            if (pairs := self._pairs()) < fewest:
                fewest, kept, rests_until = pairs, self.person_on.copy(), turn
        self.person_on = kept
        return fewest

    def seat_everybody(self) -> None:
        """The most restricted first, then large institutions, along chairs that do not touch."""
        for person, chair in self.held.items():
            self.person_on[chair] = person
        chairs_for = self.fits.sum(1).tolist()
        institution: list[int] = self.institution.tolist()
        size = Counter(institution)
        size[NO_INSTITUTION] = 0
        order = sorted(
            (person for person in range(len(institution)) if person not in self.held),
            key=lambda i: (chairs_for[i], -size[institution[i]], institution[i]),
        )
        wanted = self.fits.sum(0).tolist()
        taken = set(self.held.values())
        left = [chair for chair in self.room.free_order if chair not in taken]
        left.sort(key=lambda chair: wanted[chair])
        fits: list[list[bool]] = self.fits.tolist()
        for person in order:
            chair = next((c for c in left if fits[person][c]), _EMPTY)
            if chair == _EMPTY:
                self._seat_by_matching()
                return
            left.remove(chair)
            self.person_on[chair] = person

    def _seat_by_matching(self) -> None:
        """Where one after another does not come out even: whatever chairs serve everybody."""
        seated = Desks(self.fits, self.room.x, self.room.y).seat_all(self.held)
        if seated is None:
            raise RoomsTooSmall(_EMPTY, len(self.institution), len(self.room.chairs))
        self.person_on[:] = _EMPTY
        self.person_on[list(seated.values())] = list(seated)

    def _labels(self) -> Ints:
        """The institution on each chair, NO_INSTITUTION where nobody sits."""
        label: Ints = np.append(self.institution, NO_INSTITUTION)[self.person_on]
        return label

    def _pairs(self) -> int:
        label = self._labels()
        same = (label[:, None] == label) & (label != NO_INSTITUTION)
        return int((self.room.touch * same).sum()) // 2

    def _best_exchange(self, resting: Flags, rng: np.random.Generator) -> tuple[np.int64, np.int64]:
        """The two chairs whose people, exchanged, leave the fewest pairs; by lot among equals."""
        label, touch = self._labels(), self.room.touch
        known = (label != NO_INSTITUTION).astype(np.float32)
        same = (label[:, None] == label) * known
        like = touch @ same  # neighbours of chair a who share the institution now on chair b
        now = like.diagonal()
        change = like + like.T - now[:, None] - now - touch * (known[:, None] + known)
        change += 0.5 * rng.random(change.shape, np.float32)
        change[~self._exchangeable() | (same > 0) | resting[:, None] | resting] = np.inf
        a, b = np.unravel_index(change.argmin(), change.shape)
        return a, b

    def _exchangeable(self) -> Flags:
        """Pairs of chairs whose people, if any, may take each other's, (S, S)."""
        fits = np.ones((len(self.person_on), len(self.person_on)), bool)
        taken = self.person_on >= 0
        fits[taken] = self.fits[self.person_on[taken]]
        both: Flags = fits & fits.T
        still = list(self.held.values())
        both[still], both[:, still] = False, False
        return both


def _shape(chairs: Chairs, room_id: int) -> RoomShape:
    members = np.flatnonzero(chairs.room_ids == room_id)
    return RoomShape(members, chairs.x[members], chairs.y[members], chairs.serves[:, members].T)


def _fits(room: RoomShape, access: Ints, in_front: Flags) -> Flags:
    """Which chairs each person may take, (n, S): those that serve him, in front if he must be."""
    fits: Flags = room.serves.T[access]
    for level in np.unique(access[in_front]).tolist():
        people = in_front & (access == level)
        chairs = np.flatnonzero(room.serves[:, level])
        nearest = np.sort(room.y[chairs])[: int(people.sum())]
        fits[people] &= room.y <= nearest.max(initial=0)
    return fits


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
