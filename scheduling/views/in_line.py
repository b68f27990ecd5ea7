"""The line before a first-come sitting, and the list of those who wait for a seat to come back."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.common.http import candidate_required
from centres.common.thai import ascii_digits, whole_number
from scheduling.actions.bookings import accept_offer, decline_offer
from scheduling.actions.queue import join_queue
from scheduling.actions.waiting import join_waiting_list, leave_waiting_list
from scheduling.booking_errors import WaitWrong
from scheduling.door import TICKET, TICKET_FOR, refusal_said, ticket_of
from scheduling.models import QueueOpening, Registration, Sitting, WaitScope
from scheduling.queries.queue import place_of, queue_standing
from scheduling.queries.sittings import centres_by_distance, standing_of
from scheduling.queries.waiting import wait_of
from scheduling.views.candidate import PAGES, own_registration, person_of

KILOMETRES = (25, 50, 100, 200, 400)


def queue_opening_of(sitting: Sitting) -> QueueOpening | None:
    return QueueOpening.objects.filter(sitting=sitting).first()


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def queue(request: HttpRequest) -> HttpResponse:
    """How long do I wait, and is my place safe? Joining again finds the same place."""
    registration = own_registration(request)
    if request.method == "POST":
        try:
            join_queue(registration=registration, by=person_of(request), at=timezone.now())
        except DomainError as error:
            messages.error(request, str(error))
        return redirect("candidate_queue")
    opening = queue_opening_of(registration.sitting)
    if opening is None:
        return redirect("candidate_home")
    refused = refusal_said(request.GET.get("said", ""))
    if refused is not None:
        messages.error(request, str(refused))
        return redirect("candidate_queue")
    at = timezone.now()
    place = place_of(registration)
    context = {
        "sitting": registration.sitting,
        "registration": registration,
        "opening": opening,
        "may_join": at >= opening.joins_from,
        "is_drawn": at >= registration.sitting.opens_at,
        "line": queue_standing(place, at) if place else None,
        "wait": _minutes(queue_standing(place, at).turn_at, at) if place else None,
        "standing": standing_of(registration, at),
    }
    response = render(request, f"{PAGES}queue.html", context)
    if place is not None:  # the line is asked from memory, with this in hand
        response.set_cookie(
            TICKET, ticket_of(place), max_age=TICKET_FOR, secure=settings.HTTPS, httponly=True,
            samesite="Lax",
        )  # fmt: skip
    return response


def _minutes(turn: datetime | None, at: datetime) -> int | None:
    """Whole minutes until a turn, never fewer than it takes; None while the line stands still."""
    return None if turn is None else max(0, -int(-(turn - at).total_seconds() // 60))


# --- the waiting list --------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def waiting(request: HttpRequest) -> HttpResponse:
    """Wait for a seat that comes back: where, how far, at which place of the list."""
    registration = own_registration(request)
    if request.method == "POST":
        try:
            _join(request, registration)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("You are on the waiting list. We write when a seat is free.")
            )
        return redirect("candidate_waiting")
    at = timezone.now()
    context = {
        "registration": registration,
        "standing": standing_of(registration, at),
        "wait": wait_of(registration),
        "near": centres_by_distance(registration),
        "sessions": registration.sitting.exam_sessions.all(),
        "kilometres": KILOMETRES,
        "scopes": WaitScope,
    }
    return render(request, f"{PAGES}waiting.html", context)


def _join(request: HttpRequest, registration: Registration) -> None:
    asked = {name: whole_number(ascii_digits(request.POST.get(name, "")))
             for name in ("centre", "session", "km")}  # fmt: skip
    try:
        scope = WaitScope(request.POST.get("scope", ""))
    except ValueError:
        raise WaitWrong from None
    near = {there.centre.pk: there.centre for there in centres_by_distance(registration)}
    sessions = {one.pk: one for one in registration.sitting.exam_sessions.all()}
    join_waiting_list(
        registration=registration,
        scope=scope,
        centre=near.get(asked["centre"]) if scope != WaitScope.NEAR else None,
        exam_session=sessions.get(asked["session"]) if scope == WaitScope.SESSION else None,
        within_km=asked["km"] if scope == WaitScope.NEAR else None,
        by=person_of(request),
        at=timezone.now(),
    )


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
