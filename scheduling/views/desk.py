"""The desk of those who answer the telephone: find a person, see what they see, help, with a
reason."""

import re

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.audit import record
from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.common.thai import whole_number
from centres.models import Role, Seat, User
from scheduling.actions.admission import replace_admission_card, withdraw_admission_card
from scheduling.actions.applications import release_account
from scheduling.actions.bookings import cancel_booking, move_booking
from scheduling.actions.fees import waive_fee
from scheduling.models import BookingState, Registration, RoomSession
from scheduling.queries.desk import letters_of, past_bookings, people_found
from scheduling.queries.fees import fee_of, refunds_of
from scheduling.queries.history import history_of
from scheduling.queries.seats import free_places, free_rooms, seat_map
from scheduling.queries.sittings import bookings_of, standing_of
from scheduling.queries.waiting import wait_of
from scheduling.request_errors import ReasonMissing
from scheduling.views.candidate import home_context
from scheduling.views.staff import person_for

PAGES = "scheduling/desk/"
READERS = (Role.STAFF, Role.HEADQUARTERS)
_LINK = re.compile(r' href="(?!#)[^"]*"')  # of a page that is looked at, not used


def _registration(key: int) -> Registration:
    rows = Registration.objects.select_related("candidate__user", "sitting__exam", "institution")
    return get_object_or_404(rows, pk=key)


@require_GET
@never_cache
@role_required(*READERS)
def people(request: HttpRequest) -> HttpResponse:
    """Who is calling? By number, by identity number, or by the beginning of the name."""
    person_for(request, *READERS)
    asked = request.GET.get("q", "").strip()
    context = {"asked": asked, "found": people_found(asked) if asked else []}
    return render(request, f"{PAGES}people.html", context)


@require_GET
@never_cache
@role_required(*READERS)
def person(request: HttpRequest, key: int) -> HttpResponse:
    """All that has happened to one registration, and what may be done for it."""
    user = person_for(request, *READERS)
    registration, at = _registration(key), timezone.now()
    context = {
        "registration": registration,
        "standing": standing_of(registration, at),
        "bookings": past_bookings(registration),
        "letters": letters_of(registration)[:20],
        "acts": history_of(registration),
        "fee": fee_of(registration),
        "refunds": refunds_of(registration),
        "wait": wait_of(registration, at),
        "may_act": user.staff_roles.filter(role=Role.STAFF, centre=None).exists(),
    }
    return render(request, f"{PAGES}person.html", context)


@require_GET
@never_cache
@role_required(*READERS)
def screen(request: HttpRequest, key: int) -> HttpResponse:
    """The caller's own page, to read and not to touch; that it was looked at is on record."""
    user = person_for(request, *READERS)
    registration = _registration(key)
    at = timezone.now()
    record("look_at_screen", target=registration, by=user, at=at)
    shown = render_to_string(
        "scheduling/candidate/_home.html", home_context(registration, at), request
    )
    context = {"registration": registration, "page": mark_safe(_LINK.sub("", shown))}
    return render(request, f"{PAGES}screen.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@role_required(Role.STAFF)
def move(request: HttpRequest, key: int) -> HttpResponse:
    """Move somebody to another seat of theirs to have: place, room, seat, reason."""
    user = person_for(request, Role.STAFF)
    registration = _registration(key)
    at = timezone.now()
    if request.method == "POST":
        try:
            return _moved(request, registration, user)
        except DomainError as error:
            messages.error(request, str(error))
    places = free_places(registration, at)
    known = {f"{p.centre.pk}:{p.exam_session.pk}": p for p in places}
    place = known.get(request.GET.get("place", ""))
    rooms = free_rooms(registration, place.centre, place.exam_session, at) if place else []
    asked = whole_number(request.GET.get("room", ""))
    room = next((one.room_session for one in rooms if one.room_session.pk == asked), None)
    free = seat_map(room, registration, at).seats if room else []
    context = {
        "registration": registration, "places": places, "place": place, "rooms": rooms,
        "room": room, "seats": [seat for seat in free if seat.state == "free"],
        "now": bookings_of(registration, BookingState.CONFIRMED),
        "is_frozen": registration.sitting.is_frozen(at),
    }  # fmt: skip
    return render(request, f"{PAGES}move.html", context)


def _moved(request: HttpRequest, registration: Registration, user: User) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise ReasonMissing
    room = get_object_or_404(
        RoomSession.objects.select_related("exam_session__paper", "room__building__centre"),
        pk=whole_number(request.POST.get("room", "")),
        exam_session__sitting=registration.sitting_id,
    )
    seat = get_object_or_404(Seat, pk=whole_number(request.POST.get("seat", "")), room=room.room_id)
    booking = move_booking(
        registration=registration, room_session=room, seat=seat, by=user, at=timezone.now(),
        reason=reason[:300],
    )  # fmt: skip
    said = _("%(number)s sits on %(seat)s now. A message tells them.")
    facts = {"number": registration.number, "seat": booking.seat.label}
    messages.success(request, said % facts)
    return redirect("desk_person", registration.pk)


@require_POST
@role_required(Role.STAFF)
def act(request: HttpRequest, key: int) -> HttpResponse:
    """Give a seat back, replace or withdraw the card, ask for no fee; each with a reason."""
    user = person_for(request, Role.STAFF)
    registration = _registration(key)
    try:
        _do(request, registration, user, request.POST.get("reason", "").strip()[:300])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It is done, and on record with your reason."))
    return redirect("desk_person", registration.pk)


def _do(request: HttpRequest, registration: Registration, user: User, reason: str) -> None:
    if not reason:
        raise ReasonMissing
    at, what = timezone.now(), request.POST.get("do", "")
    if what == "cancel":
        for booking in bookings_of(registration, BookingState.CONFIRMED):
            cancel_booking(booking=booking, by=user, at=at, reason=reason)
    elif what == "replace":
        replace_admission_card(registration=registration, by=user, at=at, reason=reason)
    elif what == "withdraw":
        withdraw_admission_card(registration=registration, by=user, at=at, reason=reason)
    elif what == "release":
        release_account(registration=registration, reason=reason, by=user, at=at)
    elif what == "waive":
        waive_fee(registration=registration, by=user, at=at, reason=reason)
