"""The day of one room session, as the devices in the room would tell it.

`room_day(rng, watch, people)` is pure: it returns the facts of a whole exam session in the order
in which they happened, ready for the ledger. Nothing in it knows how the ledger works.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from proctoring.live.clock import MINUTE
from proctoring.live.events import CHIEF, PROCTOR, Fact

SECOND = 1000
LATE, DOUBTED, LEAVES_ROOM = 0.012, 0.002, 0.05  # shares of the people present
INCIDENT, STAYS_OPEN, POWER_FAILS = 0.09, 0.04, 0.004  # per room session; of incidents; per room

# What rooms report of one person, and of themselves: kind, note, how often relative to the others.
OF_A_PERSON = (
    ("phone", "พบโทรศัพท์มือถือในกระเป๋า ปิดเครื่องและเก็บไว้หน้าห้องสอบ", 4),
    ("ill", "ผู้เข้าสอบวิงเวียน พักแล้วกลับมาทำข้อสอบต่อได้", 5),
    ("talking", "ผู้เข้าสอบพูดกับผู้ที่นั่งข้าง ตักเตือนแล้ว", 3),
    ("identity", "ชื่อในบัตรไม่ตรงกับบัญชีรายชื่อ มีใบเปลี่ยนชื่อมาแสดง", 3),
    ("note_found", "พบกระดาษจดข้อความ เก็บไว้เป็นหลักฐานแล้ว", 1),
)
OF_THE_ROOM = (
    ("noise", "เสียงก่อสร้างดังจากภายนอกอาคาร แจ้งหัวหน้าศูนย์สอบแล้ว", 3),
    ("paper", "แบบทดสอบพิมพ์ไม่ชัดหนึ่งเล่ม เปลี่ยนเล่มสำรองให้แล้ว", 3),
    ("help", "ขอเจ้าหน้าที่มาเปลี่ยนตัวเข้าห้องน้ำ", 3),
    ("other", "เครื่องปรับอากาศไม่เย็น เปิดหน้าต่างแทน", 2),
)


@dataclass(frozen=True)
class Expected:
    """One booked person: the booking, the extra minutes granted, and whether they will come."""

    booking: int
    extra: int
    comes: bool


@dataclass(frozen=True)
class Watch:
    """A room session as its proctors meet it; moments in milliseconds since 1970 UTC.

    `next_dseq` is the first number the room's device has not used yet.
    """

    room: int
    doors_open_at: int
    starts_at: int
    doors_close_at: int
    minutes: int
    proctor: int
    second: int
    chief: int
    device: int | None
    next_dseq: int


@dataclass
class _Day:
    """What happened so far: moments with the type, body and role of their fact."""

    rng: np.random.Generator
    watch: Watch
    moments: list[tuple[int, str, dict[str, Any], str]] = field(default_factory=list)

    def say(self, at: float, kind: str, role: str = PROCTOR, /, **body: Any) -> int:
        self.moments.append((int(at), kind, body, role))
        return int(at)

    def between(self, low: float, high: float) -> float:
        """A moment between two, in milliseconds."""
        return float(self.rng.uniform(low, high))

    def id(self) -> str:
        text = self.rng.bytes(16).hex()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def room_day(rng: np.random.Generator, watch: Watch, people: Sequence[Expected]) -> list[Fact]:
    """All facts of one room session, from the opened door to the closed bag, in order of time.

    Everybody who comes leaves at least a check-in, a look at the face, a start and a hand-in;
    everybody else an absence after the doors have closed.
    """
    day = _Day(rng, watch)
    day.say(watch.doors_open_at + day.between(-2, 4) * MINUTE, "room.open")
    day.say(watch.starts_at - 5 * MINUTE + day.between(0, 60) * SECOND, "room.brief")
    start = day.say(watch.starts_at + day.between(0, 40) * SECOND, "room.start")
    end = start + watch.minutes * MINUTE + _lost_time(day, start)
    time_up = day.say(end, "room.time_up")
    last = max([time_up, *(_person(day, person, start, time_up) for person in people)])
    present = [person.booking for person in people if person.comes]
    _incidents(day, present, start, time_up)
    _close(day, last)
    return _facts(day)


def _lost_time(day: _Day, start: int) -> int:
    """Milliseconds of a power failure, given back by the chief; 0 on nearly every day."""
    if day.rng.random() >= POWER_FAILS:
        return 0
    dark = day.say(start + day.between(40, 120) * MINUTE, "room.pause", why="ไฟฟ้าดับ")
    light = day.say(dark + day.between(4, 14) * MINUTE, "room.resume", why="ไฟฟ้ากลับมาแล้ว")
    return light - dark


def _person(day: _Day, person: Expected, start: int, time_up: int) -> int:
    """One person's facts; returns the moment of the last of them."""
    watch, booking = day.watch, person.booking
    if not person.comes:
        gone = watch.doors_close_at + day.between(60, 300) * SECOND
        return day.say(gone, "seat.absent", booking=booking)
    came = day.say(_arrival(day), "seat.check_in", booking=booking)
    seated = (
        _doubted(day, booking, came) if day.rng.random() < DOUBTED else _known(day, booking, came)
    )
    begun = max(start, seated) + day.between(2, 90) * SECOND
    day.say(begun, "seat.start", booking=booking)
    if day.rng.random() < LEAVES_ROOM:
        out = day.say(start + day.between(50, 160) * MINUTE, "seat.out", booking=booking)
        day.say(out + day.between(3, 9) * MINUTE, "seat.back", booking=booking)
    leaves = time_up + person.extra * MINUTE + day.between(10, 480) * SECOND
    return day.say(leaves, "seat.submit", booking=booking)


