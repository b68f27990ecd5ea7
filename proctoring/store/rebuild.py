"""The tables of the day, computed again from the ledgers alone: it must change nothing."""

from typing import Any

from django.db import connection, transaction

from proctoring.live.state import RoomState
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
        tables.HEADS: [tables.head_row(room, head, state)],
        tables.ATTENDANCES: [tables.attendance_row(room, seat) for seat in state.seats.values()],
        tables.INCIDENTS: [tables.incident_row(room, i) for i in state.incidents.values()],
    }
    wrong = sum(len(set(rows) ^ _stored(into, room)) for into, rows in expected.items())
    if wrong and write:
        for into, rows in expected.items():
            tables.put(into, rows)
    return wrong


def _stored(into: tables.Into, room: int) -> set[tuple[Any, ...]]:
    columns, table = ", ".join(into.columns), into.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table} WHERE room_session_id = %s", [room])
        return set(cursor.fetchall())
