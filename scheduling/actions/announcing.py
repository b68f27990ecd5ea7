"""Telling everybody of a sitting where they sit: after a plan is accepted, by the worker."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from centres.common.audit import record
from centres.common.outbox import Letter, write
from centres.common.runs import SILENT_FOR
from centres.models import User
from scheduling.letters import letters_to, place_facts
from scheduling.models import Booking, BookingState, Sitting

AT_ONCE = 500  # bookings in one transaction, so that nobody's booking waits for the post
STOPPED = ("builtins.KeyboardInterrupt", "builtins.SystemExit")


def announce_seats(*, sitting: Sitting, by: User | None, at: datetime) -> None:
    """Have everybody who has a seat written to, once for each booking. Asking again tells only
    those who have got a seat since."""
    with transaction.atomic():
        record("announce_seats", target=sitting, by=by, at=at)
        announce_plan(sitting)


def announce_plan(sitting: Sitting) -> None:
    """A step of the actions that give many their seats: the worker's order to write to them is
    kept in their transaction, so that no seat is given and not told."""
    write_announcements.enqueue(sitting.pk)


@task()
def write_announcements(key: int) -> None:
    """What the worker does: one letter for each booking to come, in short transactions.

    Cut off in the middle it is done again from the beginning; what is written stays once.
    """
    at, last = timezone.now(), 0
    while part := list(_to_tell(key, at).filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        write([letter for booking in part for letter in _letters(booking, at)])
        last = part[-1].pk


def _letters(booking: Any, at: datetime) -> list[Letter]:
    wording = "seat_moved" if booking.is_move else "seat_confirmed"
    facts = place_facts(booking)
    return letters_to(booking.registration, wording, key=str(booking.pk), at=at, **facts)


def _to_tell(sitting: int, at: datetime) -> QuerySet[Booking]:
    """Confirmed seats of exam sessions that are not over, and whether each took another's place."""
    former = Booking.objects.filter(
        registration=OuterRef("registration"), paper=OuterRef("paper"),
        state=BookingState.MOVED, ended_at=OuterRef("made_at"),
    )  # fmt: skip
    rows = Booking.objects.filter(
        room_session__exam_session__sitting=sitting,
        room_session__exam_session__ends_at__gt=at,
        state=BookingState.CONFIRMED,
    ).annotate(is_move=Exists(former))
    return rows.select_related(
        "seat", "registration__candidate__user", "registration__sitting",
        "room_session__exam_session", "room_session__room__building__centre",
    ).prefetch_related("registration__candidate__user__contacts")  # fmt: skip


def revive_announcements(*, at: datetime) -> int:
    """Order again what a killed or stopped worker left in the middle; how many."""
    silent = Q(status=TaskResultStatus.RUNNING, started_at__lt=at - SILENT_FOR)
    stopped = Q(status=TaskResultStatus.FAILED, exception_class_path__in=STOPPED)
    cut = DBTaskResult.objects.filter(silent | stopped, task_path=write_announcements.module_path)
    return cut.update(status=TaskResultStatus.READY, started_at=None, finished_at=None)
