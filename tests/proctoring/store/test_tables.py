"""The tables of the day are the ledgers, summed up: event by event, and all over again."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from proctoring.live.events import CHIEF, HEADQUARTERS, PROCTOR, SYSTEM, Fact
from proctoring.live.protocol import BODIES
from proctoring.live.room import HANDLERS, apply
from proctoring.live.state import RoomState
from proctoring.models import Attendance, Incident, RoomEvent, RoomHead
from proctoring.queries.attendance import attendance_counts
from proctoring.queries.ledger import current_room, entries_from, event_of, forget
from proctoring.queries.verification import verify_ledgers
from proctoring.store import append_many, tables
from proctoring.store.rebuild import rebuild

START = 1_800_061_200_000
LATE = START + 31 * 60_000


def whole_day(room: int, people: list[int], second: int) -> list[tuple[str, dict[str, Any], int]]:
    """A day in which every kind of event happens at least once, in an order that is allowed."""
    a, b, c, d = people
    return [
        ("room.open", {}, START - 9), ("seat.check_in", {"booking": a}, START - 8),
        ("seat.check_in", {"booking": b}, START - 7), ("seat.check_in", {"booking": c}, START - 6),
        ("seat.id_verify", {"booking": a, "match": False}, START - 5),
        ("seat.seat", {"booking": b}, START - 4), ("correct", {"of": 6, "booking": a}, START - 4),
        ("seat.move", {"booking": b, "seat": "B3"}, START - 3),
        ("seat.refuse", {"booking": c}, START - 2), ("note.read", {"note": UUID}, START - 2),
        ("room.brief", {}, START - 1), ("room.start", {"everybody": True}, START),
        ("correct", {"of": 13, "booking": b}, START), ("seat.start", {"booking": b}, START),
        ("seat.out", {"booking": a, "reason": "centre"}, START + 1),
        ("seat.back", {"booking": a}, START + 9), ("seat.suspect", {"booking": b}, START + 9),
        ("seat.extra_time", {"booking": b, "minutes": 5}, START + 9),
        ("incident.open", {"kind": "phone", "booking": b}, START + 10),
        ("incident.note", {"incident": INCIDENT, "note": "seen"}, START + 11),
        ("incident.close", {"incident": INCIDENT}, START + 12),
        ("room.pause", {}, START + 20), ("room.resume", {}, START + 30),
        ("room.extend", {"minutes": 3}, START + 30),
        ("room.notice", {"text": "rain", "command": UUID}, START + 35),
        ("room.evacuate", {}, START + 40),
        ("room.return", {}, START + 50), ("room.resume", {}, START + 51),
        ("seat.absent", {"booking": d}, LATE), ("room.time_up", {}, LATE + 1),
        ("seat.submit", {"booking": a, "sheet": "S1"}, LATE + 2),
        ("seat.withdraw", {"booking": b}, LATE + 2),
        ("seat.disqualify", {"booking": a, "second": second}, LATE + 3),
        ("room.reconcile", {}, LATE + 4), ("room.seal", {"second": second}, LATE + 5),
        ("room.close", {}, LATE + 6),
    ]  # fmt: skip


UUID = "0190163d-8694-739b-aea5-966c26f8ad91"
INCIDENT = "0190163d-8694-739b-aea5-966c26f8ad92"


def facts_of(day: Any) -> list[Fact]:
    room = day.rooms[0]
    people = [booking.pk for booking in day.bookings(room)]
    chief = day.user("chief").pk
    facts = []
    for number, (type_, body, at) in enumerate(whole_day(room.pk, people, chief + 1), start=1):
        id_ = INCIDENT if type_ == "incident.open" else f"{UUID[:-4]}{number:04x}"
        facts.append(Fact(id_, room.pk, type_, body, at, chief, CHIEF))
    return facts


def stored(room: int) -> dict[str, Any]:
    """What the tables say of a room."""
    return {
        "head": RoomHead.objects.filter(pk=room).values_list().get(),
        "attendances": set(Attendance.objects.filter(room_session=room).values_list()),
        "incidents": set(Incident.objects.filter(room_session=room).values_list()),
    }


def summed(room: int, state: RoomState) -> dict[str, int]:
    head = RoomHead.objects.get(pk=room)
    return {name: getattr(head, name) for name in state.counts}


def test_the_room_before_and_the_event_make_the_room_after(day: Any) -> None:
    room = day.rooms[0].pk
    kinds = set()
    for fact in facts_of(day):
        forget()
        before = current_room(room).state
        answer = append_many([fact], recv=fact.at).answers[0]
        assert (answer.seq > 0, answer.code) == (True, ""), fact.type
        forget()
        after = current_room(room).state
        new = [event_of(room, entry) for entry in entries_from(room, before.seq + 1)]
        for event in new:
            before = apply(before, event)
        assert before == after, fact.type
        assert summed(room, after) == after.counts
        assert sum(after.counts.values()) == 4
        kinds |= {event.type for event in new}
    assert kinds | {"room.abort"} == set(HANDLERS)


def test_headquarters_aborts_and_the_tables_follow(day: Any, says: Any) -> None:
    room = day.rooms[0]
    append_many([says(room, "room.open"), says(room, "room.abort", role=HEADQUARTERS)], recv=START)
    assert RoomHead.objects.get(pk=room.pk).phase == "aborted"


def test_one_by_one_and_all_at_once_leave_the_same_tables(day: Any) -> None:
    facts = facts_of(day)
    room = facts[0].room
    append_many(facts, recv=None)
    other = day.rooms[1].pk
    mapping = dict(zip([b.pk for b in day.bookings(day.rooms[0])],
                       [b.pk for b in day.bookings(day.rooms[1])], strict=True))  # fmt: skip
    for fact in facts:
        body = dict(fact.body)
        if "booking" in body:
            body["booking"] = mapping[body["booking"]]
        twin = Fact(fact.id, other, fact.type, body, fact.at, fact.actor, fact.role)
        assert append_many([twin], recv=None).answers[0].seq
    states = Attendance.objects.values_list("room_session", "seat", "state", "last_seq")
    assert {s[1:] for s in states if s[0] == room} == {s[1:] for s in states if s[0] == other}


def test_computing_the_tables_again_changes_nothing(day: Any) -> None:
    append_many(facts_of(day), recv=None)
    before = stored(day.rooms[0].pk)
    assert rebuild() == 0
    assert stored(day.rooms[0].pk) == before


def test_a_damaged_table_is_found_and_put_right(day: Any) -> None:
    append_many(facts_of(day), recv=None)
    before = stored(day.rooms[0].pk)
    Attendance.objects.filter(state="absent").update(state="submitted")
    RoomHead.objects.update(absent=3)
    with pytest.raises(CommandError):
        call_command("rebuild_attendance", check=True, stdout=io.StringIO())
    call_command("rebuild_attendance", stdout=io.StringIO())
    assert stored(day.rooms[0].pk) == before


def tamper(sql: str) -> None:
    """Change a ledger as somebody would who holds the database itself."""
    off, on = {
        "sqlite": ("DROP TRIGGER append_only_proctoring_roomevent_update", ""),
        "postgresql": (
            "ALTER TABLE proctoring_roomevent DISABLE TRIGGER USER",
            "ALTER TABLE proctoring_roomevent ENABLE TRIGGER USER",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE" if on else "SELECT 1")
        cursor.execute(off)
        cursor.execute(sql)
        if on:
            cursor.execute(on)


def test_verification_passes_a_whole_day_and_names_one_changed_row(day: Any) -> None:
    append_many(facts_of(day), recv=None)
    room = day.rooms[0].pk
    verdict = verify_ledgers()
    assert (verdict.breaks, verdict.ledgers) == ((), 1)
    assert verdict.events == RoomEvent.objects.count()
    tamper("UPDATE proctoring_roomevent SET at = at + 1 WHERE seq = 7")
    assert [(b.room, b.seq, b.code) for b in verify_ledgers().breaks] == [(room, 7, "hash")]
    with pytest.raises(CommandError):
        call_command("verify_ledger", stdout=io.StringIO(), stderr=io.StringIO())


def test_a_changed_head_is_found(day: Any) -> None:
    append_many(facts_of(day), recv=None)
    RoomHead.objects.update(hash="0" * 64)
    assert [broken.code for broken in verify_ledgers().breaks] == ["head"]


def test_attendance_counts_close(day: Any) -> None:
    append_many(facts_of(day), recv=None)
    counts = attendance_counts(day.exam_session.sitting)
    assert (counts.booked, counts.unknown, counts.unsettled) == (12, 8, 0)
    assert (counts.present, counts.absent) == (2, 1)


def test_the_head_and_the_columns_of_the_tables_are_the_models_own() -> None:
    named = {f.column for f in Attendance._meta.concrete_fields}
    assert named == set(tables.ATTENDANCE)
    assert {f.column for f in Incident._meta.concrete_fields} - {"id"} == set(tables.INCIDENT)
    assert {f.column for f in RoomHead._meta.concrete_fields} == set(tables.HEAD)


def test_a_proctor_cannot_do_what_only_chiefs_do(day: Any, says: Any) -> None:
    room = day.rooms[0]
    append_many([says(room, "room.open"), says(room, "room.start")], recv=START)
    answer = append_many([says(room, "room.extend", minutes=5, role=PROCTOR)], recv=START)
    assert answer.answers[0].code == "chief_only"
    assert set(BODIES) >= {"room.extend"}
    assert SYSTEM == "system"
