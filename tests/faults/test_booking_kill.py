"""kill -9 in the rush: what was answered is held, what was confirmed stays, nobody sits twice.

Phones repeat, double and reorder their requests; the process that answers them is killed again and
again, and on PostgreSQL the database with it. Both sides keep books: what a phone was told, and the
rows.
"""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as product
from django.db import connection

from tests.journeys.conftest import database_url

# One web process without its sockets: phones that ask, and the grouper that answers them.
SERVER = """
import asyncio, json, random, sys
import django
django.setup()
from uuid import UUID
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.utils import timezone
from scheduling.actions.bookings import confirm_booking
from scheduling.actions.ground import Held
from scheduling.booking_errors import TooBusy
from scheduling.grouping import Grouper, Knock
from scheduling.models import Registration

def tell(*said):
    print(json.dumps(said), flush=True)

def confirm(person):
    try:
        registration = Registration.objects.get(pk=person)
        return confirm_booking(registration=registration, by=None, at=timezone.now()).pk
    except DatabaseError:
        connection.close()
        return None

async def ask(grouper, knock):
    while isinstance(answer := await grouper.answer(knock), TooBusy):
        await asyncio.sleep(0.2)
    return answer

async def phone(grouper, session, person, asks, dice):
    dice.shuffle(asks)
    for room, seat, key in asks:
        knock = Knock(session, room, seat, UUID(key))
        twice = [ask(grouper, knock) for _ in range(dice.choice([1, 1, 2]))]
        answers = await asyncio.gather(*twice)
        for answer in answers:
            held = isinstance(answer, Held)
            tell("held" if held else "refused", key, answer.booking if held else answer.code)
        if isinstance(answers[0], Held) and dice.random() < 0.5:
            try:
                booking = await sync_to_async(confirm)(person)
            except Exception as refusal:
                tell("refused", key, type(refusal).__name__)
            else:
                tell("confirmed", person, booking) if booking else None

async def main(plan):
    grouper, dice = Grouper(), random.Random(plan["seed"])
    await asyncio.gather(*(phone(grouper, *one, dice) for one in plan["phones"]))
    await grouper.close()

asyncio.run(main(json.load(sys.stdin)))
"""
# What a process connected to that database makes or finds.
CLERK = """
import json, sys
import django
django.setup()
from tests.faults.test_booking_kill import books, crowd
print(json.dumps(crowd(int(sys.argv[2]), int(sys.argv[3])) if sys.argv[1] == "make" else books()))
"""


def crowd(people: int, each: int) -> list[list[Any]]:
    """A third more people than seats; each asks `each` times for one of them: phones with plans."""
    from django.utils import timezone  # noqa: PLC0415  also run by the clerk

    from tests.crowd.rush import make_rush  # noqa: PLC0415

    made = make_rush(people=people, hot=people * 3 // 4, centres=1, sessions=1, seats_a_room=8)
    assert made.sitting.opens_at < timezone.now()
    signed_in = list(made.people)
    spots = list(made.hot)
    dice = random.Random(11)
    return [
        [session, person, [[*dice.choice(spots)[:2], str(uuid4())] for _ in range(each)]]
        for session, person in signed_in
    ]


def books() -> dict[str, Any]:
    """The rows as the database has them, and what it says of itself."""
    from scheduling.models import Booking  # noqa: PLC0415
    from scheduling.queries.soundness import soundness  # noqa: PLC0415

    rows = Booking.objects.values_list("pk", "key", "registration_id", "state")
    faults = [f"{fault.kind} {fault.where}" for fault in soundness().faults]
    return {"rows": [[pk, str(key), *row] for pk, key, *row in rows], "faults": faults}


def environment(url: str, folder: Any) -> dict[str, str]:
    return {
        **os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder), "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": product.SECRET_KEY,
        "DATA_KEY": product.DATA_KEY.hex(), "PYTHONPATH": str(product.BASE_DIR),
    }  # fmt: skip


def server(phones: list[Any], seed: int, url: str, folder: Any) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=product.BASE_DIR, env=environment(url, folder),
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps({"seed": seed, "phones": phones}))
    process.stdin.close()
    return process


