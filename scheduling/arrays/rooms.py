"""Rooms and seats as chairs on a grid, and whom each chair serves."""

from collections.abc import Iterable, Sequence

import numpy as np

from centres.models import Seat, SeatKind
from scheduling.allocation.access import AccessRule, serves
from scheduling.allocation.problem import Flags
from scheduling.allocation.seating import Chairs
from scheduling.arrays.people import ACCESS
from scheduling.models import AccessClass, RoomSession, Sitting


def load_chairs(sitting: Sitting, labels: Sequence[tuple[int, int]]) -> tuple[Chairs, ...]:
    """The usable chairs of every column (centre, exam session), from its room sessions."""
    rooms: dict[tuple[int, int], list[int]] = {label: [] for label in labels}
    sessions = RoomSession.objects.filter(
        exam_session__sitting=sitting, shut_at=None, room__is_open=True
    )
    for room, centre, session in sessions.order_by(
        "room__building__code", "room__code"
    ).values_list("room_id", "room__building__centre_id", "exam_session_id"):
        rooms.setdefault((centre, session), []).append(room)
    seats = _seats_by_room(sitting)
    made: dict[tuple[int, ...], Chairs] = {}
    for label in labels:
        key = tuple(rooms[label])
        if key not in made:
            made[key] = _chairs(key, seats)
    return tuple(made[tuple(rooms[label])] for label in labels)


SeatRow = tuple[int, int, int, str, bool, bool, bool]
# seat, x, y, kind, step-free, separate, with an interpreter


def _seats_by_room(sitting: Sitting) -> dict[int, list[SeatRow]]:
    found: dict[int, list[SeatRow]] = {}
    used = RoomSession.objects.filter(exam_session__sitting=sitting)
    rows = Seat.objects.filter(room__in=used.values("room"), is_usable=True).order_by(
        "room_id", "y", "x"
    )
    for row in rows.values_list(
        "room_id", "pk", "x", "y", "kind", "room__step_free", "room__is_separate",
        "room__has_interpreter",
    ):  # fmt: skip
        found.setdefault(row[0], []).append(row[1:])
    return found


def _chairs(rooms: Iterable[int], seats: dict[int, list[SeatRow]]) -> Chairs:
    rows = [(room, *seat) for room in rooms for seat in seats.get(room, [])]
    keys = np.array([row[:4] for row in rows], np.int64).reshape(-1, 4)
    facts = np.array([row[5:] for row in rows], bool).reshape(-1, 3)
    return Chairs(
        seat_ids=keys[:, 1],
        room_ids=keys[:, 0],
        x=keys[:, 2],
        y=keys[:, 3],
        serves=serves_classes([row[4] for row in rows], *facts.T),
    )


# What a place of each class must have. What is scarce is kept for those who need it; in a room
# apart, whatever stands there may be used by whoever needs the room.
STEP_FREE, SEPARATE, INTERPRETER = "step_free", "separate", "interpreter"
SCARCE = frozenset({SEPARATE, INTERPRETER, SeatKind.WHEELCHAIR.value, SeatKind.MAGNIFIER.value})
RULES = (
    AccessRule(AccessClass.STANDARD),
    AccessRule(AccessClass.STEP_FREE, frozenset({STEP_FREE})),
    AccessRule(AccessClass.WHEELCHAIR, frozenset({SeatKind.WHEELCHAIR.value, STEP_FREE})),
    AccessRule(AccessClass.SEPARATE, frozenset({SEPARATE}), SCARCE),
    AccessRule(AccessClass.MAGNIFIER, frozenset({SeatKind.MAGNIFIER.value})),
    AccessRule(AccessClass.SIGN_LANGUAGE, frozenset({INTERPRETER})),
)


def serves_classes(
    kinds: Sequence[str], step_free: Flags, separate: Flags, interpreter: Flags
) -> Flags:
    """Which access classes S chairs serve, (A, S), in the order of ACCESS."""
    kind = np.array(kinds, object)
    features = {
        SeatKind.WHEELCHAIR.value: kind == SeatKind.WHEELCHAIR,
        SeatKind.MAGNIFIER.value: kind == SeatKind.MAGNIFIER,
        STEP_FREE: step_free,
        SEPARATE: separate,
        INTERPRETER: interpreter,
    }
    rules = {rule.name: rule for rule in RULES}
    return serves([rules[name] for name in ACCESS], features, SCARCE)
