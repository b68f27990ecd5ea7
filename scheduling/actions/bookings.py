"""Bookings: a seat is held, confirmed, moved from, cancelled. Every write here is short.

A seat is taken in one place, `hold_seat`. Who gets it is decided by unique constraints, not by
looking first: a look is out of date before the next statement. Locks are always taken in one
order: the registration, the seat pools by key, the booking.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet

from centres.common.audit import record
from centres.common.errors import NotYours
from centres.models import Seat, User
from scheduling.errors import (
    AlreadyBooked,
    AlreadyWithdrawn,
    BookingClosed,
    BookingNotOpen,
    HoldChanged,
    HoldExpired,
    NothingHeld,
    PoolFull,
    RetryKeyReused,
    SeatNotForYou,
    SeatsNotGivenYet,
    SeatTaken,
)
from scheduling.models import (
    Booking,
    BookingState,
    ExamForm,
    Registration,
    RegistrationState,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
)
from scheduling.models.booking import LIVE
from scheduling.queries.seats import seats_for

HOLD_FOR = timedelta(minutes=10)
EXTEND_BY = timedelta(minutes=5)
HOLD_LIMIT = timedelta(minutes=30)
WARN_BEFORE = timedelta(minutes=2)


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

    The same key gets the same answer again. Raises SeatTaken, SeatNotForYou, PoolFull,
    SeatsNotGivenYet, BookingNotOpen, BookingClosed, AlreadyWithdrawn or RetryKeyReused; nothing has
    changed then.
    """
    key = key or uuid4()
    try:
        with transaction.atomic():
            registration = _locked(registration)
            if answered := _first_answer(key, registration, room_session, seat):
                return answered
            _refuse_untimely(registration.sitting, at)
            _refuse_unfit(registration, room_session, seat)
            booking = _take(registration, room_session, seat, at, key)
            facts = {"seat": seat.label, "room_session": room_session.pk}
            record("hold_seat", target=booking, by=by, at=at, **facts)
            return booking
    except IntegrityError as error:
        raise SeatTaken(seat=seat.label) from error


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
    Raises NothingHeld, HoldExpired, HoldChanged, BookingClosed.
    """
    with transaction.atomic():
        registration = _locked(registration)
        held = _live(registration).filter(state=BookingState.HELD).first()
        if held is None:
            return _confirmed_before(registration)
        _refuse_untimely(registration.sitting, at)
        if not held.is_live(at):
            raise HoldExpired(seat=held.seat.label, until=held.hold_until)
        if seen is not None and seen != (held.room_session_id, held.seat_id):
            raise HoldChanged(seat=held.seat.label)
        former = _live(registration).filter(state=BookingState.CONFIRMED, paper=held.paper)
        before = end_bookings(former, BookingState.MOVED, at)
        held.state, held.hold_until = BookingState.CONFIRMED, None
        held.save(update_fields=["state", "hold_until"])
        facts = {"seat": held.seat.label, "room_session": held.room_session_id, "before": before}
        record("confirm_booking", target=held, by=by, at=at, **facts)
        return held


def move_booking(
    *,
    registration: Registration,
    room_session: RoomSession,
    seat: Seat,
    by: User | None,
    at: datetime,
    key: UUID | None = None,
) -> Booking:
    """Hold and confirm in one step: the new seat is booked and the old one free, or neither."""
    with transaction.atomic():
        booking = hold_seat(
            registration=registration, room_session=room_session, seat=seat, by=by, at=at, key=key
        )
        if booking.state == BookingState.CONFIRMED:
            return booking
        return confirm_booking(registration=registration, by=by, at=at)


def cancel_booking(*, booking: Booking, by: User | None, at: datetime, reason: str = "") -> Booking:
    """Give a seat (or a hold on one) back. Doing it twice changes nothing the second time.

    Raises BookingClosed once seats are frozen.
    """
    with transaction.atomic():
        registration = _locked(booking.registration)
        if registration.sitting.is_frozen(at):
            raise BookingClosed(until=registration.sitting.freezes_at)
        ended = end_bookings(_live(registration).filter(pk=booking.pk), BookingState.CANCELLED, at)
        if ended:
            record("cancel_booking", target=booking, by=by, at=at, reason=reason)
        booking.refresh_from_db()
        return booking


# --- may it be done ----------------------------------------------------------------------------


def _locked(registration: Registration) -> Registration:
    rows = Registration.objects.select_for_update(of=("self",)).select_related("sitting")
    found = rows.get(pk=registration.pk)
    if found.state == RegistrationState.WITHDRAWN:
        raise AlreadyWithdrawn
    return found


def _first_answer(
    key: UUID, registration: Registration, room_session: RoomSession, seat: Seat
) -> Booking | None:
    """The booking that this key made before, if it did."""
    booking = Booking.objects.filter(key=key).select_related("seat").first()
    if booking is None:
        return None
    asked = registration.pk, room_session.pk, seat.pk
    if (booking.registration_id, booking.room_session_id, booking.seat_id) != asked:
        raise RetryKeyReused
    return booking


def _refuse_untimely(sitting: Sitting, at: datetime) -> None:
    if sitting.is_frozen(at):
        raise BookingClosed(until=sitting.freezes_at)
    if sitting.mode == SittingMode.WISHES and sitting.allocation_id is None:
        raise SeatsNotGivenYet
    if sitting.mode == SittingMode.FIRST_COME and at < sitting.opens_at:
        raise BookingNotOpen(opens=sitting.opens_at)


def _refuse_unfit(registration: Registration, room_session: RoomSession, seat: Seat) -> None:
    if room_session.exam_session.sitting_id != registration.sitting_id:
        raise NotYours
    if not seats_for(registration.access_class, room_session).filter(pk=seat.pk).exists():
        raise SeatNotForYou(seat=seat.label)


# --- taking and giving back --------------------------------------------------------------------


def _live(registration: Registration) -> QuerySet[Booking]:
    return Booking.objects.filter(registration=registration, state__in=LIVE).select_related("seat")


def _confirmed_before(registration: Registration) -> Booking:
    confirmed = _live(registration).order_by("-made_at").first()
    if confirmed is None:
        raise NothingHeld
    return confirmed


def _take(
    registration: Registration, room_session: RoomSession, seat: Seat, at: datetime, key: UUID
) -> Booking:
    session = room_session.exam_session
    own = _live(registration).filter(paper=session.paper_id)
    if own.filter(state=BookingState.CONFIRMED, room_session=room_session, seat=seat).exists():
        raise AlreadyBooked
    here = Booking.objects.filter(room_session=room_session, seat=seat, state=BookingState.HELD)
    own_hold, lapsed = own.filter(state=BookingState.HELD), here.filter(hold_until__lte=at)
    _lock_pools(_pool_of(registration, room_session), *map(_pools_of, (own_hold, lapsed)))
    end_bookings(own_hold, BookingState.CANCELLED, at)
    end_bookings(lapsed, BookingState.LAPSED, at)
    _count_in(_pool_of(registration, room_session), at)
    return Booking.objects.create(
        registration=registration,
        paper=session.paper,
        room_session=room_session,
        seat=seat,
        access_class=registration.access_class,
        exam_form=_form_beside(room_session, seat),
        state=BookingState.HELD,
        hold_until=at + HOLD_FOR,
        hold_limit=at + HOLD_LIMIT,
        key=key,
        made_at=at,
    )


def end_bookings(bookings: QuerySet[Booking], state: BookingState, at: datetime) -> str:
    """End bookings and count them out of their pools; the labels of their seats."""
    ending = list(bookings.select_related("seat", "room_session__room__building"))
    for booking in ending:
        booking.state, booking.ended_at = state, at
        booking.save(update_fields=["state", "ended_at"])
        SeatPool.objects.filter(_pool_of_booking(booking)).update(taken=F("taken") - 1)
    return ", ".join(booking.seat.label for booking in ending)


def _count_in(pool: Q, at: datetime) -> None:
    """One more place of the pool is taken. Holds that lapsed make room when there is none."""
    free = SeatPool.objects.filter(pool, taken__lt=F("capacity"))
    if free.update(taken=F("taken") + 1):
        return
    end_bookings(_lapsed_in(pool, at), BookingState.LAPSED, at)
    if not free.update(taken=F("taken") + 1):
        raise PoolFull


def _lapsed_in(pool: Q, at: datetime) -> QuerySet[Booking]:
    counted = SeatPool.objects.filter(pool).first()
    if counted is None:
        return Booking.objects.none()
    return Booking.objects.filter(
        room_session__room__building__centre=counted.centre_id,
        room_session__exam_session=counted.exam_session_id,
        access_class=counted.access_class,
        state=BookingState.HELD,
        hold_until__lte=at,
    )


def _pool_of(registration: Registration, room_session: RoomSession) -> Q:
    return Q(
        centre=room_session.room.building.centre_id,
        exam_session=room_session.exam_session_id,
        access_class=registration.access_class,
    )


def _pool_of_booking(booking: Booking) -> Q:
    return Q(
        centre=booking.room_session.room.building.centre_id,
        exam_session=booking.room_session.exam_session_id,
        access_class=booking.access_class,
    )


def _pools_of(bookings: QuerySet[Booking]) -> Q:
    """The pools of some bookings; a condition that holds for no row when there are none."""
    pools = Q(pk__in=[])
    for booking in bookings.select_related("room_session__room__building"):
        pools |= _pool_of_booking(booking)
    return pools


def _lock_pools(*pools: Q) -> None:
    """Lock all pools that will change, in the order of their keys, so that nobody waits in turn."""
    together = Q(pk__in=[])
    for pool in pools:
        together |= pool
    list(SeatPool.objects.select_for_update().filter(together).order_by("pk"))


def _form_beside(room_session: RoomSession, seat: Seat) -> ExamForm | None:
    """The exam form that the fewest neighbours of this seat have, so that none can copy."""
    beside = Q(seat__x__range=(seat.x - 1, seat.x + 1), seat__y__range=(seat.y - 1, seat.y + 1))
    near = Booking.objects.filter(beside, room_session=room_session, state__in=LIVE)
    counted = dict(near.values_list("exam_form").annotate(people=Count("pk")).order_by())
    forms = room_session.exam_session.paper.exam_forms.order_by("code")
    return min(forms, key=lambda form: counted.get(form.pk, 0), default=None)
