"""Duties of one centre: who watches what, somebody else for one room, a proctor who cannot come."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.common.errors import DomainError, NotYours
from centres.common.http import role_required
from centres.common.thai import in_bangkok
from centres.models import Centre, Role, User
from centres.queries import centres_of
from scheduling.actions.duties import excuse_proctor, name_relative, replace_proctor
from scheduling.models import Duty, Proctor, Sitting
from scheduling.queries.duties import free_proctors, watched_rooms

CHANGERS = (Role.STAFF, Role.CHIEF)


@require_GET
@role_required(*CHANGERS)
def centre_roster(request: HttpRequest, key: int, centre: int) -> HttpResponse:
    """Every room of a centre with its proctors."""
    found = _own_centre(request, centre)
    sitting = get_object_or_404(Sitting, pk=key)
    proctors = Proctor.objects.filter(centre=found).select_related("user").order_by("pk")
    sessions = sitting.exam_sessions.values_list("starts_at", flat=True)
    context = {
        "sitting": sitting, "centre": found, "rooms": watched_rooms(sitting, found),
        "proctors": proctors, "days": sorted({in_bangkok(start).date() for start in sessions}),
    }  # fmt: skip
    return render(request, "scheduling/staff/centre_roster.html", context)


@require_http_methods(["GET", "POST"])
@role_required(*CHANGERS)
def change(request: HttpRequest, key: int) -> HttpResponse:
    """Another proctor for one duty."""
    rows = Duty.objects.select_related(
        "proctor__user",
        "room_session__exam_session__sitting",
        "room_session__room__building__centre",
    )
    duty = get_object_or_404(rows, pk=key)
    place = duty.room_session.room.building.centre
    _own_centre(request, place.pk)
    free = free_proctors(duty)
    error = None
    if request.method == "POST":
        asked = request.POST.get("proctor", "")
        chosen = next((proctor for proctor in free if str(proctor.pk) == asked), None)
        reason = request.POST.get("reason", "").strip()[:200]
        if chosen is None or not reason:
            error = _t("Choose who takes over, and say why in a few words.")
        else:
            assert isinstance(request.user, User)
            try:
                replace_proctor(
                    duty=duty, proctor=chosen, by=request.user, at=timezone.now(), reason=reason
                )
            except DomainError as refusal:
                error = str(refusal)
            else:
                messages.success(request, _t("%(name)s has the duty now.") % {"name": chosen})
                sitting = duty.room_session.exam_session.sitting_id
                return redirect("centre_roster", sitting, place.pk)
    context = {"duty": duty, "free": free, "error": error, "centre": place}
    return render(
        request, "scheduling/staff/duty_change.html", context, status=422 if error else 200
    )


@require_POST
@role_required(*CHANGERS)
def excuse(request: HttpRequest, key: int, centre: int) -> HttpResponse:
    """Somebody does not come: his duties of the day go to others."""
    found = _own_centre(request, centre)
    sitting = get_object_or_404(Sitting, pk=key)
    proctor = get_object_or_404(Proctor, pk=request.POST.get("proctor") or 0, centre=found)
    try:
        day = date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        return redirect("centre_roster", sitting.pk, found.pk)
    assert isinstance(request.user, User)
    made = excuse_proctor(
        proctor=proctor, sitting=sitting, day=day, by=request.user, at=timezone.now()
    )
    lost = made.missing.get(found.pk, 0)
    sentence = ngettext(
        "%(duties)s duty went to somebody else; %(missing)s could not be filled.",
        "%(duties)s duties went to others; %(missing)s could not be filled.",
        made.duties,
    )
    tell = messages.error if lost else messages.success
    tell(request, sentence % {"duties": made.duties, "missing": lost})
    return redirect("centre_roster", sitting.pk, found.pk)


@require_POST
@role_required(*CHANGERS)
def relative(request: HttpRequest, key: int, centre: int) -> HttpResponse:
    """A candidate whose room a proctor must not watch."""
    found = _own_centre(request, centre)
    sitting = get_object_or_404(Sitting, pk=key)
    proctor = get_object_or_404(Proctor, pk=request.POST.get("proctor") or 0, centre=found)
    assert isinstance(request.user, User)
    try:
        name_relative(
            proctor=proctor, sitting=sitting, number=request.POST.get("number", ""),
            by=request.user, at=timezone.now(),
        )  # fmt: skip
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _t("Noted. No roster puts them into one room."))
    return redirect("centre_roster", sitting.pk, found.pk)


def _own_centre(request: HttpRequest, key: int) -> Centre:
    user = request.user
    found = centres_of(user, *CHANGERS).filter(pk=key).first() if isinstance(user, User) else None
    if found is None:
        raise NotYours
    return found
