"""The console of one room: a page that works without a script, and the data for one that does."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from urllib.parse import parse_qsl

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.thai import whole_number
from centres.models import Role, User
from proctoring.actions.cards import find_card
from proctoring.actions.facts import state_fact
from proctoring.actions.rooms import start_room
from proctoring.errors import NotOnDuty
from proctoring.live.events import CHIEFS, OBSERVER
from proctoring.live.protocol import BODIES, INCIDENT_KINDS
from proctoring.live.rights import may_state
from proctoring.live.state import RECORDS
from proctoring.live.view import room_view, seats_view
from proctoring.looks import LOOKS, SAID, look_of
from proctoring.proofs import told
from proctoring.queries.access import room_role
from proctoring.queries.console import Console, console_of, duties_of, room_session_of
from proctoring.queries.ledger import epoch, events_after
from proctoring.views.times import clock_time, exam_day
from proctoring.views.words import script_words
from proctoring.words import INCIDENT_KINDS as KIND_WORDS
from proctoring.words import PHASES

IN_ROOMS = (Role.PROCTOR, Role.CHIEF, Role.HEADQUARTERS, Role.OBSERVER)
LOG_LINES = 12
WHEN = ("now", "later", "over")


def _me(request: HttpRequest) -> User:
    """The signed-in person; the door lets nobody else this far."""
    return cast(User, request.user)


@role_required(Role.PROCTOR)
@never_cache
def rooms(request: HttpRequest) -> HttpResponse:
    """A proctor's own duties, in order of time."""
    duties = duties_of(_me(request).pk)
    lines = [
        {
            "duty": duty,
            "room": duty.room_session.room,
            "session": duty.room_session.exam_session,
            "day": exam_day(duty.room_session.exam_session.starts_at),
            "starts": clock_time(duty.room_session.exam_session.starts_at),
            "phase": getattr(getattr(duty.room_session, "head", None), "phase", "planned"),
        }
        for duty in duties
    ]
    words, now = dict(PHASES), timezone.now()
    for line in lines:
        line["word"] = words[str(line["phase"])]
        line["when"] = _when(line, now)
    by_time = {when: [line for line in lines if line["when"] == when] for when in WHEN}
    return render(request, "proctoring/rooms.html", {"lines": lines, **by_time})


def _when(line: dict[str, Any], now: datetime) -> str:
    """Whether a proctor must watch this room now, later, or never again."""
    phase, session = line["phase"], line["session"]
    if phase in RECORDS or (phase == "planned" and session.ends_at < now):
        return "over"
    return "now" if phase != "planned" or session.doors_open_at <= now else "later"


@role_required(*IN_ROOMS)
@never_cache
def room(request: HttpRequest, room: int) -> HttpResponse:
    """The console of one room session, for those who may be in it."""
    role = room_role(request.user, room)
    room_session = room_session_of(room)
    if role is None or room_session is None:
        raise NotOnDuty
    console = console_of(room_session)
    booking = max(0, whole_number(request.GET.get("booking", "")))
    return render(request, "proctoring/room.html", _context(console, role, booking, request))


def _context(console: Console, role: str, booking: int, request: HttpRequest) -> dict[str, Any]:
    state = console.state
    session = console.exam_session
    return {
        "console": console,
        "room": console.room_session,
        "above": role in CHIEFS,
        "reads": role == OBSERVER,
        "leads": may_state(role, "room.seal"),
        "rows": [[_square(console, place) for place in row] for row in console.rows],
        "counts": _counts(console),
        "chosen": console.people.get(booking),
        **_chosen(console, booking),
        "log": _log(console),
        "open": _open(console, role),
        "notices": [
            {"id": n.id, "said": SAID[n.type], "text": n.text, "time": clock_time(n.at)}
            for n in console.state.unread
        ],
        "kinds": [pair for pair in KIND_WORDS if pair[0] in INCIDENT_KINDS and pair[0] != "help"],
        "phase": dict(PHASES)[state.phase],
        "phase_name": state.phase,
        "record": state.phase in RECORDS,
        "day": exam_day(session.starts_at),
        "starts": clock_time(session.starts_at),
        "doors_close": clock_time(session.doors_close_at),
        "now": clock_time(timezone.now()),
        "data": _data(console, role, request),
        "seconds": [d.proctor.user for d in _others(console, _me(request).pk)],
    }


def _chosen(console: Console, booking: int) -> dict[str, Any]:
    seat, person = console.state.seats.get(booking), console.people.get(booking)
    return {
        "chosen_label": seat.seat if seat else person.seat if person else "",
        "chosen_state": seat.state if seat else "expected",
        "chosen_last": seat.last if seat else 0,
    }


def _others(console: Console, me: int) -> list[Any]:
    duties = console.room_session.duties.select_related("proctor__user")
    return list(duties.exclude(proctor__user=me))


def _square(console: Console, place: Any) -> dict[str, Any]:
    square = asdict(place) | {"look": None, "person": place.person}
    person = place.person
    if person is not None:
        seat = console.state.seats.get(person.booking)
        square["look"] = look_of(seat, console.state) if seat else LOOKS["expected"]
        square["extra"] = seat.extra if seat else person.extra
    return square


