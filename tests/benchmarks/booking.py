"""Opening day: seats held through the whole HTTP path, beside the same statement without one.

What is compared is measured in the same minute, on the same tables, on the same machine: the raw
statement (count the pool down, insert the booking) over as many connections as it likes best, and
the textbook way of taking a place, which locks and counts.
"""

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from scheduling.models import (
    Booking,
    BookingState,
    ExamSession,
    Paper,
    SeatPool,
)
from scheduling.queries.soundness import soundness
from tests.benchmarks import Row
from tests.crowd.rush import Ask, Rush, empty_database, make_rush
from tests.crowd.web import serving

CONNECTIONS = 256
HOT, MANY = 4_000, 4_000  # requests through HTTP
RAW, COUNTED = 2_500, 250


def rows() -> Iterator[Row]:
    with empty_database():
        rush = make_rush(people=3 * HOT + 2 * RAW + COUNTED + MANY, hot=2 * HOT + RAW + COUNTED)
        yield from _hot(rush)
        yield from _many(rush)
        yield Row("bookings that disagree afterwards", len(soundness().faults), "", goal=0)


def _hot(rush: Rush) -> Iterator[Row]:
    """One exam session at one centre: how much of theirs fits into the time of one hold of ours.

    Lock-and-count comes when some thousand seats are taken, as on the day: it counts them all.
    """
    raw, counted = _raw(rush.asks(RAW, hot=True)), 0.0
    for server in ("uvicorn", "daphne"):
        if find_spec(server) is None:
            continue
        run = over_http(server, rush.asks(HOT, hot=True))
        counted = counted or _lock_and_count(rush.asks(COUNTED, hot=True))
        best = server == "uvicorn"
        goals = {"raw": 1 / 0.4, "counted": 0.1, "tail": 5.0} if best else {}
        yield Row(f"hot, {server}: raw statements in one hold", raw / run.per_second, "",
                  "holds/s", run.per_second, goals.get("raw"))  # fmt: skip
        yield Row(f"hot, {server}: lock-and-count in one hold", counted / run.per_second, "",
                  "lock-and-count/s", counted, goals.get("counted"))  # fmt: skip
        yield Row(f"hot, {server}: p99 / p50", run.p99 / run.p50, "", "p50, ms", 1000 * run.p50,
                  goals.get("tail"))  # fmt: skip


def _many(rush: Rush) -> Iterator[Row]:
    """The same spread over all other centres and exam sessions."""
    raw = _raw(rush.asks(RAW, hot=False))
    server = "uvicorn" if find_spec("uvicorn") else "daphne"
    run = over_http(server, rush.asks(MANY, hot=False))
    yield Row(f"many, {server}: raw statements in one hold", raw / run.per_second, "",
              "holds/s", run.per_second, 1 / 0.4)  # fmt: skip
    yield Row(f"many, {server}: p99 / p50", run.p99 / run.p50, "", "p50, ms", 1000 * run.p50,
              5.0)  # fmt: skip


# --- the ways to take a seat -------------------------------------------------------------------

_COUNT = "UPDATE scheduling_seatpool SET taken = taken + 1 WHERE id = %s AND taken < capacity"
_INSERT = (
    "INSERT INTO scheduling_booking (registration_id, paper_id, room_session_id, seat_id,"
    " access_class, state, hold_until, hold_limit, key, made_at)"
)


def _raw(asks: Sequence[Ask]) -> float:
    """Raw statements a second: PostgreSQL over 16 connections, SQLite over the one it has."""
    if connection.vendor == "sqlite":
        return _raw_sqlite(asks)
    return _raw_postgres(asks)


def _raw_sqlite(asks: Sequence[Ask]) -> float:
    paper, now = Paper.objects.get().pk, str(timezone.now())[:26]
    with connection.cursor() as cursor:
        raw = cursor.connection.cursor() if hasattr(cursor.connection, "cursor") else cursor
        began = time.perf_counter()
        for ask in asks:
            raw.execute("BEGIN IMMEDIATE")
            raw.execute(_COUNT.replace("%s", "?"), (ask.pool,))
            raw.execute(
                f"{_INSERT} VALUES (?, {paper}, ?, ?, 'standard', 'held', ?, ?, ?, ?)",
                (ask.registration, ask.room_session, ask.seat, now, now, uuid4().hex, now),
            )
            raw.execute("COMMIT")
        return len(asks) / (time.perf_counter() - began)


