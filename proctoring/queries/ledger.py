"""Reading ledgers: entries, the room they add up to, and a memory of rooms already read.

The memory is only a shortcut: a room is taken from it when the ledger still holds, at the
number the memory knows, the hash the memory knows. Processes never need to tell each other.
"""

import json
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.db import connection

from proctoring.live.chain import GENESIS, Entry
from proctoring.live.events import Event
from proctoring.live.room import RoomState, replay
from proctoring.models import LedgerEpoch, RoomEvent, RoomHead

COLUMNS: Final = "seq, event_id, type, body, at, recv, actor_id, role, device_id, dseq, base, hash"
SELECT: Final = f"SELECT {COLUMNS} FROM proctoring_roomevent WHERE room_session_id = %s"
REMEMBERED: Final = 8192


class Head(NamedTuple):
    """Where a ledger ends."""

    seq: int
    hash: str


class Remembered(NamedTuple):
    head: Head
    state: RoomState


EMPTY: Final = Head(0, GENESIS)
_memory: OrderedDict[int, Remembered] = OrderedDict()


def epoch() -> str:
    """The name of this life of the database; empty before it was given one."""
    newest = LedgerEpoch.objects.order_by("pk").values_list("epoch", flat=True).last()
    return str(newest or "")


def event_of(room: int, entry: Entry) -> Event:
    """The event a stored entry holds."""
    return Event(
        entry.id, room, entry.type, json.loads(entry.body), entry.at, entry.actor, entry.role,
        entry.device, entry.dseq, entry.base, entry.seq, entry.recv,
    )  # fmt: skip


def entries_from(room: int, seq: int) -> list[Entry]:
    """The entries of a room numbered `seq` and above, in order."""
    with connection.cursor() as cursor:
        cursor.execute(f"{SELECT} AND seq >= %s ORDER BY seq", [room, seq])
        return [Entry(*row) for row in cursor.fetchall()]


def events_after(room: int, since: int) -> list[Event]:
    """The events of a room after number `since`, in order."""
    return [event_of(room, entry) for entry in entries_from(room, since + 1)]


def events_until(room: int, moment: int) -> list[Event]:
    """The events of a room that the server held at `moment`, in milliseconds."""
    return [event for event in events_after(room, 0) if event.recv <= moment]


def hash_at(room: int, seq: int) -> str:
    """The hash of one entry; empty when there is none."""
    found = RoomEvent.objects.filter(room_session=room, seq=seq).values_list("hash", flat=True)
    return found.first() or ""


def ids_among(room: int, ids: Collection[str]) -> dict[str, int]:
    """The numbers of those of these ids that the ledger of a room holds."""
    found = RoomEvent.objects.filter(room_session=room, event_id__in=ids)
    return dict(found.values_list("event_id", "seq"))


def former_end(room: int) -> int:
    """How far a ledger reaches in the numbers its entries were first known by.

    They differ from its own where entries came back after a restore, and some did not.
    """
    newest = RoomEvent.objects.filter(room_session=room).order_by("-seq").values_list("seq", "body")
    seq, body = newest.first() or (0, "{}")
    was: int = json.loads(body).get("was", seq)
    return was


def head_of(room: int) -> Head:
    """Where a room's ledger ends; number 0 when nothing was ever written."""
    found = RoomHead.objects.filter(pk=room).values_list("seq", "hash").first()
    return Head(*found) if found else EMPTY


def current_room(room: int) -> Remembered:
    """A room as its ledger stands now."""
    return caught_up(room, head_of(room))


def caught_up(room: int, head: Head) -> Remembered:
    """The room at `head`, from the memory and what was written since."""
    known = _memory.get(room)
    if known is not None and known.head == head:
        return known
    fresh = _continued(room, known, head) or _replayed(room, head)
    remember(room, fresh)
    return fresh


def _continued(room: int, known: Remembered | None, head: Head) -> Remembered | None:
    if known is None or not 0 < known.head.seq < head.seq:
        return None
    entries = _until(entries_from(room, known.head.seq), head)
    if not entries or entries[0].hash != known.head.hash:
        return None
    events = (event_of(room, entry) for entry in entries[1:])
    return Remembered(Head(entries[-1].seq, entries[-1].hash), replay(events, known.state))


def _replayed(room: int, head: Head) -> Remembered:
    entries = _until(entries_from(room, 1), head) if head.seq else []
    state = replay(event_of(room, entry) for entry in entries)
    return Remembered(head, state)


def _until(entries: list[Entry], head: Head) -> list[Entry]:
    return [entry for entry in entries if entry.seq <= head.seq]


def remember(room: int, known: Remembered) -> None:
    """Keep a room in the memory, and forget the room not asked for longest."""
    _memory[room] = known
    _memory.move_to_end(room)
    while len(_memory) > REMEMBERED:
        _memory.popitem(last=False)


def forget(rooms: Iterable[int] | None = None) -> None:
    """Empty the memory, or what it holds of these rooms."""
    for room in list(_memory) if rooms is None else rooms:
        _memory.pop(room, None)


def all_entries() -> Iterator[tuple[int, Iterator[Entry]]]:
    """Every ledger there is: the room and its entries in order, read once from end to end."""
    rows = _rows(
        f"SELECT room_session_id, {COLUMNS} FROM proctoring_roomevent ORDER BY room_session_id, seq"
    )
    for room, group in groupby(rows, key=lambda row: row[0]):
        yield room, (Entry(*row[1:]) for row in group)


def _rows(sql: str) -> Iterator[tuple[Any, ...]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(2000):
            yield from rows


def all_heads() -> Mapping[int, Head]:
    """Where every ledger ends, by room."""
    rows = RoomHead.objects.order_by("pk").values_list("pk", "seq", "hash")
    return {room: Head(seq, hash_) for room, seq, hash_ in rows}
