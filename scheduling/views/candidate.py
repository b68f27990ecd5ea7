"""The candidate's own pages. Rows come from `request.user.candidate`, never from an address."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from centres.common.errors import DomainError
from centres.common.http import candidate_required
from centres.common.identity import access_code
from centres.common.identity import grouped as code_groups
from centres.common.pdf import qr_svg
from centres.common.thai import whole_number
from centres.models import Centre, Seat, User
from scheduling.actions.bookings import cancel_booking, confirm_booking, hold_seat
from scheduling.actions.registrations import MOST_WISHES, submit_wishes, withdraw_registration
from scheduling.errors import NoCard, SeatTaken
from scheduling.forms.wishes import WishList, read_place, read_places
from scheduling.models import BookingState, ExamSession, Registration, RoomSession
from scheduling.printing import PDF, admission_card_pdf
from scheduling.queries.cards import CardSheet, valid_card_of
from scheduling.queries.seats import FreePlaces, free_places, free_rooms, seat_map
from scheduling.queries.sittings import (
    bookings_of,
    centres_by_distance,
    live_hold_of,
    registrations_of,
    standing_of,
    supply_of,
)
from scheduling.sign_in import CHOSEN_SITTING
from scheduling.studies import reason_for
from scheduling.views.steps import steps_of

PAGES = "scheduling/candidate/"


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _all_own(request: HttpRequest) -> list[Registration]:
    registrations = registrations_of(_person(request).candidate)
    if not registrations:
        raise Http404(_("You are not registered for any sitting."))
    return registrations


def _own(request: HttpRequest) -> Registration:
    return _chosen(request, _all_own(request))


def _chosen(request: HttpRequest, own: list[Registration]) -> Registration:
    """The registration that is looked at: of the sitting chosen or signed in for, or the newest."""
    chosen = request.session.get(CHOSEN_SITTING)
    return next((one for one in own if one.sitting_id == chosen), own[0])


@require_GET
@never_cache
@candidate_required
def home(request: HttpRequest) -> HttpResponse:
    """Am I safe, and what is my next step?"""
    own = _all_own(request)
    if "sitting" in request.GET:
        asked = request.GET["sitting"]
        chosen = next((one.sitting_id for one in own if str(one.sitting_id) == asked), None)
        request.session[CHOSEN_SITTING] = chosen
        return redirect("candidate_home")
    registration = _chosen(request, own)
    standing = standing_of(registration, timezone.now())
    reason = reason_for(registration) if standing.bookings else None
    others = [one for one in own if one != registration]
    context = {
        "standing": standing,
        "reason": reason,
        "steps": steps_of(standing),
        "others": others,
    }
    return render(request, f"{PAGES}home.html", context)


@require_http_methods(["GET", "POST"])
@candidate_required
def withdraw(request: HttpRequest) -> HttpResponse:
    """What is lost by withdrawing, and the button that does it."""
    registration = _own(request)
    if request.method == "POST":
        withdraw_registration(registration=registration, by=_person(request), at=timezone.now())
        return redirect("candidate_home")
    context = {"standing": standing_of(registration, timezone.now())}
    return render(request, f"{PAGES}withdraw.html", context)


# --- wishes ------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def wishes(request: HttpRequest) -> HttpResponse:
    """Where do I want to sit? Buttons change the list on the page; one sends it."""
    registration = _own(request)
    near = centres_by_distance(registration)
    centres = {there.centre.pk: there.centre for there in near}
    sessions = {session.pk: session for session in registration.sitting.exam_sessions.all()}
    if request.method == "POST":
        places = read_places(request.POST.getlist("place"), centres, sessions)
        listed = _changed(request, WishList(places), centres, sessions)
        if "send" in request.POST:
            return _send_wishes(request, registration, listed)
        return _wishes_page(request, registration, listed, sessions)
    stored = registration.wishes.select_related("centre", "exam_session")
    listed = WishList(tuple((wish.centre, wish.exam_session) for wish in stored))
    return _wishes_page(request, registration, listed, sessions)


def _changed(
    request: HttpRequest,
    listed: WishList,
    centres: dict[int, Centre],
    sessions: dict[int, ExamSession],
) -> WishList:
    """The list after the button that was pressed."""
    changes = {"up": listed.up, "down": listed.down, "remove": listed.without}
    for name, change in changes.items():
        index = whole_number(request.POST.get(name, ""))
        if 0 <= index < len(listed.places):
            return change(index)
    if "add" in request.POST:
        text = f"{request.POST.get('centre', '')}:{request.POST.get('session', '')}"
        place = read_place(text, centres, sessions)
        return listed.with_place(place) if place else listed
    return listed


def _send_wishes(
    request: HttpRequest, registration: Registration, listed: WishList
) -> HttpResponse:
    try:
        submit_wishes(
            registration=registration,
            wishes=listed.places,
            by=_person(request),
            at=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("candidate_wishes")
    messages.success(request, _("Your wishes are in. You may change them until the window closes."))
    return redirect("candidate_home")


def _wishes_page(
    request: HttpRequest,
    registration: Registration,
    listed: WishList,
    sessions: dict[int, ExamSession],
) -> HttpResponse:
    near = centres_by_distance(registration)
    km = {there.centre.pk: there.km for there in near}
    context = {
        "sitting": registration.sitting,
        "registration": registration,
        "listed": listed,
        "ranked": [(centre, session, km.get(centre.pk, 0)) for centre, session in listed.places],
        "near": near,
        "sessions": sessions.values(),
        "supply": supply_of(registration.sitting),
        "most": MOST_WISHES,
        "next_rank": len(listed.places) + 1,
        "is_open": registration.sitting.is_open(timezone.now()),
        "is_draft": request.method == "POST",
    }
    return render(request, f"{PAGES}wishes.html", context)


# --- seats -------------------------------------------------------------------------------------


@require_GET
@never_cache
@candidate_required
def seats(request: HttpRequest) -> HttpResponse:
    """Which centre, session and room still has a seat for me?"""
    registration = _own(request)
    places = free_places(registration)
    chosen = _chosen_place(request, registration, places)
    context = {
        "standing": standing_of(registration, timezone.now()),
        "places": places,
        "chosen": chosen,
        "rooms": free_rooms(registration, *chosen, timezone.now()) if chosen else [],
    }
    return render(request, f"{PAGES}seats.html", context)


def _chosen_place(
    request: HttpRequest, registration: Registration, places: list[FreePlaces]
) -> tuple[Centre, ExamSession] | None:
    """The place asked for in the address; else where the candidate sits; else the first free."""
    known = {f"{p.centre.pk}:{p.exam_session.pk}": (p.centre, p.exam_session) for p in places}
    asked = known.get(request.GET.get("place", ""))
    if asked:
        return asked
    for booking in bookings_of(registration, BookingState.CONFIRMED):
        room = booking.room_session
        return room.room.building.centre, room.exam_session
    return next(iter(known.values()), None)


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def room(request: HttpRequest, key: int) -> HttpResponse:
    """Which free seat, and what if I lose it?"""
    registration = _own(request)
    room_session = get_object_or_404(
        RoomSession.objects.select_related("exam_session__paper", "room__building__centre"),
        pk=key,
        exam_session__sitting=registration.sitting_id,
    )
    if request.method != "POST":
        return _room_page(request, registration, room_session)
    try:
        return _room_act(request, registration, room_session)
    except DomainError as error:
        return _room_page(request, registration, room_session, error)


def _room_act(
    request: HttpRequest, registration: Registration, room_session: RoomSession
) -> HttpResponse:
    by, at = _person(request), timezone.now()
    if "confirm" in request.POST:
        seen = (room_session.pk, whole_number(request.POST["confirm"]))
        booking = confirm_booking(registration=registration, by=by, at=at, seen=seen)
        said = _("Seat %(seat)s in room %(room)s is yours.")
        room_code = booking.room_session.room.code
        messages.success(request, said % {"seat": booking.seat.label, "room": room_code})
        return redirect("candidate_home")
    if "keep" in request.POST:
        for held in bookings_of(registration, BookingState.HELD):
            cancel_booking(booking=held, by=by, at=at)
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
    context = {
        "map": seat_map(room_session, registration, at),
        "room_session": room_session,
        "standing": standing_of(registration, at),
        "held": live_hold_of(registration, at),
        "key": uuid4(),
        "error": error,
        "is_taken": isinstance(error, SeatTaken),
    }
    return render(request, f"{PAGES}room.html", context, status=error.status if error else 200)


# --- admission card ----------------------------------------------------------------------------


def _own_card(request: HttpRequest) -> CardSheet:
    sheet = valid_card_of(_own(request))
    if sheet is None:
        raise NoCard
    return sheet


@require_GET
@never_cache
@candidate_required
def card(request: HttpRequest) -> HttpResponse:
    """Where do I go, when, with what?"""
    sheet = _own_card(request)
    number = sheet.registration.number
    context = {
        "sheet": sheet,
        "code": code_groups(access_code(number, sheet.card.version)),
        "qr": qr_svg(sheet.payload),
        "printed_at": timezone.now(),
    }
    return render(request, f"{PAGES}card.html", context)


@require_GET
@never_cache
@candidate_required
def card_pdf(request: HttpRequest) -> HttpResponse:
    """The card as one A4 page to print."""
    pdf = admission_card_pdf(_own_card(request), timezone.now())
    name = "admission-card.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(pdf, content_type=PDF, headers=headers)
