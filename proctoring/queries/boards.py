"""What a chief sees of the rooms of one centre, and headquarters of all centres."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from proctoring.live.seat import CAME
from proctoring.live.silence import IN_USE, is_silent, silent_from
from proctoring.live.state import RoomState
from proctoring.models import Attendance, Incident, RoomHead
from proctoring.queries.signs import last_signs
from scheduling.models import Booking, BookingState, ExamSession, RoomSession

# One letter per seat of a mini map, so that a whole centre fits in one small frame.
LETTERS: Final = {
    "expected": "e", "checked_in": "c", "provisional": "p", "seated": "c", "started": "w",
    "out": "o", "submitted": "s", "absent": "a", "refused": "x", "withdrawn": "x",
    "disqualified": "x",
}  # fmt: skip


@dataclass(frozen=True)
class RoomLine:
    """One room session on a board. `came` + `waiting` + `absent` + `refused` = `total`."""

    room: int
    code: str
    centre: int
    phase: str
    total: int
    came: int
    absent: int
    refused: int
    inside: int
    submitted: int
    incidents: int
    conflicts: int
    moved_at: int
    seq: int
    silent_from: int

    @property
    def waiting(self) -> int:
        return self.total - self.came - self.absent - self.refused


@dataclass(frozen=True)
class CentreLine:
    """One centre on the wall. `came` + `waiting` + `absent` + `refused` = `total`."""

    centre: int
    rooms: int
    ready: int
    total: int
    came: int
    absent: int
    refused: int
    submitted: int
    incidents: int
    conflicts: int
    silent: int

    @property
    def waiting(self) -> int:
        return self.total - self.came - self.absent - self.refused


def room_lines(
    exam_session: int, centre: int, rooms: Collection[int] | None = None
) -> list[RoomLine]:
    """The rooms of a centre in one exam session, by room code."""
    chosen = _in_use(exam_session).filter(room__building__centre=centre)
    if rooms is not None:
        chosen = chosen.filter(pk__in=rooms)
    people = _people(Booking.objects.filter(room_session__in=chosen), "room_session")
    found = chosen.select_related("room", "head").order_by("room__building__code", "room__code")
    signs = last_signs([room.pk for room in found])
    return [
        _room_line(room, centre, people.get(room.pk, 0), signs.get(room.pk, 0)) for room in found
    ]


def _in_use(exam_session: int) -> QuerySet[RoomSession]:
    """Rooms of an exam session that are used: opened, or with people or a ledger all the same."""
    booked = Booking.objects.filter(room_session=OuterRef("pk"), state=BookingState.CONFIRMED)
    opened = Q(shut_at=None, room__is_open=True) | Q(head__seq__gt=0)
    return RoomSession.objects.filter(opened | Exists(booked), exam_session=exam_session)


def _people(bookings: QuerySet[Booking], by: str) -> dict[int, int]:
    counted = (
        bookings.filter(state=BookingState.CONFIRMED).values(place=F(by)).annotate(n=Count("pk"))
    )
    return {row["place"]: row["n"] for row in counted}


def _room_line(room: RoomSession, centre: int, booked: int, sign: int) -> RoomLine:
    head = getattr(room, "head", None) or RoomHead(room_session=room, expected=booked)
    came = sum(getattr(head, state) for state in CAME)
    total = came + head.expected + head.absent + head.refused
    inside = came - head.submitted - head.withdrawn - head.disqualified
    return RoomLine(
        room.pk, room.room.code, centre, head.phase, total, came, head.absent, head.refused,
        inside, head.submitted, head.open_incidents, head.conflicts, head.moved_at, head.seq,
        silent_from(head.phase, head.moved_at, sign),
    )  # fmt: skip


def centre_lines(
    exam_session: int, at: int, centres: Collection[int] | None = None
) -> list[CentreLine]:
    """Every centre of an exam session at the moment `at` (milliseconds)."""
    rooms = _in_use(exam_session)
    booked = Booking.objects.filter(room_session__exam_session=exam_session)
    if centres is not None:
        rooms = rooms.filter(room__building__centre__in=centres)
        booked = booked.filter(room_session__room__building__centre__in=centres)
    people = _people(booked, "room_session__room__building__centre")
    silent = _silent(rooms, at)
    rows = (
        rooms.values(centre=F("room__building__centre"))
        .annotate(
            rooms=Count("pk"),
            ready=Count("pk", filter=Q(head__seq__gt=0) & ~Q(head__phase="planned")),
            **{name: Sum(f"head__{name}", default=0) for name in SUMMED},
        )
        .order_by("centre")
    )
    return [
        _centre_line(dict(row), people.get(row["centre"], 0), silent[row["centre"]]) for row in rows
    ]


def _silent(rooms: QuerySet[RoomSession], at: int) -> Counter[int]:
    """Silent rooms by centre."""
    used = rooms.filter(head__phase__in=IN_USE).values_list(
        "pk", "room__building__centre", "head__phase", "head__moved_at"
    )
    signs = last_signs([pk for pk, *_ in used])
    return Counter(
        centre
        for pk, centre, phase, moved_at in used
        if is_silent(phase, moved_at, signs.get(pk, 0), at)
    )


SUMMED: Final = (*sorted(CAME), "absent", "refused", "open_incidents", "conflicts")


def _centre_line(row: dict[str, Any], total: int, silent: int) -> CentreLine:
    return CentreLine(
        row["centre"], row["rooms"], row["ready"], total, sum(row[state] for state in CAME),
        row["absent"], row["refused"], row["submitted"], row["open_incidents"], row["conflicts"],
        silent,
    )  # fmt: skip


def seat_letters(rooms: Collection[int]) -> dict[int, dict[int, str]]:
    """The letter of every booking of these rooms that has an attendance."""
    letters: dict[int, dict[int, str]] = {}
    rows = Attendance.objects.filter(room_session__in=rooms)
    for room, booking, state in rows.values_list("room_session_id", "booking_id", "state"):
        letters.setdefault(room, {})[booking] = LETTERS[state]
    return letters


def letters_of(state: RoomState) -> dict[int, str]:
    """The letter of every seat of one room."""
    flagged = {incident.booking for incident in state.open_incidents}
    return {b: "f" if b in flagged else LETTERS[seat.state] for b, seat in state.seats.items()}


def open_incidents(exam_session: int, centre: int | None = None) -> list[Incident]:
    """The open incidents of an exam session, newest first; no filter ever hides one."""
    found = Incident.objects.filter(is_open=True, room_session__exam_session=exam_session)
    if centre is not None:
        found = found.filter(room_session__room__building__centre=centre)
    chosen = found.select_related("room_session__room__building__centre", "booking__seat")
    return list(chosen.order_by("-opened_at", "event_id")[:200])


def places_of(rooms: Collection[int]) -> list[tuple[int, int, int]]:
    """Room session, exam session and centre of these room sessions."""
    return list(
        RoomSession.objects.filter(pk__in=rooms).values_list(
            "pk", "exam_session", "room__building__centre"
        )
    )


def heads_moved_since(moment: int) -> list[tuple[int, int, int]]:
    """Room session, number and time of every ledger that moved after `moment`."""
    moved = RoomHead.objects.filter(moved_at__gt=moment)
    return list(moved.values_list("pk", "seq", "moved_at"))


def newest_move() -> int:
    """When any ledger moved last; 0 when none ever did."""
    newest = RoomHead.objects.order_by("-moved_at").values_list("moved_at", flat=True).first()
    return newest or 0


def as_rows(lines: Iterable[RoomLine | CentreLine]) -> list[dict[str, Any]]:
    """Lines ready for JSON, with what is computed."""
    return [{**asdict(line), "waiting": line.waiting} for line in lines]


def newest_session(at: datetime) -> ExamSession | None:
    """The exam session that is on or next; the last one when all are over."""
    coming = ExamSession.objects.filter(ends_at__gte=at).order_by("starts_at", "pk").first()
    return coming or ExamSession.objects.order_by("starts_at", "pk").last()


def sessions_beside(session: ExamSession) -> list[ExamSession]:
    """All exam sessions of the same sitting, in order."""
    return list(ExamSession.objects.filter(sitting=session.sitting).order_by("number"))
