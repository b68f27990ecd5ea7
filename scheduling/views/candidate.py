"""The candidate's own pages. Rows come from `request.user.candidate`, never from an address."""

from datetime import datetime

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
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
from centres.models import Centre, User
from scheduling.actions.admission import replace_admission_card
from scheduling.actions.registrations import (
    MOST_WISHES,
    refuse_after_doors,
    submit_wishes,
    withdraw_registration,
)
from scheduling.door import is_given_back, refusal_said
from scheduling.errors import NoCard
from scheduling.forms.wishes import WishList, read_place, read_places
from scheduling.models import ExamSession, Registration
from scheduling.printing import PDF, admission_card_pdf
from scheduling.queries.cards import CardSheet, valid_card_of
from scheduling.queries.fees import fee_of
from scheduling.queries.sittings import (
    centres_by_distance,
    live_hold_of,
    registrations_of,
    standing_of,
    supply_of,
)
from scheduling.queries.waiting import wait_of
from scheduling.sign_in import CHOSEN_SITTING
from scheduling.studies import reason_for
from scheduling.views.steps import steps_of

PAGES = "scheduling/candidate/"


def person_of(request: HttpRequest) -> User:
    """The signed-in person."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def _allown_registration(request: HttpRequest) -> list[Registration]:
    registrations = registrations_of(person_of(request).candidate)
    if not registrations:
        raise Http404(_("You are not registered for any sitting."))
    return registrations


def own_registration(request: HttpRequest) -> Registration:
    """The registration that the signed-in candidate looks at."""
    return _chosen(request, _allown_registration(request))


def _chosen(request: HttpRequest, own: list[Registration]) -> Registration:
    """The registration that is looked at: of the sitting chosen or signed in for, or the newest."""
    chosen = request.session.get(CHOSEN_SITTING)
    return next((one for one in own if one.sitting_id == chosen), own[0])


def home_context(registration: Registration, at: datetime) -> dict[str, object]:
    """All that a candidate's page says; the desk shows the same to whoever helps them."""
    standing = standing_of(registration, at)
    fee = fee_of(registration)
    return {
        "standing": standing,
        "reason": reason_for(registration) if standing.bookings else None,
        "steps": steps_of(standing, fee),
        "held": live_hold_of(registration, at),
        "wait": wait_of(registration, at),
        "fee": fee,
        "asked": registration.arrangement_requests.last(),
        "may_ask": not standing.sitting.is_frozen(at),
    }


@require_GET
@never_cache
@candidate_required
def home(request: HttpRequest) -> HttpResponse:
    """Am I safe, and what is my next step?"""
    own = _allown_registration(request)
    if "sitting" in request.GET:
        asked = request.GET["sitting"]
        chosen = next((one.sitting_id for one in own if str(one.sitting_id) == asked), None)
        request.session[CHOSEN_SITTING] = chosen
        return redirect("candidate_home")
    if "said" in request.GET:
        return _told(request)
    registration = _chosen(request, own)
    context = home_context(registration, timezone.now())
    context["others"] = [one for one in own if one != registration]
    return render(request, f"{PAGES}home.html", context)


def _told(request: HttpRequest) -> HttpResponse:
    """What became of a request at the booking door, once, above the page as it is now."""
    refused = refusal_said(request.GET["said"])
    if refused is not None:
        messages.error(request, str(refused))
    elif is_given_back(request.GET["said"]):
        messages.success(request, _("You have given your seat back. You are still registered."))
    return redirect("candidate_home")


@require_http_methods(["GET", "POST"])
@candidate_required
def withdraw(request: HttpRequest) -> HttpResponse:
    """What is lost by withdrawing, and the button that does it."""
    registration = own_registration(request)
    refuse_after_doors(registration, timezone.now())
    if request.method == "POST":
        withdraw_registration(registration=registration, by=person_of(request), at=timezone.now())
        return redirect("candidate_home")
    context = {"standing": standing_of(registration, timezone.now())}
    return render(request, f"{PAGES}withdraw.html", context)


