"""Group commit: together is faster, and nobody pays for a neighbour."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import DatabaseError, connection, connections

from proctoring import broadcast, writer
from proctoring.errors import Busy
from proctoring.live.events import CHIEF, Fact
from proctoring.models import RoomEvent
from proctoring.queries.ledger import head_of
from proctoring.queries.verification import verify_ledgers
from proctoring.store import append_many

START = 1_800_000_000_000


@pytest.fixture
async def _let_go() -> AsyncIterator[None]:
    yield
    await writer.dismiss()
    await broadcast.dismiss()
    await database_sync_to_async(connections.close_all)()


def fact(room: int, type_: str = "seat.suspect", **body: Any) -> Fact:
    return Fact(str(uuid.uuid4()), room, type_, body, START, None, CHIEF)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_let_go")
async def test_what_arrives_during_a_commit_is_the_next_one(live_day: Any) -> None:
    commits: list[int] = []
    plain = writer.append_many

    def counted(facts: Any, *, recv: int | None) -> Any:
        commits.append(len(facts))
        return plain(facts, recv=recv)

    rooms = [room.pk for room in live_day.rooms]
    bookings = {room.pk: await database_sync_to_async(live_day.bookings)(room)
                for room in live_day.rooms}  # fmt: skip
    one = writer.Writer()
    writer.append_many = counted  # type: ignore[assignment]
    try:
        work = [
            one.write([fact(room, booking=bookings[room][n % 4].pk)])
            for n in range(40)
            for room in rooms
        ]
        answers = [answer for each in await asyncio.gather(*work) for answer in each]
    finally:
        writer.append_many = plain  # type: ignore[assignment]
        await one.close()
    assert sum(commits) == 120
    assert len(commits) < 12
    for room in rooms:
        numbers = sorted(answer.seq for answer in answers if answer.room == room)
        assert numbers == list(range(2, 42))
    verdict = await database_sync_to_async(verify_ledgers)()
    assert verdict.breaks == ()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_let_go")
async def test_a_fact_the_database_refuses_harms_no_neighbour(live_day: Any) -> None:
    room = live_day.rooms[0].pk
    one = writer.Writer()
    broken = fact(999_999, "room.open")
    good = one.write([fact(room, "room.open")])
    bad = one.write([broken])
    results = await asyncio.gather(good, bad, return_exceptions=True)
    await one.close()
    assert results[0][0].seq == 2  # type: ignore[index]
    assert isinstance(results[1], Busy | DatabaseError)
    assert await RoomEvent.objects.acount() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_let_go")
async def test_a_fault_of_ours_is_told_to_its_sender_and_the_writer_goes_on(live_day: Any) -> None:
    room = live_day.rooms[0].pk
    one = writer.Writer()
    with pytest.raises(KeyError):
        await one.write([fact(room, "seat.suspect")])
    assert (await one.write([fact(room, "room.open")]))[0].seq == 2
    await one.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_let_go")
async def test_a_queue_that_stays_full_says_busy(
    live_day: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CAPACITY", 3)
    monkeypatch.setattr(writer, "PATIENCE", 0.1)
    one = writer.Writer()
    with pytest.raises(Busy) as busy:
        await one.write([fact(live_day.rooms[0].pk, "room.open")] * 4)
    await one.close()
    assert busy.value.facts["retry_after_ms"] > 0


def _race(work: Any, times: int) -> list[Any]:
    """Run the same work in threads that begin together; what each of them said."""
    gate, said = threading.Barrier(times), []

    def one() -> None:
        gate.wait()
        try:
            said.append(work())
        except DatabaseError as error:
            said.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
def test_numbers_read_without_the_lock_collide_and_the_ledger_never_does(live_day: Any) -> None:
    room = live_day.rooms[0]
    append_many([fact(room.pk, "room.open")], recv=START)
    both = threading.Barrier(2)

    def unguarded() -> int:
        number = head_of(room.pk).seq + 1
        connection.close()
        both.wait()
        return number

    assert _race(unguarded, 2) == [3, 3]
    booking = live_day.bookings(room)[0].pk
    answers = _race(
        lambda: append_many([fact(room.pk, "seat.suspect", booking=booking)], recv=START).answers[
            0
        ],
        8,
    )
    assert sorted(answer.seq for answer in answers) == list(range(3, 11))
    assert verify_ledgers().breaks == ()


@pytest.mark.django_db(transaction=True)
def test_two_proctors_who_check_in_one_person_at_once_get_one_check_in(live_day: Any) -> None:
    room = live_day.rooms[0]
    append_many([fact(room.pk, "room.open")], recv=START)
    booking = live_day.bookings(room)[0].pk
    answers = _race(
        lambda: append_many([fact(room.pk, "seat.check_in", booking=booking)], recv=START).answers[
            0
        ],
        4,
    )
    assert sorted(answer.code for answer in answers) == ["", "already", "already", "already"]
