"""Questions of those who help people: who is meant, what has happened to them, who waits to be
decided."""

from datetime import datetime, timedelta

from django.db.models import Count, Prefetch, Q, QuerySet
from django.db.models.functions import TruncMinute

from centres.common.errors import DomainError
from centres.common.identity import lookup_hash, rehearsal_number, typed_number
from centres.common.outbox import Letter
from centres.common.thai import fold
from scheduling.models import (
    Application,
    ApplicationState,
    ArrangementRequest,
    Booking,
    BookingState,
    Registration,
    RequestState,
    Sitting,
)

MOST_FOUND = 50


def people_found(text: str) -> list[Registration]:
    """Registrations by number, by identity number, or by the beginning of a name; at most 50."""
    asked = fold(text)
    if not asked:
        return []
    rows = Registration.objects.select_related("candidate", "sitting").prefetch_related(
        Prefetch(
            "bookings",
            Booking.objects.filter(state=BookingState.CONFIRMED).select_related(
                "seat", "room_session__room__building__centre"
            ),
            to_attr="seats_now",
        )
    )
    return list(rows.filter(_meant_by(asked)).order_by("candidate__sort_key", "-pk")[:MOST_FOUND])


def _meant_by(asked: str) -> Q:
    digits = typed_number(asked)
    if digits.isdigit() and len(digits) == 10:
        return Q(number=digits)
    try:
        return Q(candidate__identity_hash=lookup_hash(rehearsal_number(asked)))
    except DomainError:
        pass
    given, _space, family = asked.partition(" ")
    thai = Q(candidate__given_name_th__startswith=given)
    english = Q(candidate__given_name_en__istartswith=given)
    if family:
        thai &= Q(candidate__family_name_th__startswith=family)
        english &= Q(candidate__family_name_en__istartswith=family)
    return thai | english


def past_bookings(registration: Registration) -> QuerySet[Booking]:
    """Every booking there was, the newest first."""
    return registration.bookings.select_related(
        "seat", "room_session__exam_session", "room_session__room__building__centre"
    ).order_by("-made_at", "-pk")


def letters_of(registration: Registration) -> QuerySet[Letter]:
    return Letter.objects.filter(about=f"scheduling.registration:{registration.pk}")


def applications_waiting() -> QuerySet[Application]:
    """Applications no officer has decided, the oldest first."""
    waiting = Application.objects.filter(state=ApplicationState.SENT)
    return waiting.select_related("sitting", "institution").order_by("sent_at", "pk")


def requests_waiting() -> QuerySet[ArrangementRequest]:
    """Requests for arrangements no officer has decided: the sitting that is frozen first, first."""
    waiting = ArrangementRequest.objects.filter(state=RequestState.SENT)
    return waiting.select_related("registration__sitting", "document").order_by(
        "registration__sitting__freezes_at", "sent_at", "pk"
    )


def bookings_a_minute(sitting: Sitting, at: datetime, minutes: int = 60) -> list[int]:
    """Seats held or confirmed anew in each of the last minutes, the oldest first."""
    since = at.replace(second=0, microsecond=0) - timedelta(minutes=minutes - 1)
    made = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, made_at__gte=since, made_at__lte=at
    )
    counted = dict(
        made.annotate(minute=TruncMinute("made_at"))
        .values_list("minute")
        .annotate(many=Count("pk"))
        .order_by("minute")
    )
    return [counted.get(since + timedelta(minutes=n), 0) for n in range(minutes)]


def booked_rows(sitting: Sitting) -> QuerySet[Booking]:
    """Every confirmed booking of a sitting, by centre, session, room and seat."""
    confirmed = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED
    )
    return confirmed.select_related(
        "seat", "paper", "registration__candidate", "room_session__exam_session",
        "room_session__room__building__centre",
    ).order_by(
        "room_session__room__building__centre__code", "room_session__exam_session__number",
        "room_session__room__code", "seat__y", "seat__x",
    )  # fmt: skip
