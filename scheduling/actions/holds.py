"""Holding seats: the rule, for one request or for all that arrived while the last commit ran.

Requests of a group are judged one after another, each against what those before it left, exactly as
if they had come alone; only reading, writing and the commit are shared. What one is refused changes
nothing for the others.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from centres.common.audit import Said, record_many
from centres.common.bulk import insert_rows, reserve_ids
from centres.common.errors import DomainError, NotYours
from scheduling.actions.ground import (
    HOLD_LIMIT,
    REST,
    Asked,
    Chain,
    Chair,
    Ground,
    Held,
    Person,
    Place,
    Row,
    live_rows,
    read_ground,
)
from scheduling.actions.places import close_offers
from scheduling.actions.waiting import offer_after_commit
from scheduling.booking_errors import (
    ExtraTimeRunsOver,
    HoldUsedUp,
    JoinTheQueue,
    NotYourPaper,
    NotYourTurn,
    OfferOpen,
    OverlapsAnother,
    QueuePaused,
    SeatGoesToTheList,
    SessionRefused,
)
from scheduling.errors import (
    AlreadyBooked,
    AlreadyWithdrawn,
    BookingClosed,
    BookingNotOpen,
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
    OfferState,
    QueuePlace,
    RegistrationState,
    SeatPool,
    Sitting,
    SittingMode,
)
from scheduling.models.booking import LIVE
from scheduling.models.sitting import TURNOVER
from scheduling.queries.pools import PoolName, lapsed_in
from scheduling.queries.queue import queue_standing

HOLD_FOR = timedelta(minutes=10)

Outcome = Held | DomainError


def hold_seats(asked: Sequence[Asked], *, at: datetime) -> list[Outcome]:
    """Hold a seat for each request, in their order; one transaction, one commit.

    The answer to a request is a hold, or the error that `hold_seat` raises.
    """
    with transaction.atomic():
        group = _Group(read_ground(asked, at), len(asked))
        outcomes = [group.answer(one) for one in asked]
        group.write()
    return outcomes


def refused_by_database(error: IntegrityError, label: str) -> DomainError:
    """What a constraint says to the one who lost the race for it."""
    return OverlapsAnother() if "one_place_at_a_time" in str(error) else SeatTaken(seat=label)


def refuse_untimely(sitting: Sitting, at: datetime, *, by_office: bool) -> None:
    """Raise BookingClosed, SeatsNotGivenYet or BookingNotOpen outside the time to choose seats."""
    if sitting.is_frozen(at) and not by_office:
        raise BookingClosed(until=sitting.freezes_at)
    if sitting.mode == SittingMode.WISHES and sitting.allocation_id is None:
        raise SeatsNotGivenYet
    if sitting.mode == SittingMode.FIRST_COME and at < sitting.opens_at:
        raise BookingNotOpen(opens=sitting.opens_at)


class _Group:
    """The requests of one transaction: what they are judged against, and what they change."""

    def __init__(self, ground: Ground, size: int) -> None:
        self.ground, self.at, self.size = ground, ground.at, size
        self.numbers: list[int] = []
        self.made: list[Row] = []
        self.by_key: dict[object, Row] = {}
        self.change: Counter[PoolName] = Counter()
        self.swept: set[PoolName] = set()  # pools whose lapsed holds have been ended

    # --- judging ---

    def answer(self, one: Asked) -> Outcome:
        """The hold that this request gets, or why it gets none."""
        try:
            return self._hold(one).told()
        except _Answered as known:
            return known.held
        except DomainError as refusal:
            return refusal

    def _hold(self, one: Asked) -> Row:
        person = self._person(one)
        self._answer_again(one)
        refuse_untimely(self.ground.sittings[person.sitting], self.at, by_office=one.by_office)
        place, chair = self._fitting(one, person)
        theirs = [row for row in self.ground.of_person.get(person.candidate, []) if row.is_live]
        self._refuse_out_of_turn(one, person, theirs)
        own = [r for r in theirs if (r.registration, r.paper) == (one.registration, place.paper)]
        pool = PoolName(place.centre, place.exam_session, person.access_class)
        if held := self._held_already(one, own):
            self._end(held, BookingState.CANCELLED)
            return self._make(one, person, place, pool, as_held=held)
        self._refuse_two_places(theirs, own, place)
        limit = self._limit(one, place.paper)
        self._make_free(one, chair, pool, own)
        for row in theirs:
            if row.is_lapsed(self.at):  # of another paper or sitting
                self._end(row, BookingState.LAPSED)
        return self._make(one, person, place, pool, limit=limit)

    def _person(self, one: Asked) -> Person:
        person = self.ground.people.get(one.registration)
        if person is None or person.state == RegistrationState.WITHDRAWN:
            raise AlreadyWithdrawn
        return person

    def _answer_again(self, one: Asked) -> None:
        """The same key gets the same answer; with another request behind it, none."""
        made = self.by_key.get(one.key)
        before = self.ground.answered.get(one.key)
        if made is not None and made.asked is not None:
            before = made.registration, made.told()
        if before is None:
            return
        registration, held = before
        if (registration, held.room_session, held.seat) != one[:3]:
            raise RetryKeyReused
        raise _Answered(held)

    def _fitting(self, one: Asked, person: Person) -> tuple[Place, Chair]:
        place = self.ground.places.get(one.room_session)
        chair = self.ground.chairs.get(one.seat)
        if place is None or chair is None or place.sitting != person.sitting:
            raise NotYours
        if chair.room != place.room or one.seat not in self.ground.fitting[person.access_class]:
            raise SeatNotForYou(seat=chair.label)
        self._refuse_unable(one, person, place)
        return place, chair

    def _refuse_unable(self, one: Asked, person: Person, place: Place) -> None:
        """What a plan would not give him he does not take by himself either."""
        if (one.registration, place.exam_session) in self.ground.refused:
            raise SessionRefused
        if place.paper not in self.ground.papers.get(one.registration, {place.paper}):
            raise NotYourPaper
        needed = timedelta(minutes=person.extra_minutes + TURNOVER)
        if person.extra_minutes and needed > self.ground.spare[one.room_session]:
            raise ExtraTimeRunsOver(minutes=person.extra_minutes)

    def _refuse_out_of_turn(self, one: Asked, person: Person, theirs: Sequence[Row]) -> None:
        """Whoever has a seat of the sitting came through the line before."""
        gate = self.ground.gates.get(person.sitting)
        seated = (
            row.registration == one.registration and row.state == BookingState.CONFIRMED
            for row in theirs
        )
        if gate is None or any(seated):
            return
        order = self.ground.orders.get(one.registration)
        if order is None:
            raise JoinTheQueue
        if gate.through is None or order <= gate.through:
            return
        place = QueuePlace(sitting_id=person.sitting, order=order)
        turn = queue_standing(place, self.at).turn_at
        raise NotYourTurn(turn=turn) if turn else QueuePaused()

    def _held_already(self, one: Asked, own: Sequence[Row]) -> Row | None:
        """The hold of his on this seat. Raises AlreadyBooked, and OfferOpen for an offer.

        It becomes the answer to the new key, and stays held as long as it was, and no longer.
        """
        for row in own:
            if (row.room_session, row.seat) == (one.room_session, one.seat):
                if row.state == BookingState.CONFIRMED:
                    raise AlreadyBooked
                if not row.is_lapsed(self.at):
                    self._refuse_open_offer(row)
                    return row
        return None

    def _refuse_open_offer(self, row: Row) -> None:
        if row.offer == OfferState.OPEN:
            raise OfferOpen(until=row.hold_until)

    def _refuse_two_places(self, theirs: Sequence[Row], own: Sequence[Row], place: Place) -> None:
        """Nobody sits in two rooms at a time; an open offer is answered before another hold."""
        for row in theirs:
            if row.is_lapsed(self.at):
                continue
            if row in own:
                self._refuse_open_offer(row)
            elif row.starts_at < place.ends_at and place.starts_at < row.ends_at:
                raise OverlapsAnother

    def _limit(self, one: Asked, paper: int) -> datetime:
        """The last moment of a hold made now: half an hour, counted on from holds just before, and
        no longer than it can be confirmed."""
        if one.by_office:
            return self.at + HOLD_LIMIT
        chain = self.ground.chains.get((one.registration, paper))
        if chain is None:
            sitting = self.ground.sittings[self.ground.people[one.registration].sitting]
            return min(self.at + HOLD_LIMIT, sitting.freezes_at)
        if chain.limit <= self.at:
            raise HoldUsedUp(again=chain.ended + REST)
        return chain.limit

    def _make_free(self, one: Asked, chair: Chair, pool: PoolName, own: Sequence[Row]) -> None:
        """Make the seat and a place of its pool free for this request, or refuse."""
        there = self.ground.on_seat.get((one.room_session, one.seat))
        going = {row for row in own if row.state == BookingState.HELD}
        if there is not None and there.is_live:
            if not there.is_lapsed(self.at):
                raise SeatTaken(seat=chair.label)
            going.add(there)
        if pool in self.ground.waited and not self._is_frozen(one):
            raise SeatGoesToTheList
        if not self._has_room(pool, going):
            raise PoolFull
        for row in going:
            lapsed = row.is_lapsed(self.at)
            self._end(row, BookingState.LAPSED if lapsed else BookingState.CANCELLED)

    def _is_frozen(self, one: Asked) -> bool:
        """Whether the waiting list of this sitting has ended."""
        return self.ground.sittings[self.ground.people[one.registration].sitting].is_frozen(self.at)

    def _has_room(self, name: PoolName, going: Collection[Row]) -> bool:
        """Whether a place is left once `going` are given back; lapsed holds make room too."""
        pool = self.ground.pools.get(name)
        if pool is None:
            return False

        def is_room() -> bool:
            freed = sum(row.pool == name and row.is_live for row in going)
            return pool.taken + self.change[name] - freed < pool.capacity

        if not is_room() and name not in self.swept:
            self.swept.add(name)
            for found in live_rows(Q(pk__in=lapsed_in(name, self.at).values("pk"))):
                self._end(self.ground.rows.setdefault(found.pk, found), BookingState.LAPSED)
        return is_room()

    def _end(self, row: Row, state: BookingState) -> None:
        if row.is_live:
            row.state = state
            self.change[row.pool] -= 1

    def _make(
        self,
        one: Asked,
        person: Person,
        place: Place,
        pool: PoolName,
        *,
        limit: datetime | None = None,
        as_held: Row | None = None,
    ) -> Row:
        """A new hold up to a limit, or one that goes on as another was held."""
        limit = limit or (as_held and as_held.hold_limit) or self.at
        until = min(self.at + HOLD_FOR, limit)
        if as_held is not None and as_held.hold_until is not None:
            until = as_held.hold_until
        row = Row(
            self._number(), person.candidate, one.registration, place.paper, one.room_session,
            one.seat, self.ground.chairs[one.seat].label, BookingState.HELD, until, limit, pool,
            place.starts_at, place.ends_at, asked=one,
            extended_at=as_held.extended_at if as_held else None,
        )  # fmt: skip
        self.made.append(row)
        self.by_key[one.key] = row
        self.change[pool] += 1
        self.ground.on_seat[one.room_session, one.seat] = row
        self.ground.of_person.setdefault(person.candidate, []).append(row)
        self.ground.chains[one.registration, place.paper] = Chain(limit, until)
        return row

    def _number(self) -> int:
        if not self.numbers:
            self.numbers = reserve_ids(Booking, self.size)[::-1]
        return self.numbers.pop()

    # --- writing ---

    def write(self) -> None:
        """Everything the group changed: ends first, then counters, holds and their entries."""
        ended = [row for row in self.ground.rows.values() if not row.is_live]
        for state in sorted({row.state for row in ended}):
            keys = [row.pk for row in ended if row.state == state]
            Booking.objects.filter(pk__in=keys).update(state=state, ended_at=self.at)
            close_offers(keys, BookingState(state), self.at)
        self._count()
        self._insert()
        record_many([_said(row.asked, row) for row in self.made if row.asked], at=self.at)
        offer_after_commit({row.pool for row in ended}, self.at)

    def _count(self) -> None:
        """One statement for all pools that change by the same number: mostly by one."""
        alike: dict[int, list[int]] = defaultdict(list)
        for name, change in self.change.items():
            alike[change].append(self.ground.pools[name].pk)
        for change, pools in alike.items():
            if change:
                SeatPool.objects.filter(pk__in=pools).update(taken=F("taken") + change)

    def _insert(self) -> None:
        fields = ("id", "registration", "paper", "room_session", "seat", "access_class",
                  "exam_form", "state", "hold_until", "hold_limit", "key", "made_at",
                  "ended_at", "extended_at")  # fmt: skip
        rows = [
            (row.pk, row.registration, row.paper, row.room_session, row.seat,
             row.pool.access_class, form, str(row.state), row.hold_until, row.hold_limit,
             row.asked.key.hex, self.at, None if row.is_live else self.at, row.extended_at)
            for row, form in zip(self.made, self._forms(), strict=True) if row.asked
        ]  # fmt: skip
        if rows:
            insert_rows(Booking, fields, rows)

    def _forms(self) -> list[int | None]:
        """For each hold the exam form that the fewest neighbours have, so that none can copy."""
        forms: dict[int, list[int]] = defaultdict(list)
        papers = {row.paper for row in self.made}
        listed = ExamForm.objects.filter(paper__in=papers).order_by("code")
        for paper, form in listed.values_list("paper_id", "pk"):
            forms[paper].append(form)
        beside = self._forms_about()
        chosen: list[int | None] = []
        for row in self.made:
            chair = self.ground.chairs[row.seat]
            there = beside[row.room_session]
            near = [there.get((chair.x + dx, chair.y + dy)) for dx, dy in _NEIGHBOURS]
            chosen.append(min(forms[row.paper], key=near.count, default=None))
            if row.is_live:
                there[chair.x, chair.y] = chosen[-1]
        return chosen

    def _forms_about(self) -> dict[int, dict[tuple[int, int], int | None]]:
        """Exam forms by place in the rooms where holds were made."""
        about: dict[int, dict[tuple[int, int], int | None]] = defaultdict(dict)
        rooms = {row.room_session for row in self.made}
        live = Booking.objects.filter(room_session__in=rooms, state__in=LIVE)
        fields = ("room_session_id", "seat__x", "seat__y", "exam_form_id")
        for room, x, y, form in live.values_list(*fields):
            about[room][x, y] = form
        return about


_NEIGHBOURS = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0)]


class _Answered(Exception):
    """This request was answered before."""

    def __init__(self, held: Held) -> None:
        super().__init__()
        self.held = held


def _said(asked: Asked, row: Row) -> Said:
    facts = {"seat": row.label, "room_session": row.room_session}
    return Said("hold_seat", f"scheduling.booking:{row.pk}", asked.by, facts)
