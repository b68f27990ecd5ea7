"""The exam day's ledgers: writing, verifying, replaying and telling, beside the textbook way."""

import asyncio
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from channels.layers import InMemoryChannelLayer
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases

from centres.models import Room, Seat
from proctoring.hub import Hub, Mailbox
from proctoring.live.chain import canonical, link
from proctoring.live.events import CHIEF, Fact
from proctoring.live.room import replay
from proctoring.models import RoomEvent, RoomHead
from proctoring.queries.ledger import current_room, events_until, forget
from proctoring.queries.verification import verify_ledgers
from proctoring.store import append_many
from proctoring.store.rebuild import rebuild
from proctoring.writer import GROUP as WRITTEN_TOGETHER
from scheduling.models import Booking, BookingState, Candidate, Registration, RoomSession
from tests.benchmarks import Row, seconds
from tests.proctoring.conftest import START, Day, make_day

ROOMS, PEOPLE, LISTENERS, GROUP = 150, 30, 4_000, 1_000
MINUTE = 60_000
People = dict[int, list[int]]


def rows() -> Iterator[Row]:
    with empty_database():
        people = people_of(make_day(), ROOMS, PEOPLE)
        yield from _writing(people)
        yield from _days(people)
        yield from _reading(people)
    yield asyncio.run(_telling())
    yield asyncio.run(_beside_the_textbook())


@contextmanager
def empty_database() -> Iterator[None]:
    made = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
    try:
        yield
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)


