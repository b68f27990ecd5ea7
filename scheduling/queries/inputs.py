"""Everything a proof reads, as one short text: has anything changed since it was proved?"""

import hashlib
from collections.abc import Iterable
from typing import Any

from centres.models import Seat
from scheduling.models import (
    AllocationLine,
    AllocationRun,
    Booking,
    BookingState,
    ExamForm,
    ExamSession,
    Need,
    RefusedSession,
    Registration,
    RoomSession,
    SeatPool,
    SeatRequest,
    Sitting,
    TakenPaper,
    Wish,
)

Rows = Iterable[Any]


def inputs_seen(run: AllocationRun) -> str:
    """SHA-256 over the rows that the proof of a run reads, with their keys and moments.

    A proof takes seconds. It is made before the transaction that acts on it; inside, this answers
    in a fraction of the time whether it still speaks of what is there.
    """
    seen = hashlib.sha256(repr((run.digest, run.input_digest, run.prices)).encode())
    for rows in [*_people(run.sitting), *_places(run.sitting), *_plans(run)]:
        seen.update(repr(list(rows)).encode())
    return seen.hexdigest()


def _people(sitting: Sitting) -> list[Rows]:
    registrations = Registration.objects.filter(sitting=sitting).order_by("pk")
    return [
        registrations.values_list(
            "pk", "number", "state", "access_class", "home_latitude", "home_longitude",
            "institution", "extra_minutes", "wished_at",
        ),
        Wish.objects.filter(registration__sitting=sitting).order_by("pk")
        .values_list("pk", "registration", "rank", "centre", "exam_session"),
        TakenPaper.objects.filter(registration__sitting=sitting).order_by("pk")
        .values_list("pk", "registration", "paper"),
        Need.objects.filter(registration__sitting=sitting).order_by("pk")
        .values_list("pk", "registration", "kind"),
        RefusedSession.objects.filter(registration__sitting=sitting).order_by("pk")
        .values_list("pk", "registration", "exam_session"),
        SeatRequest.objects.filter(registration__sitting=sitting).order_by("pk")
        .values_list("pk", "kind", "registration", "other", "seat"),
    ]  # fmt: skip


def _places(sitting: Sitting) -> list[Rows]:
    used = RoomSession.objects.filter(exam_session__sitting=sitting).values("room")
    return [
        SeatPool.objects.filter(exam_session__sitting=sitting).order_by("pk")
        .values_list("pk", "access_class", "capacity", "centre__latitude", "centre__longitude"),
        RoomSession.objects.filter(exam_session__sitting=sitting).order_by("pk")
        .values_list("pk", "room", "exam_session", "shut_at", "room__is_open"),
        Seat.objects.filter(room__in=used).order_by("pk")
        .values_list(
            "pk", "x", "y", "kind", "is_usable", "room__step_free", "room__is_separate",
            "room__has_interpreter",
        ),
        ExamSession.objects.filter(sitting=sitting).order_by("pk")
        .values_list("pk", "number", "paper", "starts_at", "ends_at"),
        ExamForm.objects.filter(paper__exam=sitting.exam_id).order_by("pk").values_list("pk"),
    ]  # fmt: skip


def _plans(run: AllocationRun) -> list[Rows]:
    """The lines of the plan, and the seats people have now."""
    return [
        AllocationLine.objects.filter(run=run).order_by("pk").values_list(
            "registration", "centre", "exam_session", "room_session", "seat", "exam_form",
            "access_class",
        ),
        Booking.objects.filter(
            room_session__exam_session__sitting=run.sitting_id, state=BookingState.CONFIRMED
        ).order_by("pk").values_list("pk", "registration", "room_session", "seat", "state"),
    ]  # fmt: skip
