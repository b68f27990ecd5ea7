"""The opening day again: 60,000 people within a minute for 20,000 seats, as people are.

A third reload, a fifth press twice, a twentieth lose the answer and ask again. Everybody joins the
line; who is let in holds a seat, another where it was taken, and then confirms what he holds.
`OPENING_DAY=6000` plays a tenth.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

import numpy as np
from django.conf import settings
from django.utils import timezone
from scipy.stats import spearmanr

from scheduling.actions.queue import open_queue
from scheduling.models import Booking, QueuePlace
from scheduling.queries.soundness import soundness
from tests.benchmarks import Row
from tests.crowd.rush import Rush, empty_database, make_rush
from tests.crowd.web import serving

PEOPLE = int(os.environ.get("OPENING_DAY", "60000"))
SEATS = PEOPLE // 3
WITHIN = 120.0  # seconds until everybody knows
Person = tuple[str, int]


def rows() -> Iterator[Row]:
    with empty_database():
        rush, people, spots = _country()
        now = timezone.now()
        opening = open_queue(
            sitting=rush.sitting, joins_from=now, per_minute=60 * PEOPLE, by=None, at=now
        )
        with serving("uvicorn" if find_spec("uvicorn") else "daphne") as port:
            began = time.perf_counter()
            told = _phones(port, _arrivals(people, rush.sitting.pk, port))
            joined = time.perf_counter() - began
            while timezone.now() < opening.sitting.opens_at + timedelta(seconds=2):
                time.sleep(0.05)
            opened = time.perf_counter()
            held = _choose(port, _in_line(people), spots)
            chose = time.perf_counter() - opened
            yield from _told(people, told, held, joined, chose)
            yield from _confirmed(port, {key: cookie for cookie, key in people})


def _country() -> tuple[Rush, list[Person], list[tuple[int, int, int]]]:
    """As many people as come, seats for a third of them; the opening is as far off as they need."""
    rush = make_rush(people=PEOPLE, hot=SEATS, centres=1, sessions=1, in_seconds=24 * 3600)
    opens = timezone.now() + timedelta(seconds=max(20, PEOPLE / 600))
    type(rush.sitting).objects.filter(pk=rush.sitting.pk).update(opens_at=opens)
    rush.sitting.opens_at = opens
    return rush, list(rush.people), list(rush.hot)[:SEATS]


def _arrivals(people: Sequence[Person], sitting: int, port: int) -> list[str]:
    """Everybody's requests to join, in the order of arrival, with what impatience adds."""
    dice, requests = random.Random(2), []
    for cookie, _registration in people:
        join = _request(port, "/candidate/queue/join/", cookie, {"sitting": sitting})
        requests.append(join)
        if dice.random() < 0.05:
            requests[-1:] = ["!" + join, join]  # the answer is lost, and he asks again
        if dice.random() < 0.2:
            requests.append(join)  # pressed twice
        if dice.random() < 0.33:
            requests.append(_request(port, "/candidate/queue/state", cookie))  # reloads
    return requests


def _confirmed(port: int, cookies: dict[int, str]) -> Iterator[Row]:
    """Everybody who holds a seat confirms it, a fifth of them twice."""
    held = Booking.objects.filter(state="held").values_list(
        "registration_id", "room_session_id", "seat_id"
    )
    dice, requests = random.Random(4), []
    for registration, room, seat in held:
        fields = {"room_session": room, "confirm": seat}
        ask = _request(port, "/candidate/confirm/", cookies[registration], fields)
        requests += [ask] * (2 if dice.random() < 0.2 else 1)
    began = time.perf_counter()
    told = _phones(port, requests)
    seconds = time.perf_counter() - began
    there = Booking.objects.filter(state="confirmed").count()
    yield Row(f"{SEATS:,} confirm: until the last is told so", seconds, "s")
    yield Row("confirmations refused or lost", float(len(requests) - told["statuses"]["200"]), "",
              goal=0)  # fmt: skip
    yield Row("seats held and not confirmed", float(SEATS - there), "", goal=0)
    yield Row("disagreements in the books then", float(len(soundness().faults)), "", goal=0)


