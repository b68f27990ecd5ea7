"""The waiting list: who waits for a place that comes back, and the offer that is made to him.

While people wait for a seat pool nobody else takes a place of it: a place that comes back is
offered to the first of them who can have it, as a hold that lasts hours. Offers are made in
transactions of their own, after the commit that gave a place back and again by the worker, so that
no one who gives a place back ever waits for the one who gets it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from centres.common.audit import record
from centres.models import Centre, Seat, User
from scheduling.actions.places import (
    PoolName,
    end_bookings,
    form_beside,
    lapsed_counts,
    lapsed_in,
    live_bookings,
    lock_pools,
    locked,
    pools_of,
)
from scheduling.booking_errors import NotWaiting, PlacesAreFree, WaitWrong
from scheduling.errors import BookingClosed
from scheduling.letters import tell_of_seat
from scheduling.models import (
    Booking,
    BookingState,
    ExamSession,
    Paper,
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
from scheduling.queries.seats import serves
from scheduling.queries.sittings import distance_km
from scheduling.queries.unable import can_sit

OFFER_FOR = timedelta(hours=12)
LEAST_OFFER = timedelta(minutes=30)  # no offers so close to the day that seats are frozen
FARTHEST = 1_000  # km


# --- joining and leaving -----------------------------------------------------------------------


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
    with transaction.atomic():
        registration = locked(registration)
        sitting = registration.sitting
        if at + LEAST_OFFER >= sitting.freezes_at:
            raise BookingClosed(until=sitting.freezes_at)
        pools = _pools_of_scope(registration, scope, centre, exam_session, within_km)
        paper = _paper_of(pools)
        _refuse_while_free(pools, at)
        asked = {"scope": scope, "centre": centre, "exam_session": exam_session,
                 "within_km": within_km}  # fmt: skip
        entry = _waiting_entry(registration, paper)
        if entry is None:
            entry = WaitingEntry.objects.create(
                registration=registration, sitting=sitting, paper=paper, joined_at=at, **asked
            )
        elif entry.state == WaitState.WAITING:
            for name, value in asked.items():
                setattr(entry, name, value)
            entry.save(update_fields=list(asked))
        _wait_for(entry, pools)
        facts = {"scope": scope, "centre": centre and centre.code,
                 "session": exam_session and exam_session.number, "km": within_km}  # fmt: skip
        record("join_waiting_list", target=entry, by=by, at=at, **facts)
    return entry


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


def _pools_of_scope(
    registration: Registration,
    scope: WaitScope,
    centre: Centre | None,
    session: ExamSession | None,
    within_km: int | None,
) -> list[SeatPool]:
    """The pools with places of the registration's kind in a scope. Raises WaitWrong."""
    pools = SeatPool.objects.filter(
        exam_session__sitting=registration.sitting_id,
        access_class=registration.access_class,
        capacity__gt=0,
    ).select_related("centre", "exam_session__paper")
    if scope == WaitScope.NEAR:
        if within_km is None or not 1 <= within_km <= FARTHEST:
            raise WaitWrong
        found = [pool for pool in pools if distance_km(registration, pool.centre) <= within_km]
    elif scope == WaitScope.SESSION and centre and session:
        found = list(pools.filter(centre=centre, exam_session=session))
    elif scope == WaitScope.CENTRE and centre:
        found = list(pools.filter(centre=centre))
    else:
        found = []
    if not found:
        raise WaitWrong
    return found


def _paper_of(pools: list[SeatPool]) -> Paper:
    """The one paper of these pools: whoever needs several waits for each by its exam session."""
    papers = {pool.exam_session.paper for pool in pools}
    if len(papers) > 1:
        raise WaitWrong
    return papers.pop()


def _refuse_while_free(pools: list[SeatPool], at: datetime) -> None:
    """Nobody waits where he could sit: a pool has room and nobody before him waits for it."""
    waited = waiting_pools(pool.pk for pool in pools)
    lapsed = lapsed_counts((pool.exam_session_id for pool in pools), at)
    for pool in pools:
        name = PoolName(pool.centre_id, pool.exam_session_id, pool.access_class)
        if pool.pk not in waited and pool.taken - lapsed[name] < pool.capacity:
            raise PlacesAreFree


def _waiting_entry(registration: Registration, paper: Paper) -> WaitingEntry | None:
    return registration.waiting_entries.filter(paper=paper, state__in=WAITS).first()


def _wait_for(entry: WaitingEntry, pools: list[SeatPool]) -> None:
    entry.waited_pools.all().delete()
    WaitedPool.objects.bulk_create(WaitedPool(entry=entry, pool=pool) for pool in pools)


# --- offering ----------------------------------------------------------------------------------


def offer_after_commit(names: Iterable[PoolName], at: datetime) -> None:
    """Once this transaction is durable, offer what it gave back to those who wait for it.

    Should the process end in between, the worker's next round does it; nobody else gets the place.
    """
    waited = [name for name in names if _next_in_line(name, [])]
    if waited:
        transaction.on_commit(partial(_offer_all, waited, at), robust=True)


def waiting_pools(pools: Iterable[int]) -> set[int]:
    """Those of some pools that somebody waits for."""
    waiting = WaitedPool.objects.filter(pool=OuterRef("pk"), entry__state=WaitState.WAITING)
    found = SeatPool.objects.filter(Exists(waiting), pk__in=list(pools))
    return set(found.values_list("pk", flat=True))


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
