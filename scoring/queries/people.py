"""Who had a seat in a sitting, whether he came, and what he was handed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proctoring.queries.attendance import CAME, attendance_of
from scheduling.models import Booking, BookingState, RegistrationState, Sitting


@dataclass(frozen=True, slots=True)
class Sitter:
    """One confirmed booking of a sitting: a person, a paper, a room, an exam form, and presence."""

    booking_id: int
    registration_id: int
    number: str
    paper_id: int
    form_id: int | None
    room_session_id: int
    centre_id: int
    seat: str
    present: bool
    state: str = ""  # what the room's ledger says last; empty where it says nothing


SEATS = (
    "registration_id",
    "registration__number",
    "paper_id",
    "exam_form_id",
    "room_session_id",
    "room_session__room__building__centre_id",
    "seat__label",
)


def sitters(sitting: Sitting, number: str = "") -> list[Sitter]:
    """Everyone with a seat in the sitting, in the order of registration and paper. One row each.

    With a registration number: that person alone.
    """
    seats = Booking.objects.filter(
        state=BookingState.CONFIRMED,
        registration__sitting=sitting,
        registration__state=RegistrationState.ACCEPTED,
    )
    ledger = attendance_of(sitting)
    if number:
        seats = seats.filter(registration__number=number)
        ledger = ledger.filter(booking__in=seats)
    states = dict(ledger.values_list("booking_id", "state"))
    ordered = seats.order_by("registration_id", "paper_id")
    rows: Iterable[tuple[Any, ...]] = ordered.values_list("id", *SEATS)
    return [_sitter(row, states) for row in rows]


def _sitter(row: tuple[Any, ...], states: dict[int, str]) -> Sitter:
    booking, registration, number, paper, form, room, centre, seat = row
    state = states.get(booking, "")
    came = state in CAME
    return Sitter(booking, registration, number, paper, form, room, centre, seat, came, state)
