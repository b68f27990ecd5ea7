"""Play the exam days of a sitting into the ledgers, by the same code as a live console."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from centres.models import Role, StaffRole, User
from config.demo.morning import Expected, Watch, room_day
from proctoring.actions.devices import greet_device
from proctoring.live.events import Fact
from proctoring.models import RoomHead
from proctoring.queries.ledger import forget
from proctoring.store import append_many
from scheduling.models import Booking, BookingState, Duty, RoomSession, Sitting

ROOMS_AT_ONCE = 24
DEVICES = uuid.UUID("5a4a4d50-0000-4000-8000-000000000000")

Report = Callable[[int, int], None]


def person_of(email: str) -> int:
    """The place in the invented people of whoever has this address."""
    return int(email[1:7]) - 1


@dataclass(frozen=True)
class Crew:
    """Who watches one room session."""

    proctor: int
    second: int
    chief: int


def play_days(
    sitting: Sitting,
    comes: Sequence[bool],
    *,
    seed: int,
    report: Report,
    until: datetime | None = None,
) -> int:
    """Write every room session's day into its ledger; how many facts were new.

    `until` leaves out what has not happened yet. Rooms are written many at a time, each day whole
    or not at all, so what is there already is left alone.
    """
    rooms = _room_sessions(sitting)
    begun = set(RoomHead.objects.filter(seq__gt=0).values_list("room_session_id", flat=True))
    people, crews = _expected(sitting, comes), _crews(sitting)
    devices = _devices(rooms, crews)
    written = 0
    for start in range(0, len(rooms), ROOMS_AT_ONCE):
        some = rooms[start : start + ROOMS_AT_ONCE]
        facts: list[Fact] = []
        for room in some:
            watch = _watch(room, crews[room.pk], devices[room.room_id])
            day = room_day(np.random.default_rng([seed, 5, room.pk]), watch, people[room.pk])
            devices[room.room_id].next_dseq += sum(fact.dseq is not None for fact in day)
            facts += [] if room.pk in begun else _until(day, until)
        written += _append(facts)
        forget(room.pk for room in some)
        report(min(start + ROOMS_AT_ONCE, len(rooms)), len(rooms))
    return written


@dataclass
class RoomDevice:
    """The phone that lies in a room all day, and the next of its own numbers."""

    pk: int
    next_dseq: int


def _append(facts: list[Fact]) -> int:
    if not facts:
        return 0
    answers = append_many(facts, recv=None).answers
    refused = [answer for answer in answers if not answer.seq or answer.code]
    if refused:
        raise RuntimeError(f"the ledger refused an invented fact: {refused[0]}")
    return sum(not answer.repeated for answer in answers)


def _until(day: Iterable[Fact], until: datetime | None) -> list[Fact]:
    latest = None if until is None else until.timestamp() * 1000
    return [fact for fact in day if latest is None or fact.at <= latest]


def _room_sessions(sitting: Sitting) -> list[RoomSession]:
    """In the order in which they happen."""
    rows = RoomSession.objects.filter(exam_session__sitting=sitting)
    return list(
        rows.select_related("exam_session__paper").order_by("exam_session__number", "room_id")
    )


def _expected(sitting: Sitting, comes: Sequence[bool]) -> Mapping[int, list[Expected]]:
    people: dict[int, list[Expected]] = defaultdict(list)
    bookings = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED
    ).order_by("pk")
    for room, booking, extra, email in bookings.values_list(
        "room_session_id", "pk", "registration__extra_minutes", "registration__candidate__email"
    ):
        people[room].append(Expected(booking, extra, bool(comes[person_of(email)])))
    return people


def _crews(sitting: Sitting) -> Mapping[int, Crew]:
    """By room session: its head, the second proctor, and the chief of the centre."""
    chiefs = dict(StaffRole.objects.filter(role=Role.CHIEF).values_list("centre_id", "user_id"))
    duties = Duty.objects.filter(room_session__exam_session__sitting=sitting).order_by(
        "-is_head", "pk"
    )
    found: dict[int, list[int]] = defaultdict(list)
    centre_of: dict[int, int] = {}
    for room, user, centre in duties.values_list(
        "room_session_id", "proctor__user_id", "room_session__room__building__centre_id"
    ):
        found[room].append(user)
        centre_of[room] = centre
    return {
        room: Crew(users[0], users[1], chiefs[centre_of[room]]) for room, users in found.items()
    }


def _devices(rooms: Sequence[RoomSession], crews: Mapping[int, Crew]) -> dict[int, RoomDevice]:
    """One device a room; its numbers begin again from 1 for each sitting that is played."""
    users = User.objects.in_bulk({crew.proctor for crew in crews.values()})
    devices: dict[int, RoomDevice] = {}
    for room in rooms:
        if room.room_id not in devices:
            key = uuid.uuid5(DEVICES, f"{room.exam_session.sitting_id}/{room.room_id}")
            by = users[crews[room.pk].proctor]
            greeted = greet_device(key=str(key), by=by, at=room.exam_session.doors_open_at)
            devices[room.room_id] = RoomDevice(greeted.pk, 1)
    return devices


def _watch(room: RoomSession, crew: Crew, device: RoomDevice) -> Watch:
    session = room.exam_session
    return Watch(
        room.pk,
        _ms(session.doors_open_at),
        _ms(session.starts_at),
        _ms(session.doors_close_at),
        session.paper.minutes,
        crew.proctor,
        crew.second,
        crew.chief,
        device.pk,
        device.next_dseq,
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