def _in_line(people: Sequence[Person]) -> list[Person]:
    """The people in the order of the line."""
    by_key = {registration: (cookie, registration) for cookie, registration in people}
    line = QueuePlace.objects.order_by("order").values_list("registration_id", flat=True)
    return [by_key[key] for key in line]


def _choose(
    port: int, line: Sequence[Person], spots: Sequence[tuple[int, int, int]]
) -> dict[int, int]:
    """The first in line choose seats as they see them free; bookings by registration."""
    dice, held = random.Random(3), dict[int, int]()
    free, seekers = list(spots), list(line[:SEATS])
    while free and seekers:
        keys: list[tuple[int, tuple[int, int, int]]] = []
        requests = []
        for cookie, registration in seekers:
            spot = dice.choice(free)
            fields = {"room_session": spot[0], "seat": spot[1], "key": str(uuid4())}
            ask = _request(port, "/candidate/hold/", cookie, fields)
            for _press in range(2 if dice.random() < 0.2 else 1):
                requests.append(ask)
                keys.append((registration, spot))
        answers = _phones(port, requests, keep=True)["bodies"]
        for (registration, _spot), body in zip(keys, answers, strict=True):
            said = json.loads(body)
            if "booking" in said:
                before = held.setdefault(registration, said["booking"])
                assert before == said["booking"], "one key, two bookings"
        taken = set(Booking.objects.filter(state="held").values_list("seat_id", flat=True))
        free = [spot for spot in free if spot[1] not in taken]
        seekers = [one for one in seekers if one[1] not in held]
    return held


def _told(
    people: Sequence[Person], told: dict[str, Any], held: dict[int, int], joined: float,
    chose: float,
) -> Iterator[Row]:  # fmt: skip
    places = QueuePlace.objects.count()
    rows = dict(Booking.objects.filter(state="held").values_list("registration_id", "pk"))
    yield Row(f"{PEOPLE:,} arrive: until the last has his place in line", joined, "s", goal=WITHIN)
    yield Row(f"{SEATS:,} seats: until the last is held", chose, "s", goal=WITHIN)
    yield Row("both together", joined + chose, "s", goal=WITHIN)
    yield Row("people without place or seat", float(len(people) - places), "", goal=0)
    yield Row("seats left, or held twice", float(abs(SEATS - len(rows))), "", goal=0)
    yield Row("told a seat and not there", float(sum(rows.get(k) != v for k, v in held.items())),
              "", goal=0)  # fmt: skip
    yield Row("disagreements in the books", float(len(soundness().faults)), "", goal=0)
    arrival = QueuePlace.objects.order_by("pk").values_list("order", flat=True)
    early = np.array([order for order in arrival if order < 2**60], dtype=float)
    rho = spearmanr(np.arange(early.size), early).statistic
    yield Row(f"|rho| of arrival and place, {early.size:,} in the pre-queue", abs(float(rho)), "",
              goal=0.02 if PEOPLE >= 60_000 else None)  # fmt: skip
    answers = sum(told["statuses"].values())
    yield Row("answers to those who arrived", float(answers), "")


def _request(port: int, path: str, cookie: str, fields: dict[str, Any] | None = None) -> str:
    body = json.dumps(fields) if fields is not None else ""
    verb = "POST" if fields is not None else "GET"
    return (
        f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        f"Cookie: {settings.SESSION_COOKIE_NAME}={cookie}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def _phones(port: int, requests: Sequence[str], *, keep: bool = False) -> dict[str, Any]:
    told = {"port": port, "connections": 512, "requests": requests, "keep": keep}
    command = [sys.executable, "-m", "tests.clients.phones"]
    done = subprocess.run(
        command, input=json.dumps(told), capture_output=True, text=True, check=True,
        cwd=settings.BASE_DIR,
    )  # fmt: skip
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
