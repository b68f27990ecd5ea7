"""The roster of a sitting: who watches which room, and which rooms lack somebody."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from centres.common.thai import in_bangkok
from centres.models import Centre
from scheduling.models import Booking, BookingState, Duty, Sitting


@dataclass(frozen=True)
class CentreRoster:
    """One centre: rooms with people, duties given, proctors who have any."""

    centre: Centre
    rooms: int
    duties: int
    proctors: int


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
    return [
        CentreRoster(centre, rooms.get(centre.pk, 0), *given.get(centre.pk, (0, 0)))
        for centre in centres
    ]


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
