"""Reading ledgers: entries, the room they add up to, and a memory of rooms already read.

The memory is only a shortcut: a room is taken from it when the ledger still holds, at the
number the memory knows, the hash the memory knows. Processes never need to tell each other.
"""

import json
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.db import connection

from proctoring.live.chain import GENESIS, Entry
from proctoring.live.events import WAS, Event
from proctoring.live.room import replay
from proctoring.live.state import RoomState
from proctoring.models import LedgerEpoch, RoomEvent, RoomHead

COLUMNS: Final = "seq, event_id, type, body, at, recv, actor_id, role, device_id, dseq, base, hash"
SELECT: Final = f"SELECT {COLUMNS} FROM proctoring_roomevent WHERE room_session_id = %s"
REMEMBERED: Final = 8192
PAIRS: Final = 400


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


def entries_after(asked: Mapping[int, int]) -> dict[int, list[Entry]]:
    """The entries of each of these rooms after the number asked for it, in order.

    Few questions, however many rooms are asked for.
    """
    found: dict[int, list[Entry]] = {room: [] for room in asked}
    for row in _joined(COLUMNS, "e.seq > asked.seq", list(asked.items())):
        found[row[0]].append(Entry(*row[1:]))
    return found


def hashes_at(places: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The hashes of the entries at these (room, number); a place without an entry is not in it."""
    rows = _joined("seq, hash", "e.seq = asked.seq", list(places))
    return {(room, seq): hash_ for room, seq, hash_ in rows}


def _joined(
    columns: str, where: str, asked: Sequence[tuple[int, int]]
) -> Iterator[tuple[Any, ...]]:
    """Room and `columns` of the entries that match these pairs, by room and number."""
    wanted = ", ".join(f"e.{column}" for column in columns.split(", "))
    for start in range(0, len(asked), PAIRS):
        pairs, values = asked_pairs(("room_session_id", "seq"), asked[start : start + PAIRS])
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH asked (room, seq) AS ({pairs}) SELECT asked.room, {wanted}"
                " FROM asked JOIN proctoring_roomevent e"
                f" ON e.room_session_id = asked.room AND {where} ORDER BY asked.room, e.seq",
                values,
            )
            yield from cursor.fetchall()


def asked_pairs(names: tuple[str, str], pairs: Sequence[tuple[Any, Any]]) -> tuple[str, list[Any]]:
    """Pairs of values of these two columns of the ledger as a table in SQL, and its parameters.

    A server is handed two arrays: reading thousands of single parameters takes longer than the
    question.
    """
    if connection.vendor == "sqlite":
        marks = ", ".join(["(%s, %s)"] * len(pairs))
        return f"VALUES {marks}", [value for pair in pairs for value in pair]
    types = [RoomEvent._meta.get_field(name).db_type(connection) for name in names]
    arrays = ", ".join(f"%s::{type_}[]" for type_ in types)
    return f"SELECT * FROM unnest({arrays})", [list(side) for side in zip(*pairs, strict=True)]


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
    was: int = json.loads(body).get(WAS, seq)
    return was


def head_of(room: int) -> Head:
    """Where a room's ledger ends; number 0 when nothing was ever written."""
    return heads_of([room])[room]


def heads_of(rooms: Collection[int]) -> dict[int, Head]:
    """Where the ledgers of these rooms end; number 0 when nothing was ever written."""
    rows = RoomHead.objects.filter(pk__in=rooms).values_list("pk", "seq", "hash")
    found = {room: Head(seq, hash_) for room, seq, hash_ in rows}
    return {room: found.get(room, EMPTY) for room in rooms}


def current_room(room: int) -> Remembered:
    """A room as its ledger stands now."""
    return current_rooms([room])[room]


def current_rooms(rooms: Collection[int]) -> dict[int, Remembered]:
    """These rooms as their ledgers stand now."""
    return caught_up(heads_of(rooms))


def caught_up(heads: Mapping[int, Head]) -> dict[int, Remembered]:
    """The rooms at these heads, from the memory and what was written since."""
    known = {room: _memory[room] for room in heads if room in _memory}
    found = {room: held for room, held in known.items() if held.head == heads[room]}
    earlier = {room: held for room, held in known.items() if 1 < held.head.seq < heads[room].seq}
    behind = {
        room: earlier[room].head.seq - 1 if room in earlier else 0
        for room in heads if room not in found
    }  # fmt: skip
    while behind:
        for room, entries in entries_after(behind).items():
            read = _continued(room, heads[room], entries, earlier.pop(room, None))
            if read is not None:
                found[room] = read
                remember(room, read)
        behind = {room: 0 for room in behind if room not in found}
    return found


def _continued(
    room: int, head: Head, entries: Sequence[Entry], known: Remembered | None
) -> Remembered | None:
    """A room at `head`, from what was remembered; None when that was of another life."""
    until = [entry for entry in entries if entry.seq <= head.seq]
    if known is None:
        return Remembered(head, replay(event_of(room, entry) for entry in until))
    if not until or until[0].hash != known.head.hash:
        return None
    return Remembered(head, replay((event_of(room, entry) for entry in until[1:]), known.state))


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
