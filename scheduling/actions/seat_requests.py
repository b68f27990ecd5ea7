"""What staff note for single people: sessions they refuse, company, a chair of their own.

Only what the room must do, never why. A plan keeps it when it is next computed; after seats are
given, whoever cannot keep his seat shows among those who must move.
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from centres.common.audit import record
from centres.common.identity import typed_number
from centres.models import Seat, User
from scheduling.errors import NoSuchRegistration, NoSuchSeat, NoSuchSession, RequestedAlready
from scheduling.models import (
    Company,
    RefusedSession,
    Registration,
    RegistrationState,
    SeatRequest,
    Sitting,
)


@transaction.atomic
def refuse_session(
    *, sitting: Sitting, number: str, session: str, by: User | None, at: datetime
) -> RefusedSession:
    """No plan puts this registration into this exam session.

    Raises NoSuchRegistration, NoSuchSession, RequestedAlready.
    """
    registration = _registration(sitting, number)
    text = session.strip()
    found = sitting.exam_sessions.filter(number=int(text)).first() if text.isdecimal() else None
    if found is None:
        raise NoSuchSession(session=session)
    made, is_new = RefusedSession.objects.get_or_create(
        registration=registration, exam_session=found
    )
    if not is_new:
        raise RequestedAlready
    record("requests.refuse", target=registration, by=by, at=at, session=found.number)
    return made


@transaction.atomic
def ask_for_company(
    *, sitting: Sitting, kind: Company, number: str, other: str, by: User | None, at: datetime
) -> SeatRequest:
    """Two people beside each other, or not in one room.

    Raises NoSuchRegistration, RequestedAlready.
    """
    first, second = sorted(
        (_registration(sitting, number), _registration(sitting, other)), key=lambda one: one.pk
    )
    if first == second:
        raise NoSuchRegistration(number=other)
    made = _made(SeatRequest(kind=kind, registration=first, other=second))
    record(f"requests.{kind}", target=first, by=by, at=at, other=second.pk)
    return made


@transaction.atomic
def fix_seat(
    *, sitting: Sitting, number: str, place: str, by: User | None, at: datetime
) -> SeatRequest:
    """A chair of his own: `place` is centre code / room / seat.

    Raises NoSuchRegistration, NoSuchSeat, RequestedAlready.
    """
    registration = _registration(sitting, number)
    parts = [part.strip() for part in place.split("/")]
    seats = Seat.objects.filter(
        room__room_sessions__exam_session__sitting=sitting, is_usable=True
    ).distinct()
    found = None
    if len(parts) == 3:
        centre, room, label = parts
        found = seats.filter(
            room__building__centre__code__iexact=centre, room__code__iexact=room,
            label__iexact=label,
        ).first()  # fmt: skip
    if found is None:
        raise NoSuchSeat(place=place)
    made = _made(SeatRequest(kind=Company.FIXED, registration=registration, seat=found))
    record("requests.fixed", target=registration, by=by, at=at, seat=found.pk)
    return made


@transaction.atomic
def drop_request(*, request: SeatRequest | RefusedSession, by: User | None, at: datetime) -> None:
    """Take a request back."""
    kind = request.kind if isinstance(request, SeatRequest) else "refuse"
    record(f"requests.drop_{kind}", target=request.registration, by=by, at=at)
    request.delete()


def _registration(sitting: Sitting, number: str) -> Registration:
    found = Registration.objects.filter(
        sitting=sitting, number=typed_number(number), state=RegistrationState.ACCEPTED
    ).first()
    if found is None:
        raise NoSuchRegistration(number=number)
    return found


def _made(asked: SeatRequest) -> SeatRequest:
    try:
        with transaction.atomic():
            asked.save()
    except IntegrityError as error:
        raise RequestedAlready from error
    return asked