# --- wishes ------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def wishes(request: HttpRequest) -> HttpResponse:
    """Where do I want to sit? Buttons change a draft that the session keeps; one sends it.

    Every button leads back here by a redirect, so that going back asks nobody to send it twice.
    """
    registration = own_registration(request)
    near = centres_by_distance(registration)
    centres = {there.centre.pk: there.centre for there in near}
    sessions = {session.pk: session for session in registration.sitting.exam_sessions.all()}
    if request.method != "POST":
        return _wishes_page(request, registration, _draft(request, registration, centres, sessions))
    places = read_places(request.POST.getlist("place"), centres, sessions)
    listed = _changed(request, WishList(places), centres, sessions)
    if "send" in request.POST:
        return _send_wishes(request, registration, listed)
    _keep_draft(request, registration, listed)
    return redirect("candidate_wishes")


DRAFTS = "wish_drafts"  # in the session: lists not sent yet, by registration


def _keep_draft(request: HttpRequest, registration: Registration, listed: WishList) -> None:
    drafts = request.session.get(DRAFTS, {})
    drafts[str(registration.pk)] = {"places": listed.written(), "moved": listed.moved}
    request.session[DRAFTS] = drafts


def _draft(
    request: HttpRequest,
    registration: Registration,
    centres: dict[int, Centre],
    sessions: dict[int, ExamSession],
) -> WishList | None:
    """The list that was changed and not sent yet; None when there is none."""
    kept = request.session.get(DRAFTS, {}).get(str(registration.pk))
    if kept is None or not registration.sitting.is_open(timezone.now()):
        return None
    return WishList(read_places(kept["places"], centres, sessions), kept["moved"])


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
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        _keep_draft(request, registration, listed)
        messages.error(request, str(error))
        return redirect("candidate_wishes")
    request.session[DRAFTS] = request.session.get(DRAFTS, {}) | {str(registration.pk): None}
    messages.success(request, _("Your wishes are in. You may change them until the window closes."))
    return redirect("candidate_home")


def _wishes_page(
    request: HttpRequest, registration: Registration, draft: WishList | None
) -> HttpResponse:
    near = centres_by_distance(registration)
    km = {there.centre.pk: there.km for there in near}
    stored = registration.wishes.select_related("centre", "exam_session")
    listed = draft or WishList(tuple((wish.centre, wish.exam_session) for wish in stored))
    context = {
        "sitting": registration.sitting,
        "registration": registration,
        "listed": listed,
        "ranked": [(centre, session, km.get(centre.pk, 0)) for centre, session in listed.places],
        "near": near,
        "sessions": registration.sitting.exam_sessions.all(),
        "supply": supply_of(registration.sitting),
        "most": MOST_WISHES,
        "next_rank": len(listed.places) + 1,
        "is_open": registration.sitting.is_open(timezone.now()),
        "is_draft": draft is not None,
    }
    return render(request, f"{PAGES}wishes.html", context)


# --- admission card ----------------------------------------------------------------------------


def _own_card(request: HttpRequest) -> CardSheet:
    sheet = valid_card_of(own_registration(request))
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


@require_http_methods(["GET", "POST"])
@never_cache
@candidate_required
def card_replace(request: HttpRequest) -> HttpResponse:
    """The card was lost or seen by others: a new one with a new code; every other device is out."""
    sheet = _own_card(request)
    if request.method == "POST":
        person, at = person_of(request), timezone.now()
        if request.POST.get("version", "") not in ("", str(sheet.card.version)):
            messages.info(request, _("Your card was replaced before. This is the newest one."))
            return redirect("candidate_card")
        replace_admission_card(
            registration=sheet.registration, by=person, at=at, reason="asked for by its owner"
        )
        person.refresh_from_db()
        update_session_auth_hash(request, person)
        messages.success(request, _("This is your new card. The old one opens nothing any more."))
        return redirect("candidate_card")
    return render(request, f"{PAGES}card_replace.html", {"sheet": sheet})
