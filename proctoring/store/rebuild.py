"""The tables of the day, computed again from the ledgers alone: it must change nothing."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from proctoring.live.room import RoomState
from proctoring.queries.ledger import Head
from proctoring.queries.verification import replayed_rooms
from proctoring.store import tables


def rebuild(*, write: bool = True) -> int:
    """Compute heads, attendances and incidents anew; how many rows were not as they should be."""
    with transaction.atomic():
        wrong = 0
        for room, end, state in replayed_rooms():
            wrong += _room(room, Head(state.seq, end), state, write)
        return wrong


def _room(room: int, head: Head, state: RoomState, write: bool) -> int:
    expected = {
        "head": [tables.head_row(room, head, state)],
        "attendance": [tables.attendance_row(room, seat) for seat in state.seats.values()],
        "incident": [tables.incident_row(room, i) for i in state.incidents.values()],
    }
    wrong = sum(len(set(rows) ^ set(_stored(kind, room))) for kind, rows in expected.items())
    if wrong and write:
        tables.write_heads(expected["head"])
        tables.write_attendances(expected["attendance"])
        tables.write_incidents(expected["incident"])
    return wrong


def _stored(kind: str, room: int) -> Sequence[tuple[Any, ...]]:
    columns = {
        "head": (*tables.HEAD, "room_session_id"),
        "attendance": tables.ATTENDANCE,
        "incident": tables.INCIDENT,
    }[kind]
    table = {"head": "roomhead"}.get(kind, kind)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM proctoring_{table} WHERE room_session_id = %s",
            [room],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
