"""Frames made from ledgers: what a device or a board is sent about rooms."""

import time
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.utils.translation import override

from centres.common.errors import DomainError
from proctoring.errors import refusal
from proctoring.live.chain import Entry
from proctoring.live.events import Event
from proctoring.live.protocol import Known, frame
from proctoring.live.view import room_view, seats_view, touched_bookings
from proctoring.proofs import told
from proctoring.queries.boards import as_rows, centre_lines, letters_of, places_of, room_lines
from proctoring.queries.ledger import (
    Head,
    Remembered,
    current_room,
    current_rooms,
    entries_after,
    event_of,
    hashes_at,
)
from proctoring.store import Answer

DELTA: Final = 500


class CaughtUp(NamedTuple):
    """How a device is brought up to date: `same`, `delta` or `snap`; to which number; the frame."""

    mode: str
    seq: int
    text: str | None


def evs_frame(room: int, known: Remembered, events: Sequence[Event]) -> str:
    """The events of one room in a row, and every seat they touched as it is now."""
    planned = any(event.type == "room.plan" for event in events)
    bookings = None if planned else touched_bookings(known.state, events)
    return frame(
        "evs",
        room=room,
        **{"from": events[0].seq, "to": events[-1].seq},
        head=known.head.hash,
        events=[told(room, event) for event in events],
        seats=seats_view(known.state, bookings),
        state=room_view(known.state),
    )


def snap_frame(room: int, known: Remembered) -> str:
    """The whole room as it is now."""
    return frame(
        "snap",
        room=room,
        seq=known.head.seq,
        head=known.head.hash,
        seats=seats_view(known.state),
        state=room_view(known.state),
    )


def delta_frame(room: int, since: int) -> tuple[int, str]:
    """What happened after number `since`: the number it leads to, and the frame."""
    known = current_room(room)
    return known.head.seq, _delta(room, known, entries_after({room: since})[room])


def _delta(room: int, known: Remembered, entries: Sequence[Entry]) -> str:
    events = [event_of(room, entry) for entry in entries if entry.seq <= known.head.seq]
    return evs_frame(room, known, events) if events else snap_frame(room, known)


def catch_up(room: int, since: int, head: str = "") -> CaughtUp:
    """What brings one device up to date in one room."""
    asked = Known(room, since, head)
    return catch_up_all([asked])[asked]


def catch_up_all(asked: Collection[Known]) -> dict[Known, CaughtUp]:
    """What brings each of these up to date; four questions, however many are asked.

    A device that is ahead of the ledger, or holds another hash at its number, knew another
    life of this ledger: it gets the whole room.
    """
    now = current_rooms({known.room for known in asked})
    near = {known for known in asked if known.since and _is_near(known, now[known.room].head)}
    hashes = hashes_at({(known.room, known.since) for known in near if known.head})
    near = {k for k in near if not k.head or hashes.get((k.room, k.since)) == k.head}
    furthest = {k.room: k.since for k in sorted(near, key=lambda k: -k.since)}
    entries = entries_after(furthest)
    return {
        known: _caught_up(known, now[known.room], entries[known.room] if known in near else ())
        for known in asked
    }


def _is_near(known: Known, head: Head) -> bool:
    return known.since < head.seq <= known.since + DELTA


def _caught_up(known: Known, room: Remembered, entries: Sequence[Entry]) -> CaughtUp:
    if known.since == room.head.seq and known.head in ("", room.head.hash):
        return CaughtUp("same", known.since, None)
    if entries:
        later = [entry for entry in entries if entry.seq > known.since]
        return CaughtUp("delta", room.head.seq, _delta(known.room, room, later))
    return CaughtUp("snap", room.head.seq, snap_frame(known.room, room))


def wall_frames(rooms: Collection[int], boards: Collection[str]) -> list[tuple[str, str]]:
    """The frames for these board audiences after these rooms moved.

    An audience is `board:<exam session>:<centre>`; centre 0 is the wall of all centres.
    """
    places = sorted(((session, centre, room) for room, session, centre in places_of(rooms)))
    wanted = set(boards)
    frames: list[tuple[str, str]] = []
    for session, of_session in groupby(places, key=lambda place: place[0]):
        group = list(of_session)
        if f"board:{session}:0" in wanted:
            centres = {centre for _session, centre, _room in group}
            frames.append((f"board:{session}:0", wall_frame(session, centres)))
        for centre, of_centre in groupby(group, key=lambda place: place[1]):
            if f"board:{session}:{centre}" in wanted:
                moved = [room for _session, _centre, room in of_centre]
                frames.append((f"board:{session}:{centre}", board_frame(session, centre, moved)))
    return frames


def whole_boards(boards: Collection[str]) -> list[tuple[str, str]]:
    """Everything these board audiences show."""
    frames = []
    for audience in boards:
        session, centre = (int(part) for part in audience.split(":")[1:])
        frames.append((audience, board_frame(session, centre) if centre else wall_frame(session)))
    return frames


def wall_frame(exam_session: int, centres: Collection[int] | None = None) -> str:
    """The latest values of these centres, or of all."""
    now = time.time_ns() // 1_000_000
    return frame("wall", now=now, centres=as_rows(centre_lines(exam_session, now, centres)))


def board_frame(exam_session: int, centre: int, rooms: Collection[int] | None = None) -> str:
    """The latest values of these rooms of a centre, or of all."""
    lines = room_lines(exam_session, centre, rooms)
    rows: list[dict[str, Any]] = as_rows(lines)
    for row in rows:
        row["seats"] = letters_of(current_room(row["room"]).state)
    return frame("wall", now=time.time_ns() // 1_000_000, rooms=rows)


def no_frame(id_: str, code: str, facts: Mapping[str, Any] | None = None, **more: Any) -> str:
    """A refusal by its code. With `retry_after_ms` it is not final."""
    if not facts:
        return frame("no", **{"id": id_, "code": code, "why": _plain(code), **more})
    return error_frame(id_, refusal(code, **(facts or {})), code=code, **more)


def error_frame(id_: str, error: DomainError, **more: Any) -> str:
    """A refusal in both languages."""
    return frame("no", **{"id": id_, "code": error.code, "why": _in_both(error), **more})


def _in_both(error: DomainError) -> dict[str, str]:
    why = {}
    for language in ("th", "en"):
        with override(language):
            why[language] = str(error)
    return why


@cache
def _plain(code: str) -> dict[str, str]:
    """A sentence that names nobody and no number is made once: a storm asks for it by thousands."""
    return _in_both(refusal(code))


def answer_frame(answer: Answer) -> str:
    """What a sender hears of one fact, after the commit that holds it."""
    if not answer.seq:
        return no_frame(answer.id, answer.code, answer.facts)
    conflict = {"conflict": answer.code} if answer.code else {}
    return frame(
        "ok", id=answer.id, room=answer.room, seq=answer.seq, dup=answer.repeated, **conflict
    )
