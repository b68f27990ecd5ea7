"""What a group of requests for seats is judged against: read at once, locked in one order.

Registrations first, then their people, then seat pools, each by key: two groups that cross never
wait for each other in turn. A fixed number of queries, however many requests there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, Value

from centres.models import Seat
from scheduling.models import (
    Booking,
    BookingState,
    Candidate,
    ExamSession,
    QueueOpening,
    QueuePlace,
    RefusedSession,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    TakenPaper,
)
from scheduling.models.booking import LIVE
from scheduling.queries.pools import PoolName, waiting_pools
from scheduling.queries.queue import Gate, gate_of
from scheduling.queries.seats import serves

HOLD_LIMIT = timedelta(minutes=30)  # of one hold after another without confirming
REST = timedelta(minutes=5)  # after which a new half hour begins


class Asked(NamedTuple):
    """One request: which registration wants which seat; `by` is the key of the user who asks.

    What the office asks for is not bound to the last day to change seats.
    """

    registration: int
    room_session: int
    seat: int
    key: UUID
    by: int | None
    by_office: bool = False


class Shown(NamedTuple):
    """One confirmation: the seat on the page that was sent, if it was one, and who sent it."""

    registration: int
    room_session: int
    seat: int
    by: int | None
    by_office: bool = False


class Held(NamedTuple):
    """The answer to a request: the booking that stands for its key."""

    booking: int
    room_session: int
    seat: int
    label: str
    state: str
    until: datetime | None


class Person(NamedTuple):
    """Who asks: a registration and the person behind it."""

    candidate: int
    sitting: int
    access_class: str
    state: str
    extra_minutes: int


class Place(NamedTuple):
    """Where a seat is asked for: a room session and what it belongs to."""

    exam_session: int
    room: int
    centre: int
    sitting: int
    paper: int
    starts_at: datetime
    ends_at: datetime


class Chair(NamedTuple):
    room: int
    label: str
    x: int
    y: int


@dataclass(slots=True, eq=False)
class Row:
    """A live booking, stored or, when it was `asked` for in this group, about to be."""

    pk: int
    candidate: int
    registration: int
    paper: int
    room_session: int
    seat: int
    label: str
    state: str
    hold_until: datetime | None
    hold_limit: datetime | None
    pool: PoolName
    starts_at: datetime
    ends_at: datetime
    offer: str | None = None
    extended_at: datetime | None = None
    asked: Asked | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    def is_lapsed(self, at: datetime) -> bool:
        held = self.state == BookingState.HELD
        return held and (self.hold_until is None or self.hold_until <= at)

    def told(self) -> Held:
        return Held(self.pk, self.room_session, self.seat, self.label, self.state, self.hold_until)


_ROW = (
    "pk", "registration__candidate_id", "registration_id", "paper_id", "room_session_id",
    "seat_id", "seat__label", "state", "hold_until", "hold_limit",
    "room_session__room__building__centre_id", "room_session__exam_session_id", "access_class",
    "room_session__exam_session__starts_at", "room_session__exam_session__ends_at", "offer__state",
    "extended_at",
)  # fmt: skip
_KEYED = (
    "key", "registration_id", "pk", "room_session_id", "seat_id", "seat__label", "state",
    "hold_until",
)  # fmt: skip


_NEVER = datetime.max.replace(tzinfo=UTC)  # no session follows


class Chain(NamedTuple):
    """The holds that a registration made one after another: their last moment, and their end."""

    limit: datetime
    ended: datetime


@dataclass
class Ground:
    """What stands at one moment, as far as some requests touch it."""

    at: datetime
    people: dict[int, Person] = field(default_factory=dict)
    sittings: dict[int, Sitting] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    chairs: dict[int, Chair] = field(default_factory=dict)
    fitting: dict[str, set[int]] = field(default_factory=dict)  # seats by access class
    answered: dict[UUID, tuple[int, Held]] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    on_seat: dict[tuple[int, int], Row] = field(default_factory=dict)
    of_person: dict[int, list[Row]] = field(default_factory=dict)  # by candidate
    pools: dict[PoolName, SeatPool] = field(default_factory=dict)
    waited: set[PoolName] = field(default_factory=set)
    gates: dict[int, Gate] = field(default_factory=dict)
    orders: dict[int, int] = field(default_factory=dict)
    chains: dict[tuple[int, int], Chain] = field(default_factory=dict)
    refused: set[tuple[int, int]] = field(default_factory=set)  # registration, exam session
    papers: dict[int, set[int]] = field(default_factory=dict)  # of who does not take all
    spare: dict[int, timedelta] = field(default_factory=dict)  # by room session, to the next one


def read_ground(asked: Sequence[Asked], at: datetime) -> Ground:
    """Read and lock everything the requests touch; in the transaction that will write."""
    ground = Ground(at)
    _read_people(ground, {one.registration for one in asked})
    _read_places(ground, {one.room_session for one in asked}, {one.seat for one in asked})
    own = _own(ground)
    _lock_pools(ground, own)
    _read_live(ground, asked, own)
    _read_answers(ground, [one.key for one in asked])
    _read_gates(ground)
    _read_chains(ground)
    _read_bounds(ground)
    return ground


def live_rows(which: Q) -> list[Row]:
    """Live bookings, lapsed holds among them."""
    rows = Booking.objects.filter(which, state__in=LIVE).values_list(*_ROW)
    return [_row(*row) for row in rows]


def _row(*values: Any) -> Row:
    parts = [*values[:10], PoolName(*values[10:13]), *values[13:]]
    return Row(*parts)


def _own(ground: Ground) -> Q:
    """Bookings of the people who ask, of other sittings too. By keys, so that an index serves."""
    candidates = {person.candidate for person in ground.people.values()}
    own = Registration.objects.filter(candidate__in=candidates)
    return Q(registration__in=list(own.values_list("pk", flat=True)))


def _read_people(ground: Ground, registrations: set[int]) -> None:
    rows = Registration.objects.select_for_update(no_key=True).filter(pk__in=registrations)
    fields = ("pk", "candidate_id", "sitting_id", "access_class", "state", "extra_minutes")
    found = rows.order_by("pk").values_list(*fields)
    ground.people = {key: Person(*row) for key, *row in found}
    candidates = {person.candidate for person in ground.people.values()}
    people = Candidate.objects.select_for_update(no_key=True).filter(pk__in=candidates)
    list(people.order_by("pk").values_list("pk"))
    ground.sittings = Sitting.objects.in_bulk({p.sitting for p in ground.people.values()})


def _read_places(ground: Ground, room_sessions: set[int], seats: set[int]) -> None:
    fields = (
        "pk", "exam_session_id", "room_id", "room__building__centre_id",
        "exam_session__sitting_id", "exam_session__paper_id", "exam_session__starts_at",
        "exam_session__ends_at",
    )  # fmt: skip
    found = RoomSession.objects.filter(pk__in=room_sessions).values_list(*fields)
    ground.places = {key: Place(*row) for key, *row in found}
    chairs = Seat.objects.filter(pk__in=seats)
    listed = chairs.values_list("pk", "room_id", "label", "x", "y")
    ground.chairs = {row[0]: Chair(*row[1:]) for row in listed}
    for access in {person.access_class for person in ground.people.values()}:
        ground.fitting[access] = set(chairs.filter(serves(access)).values_list("pk", flat=True))


def _lock_pools(ground: Ground, own: Q) -> None:
    """The pools of all seats asked for, of every class that shares them, and of own holds."""
    spots = {(place.centre, place.exam_session) for place in ground.places.values()}
    held = Booking.objects.filter(own, state__in=LIVE).values_list(
        "room_session__room__building__centre_id", "room_session__exam_session_id"
    )
    spots |= set(held)
    near = SeatPool.objects.filter(
        centre__in={centre for centre, _session in spots},
        exam_session__in={session for _centre, session in spots},
    ).values_list("pk", "centre_id", "exam_session_id")
    keys = [key for key, *spot in near if tuple(spot) in spots]
    locked = SeatPool.objects.select_for_update(no_key=True).filter(pk__in=keys)
    for pool in locked.order_by("pk"):
        ground.pools[PoolName(pool.centre_id, pool.exam_session_id, pool.access_class)] = pool
    waited = waiting_pools(keys)
    ground.waited = {name for name, pool in ground.pools.items() if pool.pk in waited}


def _read_live(ground: Ground, asked: Sequence[Asked], own: Q) -> None:
    """Bookings on the seats asked for and of the people who ask, as the locks left them."""
    wanted = Q(
        room_session__in={one.room_session for one in asked},
        seat__in={one.seat for one in asked},
    )
    for row in live_rows(wanted):
        ground.rows[row.pk] = ground.on_seat[row.room_session, row.seat] = row
    for found in live_rows(own):
        row = ground.rows.setdefault(found.pk, found)
        ground.of_person.setdefault(row.candidate, []).append(row)


def _read_answers(ground: Ground, keys: Sequence[UUID]) -> None:
    for key, registration, *held in Booking.objects.filter(key__in=keys).values_list(*_KEYED):
        ground.answered[key] = registration, Held(*held)


def _read_gates(ground: Ground) -> None:
    openings = QueueOpening.objects.filter(sitting__in=ground.sittings)
    ground.gates = {opening.sitting_id: gate_of(opening, ground.at) for opening in openings}
    if ground.gates:
        places = QueuePlace.objects.filter(registration__in=ground.people)
        ground.orders = dict(places.values_list("registration_id", "order"))


def _read_chains(ground: Ground) -> None:
    """Holds of the last while; one that was confirmed and given back since is none any more."""
    since = ground.at - HOLD_LIMIT - REST
    recent = Booking.objects.filter(
        registration__in=ground.people,
        made_at__gt=since,
        hold_limit__gt=since,
        offer=None,
        hold_until__isnull=False,
    ).exclude(state__in=[BookingState.CONFIRMED, BookingState.MOVED])
    fields = ("registration_id", "paper_id", "hold_limit", "hold_until", "ended_at")
    for registration, paper, limit, until, ended in recent.order_by("pk").values_list(*fields):
        last = until if ended is None else min(until, ended)
        if ground.at < last + REST:
            ground.chains[registration, paper] = Chain(limit, last)


def _read_bounds(ground: Ground) -> None:
    """What people cannot sit: sessions they refuse, papers of others, no time for extra time."""
    people = ground.people
    refused = RefusedSession.objects.filter(registration__in=people)
    taken = TakenPaper.objects.filter(registration__in=people)
    both = refused.values_list("registration_id", "exam_session_id", Value("session")).union(
        taken.values_list("registration_id", "paper_id", Value("paper")), all=True
    )
    for registration, key, kind in both:
        if kind == "session":
            ground.refused.add((registration, key))
        else:
            ground.papers.setdefault(registration, set()).add(key)
    if any(person.extra_minutes for person in people.values()):
        centres = {place.centre for place in ground.places.values()}
        sessions = ExamSession.objects.filter(
            sitting__in=ground.sittings, seat_pools__centre__in=centres
        )
        starts = sessions.distinct().values_list("seat_pools__centre", "starts_at")
        for key, place in ground.places.items():
            after = [at for centre, at in starts if centre == place.centre and at >= place.ends_at]
            ground.spare[key] = min(after, default=_NEVER) - place.ends_at
