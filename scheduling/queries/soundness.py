"""Whether bookings are as they must be, counted from the rows and believing no counter."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

from django.db.models import Count, QuerySet

from scheduling.models import Booking, BookingState, SeatOffer, SeatPool, WaitingEntry
from scheduling.models.booking import LIVE


@dataclass(frozen=True)
class Unsound:
    """One thing that must not be: its kind, and where. Nothing about who."""

    kind: str
    where: str


@dataclass(frozen=True)
class Soundness:
    """How many live bookings were looked at, and what is wrong with them."""

    bookings: int
    faults: tuple[Unsound, ...]


def soundness() -> Soundness:
    """Recount every pool, seat, person and offer.

    Kinds: seat_twice, person_twice, two_places, over_capacity, counter, offer_without_hold.
    """
    live = Booking.objects.filter(state__in=LIVE)
    faults = [*_twice(live), *_two_places(), *_counters(), *_offers()]
    return Soundness(live.count(), tuple(faults))


def _twice(live: QuerySet[Booking]) -> Iterable[Unsound]:
    seats = live.values("room_session", "seat").annotate(n=Count("pk")).filter(n__gt=1).order_by()
    yield from (Unsound("seat_twice", f"{s['room_session']}/{s['seat']}") for s in seats)
    confirmed = live.filter(state=BookingState.CONFIRMED)
    people = confirmed.values("registration__candidate", "paper", "registration").order_by()
    twice = people.annotate(n=Count("pk")).filter(n__gt=1)
    yield from (Unsound("person_twice", f"{p['registration']}/{p['paper']}") for p in twice)


def _two_places() -> Iterable[Unsound]:
    """People with live bookings of different papers or sittings at overlapping times."""
    several = (
        Booking.objects.filter(state__in=LIVE)
        .values("registration__candidate")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .order_by()
    )
    people = several.values("registration__candidate")
    rows = Booking.objects.filter(state__in=LIVE, registration__candidate__in=people).values_list(
        "registration__candidate", "registration", "paper",
        "room_session__exam_session__starts_at", "room_session__exam_session__ends_at",
    )  # fmt: skip
    by_person: dict[int, list[_Spell]] = defaultdict(list)
    for row in rows:
        by_person[row[0]].append(_Spell(*row[1:]))
    for spells in by_person.values():
        for one, other in combinations(spells, 2):
            if one[:2] != other[:2] and one.starts < other.ends and other.starts < one.ends:
                yield Unsound("two_places", f"{one.registration}/{other.registration}")


class _Spell(NamedTuple):
    registration: int
    paper: int
    starts: datetime
    ends: datetime


def _counters() -> Iterable[Unsound]:
    counted = Counter(
        Booking.objects.filter(state__in=LIVE).values_list(
            "room_session__room__building__centre", "room_session__exam_session", "access_class"
        )
    )
    for pool in SeatPool.objects.all():
        people = counted.pop((pool.centre_id, pool.exam_session_id, pool.access_class), 0)
        if people != pool.taken:
            yield Unsound("counter", f"{pool}: {pool.taken} / {people}")
        if people > pool.capacity:
            yield Unsound("over_capacity", f"{pool}: {people} / {pool.capacity}")
    for name in counted:
        yield Unsound("counter", "/".join(map(str, name)))


def _offers() -> Iterable[Unsound]:
    loose = SeatOffer.objects.filter(state="open").exclude(booking__state=BookingState.HELD)
    yield from (Unsound("offer_without_hold", str(offer.pk)) for offer in loose)
    open_ = SeatOffer.objects.filter(state="open")
    alone = WaitingEntry.objects.filter(state="offered").exclude(pk__in=open_.values("entry"))
    yield from (Unsound("offer_without_hold", f"entry {entry.pk}") for entry in alone)
