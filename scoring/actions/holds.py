"""Keeping one result back, and letting it go: a person decides, with a reason."""

from datetime import datetime

from django.db import IntegrityError, transaction

from centres.common.audit import record
from centres.models import User
from scheduling.models import Registration
from scoring.errors import HeldAlready, NotHeld, ReasonMissing
from scoring.models import ResultHold


@transaction.atomic
def hold_result(*, registration: Registration, reason: str, by: User, at: datetime) -> ResultHold:
    """Keep the result of one person back from the next publication."""
    if not reason.strip():
        raise ReasonMissing
    try:
        with transaction.atomic():
            hold = ResultHold.objects.create(
                registration=registration, reason=reason.strip(), by=by, at=at
            )
    except IntegrityError as taken:
        since = ResultHold.objects.get(registration=registration, lifted_at__isnull=True).at
        raise HeldAlready(number=registration.number, since=since.date()) from taken
    record("hold_result", target=registration, by=by, at=at, reason=hold.reason)
    return hold


@transaction.atomic
def lift_hold(*, registration: Registration, reason: str, by: User, at: datetime) -> ResultHold:
    """Let a result go that was kept back."""
    if not reason.strip():
        raise ReasonMissing
    hold = (
        ResultHold.objects.select_for_update()
        .filter(registration=registration, lifted_at__isnull=True)
        .first()
    )
    if hold is None:
        raise NotHeld(number=registration.number)
    hold.lifted_by, hold.lifted_at, hold.lift_reason = by, at, reason.strip()
    hold.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    record("lift_hold", target=registration, by=by, at=at, reason=hold.lift_reason)
    return hold
