"""Opening day: seats held through the whole HTTP path, beside the same statement without one.

What is compared is measured in the same minute, on the same tables, on the same machine: the raw
statement (count the pool down, insert the booking) over as many connections as it likes best, and
the textbook way of taking a place, which locks and counts.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from centres.models import Building, Centre, Room, Seat, User
from scheduling.models import (
    Booking,
    BookingState,
    Candidate,
    Exam,
    ExamForm,
    ExamSession,
    Paper,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
)
from scheduling.queries.soundness import soundness
from tests.benchmarks import Row

CONNECTIONS = 256
HOT, MANY = 4_000, 4_000  # requests through HTTP
RAW, COUNTED = 2_500, 250
SEATS_A_ROOM = 40
CENTRES, SESSIONS = 12, 4


def rows() -> Iterator[Row]:
    with empty_database():
        rush = make_rush(people=3 * HOT + 2 * RAW + COUNTED + MANY)
        yield from _hot(rush)
        yield from _many(rush)
        yield Row("bookings that disagree afterwards", len(soundness().faults), "", goal=0)


def _hot(rush: "Rush") -> Iterator[Row]:
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


def _many(rush: "Rush") -> Iterator[Row]:
    """The same spread over all other centres and exam sessions."""
    raw = _raw(rush.asks(RAW, hot=False))
    server = "uvicorn" if find_spec("uvicorn") else "daphne"
    run = over_http(server, rush.asks(MANY, hot=False))
    yield Row(f"many, {server}: raw statements in one hold", raw / run.per_second, "",
              "holds/s", run.per_second, 1 / 0.4)  # fmt: skip
    yield Row(f"many, {server}: p99 / p50", run.p99 / run.p50, "", "p50, ms", 1000 * run.p50,
              5.0)  # fmt: skip


# --- a country that waits ----------------------------------------------------------------------


@contextmanager
def empty_database() -> Iterator[None]:
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)


@dataclass(frozen=True)
class Ask:
    """One person's wish: his session cookie, and a seat nobody else asks for."""

    cookie: str
    registration: int
    room_session: int
    seat: int
    pool: int


@dataclass
class Rush:
    """People who have signed in, and seats that nobody has yet."""

    sitting: Sitting
    people: Iterator[tuple[str, int]]
    hot: Iterator[tuple[int, int, int]]
    many: Iterator[tuple[int, int, int]]

    def asks(self, number: int, *, hot: bool) -> list[Ask]:
        """The next people with the next seats: of the one hot session, or of all others."""
        seats = self.hot if hot else self.many
        return [
            Ask(cookie, registration, *spot)
            for _n, (cookie, registration), spot in zip(
                range(number), self.people, seats, strict=False
            )
        ]


