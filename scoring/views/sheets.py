"""Pages of the staff about sheets: what could not be placed, rooms that do not balance, holds."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.common.identity import typed_number
from centres.models import Role
from scheduling.models import Registration, Sitting
from scheduling.queries.allocations import works_everywhere
from scoring.actions.holds import hold_result, lift_hold
from scoring.actions.responses import set_exception_aside, take_exception
from scoring.errors import NoSuchRegistration, ReasonMissing
from scoring.forms import TakeForm
from scoring.models import ResponseException
from scoring.queries.responses import reconciliation, room_names
from scoring.queries.results import active_holds
from scoring.views.person import nationwide, person_of

READERS = (Role.STAFF, Role.HEADQUARTERS, Role.AUDITOR)


@require_GET
@nationwide(*READERS)
def sheets(request: HttpRequest, key: int) -> HttpResponse:
    """Does every sheet belong to a person who was there? Which lines wait for a decision?"""
    sitting = get_object_or_404(Sitting, pk=key)
    counted = reconciliation(sitting)
    uneven = counted.uneven_rooms[:50]
    names = room_names(room.room_session_id for room in uneven)
    exceptions = ResponseException.objects.filter(file__sitting=sitting).select_related(
        "file", "resolved_by"
    )
    context = {
        "sitting": sitting,
        "counted": counted,
        "uneven": [(names.get(room.room_session_id, ""), room) for room in uneven],
        "waiting": exceptions.filter(resolution="")[:100],
        "decided": exceptions.exclude(resolution="").order_by("-resolved_at")[:50],
        "files": sitting.response_files.select_related("by"),
        "holds": active_holds(sitting).select_related("registration", "by").order_by("-at"),
        "may_act": works_everywhere(person_of(request), Role.STAFF),
    }
    return render(request, "scoring/staff/sheets.html", context)


@require_POST
@nationwide(Role.STAFF)
def resolve(request: HttpRequest, key: int) -> HttpResponse:
    """Decide one line: whose sheet it is, or that it is nobody's."""
    exception = get_object_or_404(ResponseException.objects.select_related("file"), pk=key)
    try:
        _resolve(request, exception)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Line %(line)s is decided.") % {"line": exception.line})
    return redirect("answer_sheets", exception.file.sitting_id)


def _resolve(request: HttpRequest, exception: ResponseException) -> None:
    by, at = person_of(request), timezone.now()
    if request.POST.get("answer") == "aside":
        reason = request.POST.get("reason", "")
        set_exception_aside(exception=exception, reason=reason, by=by, at=at)
        return
    form = TakeForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing
    take_exception(exception=exception, by=by, at=at, **form.cleaned_data)


@require_POST
@nationwide(Role.STAFF)
def hold(request: HttpRequest, key: int) -> HttpResponse:
    """Keep one result back, or let it go."""
    sitting = get_object_or_404(Sitting, pk=key)
    try:
        _hold_or_lift(request, sitting)
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Kept on record, with your name and your reason."))
    return redirect("answer_sheets", sitting.pk)


def _hold_or_lift(request: HttpRequest, sitting: Sitting) -> None:
    number = typed_number(request.POST.get("number", ""))
    registration = Registration.objects.filter(sitting=sitting, number=number).first()
    if registration is None:
        raise NoSuchRegistration(number=number)
    act = lift_hold if request.POST.get("answer") == "lift" else hold_result
    reason = request.POST.get("reason", "")
    act(registration=registration, reason=reason, by=person_of(request), at=timezone.now())
