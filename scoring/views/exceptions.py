"""Pages of odd lines: which wait for a person, whose sheet one is, and what was decided."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from centres.models import Role
from scheduling.models import Sitting
from scoring.actions.responses import (
    set_exception_aside,
    set_exceptions_aside,
    take_exception,
)
from scoring.errors import ReasonMissing
from scoring.forms import TakeForm
from scoring.models import (
    ResponseException,
)
from scoring.queries.exceptions import line_detail
from scoring.queries.intake import (
    waiting_by_kind,
)
from scoring.views.acting import PER_PAGE, READERS, acted, may_act, pages_of
from scoring.views.person import nationwide, person_of


@require_GET
@nationwide(*READERS)
def exceptions(request: HttpRequest, key: int) -> HttpResponse:
    """Which lines wait for a person, by what is wrong with them?"""
    sitting = get_object_or_404(Sitting, pk=key)
    kinds = waiting_by_kind(sitting)
    kind = request.GET.get("kind", "")
    lines = ResponseException.objects.filter(file__sitting=sitting).select_related(
        "file", "resolved_by"
    )
    chosen = lines.filter(resolution="") if kind != "decided" else lines.exclude(resolution="")
    if kind in {code for code, _name, _count in kinds}:
        chosen = chosen.filter(kind=kind)
    waiting = sum(count for _code, _name, count in kinds)
    heading = _("No line waits: every odd sheet was decided by a person")
    if waiting:
        sentence = ngettext(
            "%(count)s line waits for a person", "%(count)s lines wait for a person", waiting
        )
        heading = sentence % {"count": f"{waiting:,}"}
    context = {
        "sitting": sitting,
        "heading": heading,
        "kinds": kinds,
        "kind": kind,
        "waiting": waiting,
        "decided": lines.exclude(resolution="").count(),
        "page": pages_of(chosen.order_by("file_id", "line", "pk"), request.GET),
        "may_act": may_act(request) and kind != "decided",
    }
    return render(request, "scoring/staff/exceptions.html", context)


@require_POST
@nationwide(Role.STAFF)
def set_aside(request: HttpRequest, key: int) -> HttpResponse:
    """Set several lines aside with one reason: those that were ticked on one page, or none."""
    sitting = get_object_or_404(Sitting, pk=key)
    ticked = [int(one) for one in request.POST.getlist("line") if one.isdecimal()][:PER_PAGE]
    lines = list(ResponseException.objects.filter(file__sitting=sitting, pk__in=ticked))
    reason, by, at = request.POST.get("reason", ""), person_of(request), timezone.now()
    if not lines:
        messages.error(request, _("Tick the lines first that this reason is for."))
    else:
        count = len(lines)
        said = ngettext("%(count)d line was set aside.", "%(count)d lines were set aside.", count)
        acted(
            request,
            lambda: set_exceptions_aside(exceptions=lines, reason=reason, by=by, at=at),
            said % {"count": count},
        )
    return redirect("exceptions", sitting.pk)


@require_http_methods(["GET", "POST"])
@nationwide(*READERS)
def line(request: HttpRequest, key: int) -> HttpResponse:
    """Whose sheet is this line, and what lies there already?"""
    exception = get_object_or_404(
        ResponseException.objects.select_related("file__sitting", "resolved_by"), pk=key
    )
    if request.method == "POST":
        return _resolve_line(request, exception)
    detail = line_detail(exception)
    context = {
        "line": exception,
        "sitting": exception.file.sitting,
        "detail": detail,
        "may_act": may_act(request) and not exception.resolution,
    }
    return render(request, "scoring/staff/exception.html", context)


def _resolve_line(request: HttpRequest, exception: ResponseException) -> HttpResponse:
    if not may_act(request):
        raise Http404
    acted(
        request,
        lambda: _decide_line(request, exception),
        _("Line %(line)s is decided.") % {"line": exception.line},
    )
    exception.refresh_from_db()
    if exception.resolution:
        return redirect("exceptions", exception.file.sitting_id)
    return redirect("resolve_exception", exception.pk)


def _decide_line(request: HttpRequest, exception: ResponseException) -> None:
    by, at = person_of(request), timezone.now()
    if request.POST.get("answer") == "aside":
        reason = request.POST.get("reason", "")
        set_exception_aside(exception=exception, reason=reason, by=by, at=at)
        return
    form = TakeForm(request.POST)
    if not form.is_valid():
        raise ReasonMissing
    take_exception(exception=exception, by=by, at=at, **form.cleaned_data)
