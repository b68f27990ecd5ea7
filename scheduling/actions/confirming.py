"""Confirming seats: the rule, for one hold or for all whose pages came while the last commit ran.

Requests of a group are judged one after another, each against what those before it left; only
reading, writing and the commit are shared. What one is refused changes nothing for the others.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from centres.common.audit import Said, record_many
from centres.common.errors import DomainError
from centres.common.outbox import Letter, write
from scheduling.actions.fees import owe_fees
from scheduling.actions.ground import Held, Shown
from scheduling.actions.holds import refuse_untimely
from scheduling.actions.places import (
    end_bookings,
    lock_pools,
    locked_bookings,
    locked_people,
)
from scheduling.actions.waiting import offer_after_commit
from scheduling.booking_errors import OfferOver
from scheduling.errors import AlreadyWithdrawn, HoldChanged, HoldExpired, NothingHeld
from scheduling.letters import letters_to, place_facts
from scheduling.models import (
    Booking,
    BookingState,
    OfferState,
    RegistrationState,
    SeatOffer,
    WaitingEntry,
    WaitState,
)
from scheduling.models.booking import LIVE
from scheduling.models.waiting import WAITS
from scheduling.queries.pools import pools_of

Outcome = Held | DomainError


def confirm_seats(shown: Sequence[Shown], *, at: datetime) -> list[Outcome]:
    """Turn the hold of each into a booking, in their order; one transaction, one commit.

    The answer to each is the booking, or the error that `confirm_booking` raises.
    """
    with transaction.atomic():
        group = _Group({one.registration for one in shown}, at)
        outcomes = [group.answer(one) for one in shown]
        group.write()
    return outcomes


class _Group:
    """The confirmations of one transaction: what they are judged against, and what they change.

    Locks are taken as by `hold_seats`: registrations, then pools, then bookings, each by key.
    """

    def __init__(self, registrations: set[int], at: datetime) -> None:
        self.at = at
        self.people = locked_people(registrations)
        own = Booking.objects.filter(registration__in=registrations, state__in=LIVE)
        self.left = pools_of(own.filter(state=BookingState.CONFIRMED))
        lock_pools(self.left)
        self.live: dict[int, list[Booking]] = defaultdict(list)
        for booking in locked_bookings(own):
            booking.registration = self.people[booking.registration_id]
            self.live[booking.registration_id].append(booking)
        offers = SeatOffer.objects.filter(booking__in=own.filter(state=BookingState.HELD))
        self.offered = set(offers.values_list("booking_id", flat=True))
        self.former: dict[int, list[Booking]] = {}  # by the booking that takes their place
        self.made: list[tuple[Booking, int | None]] = []  # and who confirmed it

    # --- judging ---

    def answer(self, one: Shown) -> Outcome:
        """The booking that this request gets, or why it gets none."""
        try:
            return told(self._confirm(one))
        except DomainError as refusal:
            return refusal

    def _confirm(self, one: Shown) -> Booking:
        person = self.people.get(one.registration)
        if person is None or person.state == RegistrationState.WITHDRAWN:
            raise AlreadyWithdrawn
        held = self._seen(one, BookingState.HELD)
        if held is None:
            return self._confirmed_before(one)
        refuse_untimely(person.sitting, self.at, by_office=one.by_office)
        self._refuse_lapsed(held)
        if one.room_session and (one.room_session, one.seat) != _spot(held):
            raise HoldChanged(seat=held.seat.label)
        self.former[held.pk] = [
            booking for booking in self.live[one.registration]
            if booking.state == BookingState.CONFIRMED and booking.paper_id == held.paper_id
        ]  # fmt: skip
        for booking in self.former[held.pk]:
            booking.state = BookingState.MOVED
        held.state, held.hold_until = BookingState.CONFIRMED, None
        self.made.append((held, one.by))
        return held

    def _seen(self, one: Shown, state: BookingState) -> Booking | None:
        """The seat on the page that was sent; else the newest in this state."""
        own = [booking for booking in self.live[one.registration] if booking.state == state]
        own.sort(key=lambda booking: (_spot(booking) == (one.room_session, one.seat), booking.pk))
        return own[-1] if own else None

    def _confirmed_before(self, one: Shown) -> Booking:
        confirmed = self._seen(one, BookingState.CONFIRMED)
        if confirmed is None:
            raise NothingHeld
        return confirmed

    def _refuse_lapsed(self, held: Booking) -> None:
        if held.is_live(self.at):
            return
        if held.pk in self.offered:
            raise OfferOver(until=held.hold_until)
        raise HoldExpired(seat=held.seat.label, until=held.hold_until)

    # --- writing ---

    def write(self) -> None:
        """Former seats end first, since nobody has two; then bookings, fees, letters, entries."""
        if not self.made:
            return
        moved = [booking.pk for former in self.former.values() for booking in former]
        if moved:
            end_bookings(Booking.objects.filter(pk__in=moved), BookingState.MOVED, self.at)
        made = [booking for booking, _by in self.made]
        Booking.objects.filter(pk__in=[booking.pk for booking in made]).update(
            state=BookingState.CONFIRMED, hold_until=None
        )
        self._end_waits(made)
        owe_fees({booking.registration_id: booking.registration for booking in made}, self.at)
        write(letter for booking in made for letter in self._letters(booking))
        record_many([self._said(booking, by) for booking, by in self.made], at=self.at)
        if moved:
            offer_after_commit(self.left, self.at)

    def _end_waits(self, made: Sequence[Booking]) -> None:
        """Whoever has confirmed a seat waits no longer for one of this paper."""
        open_offers = SeatOffer.objects.filter(
            booking__in=self.offered & {booking.pk for booking in made}, state=OfferState.OPEN
        )
        accepted = list(open_offers.values_list("entry_id", flat=True))
        if accepted:
            open_offers.update(state=OfferState.ACCEPTED, ended_at=self.at)
        papers = {(booking.registration_id, booking.paper_id) for booking in made}
        waits = WaitingEntry.objects.filter(
            registration__in={key for key, _paper in papers}, state__in=WAITS
        ).values_list("pk", "registration_id", "paper_id")
        over = [key for key, *paper in waits if tuple(paper) in papers]
        for state, keys in (
            (WaitState.ACCEPTED, set(over) & set(accepted)),
            (WaitState.SEATED, set(over) - set(accepted)),
        ):
            if keys:
                WaitingEntry.objects.filter(pk__in=keys).update(state=state, ended_at=self.at)

    def _letters(self, booking: Booking) -> list[Letter]:
        wording = "seat_moved" if self.former[booking.pk] else "seat_confirmed"
        facts = place_facts(booking)
        return letters_to(booking.registration, wording, key=str(booking.pk), at=self.at, **facts)

    def _said(self, booking: Booking, by: int | None) -> Said:
        before = ", ".join(former.seat.label for former in self.former[booking.pk])
        facts = {
            "seat": booking.seat.label, "room_session": booking.room_session_id, "before": before,
        }  # fmt: skip
        return Said("confirm_booking", f"{booking._meta.label_lower}:{booking.pk}", by, facts)


def _spot(booking: Booking) -> tuple[int, int]:
    return booking.room_session_id, booking.seat_id


def told(booking: Booking) -> Held:
    """A booking as the answer to a request."""
    return Held(
        booking.pk, booking.room_session_id, booking.seat_id, booking.seat.label, booking.state,
        booking.hold_until,
    )  # fmt: skip