def make_rush(*, people: int, in_seconds: float = -60) -> Rush:
    """A first-come sitting with places enough; booking opens `in_seconds` from now."""
    now = timezone.now()
    day = timedelta(days=1)
    exam = Exam.objects.create(code="TPC", name_th="สอบ", name_en="Exam")
    paper = Paper.objects.create(exam=exam, code="P1", name_th="วิชา", minutes=180)
    ExamForm.objects.bulk_create(ExamForm(paper=paper, code=code) for code in "AB")
    opens = now + timedelta(seconds=in_seconds)
    sitting = Sitting.objects.create(
        exam=exam, code="rush", name_th="ครั้งที่", mode="first_come", opens_at=opens,
        closes_at=opens + 30 * day, freezes_at=opens + 40 * day,
    )  # fmt: skip
    sessions = [_session(sitting, paper, n, opens + (60 + n) * day) for n in range(SESSIONS)]
    hot_rooms = -(-(2 * HOT + RAW + COUNTED) // SEATS_A_ROOM)
    centres = [_centre(n, hot_rooms if n == 0 else 20) for n in range(CENTRES)]
    spots = _spots(centres, sessions)
    hot = [spot for name, spot in spots if name == (centres[0].pk, sessions[0].pk)]
    rest = [spot for name, spot in spots if name[0] != centres[0].pk]
    many = [spot for part in range(97) for spot in rest[part::97]]  # neighbours far apart
    signed_in = _sign_in(people, sitting)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as any database has done by itself before opening day
    return Rush(sitting, iter(signed_in), iter(hot), iter(many))


def _session(sitting: Sitting, paper: Paper, number: int, starts: Any) -> ExamSession:
    hour = timedelta(hours=1)
    return ExamSession.objects.create(
        sitting=sitting, paper=paper, number=number + 1, doors_open_at=starts - hour,
        starts_at=starts, doors_close_at=starts + hour / 2, ends_at=starts + 3 * hour,
    )  # fmt: skip


def _centre(number: int, rooms: int) -> Centre:
    centre = Centre.objects.create(
        code=f"C{number}", name_th=f"ศูนย์ {number}", province="50", region="north",
        latitude=18.8, longitude=99.0,
    )  # fmt: skip
    building = Building.objects.create(centre=centre, code="B", name_th="อาคาร")
    made = Room.objects.bulk_create(Room(building=building, code=f"R{n}") for n in range(rooms))
    Seat.objects.bulk_create(
        (
            Seat(room=room, label=f"{'ABCDEFGH'[n % 8]}{n // 8 + 1}", x=n % 8, y=n // 8)
            for room in made for n in range(SEATS_A_ROOM)
        ),
        batch_size=2_000,
    )  # fmt: skip
    return centre


def _spots(
    centres: Sequence[Centre], sessions: Sequence[ExamSession]
) -> list[tuple[tuple[int, int], tuple[int, int, int]]]:
    """Every seat of every session: (centre, session), (room session, seat, pool)."""
    found = []
    for centre in centres:
        seats = list(Seat.objects.filter(room__building__centre=centre).values_list("pk", "room"))
        for session in sessions:
            pool = SeatPool.objects.create(
                centre=centre, exam_session=session, access_class="standard", capacity=len(seats)
            )
            rooms = {room for _seat, room in seats}
            made = RoomSession.objects.bulk_create(
                RoomSession(room_id=room, exam_session=session) for room in sorted(rooms)
            )
            by_room = {one.room_id: one.pk for one in made}
            name = centre.pk, session.pk
            found += [(name, (by_room[room], seat, pool.pk)) for seat, room in seats]
    return found


def _sign_in(people: int, sitting: Sitting) -> list[tuple[str, int]]:
    """People with accounts, registrations and sessions: (session key, registration)."""
    users = User.objects.bulk_create(
        (User(username=f"u{n}", password="!") for n in range(people)), batch_size=2_000
    )
    plain = {"identity_kind": "passport", "identity_sealed": b"", "prefix": "", "sort_key": ""}
    candidates = Candidate.objects.bulk_create(
        (
            Candidate(user=user, identity_hash=(2**60 + n).to_bytes(32, "big"), given_name_th="x",
                      **plain)
            for n, user in enumerate(users)
        ),
        batch_size=2_000,
    )  # fmt: skip
    home = {"home_province": "50", "home_latitude": 18.8, "home_longitude": 99.0}
    registrations = Registration.objects.bulk_create(
        (
            Registration(candidate=one, sitting=sitting, number=f"{7 * 10**9 + n}",
                         registered_at=sitting.opens_at, **home)
            for n, one in enumerate(candidates)
        ),
        batch_size=2_000,
    )  # fmt: skip
    store, until = SessionStore(), timezone.now() + timedelta(days=1)
    backend = "django.contrib.auth.backends.ModelBackend"
    keys = [uuid4().hex for _user in users]
    Session.objects.bulk_create(
        (
            Session(session_key=key, expire_date=until, session_data=store.encode({
                SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend,
                HASH_SESSION_KEY: user.get_session_auth_hash(),
            }))
            for key, user in zip(keys, users, strict=True)
        ),
        batch_size=2_000,
    )  # fmt: skip
    return [(key, one.pk) for key, one in zip(keys, registrations, strict=True)]


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


@contextmanager
def serving(server: str) -> Iterator[int]:
    """The site as `serve` runs it, on the database of this run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": folder,
            "SECRET_KEY": settings.SECRET_KEY, "DATA_KEY": settings.DATA_KEY.hex(),
            "ALLOWED_HOSTS": "127.0.0.1",
        }  # fmt: skip
        log = (Path(folder) / "web.log").open("w")
        web = subprocess.Popen(
            _command(server, port), cwd=settings.BASE_DIR, env=environment, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for(port, lambda: (Path(folder) / "web.log").read_text())
            yield port
        finally:
            web.terminate()
            web.wait(10)
            log.close()


def _command(server: str, port: int) -> list[str]:
    python = [sys.executable, "-m"]
    if server == "daphne":
        endpoint = f"tcp:port={port}:interface=127.0.0.1:backlog=4096"
        return [*python, "daphne", "-v", "0", "-e", endpoint, "config.asgi:application"]
    # Several processes only where several may write: PostgreSQL.
    workers = "1" if connection.vendor == "sqlite" else "2"
    return [*python, "uvicorn", "--port", str(port), "--workers", workers, "--no-access-log",
            "--log-level", "warning", "--lifespan", "off", "--backlog", "4096",
            "config.asgi:application"]  # fmt: skip


def _wait_for(port: int, log: Callable[[], str]) -> None:
    for _try in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(log())


def database_url() -> str:
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{named['NAME']}"
    login = f"{named['USER']}:{named['PASSWORD']}".rstrip(":")
    return f"postgres://{login}@{named['HOST']}:{named['PORT'] or 5432}/{named['NAME']}"
