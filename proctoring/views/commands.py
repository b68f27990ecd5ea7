"""Commands from above: chosen, confirmed in a second step, and followed room by room."""

from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _t
from django.views.decorators.cache import never_cache

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.thai import whole_number
from centres.models import User
from proctoring.actions.commands import command_rooms
from proctoring.errors import MinutesMissing, NobodyThere, NotOnDuty, WordsMissing
from proctoring.looks import SAID
from proctoring.queries.boards import sessions_beside
from proctoring.queries.commands import COMMANDS, answers_to, commandable, order_of, rooms_in
from proctoring.views.boards import REGIONS, WATCHERS
from proctoring.views.times import clock_time
from scheduling.models import ExamSession

CHOICES = [
    ("room.notice", _t("Announce")),
    ("room.start", _t("Start the exam")),
    ("room.pause", _t("Pause")),
    ("room.resume", _t("Resume")),
    ("room.extend", _t("Give everybody more time")),
    ("room.evacuate", _t("Evacuate")),
]


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


@role_required(*WATCHERS)
@never_cache
def give(request: HttpRequest, exam_session: int) -> HttpResponse:
    """Choose a command; the second step tells whom it reaches, and only that one sends it."""
    session = get_object_or_404(ExamSession.objects.select_related("sitting"), pk=exam_session)
    if not commandable(_me(request)).exists():
        raise NotOnDuty
    asked = _asked(request)
    context: dict[str, Any] = {
        "session": session,
        "sessions": sessions_beside(session),
        "scopes": _scopes(request, exam_session),
        "choices": CHOICES,
        "asked": asked,
    }
    if request.method != "POST":
        return render(request, "proctoring/command.html", context)
    try:
        if request.POST.get("confirm"):
            return _send(request, exam_session, asked)
        context |= _reach(request, exam_session, asked)
    except NotOnDuty:
        raise
    except DomainError as error:
        messages.error(request, str(error), extra_tags="bad")
        return render(request, "proctoring/command.html", context)
    return render(request, "proctoring/command_confirm.html", context)


def _asked(request: HttpRequest) -> dict[str, str]:
    given = request.POST or request.GET
    names = ("scope", "type", "text", "minutes")
    return {name: str(given.get(name, "")).strip()[:300] for name in names}


def _scopes(request: HttpRequest, exam_session: int) -> list[tuple[str, str]]:
    """Every place this person may command, from the widest to the narrowest."""
    rooms = rooms_in(exam_session, "all", _me(request))
    centres = {r.room.building.centre_id: r.room.building.centre for r in rooms}
    wide = [("all", _("All centres"))] if len(centres) > 1 else []
    regions = sorted({centre.region for centre in centres.values()}) if len(centres) > 1 else []
    wide += [(f"region:{name}", str(REGIONS.get(name, name))) for name in regions]
    wide += [(f"centre:{pk}", centre.name) for pk, centre in centres.items()]
    return wide + [
        (f"room:{room.pk}", f"{room.room.building.centre.name} · {room.room.code}")
        for room in rooms
    ]


def _reach(request: HttpRequest, exam_session: int, asked: dict[str, str]) -> dict[str, Any]:
    """Whom a command would reach."""
    rooms = rooms_in(exam_session, asked["scope"], _me(request))
    if not rooms or asked["type"] not in COMMANDS:
        raise NobodyThere
    _refuse_unfinished(asked)
    inside = sum(
        room.head.checked_in + room.head.provisional + room.head.seated + room.head.started
        for room in rooms
    )
    place = dict(_scopes(request, exam_session)).get(asked["scope"], "")
    return {
        "rooms": rooms, "inside": inside, "place": place, "command": uuid4(),
        "word": dict(CHOICES)[asked["type"]],
    }  # fmt: skip


def _refuse_unfinished(asked: dict[str, str]) -> None:
    """What every room would refuse is refused before anybody confirms it."""
    if asked["type"] == "room.notice" and not asked["text"]:
        raise WordsMissing
    if asked["type"] == "room.extend" and not 1 <= whole_number(asked["minutes"]) <= 600:
        raise MinutesMissing


def _send(request: HttpRequest, exam_session: int, asked: dict[str, str]) -> HttpResponse:
    try:
        command = UUID(request.POST["confirm"])
    except ValueError as error:
        raise Http404 from error
    count = command_rooms(
        command=command, exam_session=exam_session, scope=asked["scope"], type=asked["type"],
        body=_body(asked), by=_me(request), at=timezone.now(),
    )  # fmt: skip
    messages.success(request, _("Sent to %(count)s rooms.") % {"count": count}, extra_tags="ok")
    return redirect("given_command", exam_session, command)


def _body(asked: dict[str, str]) -> dict[str, Any]:
    type_, text = asked["type"], asked["text"]
    if type_ == "room.notice":
        return {"text": text} if text else {}
    body: dict[str, Any] = {"why": text} if text and type_ != "room.start" else {}
    if type_ == "room.extend":
        body["minutes"] = whole_number(asked["minutes"])
    return body


@role_required(*WATCHERS)
@never_cache
def given(request: HttpRequest, exam_session: int, command: UUID) -> HttpResponse:
    """Which rooms have read a command, and which have not answered yet."""
    order = order_of(command)
    answers = answers_to(exam_session, command, _me(request))
    mine = order is not None and order.giver == request.user.pk
    if order is None or not (mine or answers):
        raise Http404
    context = {
        "session": get_object_or_404(ExamSession, pk=exam_session),
        "order": order,
        "refused": order.refused if mine else [],
        "said": SAID[order.type],
        "time": clock_time(order.at),
        "answers": answers,
        "waiting": [answer for answer in answers if not answer.has_read],
    }
    return render(request, "proctoring/command_given.html", context)
