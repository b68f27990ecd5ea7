"""The roster of proctors: made for every centre of a sitting, changed for one room on the day."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Count

from centres.common.audit import record
from centres.common.thai import in_bangkok
from centres.models import User
from scheduling.allocation.roster import Roster, Watch, make_roster, proctors_wanted
from scheduling.errors import ProctorNotFree
from scheduling.models import Booking, BookingState, Duty, Proctor, RoomSession, Sitting

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
    per_day: int = 2,
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
        made = _by_centre(sitting, list(_rooms_ahead(sitting, at)), ratio, least, per_day)
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
    is_other = room_session.room.building.centre_id != proctor.centre_id
    if is_other or busy.exists() or (proctor.institution_id and own.exists()):
        raise ProctorNotFree(name=str(proctor))


Room = tuple[int, int, int, str, int]  # room session, centre, exam session, day, people


def _rooms_ahead(sitting: Sitting, at: datetime) -> list[Room]:
    seated = Booking.objects.filter(
        room_session__exam_session__sitting=sitting,
        room_session__exam_session__doors_open_at__gt=at,
        state=_CONFIRMED,
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
    inside = _institutions(sitting)
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
        roster = _roster(wanting, proctors[centre], inside, ratio, least, per_day)
        made[centre] = (_duties(wanting, proctors[centre], roster), int(roster.missing.sum()))
    return made


def _roster(
    rooms: list[Room],
    proctors: list[tuple[int, int | None]],
    inside: dict[int, set[int]],
    ratio: int,
    least: int,
    per_day: int,
) -> Roster:
    days = {day: number for number, day in enumerate(sorted({room[3] for room in rooms}))}
    watch = Watch(
        session=np.array([room[2] for room in rooms]),
        day=np.array([days[room[3]] for room in rooms]),
        wanted=proctors_wanted(np.array([room[4] for room in rooms]), ratio, least),
    )
    allowed = np.array(
        [[own is None or own not in inside[room[0]] for room in rooms] for _key, own in proctors]
    ).reshape(len(proctors), len(rooms))
    return make_roster(watch, allowed, per_day)


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