def people_of(day: Day, count: int, each: int) -> People:
    """So many room sessions of so many people each, by room session."""
    session, building = day.exam_session, day.centres[0].buildings.get()
    rooms = Room.objects.bulk_create(Room(building=building, code=f"R{n}") for n in range(count))
    watched = RoomSession.objects.bulk_create(
        RoomSession(room=room, exam_session=session) for room in rooms
    )
    seats = Seat.objects.bulk_create(
        Seat(room=room, label=f"{'ABCDE'[n % 5]}{n // 5 + 1}", x=n % 5, y=n // 5)
        for room in rooms for n in range(each)
    )  # fmt: skip
    plain = {"identity_kind": "passport", "identity_sealed": b"", "prefix": "", "sort_key": ""}
    candidates = Candidate.objects.bulk_create(
        Candidate(identity_hash=(2**60 + n).to_bytes(32, "big"), given_name_th="x", **plain)
        for n in range(count * each)
    )
    home = {"home_province": "50", "home_latitude": 18.8, "home_longitude": 99.0}
    registrations = Registration.objects.bulk_create(
        Registration(
            candidate=candidate, sitting=session.sitting, number=f"{7 * 10**9 + n}",
            registered_at=session.starts_at, **home,
        )
        for n, candidate in enumerate(candidates)
    )  # fmt: skip
    bookings = Booking.objects.bulk_create(
        Booking(
            registration=registrations[n], paper=session.paper, room_session=watched[n // each],
            seat=seats[n], access_class="standard", state=BookingState.CONFIRMED,
            made_at=session.starts_at,
        )
        for n in range(count * each)
    )  # fmt: skip
    people: People = {room.pk: [] for room in watched}
    for booking in bookings:
        people[booking.room_session_id].append(booking.pk)
    return people


def _fact(room: int, kind: str, at: int, **body: object) -> Fact:
    return Fact(str(uuid.uuid4()), room, kind, body, at, None, CHIEF)


def _writing(people: People) -> Iterator[Row]:
    """One event for random rooms, made durable: in groups, and each in its own transaction."""
    dice = random.Random(1)
    rooms = list(people)

    def facts(count: int) -> list[Fact]:
        chosen = [dice.choice(rooms) for _ in range(count)]
        return [_fact(r, "seat.suspect", START, booking=dice.choice(people[r])) for r in chosen]

    append_many([_fact(room, "room.open", START) for room in rooms], recv=START)
    groups = [facts(WRITTEN_TOGETHER) for _ in range(6)]
    took = seconds(lambda: [append_many(group, recv=START) for group in _fresh(groups)], times=3)
    ours = 1000 * took / (6 * WRITTEN_TOGETHER)
    alone = [_fact(_spare(), "seat.suspect", START, booking=1) for _ in range(150)]
    theirs = 1000 * seconds(lambda: [_textbook(fact) for fact in alone], times=1) / len(alone)
    goal = 0.25 if connection.vendor == "sqlite" else 0.4
    textbook = "one transaction and model object each"
    what = f"durable event, {WRITTEN_TOGETHER} together as when many wait"
    yield Row(what, ours, "ms", textbook, theirs, goal)
    yield Row("its share of the other's time (30 times)", ours / theirs, "", goal=1 / 30)


def _spare() -> int:
    """A room session of the small day, whose ledger nobody verifies."""
    spare = RoomSession.objects.order_by("pk")[0].pk
    RoomHead.objects.get_or_create(pk=spare)
    return spare


def _fresh(groups: list[list[Fact]]) -> list[list[Fact]]:
    return [[Fact(str(uuid.uuid4()), *fact[1:]) for fact in group] for group in groups]


def _textbook(fact: Fact) -> None:
    """The same promise the way every tutorial writes it."""
    with transaction.atomic():
        head = RoomHead.objects.select_for_update().get(pk=fact.room)
        if RoomEvent.objects.filter(room_session=fact.room, event_id=fact.id).exists():
            return
        body = canonical(fact.body)
        head.seq, head.hash = head.seq + 1, link(head.hash, body)
        RoomEvent.objects.create(
            room_session_id=fact.room, seq=head.seq, event_id=fact.id, type=fact.type, body=body,
            at=fact.at, recv=fact.at, role=fact.role, base=fact.base, hash=head.hash,
        )  # fmt: skip
        head.save(update_fields=["seq", "hash"])


def _day_of(room: int, bookings: list[int]) -> list[Fact]:
    here, away = bookings[:-2], bookings[-2:]
    late, end = START + 31 * MINUTE, START + 180 * MINUTE
    return [
        *(_fact(room, "seat.check_in", START - MINUTE, booking=b) for b in here),
        _fact(room, "room.start", START),
        *(_fact(room, "seat.start", START, booking=b) for b in here),
        *(_fact(room, "seat.absent", late, booking=b) for b in away),
        _fact(room, "room.time_up", end),
        *(_fact(room, "seat.submit", end, booking=b) for b in here),
    ]


def _days(people: People) -> Iterator[Row]:
    """Whole days of rooms, several thousand events a commit."""
    facts = [fact for room, bookings in people.items() for fact in _day_of(room, bookings)]
    began = time.perf_counter()
    for start in range(0, len(facts), 5_000):
        append_many(facts[start : start + 5_000], recv=None)
    each = 1e6 * (time.perf_counter() - began) / len(facts)
    yield Row("event of a whole day, groups of 5,000", each, "µs", goal=120)


def _reading(people: People) -> Iterator[Row]:
    events = RoomEvent.objects.count()
    each = 1e6 * seconds(verify_ledgers) / events
    yield Row("verify one event of a ledger (450,000 in 10 s)", each, "µs", goal=22)
    yield Row("compute the tables of the day again", 1e6 * seconds(rebuild, times=1) / events, "µs")
    room = next(iter(people))

    def replayed() -> None:
        forget()
        current_room(room)

    yield Row("a room from its ledger", 1000 * seconds(replayed), "ms")
    moments = [START + second * 1000 for second in range(0, 3 * 3600, 600)]
    took = [seconds(lambda at=at: replay(events_until(room, at)), times=1) for at in moments]
    yield Row("a room at any second of its day, the slowest", 1000 * max(took), "ms", goal=50)


async def _telling() -> Row:
    """One frame to 4,000 listeners of one process, sockets not counted."""
    heard = 0

    async def send(_text: str) -> None:
        nonlocal heard
        heard += 1

    async def refresh(_audience: str) -> None:
        return None

    hub = Hub()
    boxes = [Mailbox(send, refresh) for _ in range(LISTENERS)]
    for box in boxes:
        hub.join("room:1", box)
    await asyncio.sleep(0)
    began = time.perf_counter()
    hub.publish("room:1", "x" * 200)
    while heard < LISTENERS:
        await asyncio.sleep(0)
    ours = 1e6 * (time.perf_counter() - began) / LISTENERS
    began = time.perf_counter()
    for _box in boxes:
        await send("x" * 200)
    theirs = 1e6 * (time.perf_counter() - began) / LISTENERS
    for box in boxes:
        await box.close()
    return Row("hand one frame to a listener", ours, "µs", "awaiting each in turn", theirs)


async def _beside_the_textbook() -> Row:
    """One frame to a thousand listeners: our hub, and `group_send` as every tutorial has it."""
    heard = 0

    async def send(_text: str) -> None:
        nonlocal heard
        heard += 1

    hub = Hub()
    boxes = [Mailbox(send, send) for _ in range(GROUP)]
    for box in boxes:
        hub.join("room:1", box)
    await asyncio.sleep(0)
    began = time.perf_counter()
    hub.publish("room:1", "x" * 200)
    while heard < GROUP:
        await asyncio.sleep(0)
    ours = 1e6 * (time.perf_counter() - began) / GROUP
    for box in boxes:
        await box.close()
    theirs = 1e6 * await _group_send() / GROUP
    return Row("one frame to each of 1,000 listeners", ours, "µs", "Channels group_send", theirs)


async def _group_send() -> float:
    """Seconds until each of the listeners has received one message of its group."""
    layer = InMemoryChannelLayer()
    channels = [await layer.new_channel() for _ in range(GROUP)]
    for channel in channels:
        await layer.group_add("room", channel)
    waiting = [asyncio.ensure_future(layer.receive(channel)) for channel in channels]
    await asyncio.sleep(0)
    began = time.perf_counter()
    await layer.group_send("room", {"type": "tell", "text": "x" * 200})
    await asyncio.gather(*waiting)
    return time.perf_counter() - began