class Told:
    """What the phones were told, all processes together."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}  # by key
        self.confirmed: dict[int, set[int]] = {}  # by person
        self.attempts = 0

    def listen(self, process: subprocess.Popen[str], until: int = -1) -> None:
        """Take down answers; after `until` of them the process is killed in mid-work."""
        assert process.stdout is not None
        for heard, line in enumerate(process.stdout, start=1):
            if not line.endswith("\n"):
                break  # the kill cut this line: nobody heard it
            self.attempts += 1
            kind, whose, what = json.loads(line)
            if kind == "held":
                assert self.held.setdefault(whose, what) == what, "one key, two bookings"
            elif kind == "confirmed":
                self.confirmed.setdefault(whose, set()).add(what)
            if heard == until:
                process.kill()
        process.stdout.close()
        process.wait(60)

    def compare(self, found: dict[str, Any]) -> None:
        """Nothing told is missing, and nothing is there twice."""
        by_key = {key: (pk, person, state) for pk, key, person, state in found["rows"]}
        assert found["faults"] == []
        assert self.held
        assert self.confirmed
        lost = {key for key, pk in self.held.items() if by_key.get(key, (0,))[0] != pk}
        assert not lost, "told and lost"
        states = {pk: state for pk, _person, state in by_key.values()}
        for person, told in self.confirmed.items():
            assert {states.get(pk) for pk in told} <= {"confirmed", "moved"}, "confirmed and lost"
            now = [p for pk, p, state in by_key.values() if (p, state) == (person, "confirmed")]
            assert len(now) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("people", "each", "kills"),
    [(12, 10, 2), pytest.param(400, 100, 100, marks=pytest.mark.soak)],
)
def test_nothing_told_is_lost_when_the_server_is_killed(
    tmp_path: Any, people: int, each: int, kills: int
) -> None:
    """In the soak about a million attempts."""
    phones = crowd(people, each)
    connection.close()
    told, dice = Told(), random.Random(3)
    for kill in range(kills):
        process = server(phones, kill, database_url(), tmp_path)
        told.listen(process, dice.randrange(20, people * each // 2))
    told.listen(server(phones, kills, database_url(), tmp_path))
    told.compare(books())
    assert told.attempts > people * each


@pytest.fixture
def cluster() -> Iterator[Any]:
    if connection.vendor != "postgresql":
        pytest.skip("this database is a file: it dies with the server")
    rig = pytest.importorskip("tests.faults.cluster")
    if not rig.HAS_OWN:
        pytest.skip("no initdb and pg_ctl here to make a database of one's own with")
    with rig.own_cluster() as made:
        yield made


@pytest.mark.parametrize(
    ("people", "each", "kills"),
    [(12, 12, 2), pytest.param(400, 60, 30, marks=pytest.mark.soak)],
)
def test_nothing_told_is_lost_when_the_database_is_killed(
    cluster: Any, tmp_path: Any, people: int, each: int, kills: int
) -> None:
    def clerk(*words: str) -> Any:
        said = subprocess.run(
            [sys.executable, *words], cwd=product.BASE_DIR, check=True, text=True,
            env=environment(cluster.url, tmp_path), capture_output=True,
        ).stdout  # fmt: skip
        return json.loads(said) if words[0] == "-c" else said

    clerk("manage.py", "migrate", "-v", "0")
    phones = clerk("-c", CLERK, "make", str(people), str(each))
    told, dice = Told(), random.Random(5)
    for kill in range(kills):
        process = server(phones, kill, cluster.url, tmp_path)

        def strike(both: bool = kill % 2 == 1, process: Any = process) -> None:
            """The database falls while the server works; every second time both do."""
            until = told.attempts + dice.randrange(10, people * each // 2)
            while told.attempts < until and process.poll() is None:
                time.sleep(0.01)
            cluster.kill()
            if both:
                process.kill()
            cluster.start()

        striking = threading.Thread(target=strike)
        striking.start()
        told.listen(process)
        striking.join()
    told.listen(server(phones, kills, cluster.url, tmp_path))
    told.compare(clerk("-c", CLERK, "find", "0", "0"))