def _arrival(day: _Day) -> float:
    """Most come twenty minutes before the start, a few after it, nobody after the doors close."""
    watch = day.watch
    if day.rng.random() < LATE:
        return day.between(watch.starts_at + MINUTE, watch.doors_close_at - MINUTE)
    wished = watch.starts_at + day.rng.normal(-21, 9) * MINUTE
    earliest = watch.doors_open_at + 5 * MINUTE
    if earliest < wished < watch.starts_at - 2 * MINUTE:
        return float(wished)
    return day.between(earliest, watch.starts_at - 2 * MINUTE)


def _known(day: _Day, booking: int, came: int) -> int:
    """A face that is the card's, looked at before the person sits down."""
    return day.say(
        came + day.between(10, 90) * SECOND, "seat.id_verify", booking=booking, match=True
    )


def _doubted(day: _Day, booking: int, came: int) -> int:
    """A face that did not seem to be the card's, until the papers were shown."""
    doubted = day.say(came + 20 * SECOND, "seat.id_verify", booking=booking, match=False)
    return day.say(doubted + 70 * SECOND, "seat.id_verify", booking=booking, match=True)


def _incidents(day: _Day, present: list[int], start: int, time_up: int) -> None:
    while day.rng.random() < INCIDENT:
        kinds = OF_A_PERSON if present and day.rng.random() < 0.6 else OF_THE_ROOM
        weights = np.array([often for _kind, _note, often in kinds], float)
        kind, note, _often = kinds[day.rng.choice(len(kinds), p=weights / weights.sum())]
        about: dict[str, Any] = (
            {"booking": int(day.rng.choice(present))} if kinds is OF_A_PERSON else {}
        )
        # Between the doors' closing and the end: whoever comes has come.
        opened = day.between(start + 35 * MINUTE, time_up - 15 * MINUTE)
        id_ = day.id()
        day.say(opened, "incident.open", kind=kind, note=note, _id=id_, **about)
        if day.rng.random() >= STAYS_OPEN:
            closed = opened + day.between(2, 12) * MINUTE
            day.say(closed, "incident.close", CHIEF, incident=id_)


def _close(day: _Day, last: int) -> None:
    counted = day.say(last + day.between(2, 6) * MINUTE, "room.reconcile")
    sealed = day.say(counted + day.between(2, 6) * MINUTE, "room.seal", second=day.watch.second)
    day.say(sealed + day.between(1, 5) * MINUTE, "room.close")


def _facts(day: _Day) -> list[Fact]:
    """The moments in order of time, numbered by the room's device; the chief has none."""
    watch, facts = day.watch, []
    dseq = watch.next_dseq
    for at, kind, body, role in sorted(day.moments, key=lambda moment: moment[0]):
        id_ = body.pop("_id", None) or day.id()
        by_chief = role == CHIEF
        number = None if by_chief or watch.device is None else dseq
        dseq += number is not None
        facts.append(
            Fact(
                id_, watch.room, kind, body, at,
                watch.chief if by_chief else watch.proctor, role,
                None if number is None else watch.device, number,
            )
        )  # fmt: skip
    return facts
