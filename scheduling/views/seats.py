"""Choosing a seat: places, the map of a room, a hold with its clock, confirming, giving back."""

from datetime import datetime
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from centres.common.errors import DomainError
from centres.common.http import candidate_required
from centres.common.thai import whole_number
from centres.models import Centre, Seat
from scheduling.actions.bookings import (
    WARN_BEFORE,
    cancel_booking,
    extend_hold,
    hold_seat,
)
from scheduling.booking_errors import JoinTheQueue, NotYourTurn, QueuePaused
from scheduling.door import refusal_said
from scheduling.errors import SeatTaken
from scheduling.models import Booking, BookingState, ExamSession, Registration, RoomSession
from scheduling.queries.seats import FreePlaces, free_places, free_rooms, seat_map
from scheduling.queries.sittings import bookings_of, distance_km, live_hold_of, standing_of
from scheduling.views.candidate import PAGES, own_registration, person_of

IN_LINE = (JoinTheQueue, NotYourTurn, QueuePaused)


@require_GET
@never_cache
@candidate_required
def seats(request: HttpRequest) -> HttpResponse:
    """Which centre, session and room still has a seat for me?"""
    registration = own_registration(request)
    at = timezone.now()
    places = free_places(registration, at)
    chosen = _chosen_place(request, registration, places)
    context = {
        "standing": standing_of(registration, at),
        "registration": registration,
        "centres": _by_centre(registration, places),
        "held": live_hold_of(registration, at),
        "chosen": chosen,
        "rooms": free_rooms(registration, *chosen, at) if chosen else [],
    }
    return render(request, f"{PAGES}seats.html", context)


def _by_centre(
    registration: Registration, places: list[FreePlaces]
) -> list[tuple[Centre, float, list[FreePlaces]]]:
    """Centres with places, the nearest first, each with its distance and its exam sessions."""
    grouped: dict[Centre, list[FreePlaces]] = {}
    for place in places:
        grouped.setdefault(place.centre, []).append(place)
    near = [(centre, distance_km(registration, centre), free) for centre, free in grouped.items()]
    return sorted(near, key=lambda there: (there[1], there[0].code))


def _chosen_place(
    request: HttpRequest, registration: Registration, places: list[FreePlaces]
) -> tuple[Centre, ExamSession] | None:
    """The place asked for in the address; else where the candidate sits."""
    known = {f"{p.centre.pk}:{p.exam_session.pk}": (p.centre, p.exam_session) for p in places}
    asked = known.get(request.GET.get("place", ""))
    if asked:
        return asked
    for booking in bookings_of(registration, BookingState.CONFIRMED):
        room = booking.room_session
        return room.room.building.centre, room.exam_session
    return None


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def room(request: HttpRequest, key: int) -> HttpResponse:
    """Which free seat, and what if I lose it?"""
    registration = own_registration(request)
    room_session = get_object_or_404(
        RoomSession.objects.select_related("exam_session__paper", "room__building__centre"),
        pk=key,
        exam_session__sitting=registration.sitting_id,
    )
    try:
        if request.method != "POST":
            _raise_said(request)
            return _room_page(request, registration, room_session)
        return _room_act(request, registration, room_session)
    except IN_LINE as error:
        messages.warning(request, str(error))
        return redirect("candidate_queue")
    except DomainError as error:
        return _room_page(request, registration, room_session, error)


def _raise_said(request: HttpRequest) -> None:
    """What the booking door refused and sent here."""
    refused = refusal_said(request.GET.get("said", ""))
    if refused is not None:
        raise refused


def _room_act(
    request: HttpRequest, registration: Registration, room_session: RoomSession
) -> HttpResponse:
    by, at = person_of(request), timezone.now()
    if "extend" in request.POST:
        extend_hold(registration=registration, by=by, at=at)
        messages.success(request, _("You have five minutes more. It cannot be lengthened again."))
        return redirect("candidate_room", key=room_session.pk)
    if "keep" in request.POST:
        held = bookings_of(registration, BookingState.HELD)
        for booking in held:
            cancel_booking(booking=booking, by=by, at=at)
        let_go = _("The seat that was held for you is free again. What you had before is yours.")
        messages.info(request, let_go if held else _("You held no seat. Nothing was changed."))
        return redirect("candidate_home")
    if "seat" in request.POST:
        asked = whole_number(request.POST["seat"])
        seat = get_object_or_404(Seat, pk=asked, room=room_session.room_id)
        hold_seat(
            registration=registration, room_session=room_session, seat=seat, by=by, at=at,
            key=_retry_key(request),
        )  # fmt: skip
    return redirect("candidate_room", key=room_session.pk)


def _retry_key(request: HttpRequest) -> UUID:
    """The key of the page that was sent, so that a page sent twice is answered once."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def _room_page(
    request: HttpRequest,
    registration: Registration,
    room_session: RoomSession,
    error: DomainError | None = None,
) -> HttpResponse:
    at = timezone.now()
    held = live_hold_of(registration, at)
    context = {
        "map": seat_map(room_session, registration, at),
        "room_session": room_session,
        "standing": standing_of(registration, at),
        "held": held,
        "clock": hold_clock(held, at),
        "key": uuid4(),
        "error": error,
        "is_taken": isinstance(error, SeatTaken),
    }
    return render(request, f"{PAGES}room.html", context, status=error.status if error else 200)


def hold_clock(held: Booking | None, at: datetime) -> dict[str, object] | None:
    """What the clock of a hold needs: how long it still is, and when it begins to warn."""
    if held is None or held.hold_until is None:
        return None
    left = (held.hold_until - at).total_seconds()
    return {
        "until": held.hold_until,
        "seconds": max(0, int(left)),
        "warn": int(WARN_BEFORE.total_seconds()),
        "may_extend": held.may_be_extended,
    }


@require_GET
@never_cache
@candidate_required
def give_back(request: HttpRequest, key: int) -> HttpResponse:
    """What is lost by giving a confirmed seat back, and the button to the door that does it."""
    registration = own_registration(request)
    mine = bookings_of(registration, BookingState.CONFIRMED)
    booking = next((one for one in mine if one.pk == key), None)
    if booking is None:
        messages.info(request, _("This seat is not yours any more. Nothing was changed."))
        return redirect("candidate_home")
    context = {"standing": standing_of(registration, timezone.now()), "booking": booking}
    return render(request, f"{PAGES}give_back.html", context)
