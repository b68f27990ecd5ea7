"""The waiting list: who waits for a place that comes back, and the offer that is made to him.

While people wait for a seat pool nobody else takes a place of it: a place that comes back is
offered to the first of them who can have it, as a hold that lasts hours. Offers are made in
transactions of their own, after the commit that gave a place back and again by the worker, so that
no one who gives a place back ever waits for the one who gets it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from centres.common.audit import Said, record, record_many
from centres.common.bulk import insert_rows, reserve_ids
from centres.common.errors import DomainError
from centres.models import Centre, Seat, User
from scheduling.actions.places import (
    end_bookings,
    form_beside,
    live_bookings,
    lock_pools,
    locked,
    locked_people,
)
from scheduling.booking_errors import NotWaiting, PlacesAreFree, WaitWrong
from scheduling.errors import AlreadyWithdrawn, BookingClosed
from scheduling.letters import tell_of_seat
from scheduling.models import (
    Booking,
    BookingState,
    ExamSession,
    Registration,
    RegistrationState,
    RoomSession,
    SeatOffer,
    SeatPool,
    Sitting,
    WaitedPool,
    WaitingEntry,
    WaitScope,
    WaitState,
)
from scheduling.models.booking import LIVE
from scheduling.models.waiting import WAITS
from scheduling.queries.pools import (
    PoolName,
    lapsed_counts,
    lapsed_in,
    pools_of,
    waiting_pools,
)
from scheduling.queries.seats import serves
from scheduling.queries.sittings import distance_km
from scheduling.queries.unable import can_sit

OFFER_FOR = timedelta(hours=12)
LEAST_OFFER = timedelta(minutes=30)  # no offers so close to the day that seats are frozen
FARTHEST = 1_000  # km


# --- joining and leaving -----------------------------------------------------------------------


class Wanted(NamedTuple):
    """One request: who wants to wait for what. Keys, 0 for none; `by` is the user who asks."""

    registration: int
    scope: str
    centre: int
    exam_session: int
    within_km: int
    by: int | None


def join_list(wanted: Sequence[Wanted], *, at: datetime) -> list[WaitingEntry | DomainError]:
    """Put people on the list, in their order; one transaction, one commit.

    The answer to each is his place, or the error that `join_waiting_list` raises.
    """
    with transaction.atomic():
        group = _Joining({one.registration for one in wanted}, len(wanted), at)
        outcomes = [group.answer(one) for one in wanted]
        group.write()
    return outcomes


def join_waiting_list(
    *,
    registration: Registration,
    scope: WaitScope,
    centre: Centre | None = None,
    exam_session: ExamSession | None = None,
    within_km: int | None = None,
    by: User | None,
    at: datetime,
) -> WaitingEntry:
    """Wait for a place: of an exam session at a centre, of a centre, or of all within some km.

    Whoever waits already keeps his turn and waits for the new scope. Raises AlreadyWithdrawn,
    BookingClosed, WaitWrong, and PlacesAreFree while there is a place without waiting.
    """
    wanted = Wanted(
        registration.pk, scope, centre.pk if centre else 0,
        exam_session.pk if exam_session else 0, within_km or 0, by.pk if by else None,
    )  # fmt: skip
    outcome = join_list([wanted], at=at)[0]
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


class _Joining:
    """The requests of one transaction: what they are judged against, and what they change."""

    def __init__(self, registrations: set[int], size: int, at: datetime) -> None:
        self.at = at
        self.people = locked_people(registrations)
        sittings = {person.sitting_id for person in self.people.values()}
        pools = SeatPool.objects.filter(exam_session__sitting__in=sittings, capacity__gt=0)
        self.pools = list(pools.select_related("centre", "exam_session").order_by("pk"))
        self.waited = waiting_pools(pool.pk for pool in self.pools)
        self.lapsed = lapsed_counts((pool.exam_session_id for pool in self.pools), at)
        entries = WaitingEntry.objects.filter(registration__in=registrations, state__in=WAITS)
        self.entries = {(entry.registration_id, entry.paper_id): entry for entry in entries}
        self.new: list[WaitingEntry] = []
        self.changed: dict[WaitingEntry, list[SeatPool]] = {}
        self.said: list[Said] = []
        self.numbers = reserve_ids(WaitingEntry, size)[::-1]

    def answer(self, one: Wanted) -> WaitingEntry | DomainError:
        """The place that this request gets, or why it gets none."""
        try:
            return self._join(one)
        except DomainError as refusal:
            return refusal

    def _join(self, one: Wanted) -> WaitingEntry:
        person = self.people.get(one.registration)
        if person is None or person.state == RegistrationState.WITHDRAWN:
            raise AlreadyWithdrawn
        if self.at + LEAST_OFFER >= person.sitting.freezes_at:
            raise BookingClosed(until=person.sitting.freezes_at)
        pools = self._pools_of_scope(person, one)
        self._refuse_while_free(pools)
        entry = self._entry(person, one, pools)
        self.changed[entry] = pools
        self.waited |= {pool.pk for pool in pools}
        session = pools[0].exam_session.number if one.scope == WaitScope.SESSION else None
        facts = {
            "scope": one.scope, "session": session, "km": entry.within_km,
            "centre": pools[0].centre.code if entry.centre_id else None,
        }  # fmt: skip
        target = f"{entry._meta.label_lower}:{entry.pk}"
        self.said.append(Said("join_waiting_list", target, one.by, facts))
        return entry

    def _pools_of_scope(self, person: Registration, one: Wanted) -> list[SeatPool]:
        """The pools of the person's kind in a scope, all of one paper: whoever needs several
        papers waits for each by its exam session. Raises WaitWrong."""
        centres = self._centres_of_scope(person, one)
        found = [
            pool for pool in self.pools
            if pool.exam_session.sitting_id == person.sitting_id
            and pool.access_class == person.access_class and pool.centre_id in centres
            and (one.scope != WaitScope.SESSION or pool.exam_session_id == one.exam_session)
        ]  # fmt: skip
        if len({pool.exam_session.paper_id for pool in found}) != 1:
            raise WaitWrong
        return found

    def _centres_of_scope(self, person: Registration, one: Wanted) -> set[int]:
        if one.scope != WaitScope.NEAR:
            return {one.centre} if one.scope in WaitScope.values else set()
        if not 1 <= one.within_km <= FARTHEST:
            return set()
        there = {pool.centre_id: pool.centre for pool in self.pools}
        near = (c for c in there.values() if distance_km(person, c) <= one.within_km)
        return {centre.pk for centre in near}

    def _refuse_while_free(self, pools: list[SeatPool]) -> None:
        """Nobody waits where he could sit: a pool has room and nobody before him waits for it."""
        for pool in pools:
            name = PoolName(pool.centre_id, pool.exam_session_id, pool.access_class)
            if pool.pk not in self.waited and pool.taken - self.lapsed[name] < pool.capacity:
                raise PlacesAreFree

    def _entry(self, person: Registration, one: Wanted, pools: list[SeatPool]) -> WaitingEntry:
        """His place on the list, as it will be; an open offer is left as it is."""
        paper = pools[0].exam_session.paper_id
        entry = self.entries.get((person.pk, paper))
        if entry is None:
            entry = WaitingEntry(
                pk=self.numbers.pop(), registration=person, sitting=person.sitting,
                paper_id=paper, state=WaitState.WAITING, joined_at=self.at,
            )  # fmt: skip
            self.entries[person.pk, paper] = entry
            self.new.append(entry)
        if entry.state == WaitState.WAITING:
            is_near, is_session = one.scope == WaitScope.NEAR, one.scope == WaitScope.SESSION
            entry.scope = one.scope
            entry.centre_id = None if is_near else one.centre
            entry.exam_session_id = one.exam_session if is_session else None
            entry.within_km = one.within_km if is_near else None
        return entry

    def write(self) -> None:
        """Places first, then the pools each waits for, then the entries of the audit trail."""
        new = {entry.pk for entry in self.new}
        WaitingEntry.objects.bulk_create(self.new)
        for entry in self.changed:
            if entry.pk not in new:
                entry.waited_pools.all().delete()
                entry.save(update_fields=["scope", "centre", "exam_session", "within_km"])
        rows = [(entry.pk, pool.pk) for entry, pools in self.changed.items() for pool in pools]
        insert_rows(WaitedPool, ("entry", "pool"), rows)
        record_many(self.said, at=self.at)


def leave_waiting_list(*, registration: Registration, by: User | None, at: datetime) -> None:
    """Wait no longer; an open offer is declined with it. Raises NotWaiting."""
    with transaction.atomic():
        registration = locked(registration)
        entry = registration.waiting_entries.filter(state__in=WAITS).first()
        if entry is None:
            raise NotWaiting
        offered = live_bookings(registration).filter(offer__entry=entry, offer__state="open")
        pools = pools_of(offered)
        lock_pools(pools)
        end_bookings(offered, BookingState.CANCELLED, at)
        WaitingEntry.objects.filter(pk=entry.pk).update(state=WaitState.LEFT, ended_at=at)
        record("leave_waiting_list", target=entry, by=by, at=at)
        offer_after_commit(pools, at)


# --- offering ----------------------------------------------------------------------------------


def offer_after_commit(names: Iterable[PoolName], at: datetime) -> None:
    """Once this transaction is durable, offer what it gave back to those who wait for it.

    Should the process end in between, the worker's next round does it; nobody else gets the place.
    """
    waited = [name for name in names if _next_in_line(name, [])]
    if waited:
        transaction.on_commit(partial(_offer_all, waited, at), robust=True)


def _offer_all(names: Iterable[PoolName], at: datetime) -> None:
    for name in names:
        offer_places(name, at)


def tend_waiting_list(*, sitting: Sitting, at: datetime) -> int:
    """End offers and holds that nobody answered, where people wait, and offer all free places.

    Returns how many offers it made. It may run at any moment, any number of times.
    """
    pools = SeatPool.objects.filter(
        exam_session__sitting=sitting,
        waited_by__entry__state__in=WAITS,
    ).distinct()
    names = [PoolName(pool.centre_id, pool.exam_session_id, pool.access_class) for pool in pools]
    return sum(offer_places(name, at) for name in sorted(names))


def offer_places(name: PoolName, at: datetime) -> int:
    """Offer the free places of one pool, one by one, to those who wait for it; how many."""
    _end_lapsed(name, at)
    passed: list[int] = []  # cannot have it at this moment; they keep their turn
    offered = 0
    while (entry := _next_in_line(name, passed)) is not None:
        made = _offer(entry, name, at)
        if made is None:
            break
        offered += made
        if not made:
            passed.append(entry.pk)
    return offered


def _end_lapsed(name: PoolName, at: datetime) -> None:
    with transaction.atomic():
        lock_pools([name])
        lapsed = lapsed_in(name, at)
        if lapsed.exists():
            for booking in lapsed.filter(offer__isnull=False):
                tell_of_seat(booking, "offer_ended", at=at)
            record("end_lapsed", target=_label(name), by=None, at=at, holds=lapsed.count())
            end_bookings(lapsed, BookingState.LAPSED, at)


def _label(name: PoolName) -> str:
    return f"scheduling.seatpool:{name.centre}/{name.exam_session}/{name.access_class}"


def _next_in_line(name: PoolName, passed: list[int]) -> WaitingEntry | None:
    waited = WaitedPool.objects.filter(
        pool__centre=name.centre,
        pool__exam_session=name.exam_session,
        pool__access_class=name.access_class,
    )
    waiting = WaitingEntry.objects.filter(
        pk__in=waited.values("entry"), state=WaitState.WAITING
    ).exclude(pk__in=passed)
    return waiting.order_by("pk").first()


def _offer(entry: WaitingEntry, name: PoolName, at: datetime) -> bool | None:
    """Whether a place was offered to this entry; None when there is no place to offer."""
    with transaction.atomic():
        rows = Registration.objects.select_for_update(of=("self",)).select_related("sitting")
        registration = rows.get(pk=entry.registration_id)
        entry = WaitingEntry.objects.get(pk=entry.pk)
        until = min(at + OFFER_FOR, registration.sitting.freezes_at)
        if entry.state != WaitState.WAITING or not _can_have(registration, entry, name, at):
            return False
        pool = next(iter(lock_pools([name])))
        place = _free_place(name)
        if until < at + LEAST_OFFER or pool.taken >= pool.capacity or place is None:
            return None
        booking = _hold_for(registration, entry, name, *place, at=at, until=until)
        SeatOffer.objects.create(entry=entry, booking=booking, made_at=at, until=until)
        WaitingEntry.objects.filter(pk=entry.pk).update(state=WaitState.OFFERED)
        SeatPool.objects.filter(pk=pool.pk).update(taken=F("taken") + 1)
        facts = {"seat": booking.seat.label, "room_session": place[0].pk, "until": until}
        tell_of_seat(booking, "seat_offered", at=at, everywhere=True, until=until.isoformat())
        record("offer_seat", target=entry, by=None, at=at, **facts)
    return True


def _can_have(
    registration: Registration, entry: WaitingEntry, name: PoolName, at: datetime
) -> bool:
    """Not while he holds another seat of the paper, or sits elsewhere then, or cannot come."""
    if registration.state == RegistrationState.WITHDRAWN:
        return False
    session = ExamSession.objects.get(pk=name.exam_session)
    if not can_sit(registration, session, name.centre):
        return False
    others = Booking.objects.filter(
        registration__candidate=registration.candidate_id, state__in=LIVE
    )
    end_bookings(
        others.filter(registration=registration, state="held", hold_until__lte=at),
        BookingState.LAPSED, at,
    )  # fmt: skip
    here = Q(registration=registration, paper=entry.paper_id)
    elsewhere = others.exclude(here).filter(
        room_session__exam_session__starts_at__lt=session.ends_at,
        room_session__exam_session__ends_at__gt=session.starts_at,
    )
    return not others.filter(here, state="held").exists() and not elsewhere.exists()


def _free_place(name: PoolName) -> tuple[RoomSession, Seat] | None:
    """A free seat of a pool, from the front of its first room."""
    rooms = RoomSession.objects.filter(
        exam_session=name.exam_session, room__building__centre=name.centre, room__is_open=True
    ).select_related("room__building", "exam_session__paper")
    by_room = {room.room_id: room for room in rooms}
    taken = Booking.objects.filter(
        room_session__in=by_room.values(), state__in=LIVE, seat=OuterRef("pk")
    )
    free = Seat.objects.filter(serves(name.access_class), room__in=by_room).filter(~Exists(taken))
    seat = free.order_by("room__building__code", "room__code", "y", "x").first()
    return (by_room[seat.room_id], seat) if seat else None


def _hold_for(
    registration: Registration, entry: WaitingEntry, name: PoolName, room_session: RoomSession,
    seat: Seat, *, at: datetime, until: datetime,
) -> Booking:  # fmt: skip
    return Booking.objects.create(
        registration=registration,
        paper_id=entry.paper_id,
        room_session=room_session,
        seat=seat,
        access_class=name.access_class,
        exam_form=form_beside(room_session, seat),
        state=BookingState.HELD,
        hold_until=until,
        hold_limit=until,
        made_at=at,
    )
