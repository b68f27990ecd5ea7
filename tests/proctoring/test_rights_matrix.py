"""Every role, every frame, every foreign room, by chance: nobody hears or changes what is not his.

The oracle is written here from the roster alone, and knows nothing of how the server decides.
"""

import json
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connections
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Role, StaffRole
from proctoring import broadcast, consumers, reception, writer
from proctoring.live.protocol import BODIES
from proctoring.models import RoomEvent
from scheduling.models import Duty, Proctor
from tests.proctoring.consoles import Console, session_of

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = 999_999
LOCAL = (Role.PROCTOR, Role.CHIEF)
ENDS = {"room.reconcile", "room.seal", "room.close"}


@pytest.fixture(autouse=True)
async def _let_go(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    for name in ("RATE", "BURST", "FRAME_RATE", "FRAME_BURST"):
        monkeypatch.setattr(consumers, name, 1e9)
    yield
    await reception.dismiss()
    await writer.dismiss()
    await broadcast.dismiss()
    await sync_to_async(connections.close_all)()


@dataclass
class Person:
    """Somebody with roles and duties; `hears` and `states` are what the roster gives him."""

    user: Any
    session: Any
    roles: list[tuple[Role, int | None]]
    duties: dict[int, bool]
    line: Console | None = None
    hears: set[int] = field(default_factory=set)
    states: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)


def judge(person: Person, centre_of: dict[int, int], headed: set[int]) -> None:
    """What the roster gives a person, written as one would explain it to him."""
    for room, centre in centre_of.items():
        chief = (Role.HEADQUARTERS, None) in person.roles or (Role.CHIEF, centre) in person.roles
        serves = room in person.duties and (
            (Role.PROCTOR, centre) in person.roles or (Role.PROCTOR, None) in person.roles
        )
        watches = {(Role.OBSERVER, centre), (Role.OBSERVER, None)} & set(person.roles)
        if chief or serves or watches:
            person.hears.add(room)
        if chief or serves:
            person.states.add(room)
        if chief or (serves and (person.duties[room] or room not in headed)):
            person.ends.add(room)


def people_of(day: Any, dice: random.Random) -> list[Person]:
    """Fourteen people whose roles and duties fall by chance; some have none."""
    centre_of = {room.pk: room.room.building.centre_id for room in day.rooms}
    centres = [centre.pk for centre in day.centres]
    people = []
    for number in range(14):
        user = day.user(f"p{number}")
        held = dice.sample(list(Role), dice.choice([0, 1, 1, 1, 2]))
        roles = [
            (role, dice.choice(centres if role in LOCAL else [*centres, None])) for role in held
        ]
        StaffRole.objects.bulk_create(
            StaffRole(user=user, role=role, centre_id=centre) for role, centre in roles
        )
        proctor = Proctor.objects.create(user=user, centre=day.centres[0])
        duties = {
            room: dice.random() < 0.4 for room in dice.sample(sorted(centre_of), dice.randrange(3))
        }
        Duty.objects.bulk_create(
            Duty(proctor=proctor, room_session_id=room, is_head=head)
            for room, head in duties.items()
        )
        people.append(Person(user, session_of(user), roles, duties))
    headed = {room for person in people for room, head in person.duties.items() if head}
    for person in people:
        judge(person, centre_of, headed)
    return people