def _counts(console: Console) -> dict[str, int]:
    """The equation a room must close: here + waiting + to confirm + absent + others = all."""
    counts = console.state.counts
    total = len(console.state.seats) or len(console.people)
    waiting = counts["expected"] if console.state.seats else total
    gone = sum(counts[name] for name in ("refused", "withdrawn", "disqualified"))
    here = total - waiting - counts["provisional"] - counts["absent"] - gone
    return {
        "all": total, "here": here, "waiting": waiting, "doubt": counts["provisional"],
        "absent": counts["absent"], "gone": gone,
    }  # fmt: skip


def _open(console: Console, role: str) -> list[dict[str, Any]]:
    """What is not settled: open incidents, and facts that contradict each other."""
    kinds, people = dict(KIND_WORDS), console.people
    lines: list[dict[str, Any]] = [
        {
            "seat": people[incident.booking].seat if incident.booking in people else "",
            "word": kinds[incident.kind],
            "time": clock_time(incident.at),
            "step": f"incident.close?incident={incident.id}",
            "act": _("Close the incident"),
        }
        for incident in console.state.open_incidents
    ]
    settles = role in CHIEFS
    return lines + [
        {
            "word": _("entry #%(number)s contradicts the room") % {"number": seq},
            "step": f"correct?of={seq}" if settles else "",
            "act": _("Settle it"),
        }
        for seq, _code in console.state.conflicts
    ]


def _log(console: Console) -> list[dict[str, Any]]:
    since = max(0, console.known.head.seq - LOG_LINES)
    lines = []
    for event in reversed(events_after(console.room_session.pk, since)):
        person = console.people.get(event.body.get("booking", 0))
        lines.append(
            {
                "seq": event.seq,
                "time": clock_time(event.at),
                "seat": person.seat if person else "",
                "said": SAID[event.type],
            }
        )
    return lines


def _data(console: Console, role: str, request: HttpRequest) -> dict[str, Any]:
    """Everything the script of this page knows; no word is written in a script."""
    room, known = console.room_session.pk, console.known
    recent = events_after(room, max(0, known.head.seq - LOG_LINES))
    return {
        "room": room,
        "user": _me(request).pk,
        "role": role,
        "epoch": epoch(),
        "seq": known.head.seq,
        "head": known.head.hash,
        "seats": seats_view(known.state),
        "state": room_view(known.state),
        "events": [told(room, event) for event in recent],
        "people": {str(person.booking): asdict(person) for person in console.people.values()},
        "socket": f"/ws/rooms/{room}/",
        "sync": reverse("room_sync", args=[room]),
        "ticket": reverse("room_ticket", args=[room]),
        "find": reverse("room_find", args=[room]),
        "looks": {n: [k.style, k.mark, str(k.word)] for n, k in LOOKS.items()},
        "said": {name: str(words) for name, words in SAID.items()},
        "phases": {name: str(word) for name, word in PHASES},
        "kinds": {name: str(word) for name, word in KIND_WORDS},
        "settles": role in CHIEFS,
        "reads": role == OBSERVER,
        "words": script_words(),
    }


@role_required(*IN_ROOMS)
@require_POST
def state(request: HttpRequest, room: int) -> HttpResponse:
    """One step of a page without a script: the button names the event."""
    kind, said = _step(request)
    booking = str(said.get("booking", ""))
    try:
        if kind == "room.start":
            count = start_room(room=room, by=_me(request), at=timezone.now())
            done = _("The exam has started for %(count)s people.") % {"count": count}
        else:
            state_fact(room=room, type=kind, body=said, by=_me(request), at=timezone.now())
            done = str(SAID[kind])
        messages.success(request, done, extra_tags="ok")
    except NotOnDuty:
        raise
    except DomainError as error:
        messages.error(request, str(error), extra_tags="bad")
    address = reverse("room", args=[room])
    return redirect(f"{address}?booking={booking}" if booking else address)


def _step(request: HttpRequest) -> tuple[str, dict[str, Any]]:
    """The event's type and body from a posted form; a button may carry fields of its own."""
    kind, _mark, fields = request.POST.get("type", "").partition("?")
    given = {**request.POST.dict(), **dict(parse_qsl(fields))}
    body: dict[str, Any] = {}
    for name, reads in BODIES.get(kind, {}).items():
        raw = str(given.get(name.rstrip("?"), ""))
        if raw:
            body[name.rstrip("?")] = _value(raw, reads)
    return kind, body


def _value(raw: str, reads: Any) -> Any:
    """The value a field can take: a number, a yes or no, or the text itself."""
    if raw in ("true", "false") and reads(raw == "true"):
        return raw == "true"
    return number if (number := whole_number(raw)) >= 0 and reads(number) else raw


@role_required(*IN_ROOMS)
@require_POST
def find(request: HttpRequest, room: int) -> HttpResponse:
    """Whose card is this? For a script the booking; without one, the check-in itself."""
    text = request.POST.get("number", "")[:250]
    wants_json = request.headers.get("accept", "").startswith("application/json")
    try:
        booking = find_card(room=room, text=text, by=_me(request))
        if wants_json:
            return JsonResponse({"booking": booking.pk, "seat": booking.seat.label})
        body = {"booking": booking.pk}
        state_fact(room=room, type="seat.check_in", body=body, by=_me(request), at=timezone.now())
    except NotOnDuty:
        raise
    except DomainError as error:
        if wants_json:
            raise
        messages.error(request, str(error), extra_tags="bad")
        return redirect("room", room)
    said = _("Seat %(seat)s is checked in.") % {"seat": booking.seat.label}
    messages.success(request, said, extra_tags="ok")
    return redirect(f"{reverse('room', args=[room])}?booking={booking.pk}")
