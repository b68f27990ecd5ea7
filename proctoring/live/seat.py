"""One seat of a room session: its states, and which event leads from which to which.

expected -> checked_in -> seated -> started -> submitted
expected -> absent (after the doors close); absent -> checked_in by the chief alone
checked_in -> provisional (identity to be confirmed: sits, result held) or refused
started -> out -> started; seated, started -> withdrawn; any of these -> disqualified
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from proctoring.live.events import CHIEFS, Event, Refused

STATES: Final = (
    "expected", "checked_in", "provisional", "seated", "started", "out",
    "submitted", "absent", "refused", "withdrawn", "disqualified",
)  # fmt: skip
WAITING_INSIDE: Final = frozenset({"checked_in", "provisional", "seated"})
WORKING: Final = frozenset({"started", "out"})
INSIDE: Final = WAITING_INSIDE | WORKING
FINAL: Final = frozenset({"submitted", "absent", "refused", "withdrawn", "disqualified"})
CAME: Final = INSIDE | {"submitted", "withdrawn", "disqualified"}

ADMITTING: Final = frozenset({"opened", "checking_in", "briefing", "running", "paused"})
RUNNING: Final = frozenset({"running"})
HANDING_IN: Final = frozenset({"running", "paused", "time_up", "collecting"})
IN_USE: Final = ADMITTING | HANDING_IN | {"evacuated"}


@dataclass(frozen=True, slots=True)
class Seat:
    """One expected person, known by the number of the booking, and what became of them.

    Times are milliseconds. `last` is the ledger number of the newest event that touched this
    seat and `before` what it was until then, so that a correction can restore it. `lost` counts
    milliseconds out of the room for the centre's own reasons; `extra` is in minutes.
    """

    booking: int
    seat: str
    form: str = ""
    extra: int = 0
    state: str = "expected"
    since: int = 0
    late: bool = False
    doubt: bool = False
    suspect: bool = False
    sheet: str = ""
    checked_in_at: int | None = None
    started_at: int | None = None
    submitted_at: int | None = None
    away: str = ""
    lost: int = 0
    last: int = 0
    before: "Seat | None" = None


UNDONE_WITHIN: Final = 10 * 60_000
Change = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """Where a seat event may start, where it leads, and in which phases of the room."""

    sources: frozenset[str]
    target: str
    phases: frozenset[str]
    change: Callable[[Seat, Event], Change] | None = None
    chief: bool = False


def _seated(seat: Seat, event: Event) -> Change:
    return {"doubt": False}


def _in_doubt(seat: Seat, event: Event) -> Change:
    return {"doubt": True}


def _started(seat: Seat, event: Event) -> Change:
    return {"started_at": event.at}


def _out(seat: Seat, event: Event) -> Change:
    return {"away": event.body.get("reason", "toilet")}


def _back(seat: Seat, event: Event) -> Change:
    lost = max(0, event.at - seat.since) if seat.away == "centre" else 0
    return {"away": "", "lost": seat.lost + lost}


def _submitted(seat: Seat, event: Event) -> Change:
    return {"submitted_at": event.at, "away": "", "sheet": event.body.get("sheet", seat.sheet)}


MOVES: Final[dict[str, Move]] = {
    "seat.seat": Move(frozenset({"checked_in"}), "seated", ADMITTING, _seated),
    "seat.start": Move(WAITING_INSIDE, "started", RUNNING, _started),
    "seat.out": Move(frozenset({"started"}), "out", HANDING_IN, _out),
    "seat.back": Move(frozenset({"out"}), "started", HANDING_IN, _back),
    "seat.submit": Move(WORKING, "submitted", HANDING_IN, _submitted),
    "seat.absent": Move(frozenset({"expected"}), "absent", IN_USE),
    "seat.refuse": Move(frozenset({"expected", "checked_in", "provisional"}), "refused", ADMITTING),
    "seat.withdraw": Move(INSIDE, "withdrawn", IN_USE),
    "seat.disqualify": Move(INSIDE | {"submitted"}, "disqualified", IN_USE, chief=True),
}
SAME_FACE: Final = Move(frozenset({"checked_in", "provisional"}), "seated", ADMITTING, _seated)
OTHER_FACE: Final = Move(frozenset({"checked_in", "seated"}), "provisional", ADMITTING, _in_doubt)


def moved(seat: Seat, move: Move, phase: str, event: Event) -> Seat:
    """The seat after `move`; Refused when the move does not start here."""
    if seat.state == move.target:
        raise Refused("already", seat=seat.seat, state=seat.state, since=seat.since)
    if move.chief and event.role not in CHIEFS:
        raise Refused("chief_only", seat=seat.seat)
    if phase not in move.phases:
        raise Refused("room_closed", phase=phase)
    if seat.state not in move.sources:
        raise Refused("not_from_here", seat=seat.seat, state=seat.state, since=seat.since)
    more = move.change(seat, event) if move.change else {}
    return touched(seat, event, {"state": move.target, "since": event.at, **more})


def touched(seat: Seat, event: Event, changes: Change) -> Seat:
    """The seat with these changes, remembering what it was before this event.

    Steps can be undone one after another, as far as they follow within ten minutes; of older ones
    only the last. So the memory of a room does not grow with its day.
    """
    is_old = seat.before is not None and event.at - seat.since > UNDONE_WITHIN
    before = replace(seat, before=None) if is_old else seat
    return replace(seat, last=event.seq, before=before, **changes)


def checked_in(seat: Seat, phase: str, event: Event, starts_at: int, late_until: int) -> Seat:
    """The seat after a check-in; after `late_until`, or once marked absent, by the chief alone."""
    if seat.state in CAME:
        raise Refused("already", seat=seat.seat, state=seat.state, since=seat.since)
    if phase not in ADMITTING:
        raise Refused("room_closed", phase=phase)
    if seat.state == "refused":
        raise Refused("not_from_here", seat=seat.seat, state=seat.state, since=seat.since)
    too_late = bool(late_until) and event.at > late_until
    if event.role not in CHIEFS and (too_late or seat.state == "absent"):
        raise Refused("late", seat=seat.seat, until=late_until)
    late = bool(starts_at) and event.at > starts_at
    came = {"state": "checked_in", "since": event.at, "late": late, "checked_in_at": event.at}
    return touched(seat, event, came)


def marked_absent(seat: Seat, phase: str, event: Event, late_until: int) -> Seat:
    """The seat after an absence, which nobody can state before the doors have closed."""
    if event.at < late_until and event.role not in CHIEFS:
        raise Refused("too_early", until=late_until)
    return moved(seat, MOVES["seat.absent"], phase, event)


def identified(seat: Seat, phase: str, event: Event) -> Seat:
    """The seat after a face was compared with the card."""
    return moved(seat, SAME_FACE if event.body["match"] else OTHER_FACE, phase, event)


def restored(seat: Seat, of: int) -> Seat:
    """The seat as it was before entry `of`, which is corrected: only its newest can be."""
    if seat.last != of or seat.before is None:
        raise Refused("not_last", seat=seat.seat, last=seat.last)
    return seat.before
