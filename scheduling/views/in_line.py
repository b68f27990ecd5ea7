"""The line before a first-come sitting, and the list of those who wait for a seat to come back."""

import time
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.common.http import candidate_required, same_for_all, without_session
from scheduling.actions.bookings import accept_offer, decline_offer
from scheduling.actions.queue import join_queue
from scheduling.actions.waiting import leave_waiting_list
from scheduling.door import refusal_said
from scheduling.line_ticket import TICKET, TICKET_FOR, read_ticket, ticket_of
from scheduling.models import QueueOpening, Registration, WaitScope
from scheduling.queries.lines import known_line
from scheduling.queries.queue import QueueStanding, place_of, queue_standing
from scheduling.queries.sittings import centres_by_distance, standing_of
from scheduling.queries.waiting import wait_of
from scheduling.views.candidate import PAGES, own_registration, person_of

KILOMETRES = (25, 50, 100, 200, 400)


def _from_memory(request: HttpRequest) -> dict[str, Any] | None:
    """All that the page of the line says to the holder of a ticket whose turn has not come."""
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    ticket = read_ticket(request.COOKIES.get(TICKET, ""), session)
    if request.method != "GET" or "said" in request.GET or not session or ticket is None:
        return None
    sitting, order = ticket
    at = timezone.now()
    line = known_line(sitting, at, time.monotonic())
    standing = line.standing(order, at) if line is not None else None
    if line is None or standing is None or standing.is_in:
        return None
    return _said_of(line.opening, standing, at)


def _said_of(opening: QueueOpening, standing: QueueStanding | None, at: datetime) -> dict[str, Any]:
    return {
        "sitting": opening.sitting,
        "opening": opening,
        "may_join": at >= opening.joins_from,
        "is_over": opening.sitting.is_frozen(at),
        "is_drawn": at >= opening.sitting.opens_at,
        "line": standing,
        "wait": _minutes(standing.turn_at, at) if standing else None,
    }


def _waits_in_line(request: HttpRequest) -> bool:
    """Whether the ticket is all that the page needs; most who look again and again are such."""
    request.line_said = _from_memory(request)  # type: ignore[attr-defined]
    return request.line_said is not None  # type: ignore[attr-defined]


@candidate_required
@without_session(_waits_in_line)
@require_http_methods(["GET", "POST"])
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """How long do I wait, and is my place safe? Joining again finds the same place."""
    if request.line_said is not None:  # type: ignore[attr-defined]
        return render(request, f"{PAGES}queue.html", request.line_said)  # type: ignore[attr-defined]
    registration = own_registration(request)
    if request.method == "POST":
        try:
            join_queue(registration=registration, by=person_of(request), at=timezone.now())
        except DomainError as error:
            messages.error(request, str(error))
        return redirect("candidate_queue")
    opening = QueueOpening.objects.filter(sitting=registration.sitting_id).first()
    if opening is None:
        return redirect("candidate_home")
    refused = refusal_said(request.GET.get("said", ""))
    if refused is not None:
        messages.error(request, str(refused))
        return redirect("candidate_queue")
    return _own_line(request, registration, opening)


def _own_line(
    request: HttpRequest, registration: Registration, opening: QueueOpening
) -> HttpResponse:
    """The page asked of the rows; from then on the ticket that it gives is enough."""
    at, place = timezone.now(), place_of(registration)
    opening.sitting = registration.sitting
    context = _said_of(opening, queue_standing(place, at) if place else None, at)
    context["standing"] = standing_of(registration, at)
    response = render(request, f"{PAGES}queue.html", context)
    if place is not None:
        ticket = ticket_of(place, request.session.session_key or "")
        response.set_cookie(
            TICKET, ticket, max_age=TICKET_FOR, secure=settings.HTTPS, httponly=True,
            samesite="Lax",
        )  # fmt: skip
    return response


@same_for_all
@require_GET
@never_cache
def line(request: HttpRequest, key: int) -> HttpResponse:
    """The line of a sitting for everybody: whose place is in hand sees it, others may take one."""
    at = timezone.now()
    known = known_line(key, at, time.monotonic())
    if known is None:
        raise Http404
    session = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    ticket = read_ticket(request.COOKIES.get(TICKET, ""), session)
    mine = known.standing(ticket[1], at) if session and ticket and ticket[0] == key else None
    context = _said_of(known.opening, mine, at) | {"people": len(known.orders)}
    return render(request, f"{PAGES}queue.html", context)


def _minutes(turn: datetime | None, at: datetime) -> int | None:
    """Whole minutes until a turn, never fewer than it takes; None while the line stands still."""
    return None if turn is None else max(0, -int(-(turn - at).total_seconds() // 60))


# --- the waiting list --------------------------------------------------------------------------


@require_GET
@never_cache
@candidate_required
def waiting(request: HttpRequest) -> HttpResponse:
    """Wait for a seat that comes back: where, how far, at which place of the list."""
    registration = own_registration(request)
    refused = refusal_said(request.GET.get("said", ""))
    if refused is not None:
        messages.error(request, str(refused))
        return redirect("candidate_waiting")
    at = timezone.now()
    context = {
        "registration": registration,
        "standing": standing_of(registration, at),
        "wait": wait_of(registration, at),
        "near": centres_by_distance(registration),
        "sessions": registration.sitting.exam_sessions.all(),
        "kilometres": KILOMETRES,
        "scopes": WaitScope,
        "is_over": registration.sitting.is_frozen(at),
    }
    return render(request, f"{PAGES}waiting.html", context)


@require_POST
@candidate_required
def waiting_act(request: HttpRequest) -> HttpResponse:
    """Take the seat that is offered, let it go, or leave the list."""
    registration, by, at = own_registration(request), person_of(request), timezone.now()
    try:
        if "accept" in request.POST:
            booking = accept_offer(registration=registration, by=by, at=at)
            said = _("Seat %(seat)s is yours.") % {"seat": booking.seat.label}
            messages.success(request, said)
            return redirect("candidate_home")
        if "decline" in request.POST:
            decline_offer(registration=registration, by=by, at=at)
            messages.success(request, _("The seat goes to the next in line."))
        elif "leave" in request.POST:
            leave_waiting_list(registration=registration, by=by, at=at)
            messages.success(request, _("You have left the waiting list."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("candidate_waiting")
