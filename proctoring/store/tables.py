"""The rows of the day: entries go in, heads, attendances and incidents follow. Plain SQL."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Model

from proctoring.live.seat import STATES, Seat
from proctoring.live.state import Incident, RoomState
from proctoring.models import Attendance, RoomEvent, RoomHead
from proctoring.models import Incident as IncidentRow
from proctoring.queries.ledger import COLUMNS, Head, asked_pairs

Row = tuple[Any, ...]
CHUNK: Final = 400

HEAD: Final = (
    "room_session_id", "seq", "hash", "phase", *STATES, "open_incidents", "conflicts", "moved_at",
)  # fmt: skip
ATTENDANCE: Final = (
    "booking_id", "room_session_id", "state", "seat", "exam_form", "sheet", "since",
    "checked_in_at", "started_at", "submitted_at", "is_late", "is_doubtful", "is_suspect",
    "extra_minutes", "lost_ms", "last_seq",
)  # fmt: skip
INCIDENT: Final = (
    "room_session_id", "event_id", "booking_id", "seq", "kind", "note", "opened_at", "is_open",
)  # fmt: skip


class Into(NamedTuple):
    """Rows into a table; with `keys`, a row replaces the one that is equal in so many columns."""

    model: type[Model]
    columns: tuple[str, ...]
    keys: int = 0

    def sql(self, source: str) -> str:
        table, names = self.model._meta.db_table, ", ".join(self.columns)
        if not self.keys:
            return f"INSERT INTO {table} ({names}) {source}"
        key = ", ".join(self.columns[: self.keys])
        changes = ", ".join(f"{name} = excluded.{name}" for name in self.columns[self.keys :])
        return f"INSERT INTO {table} ({names}) {source} ON CONFLICT ({key}) DO UPDATE SET {changes}"

    @property
    def one_row(self) -> str:
        return f"VALUES ({', '.join(['%s'] * len(self.columns))})"

    @property
    def arrays(self) -> str:
        fields = [self.model._meta.get_field(name) for name in self.columns]
        marks = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
        return f"SELECT * FROM unnest({marks})"


EVENTS: Final = Into(RoomEvent, ("room_session_id", *COLUMNS.split(", ")))
HEADS: Final = Into(RoomHead, HEAD, keys=1)
ATTENDANCES: Final = Into(Attendance, ATTENDANCE, keys=1)
INCIDENTS: Final = Into(IncidentRow, INCIDENT, keys=2)


def head_row(room: int, head: Head, state: RoomState) -> Row:
    """What the head of a room says: its end, and what it adds up to."""
    people = state.counts
    incidents, conflicts = len(state.open_incidents), len(state.conflicts)
    counts = (people[name] for name in STATES)
    return (room, *head, state.phase, *counts, incidents, conflicts, state.moved_at)


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


def clear_attendances(rooms: Sequence[int]) -> None:
    """Take away the rows of rooms whose plan is new; they are written again from the ledger."""
    with connection.cursor() as cursor:
        for part in _parts(rooms):
            marks = ", ".join(["%s"] * len(part))
            cursor.execute(
                f"DELETE FROM proctoring_attendance WHERE room_session_id IN ({marks})", part
            )


def put(into: Into, rows: Sequence[Row]) -> None:
    """SQLite is handed row after row; a server all of them at once, one array for each column.

    Of two rows with the same keys the later one stays.
    """
    if connection.vendor == "sqlite":
        _many(into.sql(into.one_row), rows)
        return
    if into.keys:
        rows = list({row[: into.keys]: row for row in rows}.values())
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                into.sql(into.arrays), [list(column) for column in zip(*rows, strict=True)]
            )


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
    _many(f"{Into(RoomHead, HEAD).sql(HEADS.one_row)} ON CONFLICT DO NOTHING", rows)


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def known_ids(pairs: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """The numbers already given to these (room, event id)."""
    return dict(_known(("room_session_id", "event_id"), "e.seq", pairs))


def known_device_numbers(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """The event ids already stored under these (device, device number)."""
    return dict(_known(("device_id", "dseq"), "e.event_id", pairs))


def _known(names: tuple[str, str], wanted: str, pairs: Sequence[Row]) -> Iterable[tuple[Row, Any]]:
    for part in _parts(pairs):
        with connection.cursor() as cursor:
            asked, values = asked_pairs(names, part)
            cursor.execute(
                f"WITH asked (l, r) AS ({asked}) SELECT asked.l, asked.r, {wanted}"
                f" FROM asked JOIN proctoring_roomevent e ON e.{names[0]} = asked.l"
                f" AND e.{names[1]} = asked.r",
                values,
            )
            for a, b, found in cursor.fetchall():
                yield (a, b), found
