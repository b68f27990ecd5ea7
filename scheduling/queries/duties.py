"""The roster of a sitting: who watches which room, and which rooms lack somebody."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from centres.common.thai import in_bangkok
from centres.models import Centre
from scheduling.models import (
    Booking,
    BookingState,
    Duty,
    Proctor,
    ProctorAbsence,
    Relative,
    RoomSession,
    Sitting,
)
from scheduling.queries.sittings import kilometres


@dataclass(frozen=True)
class CentreRoster:
    """One centre: rooms with people, duties given, proctors who have any, how far they live.

    way_km is the mean over duties of proctors whose home is known, None where none is.
    """

    centre: Centre
    rooms: int
    duties: int
    proctors: int
    way_km: float | None = None


def duties_of(sitting: Sitting) -> QuerySet[Duty]:
    """Every duty, by centre, exam session and room, the head first."""
    return (
        Duty.objects.filter(room_session__exam_session__sitting=sitting)
        .select_related(
            "proctor__user", "proctor__institution", "room_session__exam_session",
            "room_session__room__building__centre",
        )
        .order_by(
            "room_session__room__building__centre__code", "room_session__exam_session__number",
            "room_session__room__building__code", "room_session__room__code", "-is_head", "pk",
        )
    )  # fmt: skip


def rosters_of(sitting: Sitting) -> list[CentreRoster]:
    """The roster in numbers, centre by centre."""
    at, place = "room_session__exam_session__sitting", "room_session__room__building__centre_id"
    seated = Booking.objects.filter(**{at: sitting}, state=BookingState.CONFIRMED)
    rooms = dict(
        seated.values_list(place).annotate(n=Count("room_session", distinct=True)).order_by()
    )
    given = {
        centre: (duties, proctors)
        for centre, duties, proctors in Duty.objects.filter(**{at: sitting})
        .values_list(place)
        .annotate(duties=Count("pk"), people=Count("proctor", distinct=True))
        .order_by()
    }
    centres = Centre.objects.filter(pk__in={*rooms, *given})
    ways = _mean_ways(sitting)
    return [
        CentreRoster(
            centre, rooms.get(centre.pk, 0), *given.get(centre.pk, (0, 0)), ways.get(centre.pk)
        )
        for centre in centres
    ]


def _mean_ways(sitting: Sitting) -> dict[int, float]:
    """The mean way from home to the centre, over duties, by centre key."""
    homes = Duty.objects.filter(
        room_session__exam_session__sitting=sitting, proctor__home_latitude__isnull=False
    ).values_list(
        "proctor__centre_id", "proctor__home_latitude", "proctor__home_longitude",
        "proctor__centre__latitude", "proctor__centre__longitude",
    )  # fmt: skip
    found: dict[int, list[float]] = defaultdict(list)
    for centre, latitude, longitude, there, beside in homes:
        way = kilometres(float(latitude or 0), float(longitude or 0), there, beside)
        found[centre].append(way)
    return {centre: sum(km) / len(km) for centre, km in found.items()}


def roster_rows(sitting: Sitting) -> Iterable[tuple[str | int, ...]]:
    """The roster as rows of a sheet: one for each duty."""
    for duty in duties_of(sitting).iterator():
        room = duty.room_session.room
        session = duty.room_session.exam_session
        yield (
            room.building.centre.name,
            session.number,
            in_bangkok(session.starts_at).strftime("%Y-%m-%d %H:%M"),
            room.building.name,
            room.code,
            duty.proctor.user.shown_name,
            duty.proctor.institution.name if duty.proctor.institution else "",
            "1" if duty.is_head else "",
        )


@dataclass(frozen=True)
class Watched:
    """One room session with its people and its duties, the head first."""

    room_session: RoomSession
    people: int
    duties: tuple[Duty, ...]


def watched_rooms(sitting: Sitting, centre: Centre) -> list[Watched]:
    """Rooms of a centre where somebody sits, by exam session and code, with who watches them."""
    people = dict(
        Booking.objects.filter(
            room_session__exam_session__sitting=sitting,
            room_session__room__building__centre=centre,
            state=BookingState.CONFIRMED,
        )
        .order_by()
        .values_list("room_session")
        .annotate(n=Count("pk"))
    )
    found: dict[int, list[Duty]] = defaultdict(list)
    for duty in duties_of(sitting).filter(room_session__in=people):
        found[duty.room_session_id].append(duty)
    rooms = RoomSession.objects.filter(pk__in=people).select_related("exam_session", "room")
    ordered = rooms.order_by("exam_session__number", "room__building__code", "room__code")
    return [Watched(room, people[room.pk], tuple(found[room.pk])) for room in ordered]


def free_proctors(duty: Duty) -> list[Proctor]:
    """Who could take a duty over: of the centre, free then, knows nobody there, comes that day."""
    room_session = duty.room_session
    session = room_session.exam_session
    seated = Booking.objects.filter(room_session=room_session, state=BookingState.CONFIRMED)
    busy = Duty.objects.filter(room_session__exam_session=session).values("proctor")
    related = Relative.objects.filter(registration__in=seated.values("registration"))
    away = ProctorAbsence.objects.filter(day=in_bangkok(session.starts_at).date())
    inside = seated.exclude(registration__institution=None).values("registration__institution")
    return list(
        Proctor.objects.filter(centre=room_session.room.building.centre_id)
        .exclude(pk__in=busy)
        .exclude(pk__in=related.values("proctor"))
        .exclude(pk__in=away.values("proctor"))
        .exclude(institution__in=inside)
        .select_related("user", "institution")
        .order_by("pk")
    )
