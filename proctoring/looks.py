"""How a seat looks in each state: a class, a mark and a word, in that order of need."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from proctoring.live.seat import Seat
from proctoring.live.state import RoomState


@dataclass(frozen=True)
class Look:
    style: str
    mark: str
    word: str | Promise


LOOKS: dict[str, Look] = {
    "expected": Look("wait", "wait", _("waiting")),
    "checked_in": Look("in", "in", _("here")),
    "provisional": Look("doubt", "doubt", _("to confirm")),
    "seated": Look("in", "ok", _("here, confirmed")),
    "started": Look("work", "work", _("working")),
    "out": Look("out", "out", _("out")),
    "submitted": Look("done", "ok", _("handed in")),
    "absent": Look("gone", "no", _("absent")),
    "refused": Look("gone", "no", _("not admitted")),
    "withdrawn": Look("gone", "no", _("left")),
    "disqualified": Look("gone", "no", _("disqualified")),
    "late": Look("late", "late", _("came late")),
    "incident": Look("flag", "flag", _("incident")),
}

# What the log of a room says of each kind of event.
SAID: dict[str, Promise] = {
    "seat.check_in": _("checked in"),
    "seat.id_verify": _("identity compared"),
    "seat.refuse": _("not admitted"),
    "seat.seat": _("seated"),
    "seat.move": _("moved to another seat"),
    "seat.out": _("left the room for a moment"),
    "seat.back": _("came back"),
    "seat.absent": _("marked absent"),
    "seat.start": _("started"),
    "seat.submit": _("handed in"),
    "seat.withdraw": _("left for good"),
    "seat.suspect": _("put under suspicion"),
    "seat.disqualify": _("disqualified"),
    "seat.extra_time": _("given more time"),
    "room.plan": _("List of people fixed"),
    "room.open": _("Room opened"),
    "room.brief": _("Briefing"),
    "room.start": _("Exam started"),
    "room.pause": _("Exam paused"),
    "room.resume": _("Exam resumed"),
    "room.extend": _("Time extended"),
    "room.notice": _("Announcement"),
    "room.evacuate": _("Room evacuated"),
    "room.return": _("Everyone back"),
    "room.time_up": _("Time is up"),
    "room.reconcile": _("Counting papers"),
    "room.seal": _("Room sealed"),
    "room.close": _("Room closed"),
    "room.abort": _("Exam aborted"),
    "incident.open": _("incident recorded"),
    "incident.note": _("note added to the incident"),
    "incident.close": _("incident closed"),
    "note.read": _("Notice read"),
    "correct": _("last step undone"),
}


def look_of(seat: Seat, state: RoomState) -> Look:
    """How this seat looks now; an open incident is never hidden behind anything else."""
    if any(incident.booking == seat.booking for incident in state.open_incidents):
        return LOOKS["incident"]
    if seat.late and seat.state == "checked_in":
        return LOOKS["late"]
    return LOOKS[seat.state]
