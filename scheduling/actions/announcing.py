"""Telling everybody of a sitting at once where they sit: after an allocation, by the worker."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from centres.common.audit import record
from centres.common.outbox import Letter, write
from centres.models import User
from scheduling.letters import letters_to, place_facts
from scheduling.models import Booking, BookingState, Sitting

AT_ONCE = 500  # letters in one transaction, so that nobody's booking waits for the post


def announce_seats(*, sitting: Sitting, by: User, at: datetime) -> None:
    """Have everybody who has a seat written to, once for each booking. Asking again tells only
    those who have got a seat since."""
    with transaction.atomic():
        record("announce_seats", target=sitting, by=by, at=at)
        transaction.on_commit(lambda: write_announcements.enqueue(sitting.pk))


@task()
def write_announcements(key: int) -> None:
    """What the worker does: one letter for each booking, in short transactions."""
    at = timezone.now()
    waiting: list[Letter] = []
    rows = Booking.objects.filter(
        room_session__exam_session__sitting=key, state=BookingState.CONFIRMED
    ).select_related(
        "seat", "registration__candidate__user", "registration__sitting",
        "room_session__exam_session", "room_session__room__building__centre",
    )  # fmt: skip
    for booking in rows.order_by("pk").iterator(chunk_size=AT_ONCE):
        facts = place_facts(booking)
        waiting += letters_to(
            booking.registration, "seat_confirmed", key=str(booking.pk), at=at, **facts
        )
        if len(waiting) >= AT_ONCE:
            write(waiting)
            waiting = []
    write(waiting)
