"""Rewritten as a whole, hashes and all: a ledger still differs from what the witness saw."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from proctoring.actions.epochs import begin_epoch
from proctoring.actions.witness import witness_heads
from proctoring.live.chain import GENESIS, Break, Entry, canonical, entry_text, link
from proctoring.models import RoomEvent, RoomHead
from proctoring.queries.ledger import entries_from
from proctoring.queries.verification import verify_ledgers
from proctoring.queries.witness import lines_of, witness_files
from proctoring.store import append_many

START = 1_800_000_000_000


@pytest.fixture
def held(day: Any, says: Any) -> Any:
    """Three ledgers of four entries each, seen by the witness after every one of them."""
    for type_ in ("room.open", "room.brief", "room.start"):
        append_many([says(room, type_) for room in day.rooms], recv=START)
        witness_heads(at=timezone.now())
    return day


def unguarded(sql: str, *given: Any) -> None:
    """What somebody with the database's own password could do: past the append-only triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _sql in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(sql, given)
            for _name, made in triggers:
                cursor.execute(made)
        else:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(sql, given)
            cursor.execute("SET session_replication_role = origin")


def rewrite(room: int, seq: int, body: dict[str, Any]) -> None:
    """Change one entry, and make every hash after it and the head say so too."""
    previous = GENESIS
    for entry in entries_from(room, 1):
        said = Entry(*entry[:3], canonical(body) if entry.seq == seq else entry.body, *entry[4:])
        previous = link(previous, entry_text(room, said))
        unguarded(
            "UPDATE proctoring_roomevent SET body = %s, hash = %s"
            " WHERE room_session_id = %s AND seq = %s",
            said.body, previous, room, entry.seq,
        )  # fmt: skip
    RoomHead.objects.filter(pk=room).update(hash=previous)


def test_a_day_as_it_was_agrees_with_its_witness(held: Any) -> None:
    verdict = verify_ledgers()
    assert (verdict.breaks, verdict.faults, verdict.seen, verdict.former) == ((), (), 9, 0)
    assert len(lines_of(witness_files()[0])) == 3
    assert witness_heads(at=timezone.now()) == 0
    assert len(lines_of(witness_files()[0])) == 3, "nothing moved, nothing is written"
    call_command("verify_ledger")


def test_a_ledger_rewritten_hashes_and_all_is_named_with_the_number(held: Any) -> None:
    room = held.rooms[1].pk
    rewrite(room, 3, {"x": 1})
    assert verify_ledgers().breaks == (Break(room, 3, "witness"),)


def test_a_room_taken_away_whole_is_named(held: Any) -> None:
    room = held.rooms[0].pk
    unguarded("DELETE FROM proctoring_roomevent WHERE room_session_id = %s", room)
    RoomHead.objects.filter(pk=room).delete()
    assert verify_ledgers().breaks == (Break(room, 0, "witness"),)
    with pytest.raises(CommandError):
        call_command("verify_ledger")


def test_a_ledger_cut_short_with_its_head_is_named(held: Any) -> None:
    room = held.rooms[2].pk
    unguarded("DELETE FROM proctoring_roomevent WHERE room_session_id = %s AND seq = 4", room)
    RoomHead.objects.filter(pk=room).update(
        seq=3, hash=RoomEvent.objects.get(room_session=room, seq=3).hash
    )
    assert verify_ledgers().breaks == (Break(room, 3, "witness"),)


def test_a_plainly_changed_byte_is_named_without_a_witness(held: Any) -> None:
    room = held.rooms[0].pk
    unguarded("UPDATE proctoring_roomevent SET at = at + 1 WHERE room_session_id = %s AND seq = 2",
              room)  # fmt: skip
    assert verify_ledgers().breaks == (Break(room, 2, "hash"),)


def test_after_a_restore_what_was_seen_before_is_told_and_is_no_break(held: Any, says: Any) -> None:
    room = held.rooms[2].pk
    unguarded("DELETE FROM proctoring_roomevent WHERE room_session_id = %s AND seq = 4", room)
    RoomHead.objects.filter(pk=room).update(
        seq=3, hash=RoomEvent.objects.get(room_session=room, seq=3).hash
    )
    begin_epoch(by=None, at=timezone.now())
    verdict = verify_ledgers()
    assert (verdict.breaks, verdict.seen, verdict.former) == ((), 0, 9)
    witness_heads(at=timezone.now() + timedelta(minutes=1))
    append_many([says(room, "room.start")], recv=START)
    witness_heads(at=timezone.now() + timedelta(minutes=2))
    assert verify_ledgers().breaks == ()


def test_a_second_place_holds_the_same_and_a_difference_is_told(
    held: Any, says: Any, settings: Any, tmp_path: Path
) -> None:
    settings.WITNESS_DIR = str(tmp_path / "elsewhere")
    append_many([says(held.rooms[0], "room.time_up")], recv=START)
    witness_heads(at=timezone.now())
    first, second = witness_files()
    assert first.read_bytes() == second.read_bytes(), "what it missed before is filled in"
    assert verify_ledgers().faults == ()
    first.write_text("\n".join(lines_of(first)[:2]) + "\n")
    assert verify_ledgers().faults == (), "the longer one is believed"
    second.write_text(second.read_text().replace('"at"', '"At"', 1))
    assert len(verify_ledgers().faults) == 2


def test_a_line_that_a_crash_cut_short_is_written_again(held: Any, says: Any) -> None:
    file = witness_files()[0]
    with file.open("a") as out:
        out.write('{"at":1,"bef')
    append_many([says(held.rooms[0], "room.time_up")], recv=START)
    witness_heads(at=timezone.now())
    assert len(lines_of(file)) == 4
    assert verify_ledgers().faults == ()


def test_a_second_place_that_cannot_be_reached_stops_nothing(held: Any, settings: Any) -> None:
    settings.WITNESS_DIR = "/proc/nowhere"
    assert witness_heads(at=timezone.now()) == 0
