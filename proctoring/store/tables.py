"""The rows of the day: entries go in, heads, attendances and incidents follow. Plain SQL."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import connection

from proctoring.live.room import Incident, RoomState
from proctoring.live.seat import STATES, Seat
from proctoring.queries.ledger import COLUMNS, Head

Row = tuple[Any, ...]
CHUNK: Final = 400

HEAD: Final = ("seq", "hash", "phase", *STATES, "open_incidents", "conflicts", "moved_at")
ATTENDANCE: Final = (
    "booking_id", "room_session_id", "state", "seat", "exam_form", "sheet", "since",
    "checked_in_at", "started_at", "submitted_at", "is_late", "is_doubtful", "is_suspect",
    "extra_minutes", "lost_ms", "last_seq",
)  # fmt: skip
INCIDENT: Final = (
    "room_session_id", "event_id", "booking_id", "seq", "kind", "note", "opened_at", "is_open",
)  # fmt: skip


def _upsert(table: str, columns: Sequence[str], keys: int = 1) -> str:
    """Insert or replace; the first `keys` columns say which row it is."""
    key, rest = ", ".join(columns[:keys]), columns[keys:]
    marks = ", ".join(["%s"] * len(columns))
    changes = ", ".join(f"{name} = excluded.{name}" for name in rest)
    names = ", ".join(columns)
    into = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    return f"{into} ON CONFLICT ({key}) DO UPDATE SET {changes}"


INSERT_EVENT: Final = (
    f"INSERT INTO proctoring_roomevent (room_session_id, {COLUMNS})"
    f" VALUES ({', '.join(['%s'] * 13)})"
)
UPDATE_HEAD: Final = (
    f"UPDATE proctoring_roomhead SET {', '.join(f'{name} = %s' for name in HEAD)}"
    " WHERE room_session_id = %s"
)
UPSERT_ATTENDANCE: Final = _upsert("proctoring_attendance", ATTENDANCE)
UPSERT_INCIDENT: Final = _upsert("proctoring_incident", INCIDENT, keys=2)


def head_row(room: int, head: Head, state: RoomState) -> Row:
    """What the head of a room says: its end, and what it adds up to."""
    people = state.counts
    incidents, conflicts = len(state.open_incidents), len(state.conflicts)
    counts = (people[name] for name in STATES)
    return (*head, state.phase, *counts, incidents, conflicts, state.moved_at, room)


def attendance_row(room: int, seat: Seat) -> Row:
    """What became of one booking."""
    return (
        seat.booking, room, seat.state, seat.seat, seat.form, seat.sheet, seat.since,
        seat.checked_in_at, seat.started_at, seat.submitted_at, seat.late, seat.doubt,
        seat.suspect, seat.extra, seat.lost, seat.last,
    )  # fmt: skip


def incident_row(room: int, incident: Incident) -> Row:
    """One incident as it stands."""
    note = "\n".join(incident.notes)
    return (
        room, incident.id, incident.booking, incident.seq, incident.kind, note, incident.at,
        incident.is_open,
    )  # fmt: skip


UPDATE_TICKET: Final = (
    "UPDATE proctoring_ticket SET given = %s, spent = %s, is_settled = %s, good_until = %s"
    " WHERE id = %s"
)
SETTLE_TICKET: Final = "UPDATE proctoring_ticket SET is_settled = true WHERE id = %s AND given = %s"


def write_tickets(rows: Sequence[Row]) -> None:
    _many(UPDATE_TICKET, rows)


def settle_tickets(stubs: Sequence[tuple[int, int]]) -> None:
    _many(SETTLE_TICKET, stubs)


def write_events(rows: Sequence[Row]) -> None:
    _many(INSERT_EVENT, rows)


def write_heads(rows: Sequence[Row]) -> None:
    _many(UPDATE_HEAD, rows)


def write_attendances(rows: Sequence[Row]) -> None:
    _many(UPSERT_ATTENDANCE, rows)


def clear_attendances(rooms: Sequence[int]) -> None:
    """Take away the rows of rooms whose plan is new; they are written again from the ledger."""
    with connection.cursor() as cursor:
        for part in _parts(rooms):
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(
                f"DELETE FROM proctoring_attendance WHERE room_session_id IN ({marks})", part
            )


def write_incidents(rows: Sequence[Row]) -> None:
    _many(UPSERT_INCIDENT, rows)


def _many(sql: str, rows: Sequence[Row]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(sql, rows)


def lock_heads(rooms: Sequence[int]) -> dict[int, Head]:
    """The heads of these rooms, locked until the transaction ends, in the order of their ids.

    SQLite has one writer and its transactions begin IMMEDIATE; PostgreSQL locks the rows.
    """
    heads = _heads(rooms)
    missing = [room for room in rooms if room not in heads]
    if missing:
        _make_heads(missing)
        heads |= _heads(missing)
    return heads


def _heads(rooms: Sequence[int]) -> dict[int, Head]:
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    heads: dict[int, Head] = {}
    with connection.cursor() as cursor:
        for part in _parts(rooms):
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(
                "SELECT room_session_id, seq, hash FROM proctoring_roomhead"
                f" WHERE room_session_id IN ({marks}) ORDER BY room_session_id{lock}",
                part,
            )
            heads.update({room: Head(seq, hash_) for room, seq, hash_ in cursor.fetchall()})
    return heads


def _make_heads(rooms: Sequence[int]) -> None:
    blank = Head(0, "0" * 64)
    rows = [head_row(room, blank, RoomState()) for room in rooms]
    names = ", ".join((*HEAD, "room_session_id"))
    marks = ", ".join(["%s"] * (len(HEAD) + 1))
    _many(
        f"INSERT INTO proctoring_roomhead ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows
    )


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def known_ids(pairs: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The numbers already given to these (room, event id)."""
    return dict(_known("room_session_id", "event_id", "e.seq", pairs))


def known_device_numbers(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The event ids already stored under these (device, device number)."""
    return dict(_known("device_id", "dseq", "e.event_id", pairs))


def _known(left: str, right: str, wanted: str, pairs: Sequence[Row]) -> Iterable[tuple[Row, Any]]:
    with connection.cursor() as cursor:
        for part in _parts(pairs):
            marks = ", ".join(["(%s, %s)"] * len(part))
            cursor.execute(
                f"WITH asked (l, r) AS (VALUES {marks}) SELECT asked.l, asked.r, {wanted}"
                f" FROM asked JOIN proctoring_roomevent e ON e.{left} = asked.l"
                f" AND e.{right} = asked.r",
                [value for pair in part for value in pair],
            )
            for a, b, found in cursor.fetchall():
                yield (a, b), found
