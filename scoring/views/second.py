"""Pages of the second scoring: do two scorings agree on everybody?"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.models import Role
from scheduling.queries.allocations import works_everywhere
from scoring.actions.second_scoring import start_second_scoring
from scoring.models import (
    ScalingRun,
    SecondScoring,
)
from scoring.views.acting import READERS, acted
from scoring.views.person import nationwide, person_of


@require_POST
@nationwide(Role.STAFF, Role.EXAMINER)
def score_again(request: HttpRequest, key: int) -> HttpResponse:
    """Queue a second scoring of a scaling."""
    scaling = get_object_or_404(ScalingRun, pk=key)
    by, at = person_of(request), timezone.now()
    acted(
        request,
        lambda: start_second_scoring(scaling=scaling, by=by, at=at),
        _("Everybody is scored a second time. This page shows how far."),
    )
    return redirect("second_scoring", scaling.pk)


@require_GET
@nationwide(*READERS, Role.EXAMINER)
def second_scoring(request: HttpRequest, key: int) -> HttpResponse:
    """Do two scorings agree on everybody?"""
    scaling = get_object_or_404(ScalingRun.objects.select_related("sitting__exam"), pk=key)
    runs = list(SecondScoring.objects.filter(scaling=scaling).select_related("started_by"))
    newest = runs[0] if runs else None
    by = person_of(request)
    context = {
        "scaling": scaling,
        "sitting": scaling.sitting,
        "runs": runs,
        "newest": newest,
        "heading": _second_heading(newest),
        "may_act": works_everywhere(by, Role.STAFF, Role.EXAMINER),
        "is_staff": works_everywhere(by, *READERS),
    }
    return render(request, "scoring/staff/second_scoring.html", context)


def _second_heading(run: Any) -> str:
    if run is None:
        return _("Nobody was scored a second time yet")
    if not run.is_finished:
        return _("The second scoring is at work")
    if run.error:
        return _("The second scoring did not finish")
    if run.disagreements:
        sentence = ngettext(
            "The two scorings differ on %(count)s person",
            "The two scorings differ on %(count)s people",
            run.disagreements,
        )
        return sentence % {"count": f"{run.disagreements:,}"}
    return _("Two scorings agree on all %(people)s sheets") % {"people": f"{run.people:,}"}


@require_GET
@nationwide(*READERS, Role.EXAMINER)
def second_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a second scoring is."""
    scaling = get_object_or_404(ScalingRun, pk=key)
    run = SecondScoring.objects.filter(scaling=scaling).first()
    if run is None:
        raise Http404
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})
