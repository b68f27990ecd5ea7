"""The roster of proctors: made for every centre of a sitting, changed for one room on the day."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db import transaction
from django.db.models import Count

from centres.common.audit import record
from centres.common.identity import typed_number
from centres.common.thai import in_bangkok
from centres.models import User
from scheduling.allocation.problem import Flags, Ints, great_circle
from scheduling.allocation.roster import (
    Roster,
    Watch,
    improve_roster,
    make_roster,
    proctors_wanted,
)
from scheduling.errors import NoSuchRegistration, ProctorNotFree
from scheduling.models import (
    Booking,
    BookingState,
    Duty,
    Proctor,
    ProctorAbsence,
    Registration,
    RegistrationState,
    Relative,
    RoomSession,
    Sitting,
)

PER_DAY = 2  # exam sessions of one proctor
Room = tuple[int, int, int, str, int]  # room session, centre, exam session, day, people
_CONFIRMED = str(BookingState.CONFIRMED)


@dataclass(frozen=True)
class RosterMade:
    """How many duties were given, and how many no roster could fill, by centre key."""

    duties: int
    missing: dict[int, int]


def make_duties(
    *,
    sitting: Sitting,
    by: User | None,
    at: datetime,
    ratio: int = 20,
    least: int = 2,
    per_day: int = PER_DAY,
) -> RosterMade:
    """Give duties anew in every room session that has not begun and where somebody sits.

    One proctor for `ratio` people and at least `least`; never in a room where somebody of his own
    institution sits; at most `per_day` exam sessions a day. Duties of what has begun stay.
    """
    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        ahead = RoomSession.objects.filter(
            exam_session__sitting=sitting, exam_session__doors_open_at__gt=at
        )
        Duty.objects.filter(room_session__in=ahead).delete()
        made = _by_centre(
            sitting, _rooms(sitting, exam_session__doors_open_at__gt=at), ratio, least, per_day
        )
        duties = [duty for given, _missing in made.values() for duty in given]
        Duty.objects.bulk_create(duties, batch_size=2000)
        missing = {centre: lost for centre, (_given, lost) in made.items() if lost}
        record(
            "duties.make", target=sitting, by=by, at=at, duties=len(duties),
            missing=sum(missing.values()), ratio=ratio, per_day=per_day,
        )  # fmt: skip
    return RosterMade(len(duties), missing)


def replace_proctor(
    *, duty: Duty, proctor: Proctor, by: User | None, at: datetime, reason: str
) -> Duty:
    """Another proctor takes over a duty, on the day or before. Raises ProctorNotFree."""
    with transaction.atomic():
        duty = Duty.objects.select_for_update().select_related("room_session").get(pk=duty.pk)
        _refuse_unfit(duty.room_session, proctor)
        former, duty.proctor = duty.proctor_id, proctor
        duty.save(update_fields=["proctor"])
        record("duties.replace", target=duty, by=by, at=at, former=former, reason=reason)
    return duty


def _refuse_unfit(room_session: RoomSession, proctor: Proctor) -> None:
    busy = Duty.objects.filter(
        proctor=proctor, room_session__exam_session=room_session.exam_session
    )
    own = Booking.objects.filter(
        room_session=room_session,
        state=_CONFIRMED,
        registration__institution=proctor.institution_id,
    )
    related = Booking.objects.filter(
        room_session=room_session,
        state=_CONFIRMED,
        registration__in=proctor.relatives.values("registration"),
    )
    away = proctor.absences.filter(day=in_bangkok(room_session.exam_session.starts_at).date())
    is_other = room_session.room.building.centre_id != proctor.centre_id
    is_known = bool(proctor.institution_id and own.exists()) or related.exists()
    if is_other or busy.exists() or is_known or away.exists():
        raise ProctorNotFree(name=str(proctor))


def excuse_proctor(
    *, proctor: Proctor, sitting: Sitting, day: date, by: User | None, at: datetime
) -> RosterMade:
    """He does not come on this day: others take his duties, and as few duties as can be change.

    Only what is not over yet is given anew. Returns the new duties and what nobody could fill.
    """
    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        ProctorAbsence.objects.get_or_create(proctor=proctor, day=day)
        rooms = [
            room
            for room in _rooms(sitting, exam_session__ends_at__gt=at)
            if room[1] == proctor.centre_id and room[3] == day.isoformat()
        ]
        made, missing = _mend(sitting, rooms, proctor.centre_id)
        record(
            "duties.excuse", target=proctor, by=by, at=at, day=day.isoformat(), duties=made,
            missing=missing,
        )  # fmt: skip
    return RosterMade(made, {proctor.centre_id: missing} if missing else {})


def name_relative(
    *, proctor: Proctor, sitting: Sitting, number: str, by: User | None, at: datetime
) -> Relative:
    """No roster puts this proctor into the room of this candidate. Raises NoSuchRegistration."""
    with transaction.atomic():
        found = Registration.objects.filter(
            sitting=sitting, number=typed_number(number), state=RegistrationState.ACCEPTED
        ).first()
        if found is None:
            raise NoSuchRegistration(number=number)
        made, is_new = Relative.objects.get_or_create(proctor=proctor, registration=found)
        if is_new:
            record("duties.relative", target=proctor, by=by, at=at, registration=found.pk)
    return made


def _mend(sitting: Sitting, rooms: list[Room], centre: int) -> tuple[int, int]:
    """Give the duties of these rooms anew, keeping all that can be kept; how many are new."""
    people = list(Proctor.objects.filter(centre=centre).order_by("pk"))
    proctors = [(proctor.pk, proctor.institution_id) for proctor in people]
    keys = [room[0] for room in rooms]
    given = list(Duty.objects.filter(room_session__in=keys).order_by("-is_head", "pk"))
    row = {key: place for place, (key, _own) in enumerate(proctors)}
    column = {key: place for place, key in enumerate(keys)}
    before = np.zeros((len(proctors), len(rooms)), bool)
    for duty in given:
        if duty.proctor_id in row:
            before[row[duty.proctor_id], column[duty.room_session_id]] = True
    days = {day: number for number, day in enumerate(sorted({room[3] for room in rooms}))}
    watch = Watch(
        session=np.array([room[2] for room in rooms], np.int64),
        day=np.array([days[room[3]] for room in rooms], np.int64),
        wanted=np.array([sum(before[:, place]) for place in range(len(rooms))], np.int64),
    )
    allowed = _allowed(sitting, proctors, rooms, _institutions(sitting))
    per_day = np.full(len(proctors), max(PER_DAY, int(before.sum(1).max(initial=0))))
    way = _way_of(proctors, _ways())
    km = None if way is None else np.broadcast_to(way[:, None], allowed.shape)
    roster = improve_roster(watch, allowed, per_day, before, km)
    wanted = {
        (proctors[p][0], keys[w])
        for p, w in zip(roster.proctor.tolist(), roster.watch.tolist(), strict=True)
    }
    gone = [duty for duty in given if (duty.proctor_id, duty.room_session_id) not in wanted]
    kept = {(duty.proctor_id, duty.room_session_id) for duty in given}
    headless = {duty.room_session_id for duty in gone if duty.is_head}
    Duty.objects.filter(pk__in=[duty.pk for duty in gone]).delete()
    new = sorted(wanted - kept)
    for key, room in new:
        Duty.objects.create(proctor_id=key, room_session_id=room, is_head=room in headless)
        headless.discard(room)
    for room in headless:
        first = Duty.objects.filter(room_session=room).order_by("pk").first()
        if first is not None:
            Duty.objects.filter(pk=first.pk).update(is_head=True)
    return len(new), int(roster.missing.sum())


def _allowed(
    sitting: Sitting,
    proctors: list[tuple[int, int | None]],
    rooms: list[Room],
    inside: dict[int, set[int]],
) -> Flags:
    """Who may watch where, (P, W): not his own institution, no relative, and he comes that day."""
    related = _related(sitting)
    away = set(ProctorAbsence.objects.values_list("proctor_id", "day"))
    return np.array(
        [
            [
                (own is None or own not in inside[room])
                and room not in related[key]
                and (key, date.fromisoformat(day)) not in away
                for room, _centre, _session, day, _people in rooms
            ]
            for key, own in proctors
        ],
        bool,
    ).reshape(len(proctors), len(rooms))


def _related(sitting: Sitting) -> dict[int, set[int]]:
    """Room sessions where a relative of each proctor sits."""
    found: dict[int, set[int]] = defaultdict(set)
    pairs = Relative.objects.filter(
        registration__sitting=sitting, registration__bookings__state=_CONFIRMED
    ).values_list("proctor_id", "registration__bookings__room_session_id")
    for proctor, room in pairs:
        found[proctor].add(room)
    return found


def _rooms(sitting: Sitting, **when: datetime) -> list[Room]:
    """Room sessions of a time where somebody sits."""
    seated = Booking.objects.filter(
        room_session__exam_session__sitting=sitting,
        state=_CONFIRMED,
        **{f"room_session__{name}": moment for name, moment in when.items()},
    ).values_list(
        "room_session_id", "room_session__room__building__centre_id",
        "room_session__exam_session_id", "room_session__exam_session__starts_at",
    )  # fmt: skip
    grouped = seated.annotate(people=Count("pk")).order_by("room_session_id")
    return [
        (room, centre, session, in_bangkok(starts).date().isoformat(), people)
        for room, centre, session, starts, people in grouped
    ]


def _by_centre(
    sitting: Sitting, rooms: list[Room], ratio: int, least: int, per_day: int
) -> dict[int, tuple[list[Duty], int]]:
    inside, ways = _institutions(sitting), _ways()
    proctors: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for key, centre, own in Proctor.objects.order_by("pk").values_list(
        "pk", "centre_id", "institution_id"
    ):
        proctors[centre].append((key, own))
    here: dict[int, list[Room]] = defaultdict(list)
    for room in rooms:
        here[room[1]].append(room)
    made = {}
    for centre, wanting in here.items():
        allowed = _allowed(sitting, proctors[centre], wanting, inside)
        way = _way_of(proctors[centre], ways)
        roster = _roster(wanting, allowed, ratio, least, per_day, way)
        made[centre] = (_duties(wanting, proctors[centre], roster), int(roster.missing.sum()))
    return made


def _ways() -> dict[int, int]:
    """How far each proctor lives from his centre, in 0.1 km, where that is known."""
    known = Proctor.objects.exclude(home_latitude=None).order_by("pk")
    rows = list(
        known.values_list(
            "pk", "home_latitude", "home_longitude", "centre__latitude", "centre__longitude"
        )
    )
    table = np.array([row[1:] for row in rows], float).reshape(-1, 4)
    return {
        row[0]: int(great_circle(here[:1], here[1:2], here[None, 2:])[0, 0])
        for row, here in zip(rows, table, strict=True)
    }


def _way_of(proctors: list[tuple[int, int | None]], ways: dict[int, int]) -> Ints | None:
    """The way of each to his centre, (P,); the mean where it is not known; None when none is."""
    known = [ways[key] for key, _own in proctors if key in ways]
    if not known:
        return None
    mean = round(sum(known) / len(known))
    return np.array([ways.get(key, mean) for key, _own in proctors], np.int64)


def _roster(
    rooms: list[Room], allowed: Flags, ratio: int, least: int, per_day: int, way: Ints | None
) -> Roster:
    days = {day: number for number, day in enumerate(sorted({room[3] for room in rooms}))}
    watch = Watch(
        session=np.array([room[2] for room in rooms]),
        day=np.array([days[room[3]] for room in rooms]),
        wanted=proctors_wanted(np.array([room[4] for room in rooms]), ratio, least),
    )
    if way is None:
        return make_roster(watch, allowed, per_day)
    often = np.full(len(way), per_day)
    km = np.broadcast_to(way[:, None], allowed.shape)
    return improve_roster(watch, allowed, often, np.zeros_like(allowed), km)


def _institutions(sitting: Sitting) -> dict[int, set[int]]:
    """Whose people sit in each room session."""
    found: dict[int, set[int]] = defaultdict(set)
    pairs = Booking.objects.filter(
        room_session__exam_session__sitting=sitting,
        state=_CONFIRMED,
        registration__institution__isnull=False,
    ).values_list("room_session_id", "registration__institution_id")
    for room, institution in pairs.distinct():
        found[room].add(institution)
    return found


def _duties(
    rooms: list[Room], proctors: list[tuple[int, int | None]], roster: Roster
) -> list[Duty]:
    headed: set[int] = set()
    duties = []
    for proctor, place in zip(roster.proctor.tolist(), roster.watch.tolist(), strict=True):
        room = rooms[place][0]
        duties.append(
            Duty(proctor_id=proctors[proctor][0], room_session_id=room, is_head=room not in headed)
        )
        headed.add(room)
    return duties
