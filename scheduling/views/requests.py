"""What single people ask of the plan: noted by staff, seen, taken back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.views.decorators.http import require_http_methods, require_POST

from centres.common.errors import DomainError
from centres.common.http import role_required
from centres.models import Role, User
from scheduling.actions.seat_requests import (
    ask_for_company,
    drop_request,
    fix_seat,
    refuse_session,
)
from scheduling.models import Company, RefusedSession, SeatRequest, Sitting
from scheduling.views.staff import person_for

REFUSE = "refuse"


@require_http_methods(["GET", "POST"])
@role_required(Role.STAFF)
def seat_requests(request: HttpRequest, key: int) -> HttpResponse:
    """The requests of a sitting, and the form that adds one."""
    person = person_for(request, Role.STAFF)
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    typed = {name: request.POST.get(name, "").strip() for name in ("number", "kind", "value")}
    error = None
    if request.method == "POST":
        try:
            _add(sitting, typed, person)
        except DomainError as refusal:
            error = refusal
        else:
            messages.success(request, _t("Noted. The next plan keeps it."))
            return redirect("seat_requests", sitting.pk)
    refused = RefusedSession.objects.filter(registration__sitting=sitting)
    asked = SeatRequest.objects.filter(registration__sitting=sitting)
    context = {
        "sitting": sitting, "typed": typed, "error": error, "companies": Company.choices,
        "refused": refused.select_related("registration", "exam_session").order_by("-pk"),
        "asked": asked.select_related(
            "registration", "other", "seat__room__building__centre"
        ).order_by("-pk"),
    }  # fmt: skip
    return render(
        request, "scheduling/staff/seat_requests.html", context, status=422 if error else 200
    )


@require_POST
@role_required(Role.STAFF)
def drop(request: HttpRequest, key: int) -> HttpResponse:
    """Take one request back."""
    person = person_for(request, Role.STAFF)
    model = RefusedSession if request.POST.get("kind") == REFUSE else SeatRequest
    rows = model.objects.filter(registration__sitting=key, pk=request.POST.get("request") or 0)
    found = rows.select_related("registration").first()
    if found is not None:
        drop_request(request=found, by=person, at=timezone.now())
        messages.success(request, _t("Taken back."))
    return redirect("seat_requests", key)


def _add(sitting: Sitting, typed: dict[str, str], person: User) -> None:
    number, kind, value, at = typed["number"], typed["kind"], typed["value"], timezone.now()
    if kind in (Company.TOGETHER, Company.APART):
        ask_for_company(
            sitting=sitting, kind=Company(kind), number=number, other=value, by=person, at=at
        )
    elif kind == Company.FIXED:
        fix_seat(sitting=sitting, number=number, place=value, by=person, at=at)
    else:
        refuse_session(sitting=sitting, number=number, session=value, by=person, at=at)
