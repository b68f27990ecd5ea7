"""Giving seats back: the rule, for one or for all whose pages came while the last commit ran."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from centres.common.audit import Said, record_many
from centres.common.errors import DomainError, NotYours
from centres.common.outbox import Letter, write
from scheduling.actions.confirming import Outcome, told
from scheduling.actions.fees import drop_fee
from scheduling.actions.places import end_bookings, lock_pools, locked_bookings, locked_people
from scheduling.actions.waiting import offer_after_commit
from scheduling.booking_errors import SeatGone
from scheduling.errors import AlreadyWithdrawn, BookingClosed
from scheduling.letters import letters_to, place_facts
from scheduling.models import Booking, BookingState, RegistrationState
from scheduling.models.booking import LIVE
from scheduling.queries.pools import pools_of


class Given(NamedTuple):
    """One request: whose booking comes back, and the key of the user who gives it."""

    registration: int
    booking: int
    by: int | None
    reason: str = ""


def give_back_seats(given: Sequence[Given], *, at: datetime) -> list[Outcome]:
    """End bookings and holds, in their order; one transaction, one commit.

    The answer to each is the booking as it is now, or the error that `cancel_booking` raises.
    """
    with transaction.atomic():
        people = locked_people({one.registration for one in given})
        asked = Booking.objects.filter(pk__in={one.booking for one in given})
        pools = pools_of(asked.filter(state__in=LIVE))
        lock_pools(pools)
        bookings = {booking.pk: booking for booking in locked_bookings(asked)}
        for booking in bookings.values():
            if booking.registration_id in people:
                booking.registration = people[booking.registration_id]
        ended: list[tuple[Booking, Given]] = []
        seated: list[Booking] = []  # those of them that were confirmed
        outcomes: list[Outcome] = []
        for one in given:
            try:
                booking = _of(one, bookings, at)
            except DomainError as refusal:
                outcomes.append(refusal)
                continue
            if booking.state in LIVE:
                seated += [booking] if booking.state == BookingState.CONFIRMED else []
                ended.append((booking, one))
                booking.state = BookingState.CANCELLED
            outcomes.append(told(booking))
        if ended:
            keys = [booking.pk for booking, _one in ended]
            end_bookings(Booking.objects.filter(pk__in=keys), BookingState.CANCELLED, at)
            _settle(seated, at)
            record_many([_said(*pair) for pair in ended], at=at)
            offer_after_commit(pools, at)
    return outcomes


def _of(one: Given, bookings: dict[int, Booking], at: datetime) -> Booking:
    booking = bookings.get(one.booking)
    if booking is None or booking.registration_id != one.registration:
        raise NotYours
    if booking.registration.state == RegistrationState.WITHDRAWN:
        raise AlreadyWithdrawn
    sitting = booking.registration.sitting
    if sitting.is_frozen(at):
        raise BookingClosed(until=sitting.freezes_at)
    if booking.state not in (*LIVE, BookingState.CANCELLED):
        raise SeatGone
    return booking


def _settle(seated: Sequence[Booking], at: datetime) -> None:
    """With the last confirmed seat goes the fee; whoever gave one back is told."""
    people = {booking.registration_id: booking.registration for booking in seated}
    confirmed = Booking.objects.filter(registration__in=people, state=BookingState.CONFIRMED)
    for key in people.keys() - set(confirmed.values_list("registration_id", flat=True)):
        drop_fee(people[key], at)
    write(letter for booking in seated for letter in _letters(booking, at))


def _letters(booking: Booking, at: datetime) -> list[Letter]:
    person, facts = booking.registration, place_facts(booking)
    return letters_to(person, "seat_cancelled", key=str(booking.pk), at=at, **facts)


def _said(booking: Booking, one: Given) -> Said:
    facts = {"reason": one.reason}
    return Said("cancel_booking", f"{booking._meta.label_lower}:{booking.pk}", one.by, facts)
