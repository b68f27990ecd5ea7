"""The line of a first-come sitting: opened with a sealed seed, joined once, let in at a pace.

Nobody is "let in" by a write: whose turn it is follows from his order, the clock and the paces, so
no process has to run for the line to move, and none that stops can hold it up.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from centres.common.audit import record
from centres.common.bulk import insert_rows, reserve_ids
from centres.common.errors import DomainError
from centres.models import User
from scheduling.booking_errors import (
    NoQueue,
    NotFirstCome,
    QueueExists,
    QueueNotOpenYet,
    QueueTooLate,
    ReasonMissing,
)
from scheduling.errors import AlreadyWithdrawn, BookingClosed
from scheduling.models import (
    QueueOpening,
    QueuePace,
    QueuePlace,
    Registration,
    RegistrationState,
    Sitting,
    SittingMode,
)
from scheduling.models.queue import LATE


def open_queue(
    *, sitting: Sitting, joins_from: datetime, per_minute: int, by: User | None, at: datetime
) -> QueueOpening:
    """Set up the line of a first-come sitting: draw its seed and publish the commitment.

    The seed stands before anybody can join. Raises NotFirstCome, QueueExists, QueueTooLate.
    """
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting.pk)
        if sitting.mode != SittingMode.FIRST_COME:
            raise NotFirstCome
        if QueueOpening.objects.filter(sitting=sitting).exists():
            raise QueueExists
        if not at <= joins_from < sitting.opens_at:
            raise QueueTooLate
        seed = str(secrets.randbits(120))
        opening = QueueOpening.objects.create(
            sitting=sitting, joins_from=joins_from, seed=seed, commitment=commitment_of(seed),
            committed_at=at,
        )  # fmt: skip
        QueuePace.objects.create(sitting=sitting, begins_at=sitting.opens_at, per_minute=per_minute)
        record(
            "open_queue", target=sitting, by=by, at=at, commitment=opening.commitment,
            joins_from=joins_from, per_minute=per_minute,
        )  # fmt: skip
    return opening


def commitment_of(seed: str) -> str:
    """What is published of a seed before it is shown: SHA-256 of its decimal digits."""
    return hashlib.sha256(seed.encode()).hexdigest()


def set_pace(
    *, sitting: Sitting, per_minute: int, by: User | None, at: datetime, reason: str
) -> QueuePace:
    """From now on let in this many people a minute; 0 lets the line stand still.

    Before the opening it changes the pace of the opening. Raises NoQueue, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting.pk)
        if not QueueOpening.objects.filter(sitting=sitting).exists():
            raise NoQueue
        newest = sitting.queue_paces.order_by("begins_at").last()
        begins = max(at, sitting.opens_at)
        if newest is not None and begins <= newest.begins_at:
            begins = newest.begins_at + QueuePace.STEP
        pace = QueuePace.objects.create(sitting=sitting, begins_at=begins, per_minute=per_minute)
        record("set_pace", target=sitting, by=by, at=at, per_minute=per_minute, reason=reason)
    return pace


def join_queue(*, registration: Registration, by: User | None, at: datetime) -> QueuePlace:
    """Take a place in the line of the registration's sitting, or find the place taken before.

    Raises NoQueue, QueueNotOpenYet, BookingClosed, AlreadyWithdrawn.
    """
    outcome = join_many([registration.pk], by=by, at=at)[0]
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def join_many(
    registrations: Sequence[int], *, by: User | None, at: datetime
) -> list[QueuePlace | DomainError]:
    """Places for several registrations in one transaction, in the order they asked.

    What one of them is refused changes nothing for the others. The places themselves are kept for
    good; the audit trail has one entry for those made together.
    """
    with transaction.atomic():
        people = _people(registrations)
        before = QueuePlace.objects.filter(registration__in=people).in_bulk(
            field_name="registration_id"
        )
        openings = QueueOpening.objects.select_related("sitting").in_bulk(
            {sitting for _number, sitting, _state in people.values()}, field_name="sitting_id"
        )
        made: dict[int, QueuePlace] = {}
        outcomes: list[QueuePlace | DomainError] = []
        for key in registrations:
            known = before.get(key) or made.get(key)
            outcome = known or _place(people.get(key), openings, key, at)
            if known is None and isinstance(outcome, QueuePlace):
                made[key] = outcome
            outcomes.append(outcome)
        _keep(list(made.values()))
        _record(list(made.values()), by, at)
    return outcomes


_Person = tuple[str, int, str]  # number, sitting, state


def _people(registrations: Sequence[int]) -> dict[int, _Person]:
    """Those who ask, locked: the same person in another tab waits, then finds his place."""
    rows = Registration.objects.select_for_update(no_key=True).filter(pk__in=set(registrations))
    found = rows.order_by("pk").values_list("pk", "number", "sitting_id", "state")
    return {key: (number, sitting, state) for key, number, sitting, state in found}


def _place(
    person: _Person | None, openings: dict[int, QueueOpening], key: int, at: datetime
) -> QueuePlace | DomainError:
    """A new place, its order not yet given when the person came after the opening."""
    if person is None or person[2] == RegistrationState.WITHDRAWN:
        return AlreadyWithdrawn()
    number, sitting, _state = person
    opening = openings.get(sitting)
    if opening is None:
        return NoQueue()
    if at < opening.joins_from:
        return QueueNotOpenYet(opens=opening.joins_from)
    if opening.sitting.is_frozen(at):
        return BookingClosed(until=opening.sitting.freezes_at)
    order = opening.drawn_order(number) if at < opening.sitting.opens_at else LATE
    return QueuePlace(registration_id=key, sitting_id=sitting, order=order, joined_at=at)


def _keep(places: list[QueuePlace]) -> None:
    for place, key in zip(places, reserve_ids(QueuePlace, len(places)), strict=True):
        place.pk = key
        if place.order == LATE:
            place.order = LATE + key
    rows = [(p.pk, p.registration_id, p.sitting_id, p.order, p.joined_at) for p in places]
    insert_rows(QueuePlace, ("id", "registration", "sitting", "order", "joined_at"), rows)


def _record(places: list[QueuePlace], by: User | None, at: datetime) -> None:
    for sitting in sorted({place.sitting_id for place in places}):
        orders = [place.order for place in places if place.sitting_id == sitting]
        digest = hashlib.sha256(repr(orders).encode()).hexdigest()
        target = f"scheduling.sitting:{sitting}"
        record("join_queue", target=target, by=by, at=at, places=len(orders), digest=digest)
