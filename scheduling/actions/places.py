"""Places taken and given back: counters, holds that lapsed, offers that went with them.

The steps that holding, moving, cancelling and the waiting list share. None of them opens a
transaction or records: the action that calls them does.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet

from centres.models import Seat
from scheduling.errors import AlreadyWithdrawn
from scheduling.models import (
    Booking,
    BookingState,
    ExamForm,
    OfferState,
    Registration,
    RegistrationState,
    RoomSession,
    SeatOffer,
    SeatPool,
    WaitingEntry,
    WaitState,
)
from scheduling.models.booking import LIVE
from scheduling.queries.pools import PoolName

# What an offer and its place on the list become when the booking ends in a state.
_OFFER_ENDS = {
    BookingState.LAPSED: (OfferState.LAPSED, WaitState.LAPSED),
    BookingState.CANCELLED: (OfferState.DECLINED, WaitState.DECLINED),
    BookingState.MOVED: (OfferState.DECLINED, WaitState.DECLINED),
}


def locked(registration: Registration) -> Registration:
    """The registration with its sitting, locked: first of the locks. Raises AlreadyWithdrawn."""
    rows = Registration.objects.select_for_update(of=("self",)).select_related("sitting")
    found = rows.get(pk=registration.pk)
    if found.state == RegistrationState.WITHDRAWN:
        raise AlreadyWithdrawn
    return found


def locked_people(keys: Collection[int]) -> dict[int, Registration]:
    """Registrations, locked in one order, with all that a letter to each needs."""
    rows = Registration.objects.select_for_update(of=("self",)).select_related(
        "sitting", "candidate__user"
    )
    found = rows.prefetch_related("candidate__user__contacts").filter(pk__in=keys)
    return {person.pk: person for person in found.order_by("pk")}


def locked_bookings(bookings: QuerySet[Booking]) -> list[Booking]:
    """Bookings, locked in one order after registrations and pools, with where and when they are."""
    rows = bookings.select_for_update(of=("self",)).select_related(
        "seat", "room_session__exam_session", "room_session__room__building__centre"
    )
    return list(rows.order_by("pk"))


def lock_pools(names: Iterable[PoolName]) -> list[SeatPool]:
    """Lock all pools that will change, in the order of their keys, so that nobody waits in turn."""
    together = Q(pk__in=[])
    for name in names:
        together |= name.condition()
    return list(SeatPool.objects.select_for_update().filter(together).order_by("pk"))


def live_bookings(registration: Registration) -> QuerySet[Booking]:
    """What a registration holds or has confirmed, lapsed holds among it."""
    return Booking.objects.filter(registration=registration, state__in=LIVE).select_related("seat")


def end_bookings(bookings: QuerySet[Booking], state: BookingState, at: datetime) -> str:
    """End bookings, count them out of their pools, close their offers; returns the seats."""
    ending = list(
        bookings.select_related("seat").values_list(
            "pk", "seat__label", "room_session__room__building__centre",
            "room_session__exam_session", "access_class",
        )
    )  # fmt: skip
    keys = [row[0] for row in ending]
    Booking.objects.filter(pk__in=keys).update(state=state, ended_at=at)
    for name, many in Counter(PoolName(*row[2:]) for row in ending).items():
        SeatPool.objects.filter(name.condition()).update(taken=F("taken") - many)
    close_offers(keys, state, at)
    return ", ".join(row[1] for row in ending)


def close_offers(bookings: list[int], state: BookingState, at: datetime) -> None:
    """Offers whose hold has ended are over, and so is the wait of those they were made to."""
    offer_state, wait_state = _OFFER_ENDS[state]
    offers = SeatOffer.objects.filter(booking__in=bookings, state=OfferState.OPEN)
    entries = list(offers.values_list("entry_id", flat=True))
    if entries:
        offers.update(state=offer_state, ended_at=at)
        WaitingEntry.objects.filter(pk__in=entries).update(state=wait_state, ended_at=at)


def form_beside(room_session: RoomSession, seat: Seat) -> ExamForm | None:
    """The exam form that the fewest neighbours of this seat have, so that none can copy."""
    beside = Q(seat__x__range=(seat.x - 1, seat.x + 1), seat__y__range=(seat.y - 1, seat.y + 1))
    near = Booking.objects.filter(beside, room_session=room_session, state__in=LIVE)
    counted = dict(near.values_list("exam_form").annotate(people=Count("pk")).order_by())
    forms = room_session.exam_session.paper.exam_forms.order_by("code")
    return min(forms, key=lambda form: counted.get(form.pk, 0), default=None)