class Trial:
    """One day of chance: who did what, and every frame that anybody heard."""

    def __init__(self, day: Any, seed: int) -> None:
        self.dice = random.Random(seed)
        self.people = people_of(day, self.dice)
        self.bookings = {room.pk: [b.pk for b in day.bookings(room)] for room in day.rooms}
        self.owner = {booking: room for room, all_ in self.bookings.items() for booking in all_}
        self.rooms = [*self.bookings, NOWHERE]
        self.leaks: list[str] = []
        self.heard: Counter[str] = Counter()
        self.pages: dict[int, Client] = {}

    def claim(self) -> dict[str, Any]:
        type_ = self.dice.choice(sorted(BODIES))
        booking = self.dice.choice(list(self.owner))
        values = {
            "booking": booking, "why": "x", "match": True, "seat": "B2", "reason": "toilet",
            "minutes": 5, "text": "x", "second": self.people[0].user.pk, "kind": "noise",
            "note": str(uuid.uuid4()), "incident": str(uuid.uuid4()), "of": 2,
        }  # fmt: skip
        names = [name for name in BODIES[type_] if not name.endswith("?") or name == "booking?"]
        body = {name.rstrip("?"): values[name.rstrip("?")] for name in names}
        return {
            "t": "ev", "id": str(uuid.uuid4()), "room": self.dice.choice(self.rooms),
            "type": type_, "body": body, "at": 1_800_000_000_000,
            "dseq": self.dice.randrange(1, 2**50), "base": self.dice.choice([0, 3, 10**6]),
        }  # fmt: skip

    def check(self, person: Person, frame: dict[str, Any]) -> None:
        """A frame tells of a room, or of its people, only to those who may hear it."""
        self.heard[frame["t"]] += 1
        rooms = {frame["room"]} if "room" in frame and frame["t"] not in ("no",) else set()
        if frame["t"] == "welcome":
            rooms |= {room["room"] for room in frame["rooms"] if room["mode"] != "no"}
        rooms |= {self.owner[seat["booking"]] for seat in frame.get("seats", [])}
        if not rooms <= person.hears:
            self.leaks.append(f"{person.roles} {person.duties} heard {rooms}: {frame['t']}")

    async def listen(self, person: Person) -> None:
        """Everything that came until an answered ping says that no more is on its way."""
        assert person.line is not None
        mark = self.dice.randrange(2**50)
        await person.line.say(t="ping", t0=mark)
        while True:
            frame = json.loads(await person.line.line.receive_from(timeout=60))
            if frame["t"] == "clock" and frame["t0"] == mark:
                return
            if frame["t"] == "bye":
                await person.line.line.disconnect()
                person.line = None
                return
            self.check(person, frame)

    async def greet(self, person: Person) -> None:
        """Hello, on a new line or the old, for any rooms at all."""
        if person.line is None:
            room = self.dice.choice(self.rooms)
            person.line = await Console(person.user, f"/ws/rooms/{room}/", person.session).open()
        asked = self.dice.sample(self.rooms, self.dice.randrange(1, len(self.rooms) + 1))
        ticket = await person.line.take_ticket()
        rooms = [{"room": room, "since": self.dice.choice([0, 1, 5])} for room in asked]
        await person.line.say(
            t="hello", v=1, device=person.line.device, rooms=rooms, t0=1, ticket=ticket
        )
        await self.listen(person)

    async def one(self) -> None:
        person = self.dice.choice(self.people)
        chance = self.dice.random()
        if person.line is None or chance < 0.04:
            await self.greet(person)
        elif chance < 0.1:
            await sync_to_async(self.post)(person)
        elif chance < 0.25:
            room, since = self.dice.choice(self.rooms), self.dice.choice([0, 2, 40])
            kind = {"t": "need", "since": since} if chance < 0.2 else {"t": "seen", "seq": 1}
            await person.line.say(**kind, room=room)
            await self.listen(person)
        else:
            claims = [self.claim() for _ in range(self.dice.choice([1, 1, 1, 5]))]
            await person.line.say(
                **(claims[0] if len(claims) == 1 else {"t": "ev", "events": claims})
            )
            await self.listen(person)

    def post(self, person: Person) -> None:
        """The same frames by POST."""
        page = self.pages.setdefault(person.user.pk, Client(headers={"accept": "application/json"}))
        if not page.session.get("otp_device_id"):
            page.force_login(person.user, "django.contrib.auth.backends.ModelBackend")
            session = page.session
            device = TOTPDevice.objects.get(user=person.user)
            session["otp_device_id"] = device.persistent_id
            session.save()
        rooms = [{"room": room} for room in self.rooms]
        hello = {"t": "hello", "v": 1, "device": str(uuid.uuid4()), "rooms": rooms, "t0": 1}
        room = self.dice.choice(self.rooms)
        answer = page.post(f"/rooms/{room}/sync/", [hello, self.claim()], "application/json")
        if answer.status_code == 200:
            assert room in person.hears
            for frame in answer.json()["frames"]:
                self.check(person, frame)


LONG = [pytest.param(seed, 10_000, marks=pytest.mark.soak) for seed in range(2, 12)]


@pytest.mark.parametrize(("seed", "cases"), [(0, 120), (1, 120), *LONG])
async def test_nobody_hears_or_changes_what_is_not_his(
    live_day: Any, seed: int, cases: int
) -> None:
    trial = await database_sync_to_async(Trial)(live_day, seed)
    for _case in range(cases):
        await trial.one()
    written = await database_sync_to_async(list)(
        RoomEvent.objects.exclude(actor=None).values_list("actor", "room_session", "type")
    )
    who = {person.user.pk: person for person in trial.people}
    for actor, room, type_ in written:
        may = who[actor].ends if type_ in ENDS else who[actor].states
        assert room in may, f"{who[actor].roles} {who[actor].duties} wrote {type_} in {room}"
    assert trial.leaks == []
    tried = {"no", "welcome"} | ({"ok"} if any(person.states for person in trial.people) else set())
    assert tried <= set(trial.heard), "nothing was tried"
    for person in trial.people:
        if person.line is not None:
            await person.line.line.disconnect()
