"""The live rooms end to end: 4,000 consoles on real sockets, in a process of their own.

Each row can be run alone, on either server:
    python -m tests.benchmarks.live_sockets [acks broadcast restart drain sustained day] [daphne]
SUSTAIN, seconds of the long rows, and CONSOLES may be named in the environment.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError

import django
from django.conf import settings

if not settings.configured:  # pragma: no cover - when run by its own name
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Role, StaffRole, User
from config.management.commands.serve import web_server
from proctoring.actions.devices import ticket_of
from proctoring.live.events import CHIEF, Fact
from proctoring.models import Device, Ticket
from proctoring.queries.ledger import all_heads
from proctoring.store import append_many
from scheduling.models import Duty, Proctor
from tests.benchmarks import Row
from tests.benchmarks.live import empty_database, people_of
from tests.journeys.conftest import database_url, free_port
from tests.proctoring.conftest import START, make_day

CONSOLES = int(os.environ.get("CONSOLES", "4000"))
PEOPLE = 30
SUSTAIN = int(os.environ.get("SUSTAIN", "300"))
DAY_EVENTS = 450_000
GOALS = {  # acks p99 ms, last console s, times a raw server
    "daphne": (500.0, 1.0, 6.0), "uvicorn": (200.0, 0.5, 2.0),
}  # fmt: skip
KINDS = ("acks", "broadcast", "restart", "drain", "sustained", "day")
Told = dict[str, Any]


def rows() -> Iterator[Row]:
    yield from measured(KINDS, tuple(GOALS))


def measured(kinds: tuple[str, ...], servers: tuple[str, ...]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, empty_database():
        field = Field(Path(folder))
        for server in servers:
            for kind in kinds:
                yield from getattr(field, kind)(server)


class Field:
    """Two thousand rooms with two consoles each, and one hall that all of them hear."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        day = make_day()
        self.is_fresh = True
        self.hall = day.rooms[0].pk
        self.people = people_of(day, CONSOLES // 2, PEOPLE)
        self.rooms = list(self.people)
        opened = [Fact(str(uuid.uuid4()), r, "room.open", {}, START, None, CHIEF)
                  for r in (self.hall, *self.rooms)]  # fmt: skip
        for start in range(0, len(opened), 500):
            append_many(opened[start : start + 500], recv=START)
        self.users = staff_of(day, CONSOLES)
        proctors = {p.user_id: p for p in Proctor.objects.filter(user__in=self.users)}
        Duty.objects.bulk_create(
            Duty(proctor=proctors[user.pk], room_session_id=room, is_head=True)
            for number, user in enumerate(self.users)
            for room in (self.hall, self.rooms[number // 2])
        )

    def consoles(self) -> list[Told]:
        """Every console with a new name and a first ticket."""
        at, fresh, self.is_fresh = timezone.now(), self.is_fresh, False
        devices = Device.objects.bulk_create(
            Device(key=uuid.uuid4(), user=user, first_seen_at=at) for user in self.users
        )
        sessions = sessions_of(self.users)
        tickets = Ticket.objects.bulk_create(
            Ticket(
                device=device, user=user, session_key=sessions[user.pk], spent=0, given=1,
                proof=user.get_session_auth_hash(), good_until=at + timedelta(hours=2),
            )
            for device, user in zip(devices, self.users, strict=True)
        )  # fmt: skip
        return [
            {
                "device": str(device.key), "ticket": ticket_of(ticket.pk, 1),
                "rooms": [self.rooms[n // 2], self.hall],
                "people": self.people[self.rooms[n // 2]][n % 2 :: 2],
                "fresh": fresh,
            }
            for n, (device, ticket) in enumerate(zip(devices, tickets, strict=True))
        ]  # fmt: skip

    @contextmanager
    def crowd(self, *, follows: bool = False, speed: int = 1) -> Iterator["Orders"]:
        file = self.folder / "crowd.json"
        file.write_text(json.dumps({"port": self.port, "devices": self.consoles()}))
        orders = Orders()
        try:
            orders.give("gather", file=str(file), follows=follows, speed=speed)
            yield orders
        finally:
            orders.end()

    @contextmanager
    def server(self, kind: str, application: str = "config.asgi:application") -> Iterator["Server"]:
        server = Server(kind, self.port, self.folder, application)
        try:
            yield server.start()
        finally:
            server.end()

    # --- what is measured ------------------------------------------------------------------------

    def acks(self, kind: str) -> Iterator[Row]:
        """A hundred check-ins a second; the same on the design of the tutorials."""
        goal, _broadcast, _ratio = GOALS[kind]
        with self.server(kind), self.crowd() as crowd:
            came = crowd.give("connect", within=2)
            ours = crowd.give("rate", rate=100, seconds=min(60, SUSTAIN))
        with self.server(kind, "tests.crowd.textbook:application"), self.crowd() as crowd:
            crowd.give("connect", within=2)
            theirs = crowd.give("rate", rate=100, seconds=min(20, SUSTAIN))
        consoles = f"{CONSOLES:,} consoles, {kind}"
        whole = f"acknowledged, of {ours['sent']:,}"
        yield Row(f"first greeting of {consoles}", came["seconds"], "s")
        yield Row(f"ack p99 at 100/s, {consoles}", 1000 * ours["p99"], "ms", "textbook Channels",
                  1000 * theirs["p99"], goal)  # fmt: skip
        yield Row(f"ack p50 at 100/s, {kind}", 1000 * ours["p50"], "ms", "textbook Channels",
                  1000 * theirs["p50"])  # fmt: skip
        yield Row(f"not {whole}, {kind}", ours["sent"] - ours["acknowledged"], "", goal=0)
        yield Row(f"later than a second at 100/s, {kind}", ours["late"], "", "textbook Channels",
                  theirs["late"] + theirs["sent"] - theirs["acknowledged"], 0)  # fmt: skip

    def sustained(self, kind: str) -> Iterator[Row]:
        with self.server(kind), self.crowd() as crowd:
            crowd.give("connect", within=2)
            crowd.give("rate", rate=100, seconds=3)
            ours = crowd.give("rate", rate=500, seconds=SUSTAIN)
        yield Row(f"later than a second at 500/s for {SUSTAIN} s, {kind}",
                  ours["late"] + ours["sent"] - ours["acknowledged"], "", goal=0)  # fmt: skip
        yield Row(f"ack p99 at 500/s, {kind}", 1000 * ours["p99"], "ms")

    def broadcast(self, kind: str) -> Iterator[Row]:
        """One event of a room that all consoles hear, and of a bare server of the same crowd."""
        _acks, goal, times = GOALS[kind]
        steps = ("room.pause", "room.resume")
        with self.server(kind) as server, self.crowd() as crowd:
            crowd.give("connect", within=2)
            start = {"room": self.hall, "type": "room.start", "body": {}}
            first = crowd.give("tell", text=json.dumps(start), wanted=CONSOLES, count=1)
            upkeep, waits = server.upkeep(), list(first["waits"])
            cpu, began = server.cpu(), time.monotonic()
            for number in range(8):
                step = {"room": self.hall, "type": steps[number % 2], "body": {}}
                told = crowd.give("tell", text=json.dumps(step), wanted=CONSOLES, count=1)
                waits += told["waits"]
            spent = server.cpu() - cpu - upkeep * (time.monotonic() - began)
            each = 1e6 * spent / (8 * CONSOLES)
        size = self.frame_size()
        raw = Server("raw", self.port, self.folder, "")
        try:
            raw.start()
            with self.crowd() as crowd:
                crowd.give("connect", within=2)
                cpu = raw.cpu()
                text = json.dumps({"pad": size})
                peer = crowd.give("tell", text=text, wanted=CONSOLES, count=8)
                least = 1e6 * (raw.cpu() - cpu) / (8 * CONSOLES)
        finally:
            raw.end()
        bare = "bare websockets server"
        yield Row(f"start to the last of {CONSOLES:,} consoles, {kind}", middle(waits), "s", bare,
                  middle(peer["waits"]), goal)  # fmt: skip
        yield Row(f"CPU of one delivery, {kind}", each, "µs", bare, least, times * least)

    def frame_size(self) -> int:
        """Bytes of the frame that was delivered, so that the peer delivers as many."""
        from proctoring.frames import delta_frame  # noqa: PLC0415

        seq = all_heads()[self.hall].seq
        return len(delta_frame(self.hall, seq - 1)[1]) - 50

    def restart(self, kind: str) -> Iterator[Row]:
        """The server is killed, every room moves on meanwhile, everybody comes back."""
        server = Server(kind, self.port, self.folder, "config.asgi:application").start()
        try:
            with self.crowd(follows=True) as crowd:
                crowd.give("connect", within=2)
                server.kill()
                crowd.give("leave")
                moved = [Fact(str(uuid.uuid4()), r, "incident.open", {"kind": "noise"}, START, None,
                              CHIEF) for r in self.rooms]  # fmt: skip
                append_many(moved, recv=START)
                server.start()
                cpu = server.cpu()
                back = crowd.give("connect", within=1)
                each = 1e3 * (server.cpu() - cpu) / CONSOLES
        finally:
            server.end()
        snaps = 100 * back["snap"] / CONSOLES
        yield Row(f"all of {CONSOLES:,} resumed after a restart, {kind}", back["seconds"], "s",
                  goal=20)  # fmt: skip
        yield Row(f"resumed by a snapshot instead of a delta, {kind}", snaps, "%", goal=5)
        yield Row(f"CPU of one reconnect, {kind}", each, "ms")

    def drain(self, kind: str) -> Iterator[Row]:
        """Everybody worked without a line; then all of it comes at once."""
        for each, goal in ((15, 60), (30, 120)):
            with self.server(kind), self.crowd(follows=True) as crowd:
                crowd.give("connect", within=2)
                crowd.give("leave")
                wanted = crowd.give("queue", each=each)["queued"]
                done = crowd.give("drain", wanted=wanted, within=4 * goal)
                heads = crowd.give("heads")["heads"]
            connection.close()
            true = all_heads()
            unequal = sum((seq, hash_) != tuple(true[room]) for room, seq, hash_ in heads)
            lost = wanted - done["acknowledged"]
            what = f"{wanted:,} claims queued without a line, {kind}"
            yield Row(f"drained {what}", done["seconds"], "s", goal=goal)
            yield Row(f"devices unequal or claims lost of {what}", unequal + lost, "", goal=0)

    def day(self, kind: str) -> Iterator[Row]:
        """A whole day's events, each device stating ten in a breath, sixty times as fast."""
        minutes = max(2, SUSTAIN / 300 * 6)
        rate = DAY_EVENTS / 360
        with self.server(kind) as server, self.crowd(speed=60) as crowd:
            crowd.give("connect", within=2)
            first = crowd.give("rate", rate=rate, seconds=60, together=10)
            early = server.memory()
            rest = crowd.give("rate", rate=rate, seconds=60 * (minutes - 1), together=10)
            late = server.memory()
        events = first["acknowledged"] + rest["acknowledged"]
        yield Row(f"memory after {events:,} events, beside the first minute, {kind}", late / early,
                  "times", "MiB then and at the end", early, 1.1)  # fmt: skip
        yield Row(f"ack p99 at {rate:,.0f}/s, {kind}", 1000 * rest["p99"], "ms")


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def staff_of(day: Any, count: int) -> list[User]:
    """Proctors of one centre, each signed in with a one-time code."""
    centre = day.centres[0]
    users = User.objects.bulk_create(
        User(username=f"crowd-{n}", name_en=f"Proctor {n}", password="!") for n in range(count)
    )
    StaffRole.objects.bulk_create(
        StaffRole(user=user, role=Role.PROCTOR, centre=centre) for user in users
    )
    Proctor.objects.bulk_create(Proctor(user=user, centre=centre) for user in users)
    TOTPDevice.objects.bulk_create(
        TOTPDevice(user=user, name="phone", confirmed=True) for user in users
    )
    return users


def sessions_of(users: list[User]) -> Mapping[int, str]:
    store, until = SessionStore(), timezone.now() + timedelta(hours=12)
    data = store.encode({"otp_device_id": "x"})
    made = Session.objects.bulk_create(
        Session(session_key=uuid.uuid4().hex, session_data=data, expire_date=until) for _ in users
    )
    return {user.pk: session.session_key for user, session in zip(users, made, strict=True)}


class Orders:
    """The crowd's process, told what to do one line at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crowd.consoles"], cwd=settings.BASE_DIR, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def give(self, do: str, **more: Any) -> Told:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        told: Told = json.loads(self.process.stdout.readline())
        return told

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        self.process.wait()


class Server:
    """One web process: ours on daphne or uvicorn, or the bare one. CPU and memory by the kernel."""

    def __init__(self, kind: str, port: int, folder: Path, application: str) -> None:
        self.port, self.folder = port, folder
        if kind == "raw":
            self.command = [sys.executable, "-m", "tests.crowd.raw", str(port)]
        else:
            words = web_server("127.0.0.1", port, fast=kind == "uvicorn")
            said = [application if word == "config.asgi:application" else word for word in words]
            self.command = [sys.executable, "-m", *said]
        self.is_raw = kind == "raw"

    def start(self) -> "Server":
        connection.close()
        environment = {
            **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(self.folder),
            "SECRET_KEY": settings.SECRET_KEY, "DATA_KEY": settings.DATA_KEY.hex(),
            "DJANGO_SETTINGS_MODULE": "config.settings", "REDIS_URL": "",
        }  # fmt: skip
        log = (self.folder / "server.log").open("a")
        self.process = subprocess.Popen(
            self.command, cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log
        )
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(URLError, OSError):
                address = f"http://127.0.0.1:{self.port}/healthz"
                with urllib.request.urlopen(address, timeout=2):
                    return self
            time.sleep(0.05)
            if self.is_raw and time.monotonic() > until - 57:
                return self
        raise RuntimeError((self.folder / "server.log").read_text()[-2000:])

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    def cpu(self) -> float:
        """Seconds of CPU that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def upkeep(self) -> float:
        """Seconds of CPU a second that it uses for looking after its lines when nothing is said."""
        time.sleep(3)
        before = self.cpu()
        time.sleep(6)
        return (self.cpu() - before) / 6

    def memory(self) -> float:
        """MiB that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    asked = sys.argv[1:]
    chosen = tuple(kind for kind in KINDS if kind in asked) or KINDS
    on = tuple(server for server in GOALS if server in asked) or tuple(GOALS)
    for row in measured(chosen, on):
        verdict = {None: "", True: "reached", False: "NOT reached"}[row.reached]
        beside = f"  beside {row.peer} {row.theirs:.4g}" if row.theirs is not None else ""
        goal = f"  goal {row.goal:g} {verdict}" if row.goal is not None else ""
        sys.stdout.write(f"{row.what}: {row.ours:.4g} {row.unit}{beside}{goal}\n")
        sys.stdout.flush()
