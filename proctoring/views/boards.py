"""The board of one centre for its chief, and the wall of all centres for headquarters."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _t
from django.views.decorators.cache import never_cache

from centres.common.http import role_required
from centres.models import Centre, Role
from centres.queries import centres_of
from proctoring.errors import NotOnDuty
from proctoring.live.events import OBSERVER
from proctoring.queries.access import board_role
from proctoring.queries.boards import (
    CentreLine,
    RoomLine,
    as_rows,
    centre_lines,
    newest_session,
    open_incidents,
    room_lines,
    sessions_beside,
)
from proctoring.queries.commands import commandable
from proctoring.queries.minis import minis_of
from proctoring.views.times import clock_time, exam_day
from proctoring.views.words import script_words
from proctoring.words import INCIDENT_KINDS, PHASES
from scheduling.models import ExamSession

REGIONS: dict[str, Promise] = {
    "north": _t("North"),
    "northeast": _t("Northeast"),
    "central": _t("Central"),
    "east": _t("East"),
    "west": _t("West"),
    "south": _t("South"),
}
WATCHERS = (Role.CHIEF, Role.HEADQUARTERS)
ONLOOKERS = (*WATCHERS, Role.OBSERVER)


@role_required(*ONLOOKERS)
def own_board(request: HttpRequest) -> HttpResponse:
    """The board of the asker's own centre, in the exam session that is on or next."""
    centre = centres_of(request.user, *ONLOOKERS).order_by("code").first()  # type: ignore[arg-type]
    session = newest_session(timezone.now())
    if centre is None or session is None:
        return render(request, "proctoring/no_session.html")
    if board_role(request.user, None) == OBSERVER:
        return redirect("session_wall", session.pk)
    return redirect("centre_board", session.pk, centre.pk)


@role_required(Role.HEADQUARTERS, Role.OBSERVER)
def newest_wall(request: HttpRequest) -> HttpResponse:
    """The wall of the exam session that is on or next."""
    session = newest_session(timezone.now())
    if session is None:
        return render(request, "proctoring/no_session.html")
    return redirect("session_wall", session.pk)


@role_required(*ONLOOKERS)
@never_cache
def board(request: HttpRequest, exam_session: int, centre: int) -> HttpResponse:
    """Every room of one centre, drawn small, and what waits for the chief."""
    place = get_object_or_404(Centre, pk=centre)
    session = get_object_or_404(ExamSession.objects.select_related("sitting"), pk=exam_session)
    if board_role(request.user, centre) is None:
        raise NotOnDuty
    lines = room_lines(exam_session, centre)
    now = _now()
    minis = minis_of([line.room for line in lines])
    context = {
        "commands": commandable(request.user).exists(),  # type: ignore[arg-type]
        "centre": place,
        "session": session,
        "rooms": [_room(line, minis[line.room], now) for line in lines],
        "totals": _totals(lines),
        "incidents": [_incident(i) for i in open_incidents(exam_session, centre)],
        "silent": sum(_is_silent(line, now) for line in lines),
        "opened": sum(line.phase != "planned" for line in lines),
        "data": {
            "socket": f"/ws/boards/{exam_session}/{centre}/",
            "rooms": as_rows(lines),
            "centres": [],
            "phases": {name: str(word) for name, word in PHASES},
            "words": script_words(),
        },
    }
    return render(request, "proctoring/board.html", context | _of(session))


@role_required(Role.HEADQUARTERS, Role.OBSERVER)
@never_cache
def wall(request: HttpRequest, exam_session: int) -> HttpResponse:
    """All centres in fixed order; new trouble goes to the strip, rows never move."""
    session = get_object_or_404(ExamSession.objects.select_related("sitting"), pk=exam_session)
    if board_role(request.user, None) is None:
        raise NotOnDuty
    lines = centre_lines(exam_session, _now())
    places = {centre.pk: centre for centre in Centre.objects.all()}
    lines.sort(key=lambda line: (places[line.centre].region, places[line.centre].code))
    context = {
        "commands": commandable(request.user).exists(),  # type: ignore[arg-type]
        "session": session,
        "rows": _wall_rows(lines, places),
        "totals": _totals(lines),
        "incidents": [_incident(i) for i in open_incidents(exam_session)[:12]],
        "data": {
            "socket": f"/ws/boards/{exam_session}/",
            "rooms": [],
            "centres": as_rows(lines),
            "words": script_words(),
        },
    }
    return render(request, "proctoring/wall.html", context | _of(session))


def _of(session: ExamSession) -> dict[str, Any]:
    return {
        "day": exam_day(session.starts_at),
        "starts": clock_time(session.starts_at),
        "doors_close": clock_time(session.doors_close_at),
        "sessions": sessions_beside(session),
    }


def _now() -> int:
    return round(timezone.now().timestamp() * 1000)


def _is_silent(line: RoomLine, now: int) -> bool:
    return 0 < line.silent_from <= now


def _room(line: RoomLine, mini: Any, now: int) -> dict[str, Any]:
    silent = _is_silent(line, now)
    style = "bad" if line.incidents else "look" if line.conflicts or silent else ""
    word = str(dict(PHASES)[line.phase])
    if silent:
        word = _("%(phase)s · silent") % {"phase": word}
    return asdict(line) | {"mini": mini, "style": style, "word": word, "waiting": line.waiting}


def _totals(lines: list[Any]) -> dict[str, int]:
    names = ("total", "came", "waiting", "absent", "refused", "submitted", "incidents")
    return {name: sum(getattr(line, name) for line in lines) for name in names}


def _incident(incident: Any) -> dict[str, Any]:
    room = incident.room_session.room
    return {
        "room": incident.room_session_id,
        "code": room.code,
        "centre": room.building.centre.name,
        "seat": incident.booking.seat.label if incident.booking else "",
        "kind": dict(INCIDENT_KINDS)[incident.kind],
        "note": incident.note,
        "time": clock_time(incident.opened_at),
    }


def _wall_rows(lines: list[CentreLine], places: dict[int, Centre]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    region = ""
    for line in lines:
        place = places[line.centre]
        rows.append(
            asdict(line)
            | {
                "name": place.name,
                "region": REGIONS.get(place.region, place.region) if place.region != region else "",
                "bar": round(220 * line.came / line.total) if line.total else 0,
                "waiting": line.waiting,
            }
        )
        region = place.region
    return rows
