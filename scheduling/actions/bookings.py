"""Bookings: a seat is held, confirmed, moved from, cancelled. Every write here is short.

A seat is taken in one place, `hold_seats`, of which `hold_seat` is the case of one. Who gets it is
decided by unique constraints, not by looking first: a look is out of date before the next
statement. Locks are taken in one order: the registration, the seat pools by key, the booking.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from centres.common.audit import Said, record, record_many
from centres.common.errors import DomainError
from centres.models import Seat, User
from scheduling.actions.fees import drop_fee, owe_fee
from scheduling.actions.ground import HOLD_LIMIT, Asked, Held, Shown
from scheduling.actions.holds import HOLD_FOR, hold_seats, refuse_untimely, refused_by_database
from scheduling.actions.places import (
    PoolName,
    end_bookings,
    live_bookings,
    lock_pools,
    locked,
    pools_of,
)
from scheduling.actions.waiting import offer_after_commit
from scheduling.booking_errors import HoldNotExtended, NothingOffered, OfferOver
from scheduling.errors import (
    BookingClosed,
    HoldChanged,
    HoldExpired,
    NothingHeld,
)
from scheduling.letters import tell_of_seat
from scheduling.models import (
    Booking,
    BookingState,
    OfferState,
    Registration,
    RoomSession,
    SeatOffer,
    WaitingEntry,
    WaitState,
)
from scheduling.models.waiting import WAITS

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
    try:
        outcome = hold_seats([asked], at=at)[0]
    except IntegrityError as error:
        raise refused_by_database(error, seat.label) from error
    if isinstance(outcome, DomainError):
        raise outcome
    return Booking.objects.select_related("seat").get(pk=outcome.booking)


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
    with transaction.atomic():
        done = _confirm(registration, seen, by.pk if by else None, at)
        record_many(done.said, at=at)
        offer_after_commit(done.left, at)
        return done.booking


def confirm_many(shown: Sequence[Shown], *, at: datetime) -> list[Held | DomainError]:
    """What `confirm_booking` does, for many in one transaction; a refusal undoes nobody else's.

    Locks are taken as by `hold_seats`: all registrations, then all pools, each by key; the audit
    trail last, so that no two groups wait for each other in turn.
    """
    with transaction.atomic():
        keys = {one.registration for one in shown}
        people = {one.pk: one for one in _locked_together(keys)}
        former = Booking.objects.filter(registration__in=keys, state=BookingState.CONFIRMED)
        lock_pools(pools_of(former))
        answers: list[Held | DomainError] = []
        said: list[Said] = []
        left: set[PoolName] = set()
        for one in shown:
            try:
                with transaction.atomic():
                    seen = (one.room_session, one.seat)
                    done = _confirm(people[one.registration], seen, one.by, at)
            except DomainError as refused:
                answers.append(refused)
                continue
            left |= done.left
            said += done.said
            answers.append(_held(done.booking))
        record_many(said, at=at)
        offer_after_commit(left, at)
        return answers


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
    """Hold and confirm in one step: the new seat is booked and the old one free, or neither."""
    with transaction.atomic():
        booking = hold_seat(
            registration=registration, room_session=room_session, seat=seat, by=by, at=at, key=key
        )
        if booking.state == BookingState.CONFIRMED:
            return booking
        booking = confirm_booking(registration=registration, by=by, at=at)
        if reason:
            record("move_booking", target=booking, by=by, at=at, reason=reason)
        return booking


def cancel_booking(*, booking: Booking, by: User | None, at: datetime, reason: str = "") -> Booking:
    """Give a seat (or a hold on one) back. Doing it twice changes nothing the second time.

    Whoever waits for such a place is offered it. With the last confirmed seat goes the fee: what
    was paid is to be refunded. Raises BookingClosed once seats are frozen.
    """
    with transaction.atomic():
        registration = locked(booking.registration)
        if registration.sitting.is_frozen(at):
            raise BookingClosed(until=registration.sitting.freezes_at)
        given = live_bookings(registration).filter(pk=booking.pk)
        was_confirmed = given.filter(state=BookingState.CONFIRMED).exists()
        pools = pools_of(given)
        lock_pools(pools)
        if end_bookings(given, BookingState.CANCELLED, at):
            confirmed = live_bookings(registration).filter(state=BookingState.CONFIRMED)
            if was_confirmed and not confirmed.exists():
                drop_fee(registration, at)
            if was_confirmed:
                tell_of_seat(booking, "seat_cancelled", at=at)
            record("cancel_booking", target=booking, by=by, at=at, reason=reason)
            offer_after_commit(pools, at)
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


class _Confirmed(NamedTuple):
    """A booking made or found, the pools it left, and what the audit trail is to say."""

    booking: Booking
    left: set[PoolName]
    said: tuple[Said, ...] = ()


def _confirm(
    registration: Registration, seen: tuple[int, int] | None, by: int | None, at: datetime
) -> _Confirmed:
    registration = locked(registration)
    held = live_bookings(registration).filter(state=BookingState.HELD).first()
    if held is None:
        return _Confirmed(_confirmed_before(registration), set())
    refuse_untimely(registration.sitting, at)
    _refuse_lapsed(held, at)
    if seen is not None and seen != (held.room_session_id, held.seat_id):
        raise HoldChanged(seat=held.seat.label)
    former = live_bookings(registration).filter(state=BookingState.CONFIRMED, paper=held.paper_id)
    left = pools_of(former)
    lock_pools(left)
    before = end_bookings(former, BookingState.MOVED, at)
    held.state, held.hold_until = BookingState.CONFIRMED, None
    held.save(update_fields=["state", "hold_until"])
    _end_wait(held, at)
    owe_fee(registration, at)
    tell_of_seat(held, "seat_moved" if before else "seat_confirmed", at=at)
    facts = {"seat": held.seat.label, "room_session": held.room_session_id, "before": before}
    target = f"{held._meta.label_lower}:{held.pk}"
    return _Confirmed(held, left, (Said("confirm_booking", target, by, facts),))


def _locked_together(keys: Collection[int]) -> QuerySet[Registration]:
    rows = Registration.objects.select_for_update(of=("self",)).select_related("sitting")
    return rows.filter(pk__in=keys).order_by("pk")


def _held(booking: Booking) -> Held:
    return Held(
        booking.pk, booking.room_session_id, booking.seat_id, booking.seat.label, booking.state,
        booking.hold_until,
    )  # fmt: skip


def _confirmed_before(registration: Registration) -> Booking:
    confirmed = live_bookings(registration).order_by("-made_at").first()
    if confirmed is None:
        raise NothingHeld
    return confirmed


def _refuse_lapsed(held: Booking, at: datetime) -> None:
    if held.is_live(at):
        return
    if SeatOffer.objects.filter(booking=held).exists():
        raise OfferOver(until=held.hold_until)
    raise HoldExpired(seat=held.seat.label, until=held.hold_until)


def _end_wait(confirmed: Booking, at: datetime) -> None:
    """Whoever has confirmed a seat waits no longer for one of this paper."""
    accepted = SeatOffer.objects.filter(booking=confirmed, state=OfferState.OPEN)
    by_offer = accepted.update(state=OfferState.ACCEPTED, ended_at=at)
    waits = WaitingEntry.objects.filter(
        registration=confirmed.registration_id, paper=confirmed.paper_id, state__in=WAITS
    )
    state = WaitState.ACCEPTED if by_offer else WaitState.SEATED
    waits.update(state=state, ended_at=at)


def _newest_offer(registration: Registration) -> SeatOffer:
    offers = SeatOffer.objects.filter(entry__registration=registration).order_by("-pk")
    offer = offers.select_related("booking__seat").first()
    if offer is None:
        raise NothingOffered
    return offer
