"""A plan as a file: what its rows may name, and what they hold when it is loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from centres.common.thai import fold
from centres.models import Centre, Room, Seat
from scheduling.models import (
    AllocationLine,
    AllocationRun,
    Registration,
    RegistrationState,
    RoomSession,
    Sitting,
)


class PlanLine(NamedTuple):
    """One row of a plan by hand: its row in the file, then keys."""

    row: int
    registration: int
    centre: int
    exam_session: int
    seat: int


@dataclass(frozen=True)
class PlanCatalogue:
    """What the rows of a plan may name, by keys.

    registrations  by number; centres by code or name in small letters; sessions by number
    rooms          by centre, building code and room code; used: (room, exam session)
    seats          by room and label
    """

    registrations: dict[str, int]
    centres: dict[str, int]
    sessions: dict[str, int]
    rooms: dict[tuple[int, str, str], int]
    used: frozenset[tuple[int, int]]
    seats: dict[tuple[int, str], int]


def plan_catalogue(sitting: Sitting) -> PlanCatalogue:
    """Everything a plan of this sitting is read against, in six questions."""
    used = RoomSession.objects.filter(
        exam_session__sitting=sitting, shut_at=None, room__is_open=True
    )
    rooms = Room.objects.filter(pk__in=used.values("room")).values_list(
        "building__centre_id", "building__code", "code", "pk"
    )
    people = Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)
    seats = Seat.objects.filter(room__in=used.values("room"), is_usable=True)
    return PlanCatalogue(
        registrations=dict(people.values_list("number", "pk")),
        centres={
            fold(name).casefold(): key
            for key, *names in Centre.objects.values_list("pk", "code", "name_th", "name_en")
            for name in names
        },
        sessions={str(n): key for key, n in sitting.exam_sessions.values_list("pk", "number")},
        rooms={(centre, building, code): key for centre, building, code, key in rooms},
        used=frozenset(used.values_list("room_id", "exam_session_id")),
        seats={
            (room, label.upper()): key
            for room, label, key in seats.values_list("room_id", "label", "pk")
        },
    )


def run_rows(run: AllocationRun) -> Iterator[list[str | int | float | None]]:
    """Every line of a plan that is not in force, as `plan_rows` tells the one that is."""
    rows = AllocationLine.objects.filter(run=run).order_by(
        "registration__number", "exam_session__number"
    )
    for line in rows.values_list(
        "registration__number", "centre__code", "exam_session__number",
        "room_session__room__building__code", "room_session__room__code", "seat__label",
        "exam_form__code", "access_class", "wish_rank", "distance_km",
    ).iterator():  # fmt: skip
        yield list(line)
