"""Bookings: a seat is held, confirmed, moved from, cancelled. Every write here is short.

Seats are taken in `hold_seats`, confirmed in `confirm_seats`, given back in `give_back_seats`; what
stands here are the cases of one. Who gets a seat is decided by unique constraints, not by looking
first: a look is out of date before the next statement. Locks are taken in one order: the
registration, the seat pools by key, the booking.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q

from centres.common.audit import record
from centres.common.errors import DomainError
from centres.models import Seat, User
from scheduling.actions.confirming import confirm_seats
from scheduling.actions.giving_back import Given, give_back_seats
from scheduling.actions.ground import HOLD_LIMIT, Asked, Held, Shown
from scheduling.actions.holds import HOLD_FOR, hold_seats, refused_by_database
from scheduling.actions.places import end_bookings, live_bookings, lock_pools, locked
from scheduling.actions.waiting import offer_after_commit
from scheduling.booking_errors import DoorsOpen, HoldNotExtended, NothingOffered, OfferOver
from scheduling.errors import HoldExpired, NothingHeld
from scheduling.models import (
    Booking,
    BookingState,
    ExamSession,
    OfferState,
    Registration,
    RoomSession,
    SeatOffer,
)
from scheduling.queries.pools import pools_of

EXTEND_BY = timedelta(minutes=5)
WARN_BEFORE = timedelta(minutes=2)  # pages say so this long before a hold ends

__all__ = ["EXTEND_BY", "HOLD_FOR", "HOLD_LIMIT", "WARN_BEFORE"]


def hold_seat(
    *,
    registration: Registration,
    room_session: RoomSession,
    seat: Seat,
    by: User | None,
    at: datetime,
    key: UUID | None = None,
) -> Booking:
    """Keep a seat for ten minutes. A hold that lapsed is taken over; an own earlier hold ends.

    The same key gets the same answer again, and a seat that is held already stays held as long as
    it was. Raises SeatTaken, SeatNotForYou, SessionRefused, NotYourPaper, ExtraTimeRunsOver,
    SeatGoesToTheList, PoolFull, OverlapsAnother, OfferOpen, HoldUsedUp, JoinTheQueue, NotYourTurn,
    QueuePaused, SeatsNotGivenYet, BookingNotOpen, BookingClosed, AlreadyBooked, AlreadyWithdrawn,
    NotYours or RetryKeyReused; nothing has changed then.
    """
    asked = Asked(registration.pk, room_session.pk, seat.pk, key or uuid4(), by.pk if by else None)
    return _held_alone(asked, seat, at)


def _held_alone(asked: Asked, seat: Seat, at: datetime) -> Booking:
    try:
        return _done(hold_seats([asked], at=at)[0])
    except IntegrityError as error:
        raise refused_by_database(error, seat.label) from error


def extend_hold(*, registration: Registration, by: User | None, at: datetime) -> Booking:
    """Five minutes more for the seat that is held, once. Doing it twice changes nothing more.

    Raises NothingHeld, HoldExpired, and HoldNotExtended when no time is left to give.
    """
    with transaction.atomic():
        registration = locked(registration)
        held = live_bookings(registration).filter(state=BookingState.HELD).first()
        if held is None:
            raise NothingHeld
        _refuse_lapsed(held, at)
        if held.extended_at is not None:
            return held
        until, limit = held.hold_until, held.hold_limit
        if until is None or limit is None or until >= limit:
            raise HoldNotExtended
        held.hold_until = min(until + EXTEND_BY, limit)
        held.extended_at = at
        held.save(update_fields=["hold_until", "extended_at"])
        record("extend_hold", target=held, by=by, at=at, until=held.hold_until)
        return held


def confirm_booking(
    *,
    registration: Registration,
    by: User | None,
    at: datetime,
    seen: tuple[int, int] | None = None,
) -> Booking:
    """Turn the registration's hold into its booking; the seat it had before is free again.

    `seen` is the (room session, seat) on the page that was sent: another tab may have held another
    seat since, and nobody shall get a seat he did not see. Confirming twice gives the same booking.
    Where the sitting costs something, the fee becomes due; a wait for a seat of the paper is over.
    Raises NothingHeld, HoldExpired, OfferOver, HoldChanged, BookingClosed.
    """
    room_session, seat = seen or (0, 0)
    shown = Shown(registration.pk, room_session, seat, by.pk if by else None)
    return _done(confirm_seats([shown], at=at)[0])


def move_booking(
    *,
    registration: Registration,
    room_session: RoomSession,
    seat: Seat,
    by: User | None,
    at: datetime,
    key: UUID | None = None,
    reason: str = "",
) -> Booking:
    """Hold and confirm in one step: the new seat is booked and the old one free, or neither.

    With a reason it is the office that moves somebody: also after the last day to change seats,
    until the doors of the one or the other exam session open. Raises DoorsOpen then.
    """
    with transaction.atomic():
        if reason:
            _refuse_begun(registration, room_session, at)
        asked = Asked(
            registration.pk, room_session.pk, seat.pk, key or uuid4(), by.pk if by else None,
            by_office=bool(reason),
        )  # fmt: skip
        booking = _held_alone(asked, seat, at)
        if booking.state == BookingState.CONFIRMED:
            return booking
        shown = Shown(registration.pk, 0, 0, asked.by, by_office=asked.by_office)
        booking = _done(confirm_seats([shown], at=at)[0])
        if reason:
            record("move_booking", target=booking, by=by, at=at, reason=reason)
        return booking


def _refuse_begun(registration: Registration, to: RoomSession, at: datetime) -> None:
    seated = live_bookings(registration).filter(paper=to.exam_session.paper_id)
    sessions = Q(pk=to.exam_session_id) | Q(room_sessions__bookings__in=seated)
    if ExamSession.objects.filter(sessions, doors_open_at__lte=at).exists():
        raise DoorsOpen


def cancel_booking(*, booking: Booking, by: User | None, at: datetime, reason: str = "") -> Booking:
    """Give a seat (or a hold on one) back. Doing it twice changes nothing the second time.

    Whoever waits for such a place is offered it. With the last confirmed seat goes the fee: what
    was paid is to be refunded. Raises BookingClosed once seats are frozen.
    """
    given = Given(booking.registration_id, booking.pk, by.pk if by else None, reason)
    _done(give_back_seats([given], at=at)[0])
    booking.refresh_from_db()
    return booking


def accept_offer(*, registration: Registration, by: User | None, at: datetime) -> Booking:
    """Take the seat that the waiting list offers. Raises NothingOffered, OfferOver, BookingClosed.

    Accepting twice gives the same booking.
    """
    with transaction.atomic():
        registration = locked(registration)
        offer = _newest_offer(registration)
        if offer.state == OfferState.ACCEPTED:
            return offer.booking
        if offer.state != OfferState.OPEN or at >= offer.until:
            raise OfferOver(until=offer.until)
        return confirm_booking(registration=registration, by=by, at=at)


def decline_offer(*, registration: Registration, by: User | None, at: datetime) -> None:
    """Let the next in line have the seat; this wait is over. Raises NothingOffered."""
    with transaction.atomic():
        registration = locked(registration)
        offer = _newest_offer(registration)
        if offer.state != OfferState.OPEN:
            return
        offered = live_bookings(registration).filter(pk=offer.booking_id)
        pools = pools_of(offered)
        lock_pools(pools)
        end_bookings(offered, BookingState.CANCELLED, at)
        record("decline_offer", target=offer, by=by, at=at)
        offer_after_commit(pools, at)


# --- steps -------------------------------------------------------------------------------------


def _done(outcome: Held | DomainError) -> Booking:
    """The booking that a request got; raises what it was refused with."""
    if isinstance(outcome, DomainError):
        raise outcome
    return Booking.objects.select_related("seat").get(pk=outcome.booking)


def _refuse_lapsed(held: Booking, at: datetime) -> None:
    if held.is_live(at):
        return
    if SeatOffer.objects.filter(booking=held).exists():
        raise OfferOver(until=held.hold_until)
    raise HoldExpired(seat=held.seat.label, until=held.hold_until)


def _newest_offer(registration: Registration) -> SeatOffer:
    offers = SeatOffer.objects.filter(entry__registration=registration).order_by("-pk")
    offer = offers.select_related("booking__seat").first()
    if offer is None:
        raise NothingOffered
    return offer
