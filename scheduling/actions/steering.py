"""Steering a sitting's booking: its hours, and chairs taken out of use."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from centres.actions import block_seat
from centres.common.audit import record
from centres.models import Seat, User
from scheduling.models import Booking, SeatPool, Sitting
from scheduling.models.booking import LIVE
from scheduling.queries.seats import serves
from scheduling.request_errors import HoursWrong, ReasonMissing, SeatInUse


def set_booking_hours(
    *,
    sitting: Sitting,
    opens_at: datetime,
    closes_at: datetime,
    freezes_at: datetime,
    reason: str,
    by: User,
    at: datetime,
) -> None:
    """When booking opens, when registering closes, until when seats can be moved.

    The opening does not move once it has come. Raises HoursWrong, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        found = Sitting.objects.select_for_update(of=("self",)).get(pk=sitting.pk)
        has_opened = at >= found.opens_at and opens_at != found.opens_at
        if not opens_at < closes_at <= freezes_at or has_opened:
            raise HoursWrong
        before = [found.opens_at, found.closes_at, found.freezes_at]
        found.opens_at, found.closes_at, found.freezes_at = opens_at, closes_at, freezes_at
        found.save(update_fields=["opens_at", "closes_at", "freezes_at"])
        after = [opens_at, closes_at, freezes_at]
        reason = reason.strip()[:300]
        record("set_booking_hours", target=found, by=by, at=at, reason=reason, before=before,
               after=after)  # fmt: skip


def close_booking(*, sitting: Sitting, reason: str, by: User, at: datetime) -> None:
    """Close at this moment: whoever has a seat keeps it, nobody takes or moves one."""
    set_booking_hours(
        sitting=sitting, opens_at=min(sitting.opens_at, at), closes_at=at, freezes_at=at,
        reason=reason, by=by, at=at,
    )  # fmt: skip


def block_chair(*, seat: Seat, reason: str, by: User, at: datetime) -> int:
    """Take a chair out of use and out of the places of every session to come; of how many.

    Raises SeatInUse while somebody holds or has it, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    taken = Booking.objects.filter(
        seat=seat, state__in=LIVE, room_session__exam_session__ends_at__gt=at
    )
    try:
        with transaction.atomic():
            seat = Seat.objects.select_for_update(of=("self",)).get(pk=seat.pk)
            someone = taken.select_related("registration").first()
            if someone is not None:
                raise SeatInUse(number=someone.registration.number, seat=seat.label)
            lowered = _lower_pools(seat, at) if seat.is_usable else 0
            block_seat(seat=seat, reason=reason.strip()[:300], by=by, at=at)
            return lowered
    except IntegrityError as error:  # the last free place was taken at this moment
        raise SeatInUse(number="…", seat=seat.label) from error


def _lower_pools(seat: Seat, at: datetime) -> int:
    pools = SeatPool.objects.filter(
        centre=seat.room.building.centre_id, exam_session__ends_at__gt=at, capacity__gt=0,
        exam_session__room_sessions__room=seat.room_id,
    ).select_for_update()  # fmt: skip
    lowered = [
        pool.pk for pool in pools.order_by("pk")
        if Seat.objects.filter(serves(pool.access_class), pk=seat.pk).exists()
    ]  # fmt: skip
    SeatPool.objects.filter(pk__in=lowered).update(capacity=F("capacity") - 1)
    return len(lowered)