def _raw_postgres(asks: Sequence[Ask]) -> float:
    import psycopg  # noqa: PLC0415  only where there is PostgreSQL

    paper, named = Paper.objects.get().pk, connection.settings_dict
    address = {
        "dbname": named["NAME"], "user": named["USER"], "password": named["PASSWORD"],
        "host": named["HOST"], "port": named["PORT"],
    }  # fmt: skip
    statement = (
        f"WITH u AS ({_COUNT} RETURNING id) {_INSERT} SELECT %s, {paper}, %s, %s, 'standard',"
        " 'held', now(), now(), %s, now() FROM u"
    )
    gate = threading.Barrier(17)

    def work(part: Sequence[Ask]) -> None:
        with psycopg.connect(**address, autocommit=True, prepare_threshold=0) as raw:
            gate.wait()
            for ask in part:
                raw.execute(
                    statement,
                    (ask.pool, ask.registration, ask.room_session, ask.seat, uuid4()),
                )

    with ThreadPoolExecutor(16) as pool:
        running = [pool.submit(work, asks[n::16]) for n in range(16)]
        gate.wait()
        began = time.perf_counter()
        for one in running:
            one.result()
        return len(asks) / (time.perf_counter() - began)


def _lock_and_count(asks: Sequence[Ask]) -> float:
    """The textbook way, a second: lock the pool, count its bookings, insert; no HTTP at all."""
    paper, session = Paper.objects.get(), ExamSession.objects.earliest("pk")

    def work(part: Sequence[Ask]) -> None:
        for ask in part:
            with transaction.atomic():
                pool = SeatPool.objects.select_for_update().get(pk=ask.pool)
                taken = Booking.objects.filter(
                    room_session__exam_session=session,
                    room_session__room__building__centre=pool.centre_id,
                    state__in=["held", "confirmed"],
                )
                if taken.count() < pool.capacity:
                    _create(ask, paper)
                    pool.taken += 1
                    pool.save()
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(16) as workers:
        list(workers.map(work, [asks[n::16] for n in range(16)]))
    return len(asks) / (time.perf_counter() - began)


def _create(ask: Ask, paper: Paper) -> None:
    now = timezone.now()
    Booking.objects.create(
        registration_id=ask.registration, paper=paper, room_session_id=ask.room_session,
        seat_id=ask.seat, access_class="standard", state=BookingState.HELD, hold_until=now,
        hold_limit=now, made_at=now,
    )  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What a client saw: answers a second, and the latencies in seconds."""

    per_second: float
    p50: float
    p99: float
    held: int


def over_http(server: str, asks: Sequence[Ask]) -> Run:
    """All asks through the server by 64 phones at a time; the clients are another process."""
    with serving(server) as port:
        origin = f"http://127.0.0.1:{port}"
        requests = [_request(ask, origin) for ask in asks]
        told = json.dumps({"port": port, "connections": CONNECTIONS, "requests": requests})
        command = [sys.executable, "-m", "tests.clients.phones"]
        done = subprocess.run(
            command, input=told, capture_output=True, text=True, check=True, cwd=settings.BASE_DIR
        )
    seen = json.loads(done.stdout)
    spread = statistics.quantiles(seen["latencies"], n=100)
    held = seen["statuses"].get("200", 0)
    assert held == len(asks), seen["statuses"]
    return Run(len(asks) / seen["seconds"], spread[49], spread[98], held)


def _request(ask: Ask, origin: str) -> str:
    body = json.dumps({"room_session": ask.room_session, "seat": ask.seat, "key": str(uuid4())})
    return (
        f"POST /candidate/hold/ HTTP/1.1\r\nHost: {origin[7:]}\r\nOrigin: {origin}\r\n"
        f"Cookie: {settings.SESSION_COOKIE_NAME}={ask.cookie}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
