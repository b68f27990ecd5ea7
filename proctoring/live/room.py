"""The room, replayed: `apply(state, event) -> state`.

A pure reducer over one room's ledger. Every screen and every table of the live room is this
function applied to the events in order. It never fails: an event the rules do not allow stays in
the ledger as a *conflict* for the chief and changes nothing else. `step` is the same function
for a writer who still can say no.

    planned -> opened -> checking_in -> briefing -> running <-> paused -> time_up -> collecting
    -> reconciling -> sealed -> closed; running, paused -> evacuated -> paused;
    anything before sealed -> aborted, by headquarters alone
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from proctoring.live.clock import Clock
from proctoring.live.events import CHIEFS, IN_ROOM, WAS, Event, Refused
from proctoring.live.seat import (
    FINAL,
    IN_USE,
    INSIDE,
    MOVES,
    WAITING_INSIDE,
    Seat,
    checked_in,
    identified,
    marked_absent,
    moved,
    restored,
    touched,
)
from proctoring.live.state import RECORDS, Incident, Notice, RoomState


def apply(state: RoomState, event: Event) -> RoomState:
    """The room after an event of its ledger; what the rules refuse is kept as a conflict."""
    try:
        return step(state, event)
    except Refused as refused:
        return conflicted(state, event, refused.code)


def conflicted(state: RoomState, event: Event, code: str) -> RoomState:
    """The room after an event that is true for someone, but cannot be true here."""
    return _counted(state, event, {"conflicts": (*state.conflicts, (event.seq, code))})


def _counted(state: RoomState, event: Event, changes: "Changes") -> RoomState:
    if WAS in event.body:
        changes = {**changes, "returned": {**state.returned, event.body[WAS]: event.seq}}
    return replace(state, **changes, seq=event.seq, moved_at=event.recv)


def replay(events: Iterable[Event], state: RoomState | None = None) -> RoomState:
    """The room after all these events, from an empty room or from `state`."""
    room = RoomState() if state is None else state
    for event in events:
        room = apply(room, event)
    return room


def step(state: RoomState, event: Event) -> RoomState:
    """The room after an event, or Refused with the rule that forbids it."""
    handler = HANDLERS.get(event.type)
    if handler is None:
        raise Refused("unknown_type", type=event.type)
    changes = handler(state, event)
    if "command" in event.body:
        changes = {**changes, "notices": _noticed(state, event)}
    return _counted(state, event, changes)


# --- people ------------------------------------------------------------------------------------

Changes = dict[str, Any]


def _seat(state: RoomState, event: Event) -> Seat:
    seat = state.seats.get(event.body["booking"])
    if seat is None:
        raise Refused("not_in_room", booking=event.body["booking"])
    return seat


def _with(state: RoomState, seat: Seat, **more: Any) -> Changes:
    return {"seats": {**state.seats, seat.booking: seat}, **more}


def _move(state: RoomState, event: Event) -> Changes:
    return _with(state, moved(_seat(state, event), MOVES[event.type], state.phase, event))


def _check_in(state: RoomState, event: Event) -> Changes:
    plan = state.clock
    seat = checked_in(_seat(state, event), state.phase, event, plan.starts_at, plan.late_until)
    return _with(state, seat, phase="checking_in" if state.phase == "opened" else state.phase)


def _absent(state: RoomState, event: Event) -> Changes:
    seat = _seat(state, event)
    return _with(state, marked_absent(seat, state.phase, event, state.clock.late_until))


def _id_verify(state: RoomState, event: Event) -> Changes:
    return _with(state, identified(_seat(state, event), state.phase, event))


def _submit(state: RoomState, event: Event) -> Changes:
    phase = "collecting" if state.phase == "time_up" else state.phase
    return {**_move(state, event), "phase": phase}


def _disqualify(state: RoomState, event: Event) -> Changes:
    _second_person(event)
    return _move(state, event)


def _change_seat(state: RoomState, event: Event) -> Changes:
    seat, label = _seat(state, event), event.body["seat"]
    if seat.state in FINAL or state.phase not in IN_USE:
        raise Refused("not_from_here", seat=seat.seat, state=seat.state, since=seat.since)
    for other in state.seats.values():
        if other.seat == label and other.state not in FINAL:
            raise Refused("seat_taken", seat=label)
    return _with(state, touched(seat, event, {"seat": label}))


def _suspect(state: RoomState, event: Event) -> Changes:
    return _with(state, touched(_seat(state, event), event, {"suspect": True}))


def _extra_time(state: RoomState, event: Event) -> Changes:
    _chief(event)
    seat = _seat(state, event)
    return _with(state, touched(seat, event, {"extra": seat.extra + event.body["minutes"]}))


def _correct(state: RoomState, event: Event) -> Changes:
    of = _number_now(state, event)
    if any(seq == of for seq, _code in state.conflicts):
        _chief(event)
        return {"conflicts": tuple(c for c in state.conflicts if c[0] != of)}
    return _with(state, restored(_seat(state, event), of))


def _number_now(state: RoomState, event: Event) -> int:
    """The number of the entry that a correction speaks of; 0 when it is lost.

    A correction that came back speaks of numbers before the restore. What stood in the backup kept
    its number, what came back has another.
    """
    of: int = event.body["of"]
    if WAS not in event.body or of < min(
        (*state.returned, *state.returned.values()), default=of + 1
    ):
        return of
    return state.returned.get(of, 0)


# --- the room ----------------------------------------------------------------------------------


def _chief(event: Event) -> None:
    if event.role not in CHIEFS:
        raise Refused("chief_only")


def _second_person(event: Event) -> None:
    if event.body.get("second") in (None, event.actor):
        raise Refused("second_person")


def _plan(state: RoomState, event: Event) -> Changes:
    """Who is expected where, and the plan of time: the first event, amended until the room opens.

    Whoever stays expected keeps what was said of him; whoever is not in the plan left the room.
    """
    if state.phase != "planned":
        raise Refused("already_phase", phase=state.phase)
    if event.role in IN_ROOM:
        raise Refused("chief_only")
    body = event.body
    seats = {person[0]: _planned(state.seats.get(person[0]), *person) for person in body["people"]}
    clock = Clock(body["starts_at"], body["minutes"], body["late_until"])
    return {"seats": seats, "clock": clock}


def _planned(known: Seat | None, booking: int, label: str, form: str, extra: int) -> Seat:
    if known is None:
        return Seat(booking, label, form, extra)
    return replace(known, seat=label, form=form, extra=max(known.extra, extra))


def _phase(*sources: str, to: str) -> Callable[[RoomState, Event], Changes]:
    def change(state: RoomState, event: Event) -> Changes:
        if state.phase == to:
            raise Refused("already_phase", phase=to)
        if state.phase not in sources:
            raise Refused("not_from_phase", phase=state.phase)
        return {"phase": to}

    return change


_BEGIN: Final = _phase("opened", "checking_in", "briefing", to="running")
_PAUSE: Final = _phase("running", to="paused")
_RESUME: Final = _phase("paused", "time_up", to="running")
_EVACUATE: Final = _phase("running", "paused", to="evacuated")
_SEAL: Final = _phase("reconciling", to="sealed")


def _begin(state: RoomState, event: Event) -> Changes:
    """The exam of the room begins; with `everybody` also that of all who wait inside."""
    changes = {**_BEGIN(state, event), "clock": state.clock.started(event.at)}
    if event.body.get("everybody"):
        start = MOVES["seat.start"]
        changes["seats"] = {
            booking: moved(seat, start, "running", event) if seat.state in WAITING_INSIDE else seat
            for booking, seat in state.seats.items()
        }
    return changes


def _pause(state: RoomState, event: Event) -> Changes:
    return {**_PAUSE(state, event), "clock": state.clock.paused(event.at)}


def _resume(state: RoomState, event: Event) -> Changes:
    """After a pause; or, by the chief, after time was called too early."""
    if state.phase == "time_up":
        _chief(event)
    return {**_RESUME(state, event), "clock": state.clock.resumed(event.at)}


def _evacuate(state: RoomState, event: Event) -> Changes:
    clock = state.clock if state.clock.paused_since is not None else state.clock.paused(event.at)
    return {**_EVACUATE(state, event), "clock": clock}


def _extend(state: RoomState, event: Event) -> Changes:
    _chief(event)
    if state.phase not in ("running", "paused"):
        raise Refused("not_from_phase", phase=state.phase)
    return {"clock": state.clock.extended_by(event.body["minutes"])}


def _seal(state: RoomState, event: Event) -> Changes:
    changes = _SEAL(state, event)
    _second_person(event)
    left = sum(seat.state not in FINAL for seat in state.seats.values())
    if left or state.conflicts:
        raise Refused("not_settled", people=left, conflicts=len(state.conflicts))
    return changes


def _abort(state: RoomState, event: Event) -> Changes:
    if event.role not in ("hq", "system"):
        raise Refused("headquarters_only")
    if state.phase in RECORDS:
        raise Refused("not_from_phase", phase=state.phase)
    return {"phase": "aborted"}


# --- incidents and notes -------------------------------------------------------------------------


def _open_incident(state: RoomState, event: Event) -> Changes:
    booking = event.body.get("booking")
    if booking is not None:
        _seat(state, event)
    kind, notes = event.body["kind"], _notes(event)
    incident = Incident(event.id, event.seq, kind, booking, event.at, notes)
    return {"incidents": {**state.incidents, event.id: incident}}


def _notes(event: Event) -> tuple[str, ...]:
    return (event.body["note"],) if event.body.get("note") else ()


def _rewritten(state: RoomState, incident: Incident, event: Event, is_open: bool) -> Changes:
    notes = incident.notes + _notes(event)
    changed = replace(incident, notes=notes, is_open=is_open)
    return {"incidents": {**state.incidents, incident.id: changed}}


def _incident(state: RoomState, event: Event) -> Incident:
    incident = state.incidents.get(event.body["incident"])
    if incident is None:
        raise Refused("no_incident")
    return incident


def _note_incident(state: RoomState, event: Event) -> Changes:
    incident = _incident(state, event)
    return _rewritten(state, incident, event, incident.is_open)


def _close_incident(state: RoomState, event: Event) -> Changes:
    incident = _incident(state, event)
    if not incident.is_open:
        raise Refused("incident_closed")
    return _rewritten(state, incident, event, is_open=False)


def _noticed(state: RoomState, event: Event) -> tuple[Notice, ...]:
    """Only whoever stands above a room commands it."""
    _chief(event)
    text = event.body.get("text") or event.body.get("why", "")
    return (*state.notices, Notice(event.id, event.seq, event.type, text, event.at))


def _notice(state: RoomState, event: Event) -> Changes:
    if state.phase in RECORDS:
        raise Refused("not_from_phase", phase=state.phase)
    return {} if "command" in event.body else {"notices": _noticed(state, event)}


def _read(state: RoomState, event: Event) -> Changes:
    return {"read": state.read | {event.body["note"]}}


HANDLERS: Final[dict[str, Callable[[RoomState, Event], Changes]]] = {
    **dict.fromkeys(MOVES, _move),
    "seat.check_in": _check_in,
    "seat.id_verify": _id_verify,
    "seat.absent": _absent,
    "seat.submit": _submit,
    "seat.disqualify": _disqualify,
    "seat.move": _change_seat,
    "seat.suspect": _suspect,
    "seat.extra_time": _extra_time,
    "correct": _correct,
    "room.plan": _plan,
    "room.open": _phase("planned", to="opened"),
    "room.brief": _phase("opened", "checking_in", to="briefing"),
    "room.start": _begin,
    "room.pause": _pause,
    "room.resume": _resume,
    "room.extend": _extend,
    "room.notice": _notice,
    "room.evacuate": _evacuate,
    "room.return": _phase("evacuated", to="paused"),
    "room.time_up": _phase("running", to="time_up"),
    "room.reconcile": _phase("time_up", "collecting", to="reconciling"),
    "room.seal": _seal,
    "room.close": _phase("sealed", to="closed"),
    "room.abort": _abort,
    "incident.open": _open_incident,
    "incident.note": _note_incident,
    "incident.close": _close_incident,
    "note.read": _read,
}


def summary(state: RoomState) -> tuple[int, int]:
    """People in the room now, and open incidents: what a board shows of a room first."""
    inside = sum(seat.state in INSIDE for seat in state.seats.values())
    return inside, len(state.open_incidents)
