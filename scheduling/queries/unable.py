"""Whether somebody can sit where he is or would be: refused sessions, papers, time, place."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from centres.models import Seat
from scheduling.models import (
    AccessClass,
    Booking,
    BookingState,
    ExamSession,
    Registration,
    Sitting,
)
from scheduling.models.sitting import TURNOVER
from scheduling.queries.seats import serves


def can_sit(registration: Registration, session: ExamSession, centre: int) -> bool:
    """Not a session he refuses, nor a paper he does not take, nor one his extra time runs over.

    The same as a plan asks (`allocation.refusals`) and a hold (`actions.holds`), for one person.
    """
    if registration.refused_sessions.filter(exam_session=session).exists():
        return False
    papers = set(registration.taken_papers.values_list("paper_id", flat=True))
    if papers and session.paper_id not in papers:
        return False
    if not registration.extra_minutes:
        return True
    needed = session.ends_at + timedelta(minutes=registration.extra_minutes + TURNOVER)
    after = ExamSession.objects.filter(
        sitting=session.sitting_id, seat_pools__centre=centre, starts_at__gte=session.ends_at
    )
    return not after.filter(starts_at__lt=needed).exists()


def seats_fit(registration: Registration) -> bool:
    """Whether every seat they have is one of their kind and leaves time for their extra minutes."""
    seats = registration.bookings.filter(state=BookingState.CONFIRMED).select_related(
        "room_session__exam_session", "room_session__room__building"
    )
    fitting = Seat.objects.filter(serves(registration.access_class), bookings__in=seats)
    return fitting.distinct().count() == len(seats) and all(
        can_sit(registration, there.exam_session, there.room.building.centre_id)
        for there in (booking.room_session for booking in seats)
    )


def misplaced(sitting: Sitting) -> QuerySet[Booking]:
    """Seats of people to whom a kind of place was granted that theirs is not, by registration."""
    needy = [kind for kind in AccessClass if kind != AccessClass.STANDARD]
    wrong = Q(pk__in=[])
    for kind in needy:
        fitting = Seat.objects.filter(serves(kind))
        wrong |= Q(registration__access_class=kind) & ~Q(seat__in=fitting)
    seats = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED,
        registration__access_class__in=needy,
    )  # fmt: skip
    return (
        seats.filter(wrong)
        .select_related("registration__candidate", "seat")
        .order_by("registration__number")
    )
