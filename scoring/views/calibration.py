"""Pages of a response model: what was calibrated, how well it fits, who and what stands out."""

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.common.errors import DomainError
from centres.common.identity import typed_number
from centres.common.runs import RunState, ask_to_cancel
from centres.models import Role
from scheduling.models import Paper, Sitting
from scoring.actions.calibration import BY_REGRESSION, ODD, start_calibration
from scoring.forms import CalibrationForm, PersonForm
from scoring.models import CalibrationRun
from scoring.queries.calibrations import (
    GROUPINGS,
    FittedItem,
    calibrations_of,
    differing_items,
    fitted_items,
    groups_of,
    measure_of,
    oddest_people,
    pattern_of,
    sat_in,
)
from scoring.queries.results import newest_analyses
from scoring.studies import Rung, model_ladder
from scoring.templatetags.figures import scientific
from scoring.views import curves
from scoring.views.examiner import READERS, is_examiner
from scoring.views.person import nationwide, person_of

SHOWN: Final = 50
SHOWN_ABILITIES: Final = tuple(float(theta) for theta in range(-3, 4))


@require_GET
@nationwide(*READERS)
def models(request: HttpRequest, key: int, paper: int) -> HttpResponse:
    """Which models were fitted to a paper, and which describes the answers best?"""
    sitting, own = _paper_or_404(key, paper)
    runs = list(calibrations_of(sitting, own))
    done = [run for run in runs if run.state == RunState.DONE]
    ladder = model_ladder(done[0], done) if done else []
    analyses = [run for run in newest_analyses(sitting) if run.form.paper_id == own.pk]
    context = {
        "sitting": sitting,
        "paper": own,
        "runs": runs,
        "working": next((run for run in runs if not run.is_finished), None),
        "ladder": ladder,
        "analyses": analyses,
        "heading": _models_heading(ladder),
        "form": CalibrationForm(),
        "may_start": is_examiner(request) and bool(analyses),
    }
    return render(request, "scoring/examiner/models.html", context)


def _paper_or_404(key: int, paper: int) -> tuple[Sitting, Paper]:
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    return sitting, get_object_or_404(Paper, pk=paper, exam_id=sitting.exam_id)


def _models_heading(ladder: list[Rung]) -> str:
    if not ladder:
        return _("No response model has been fitted yet")
    best = next(rung for rung in ladder if rung.is_best)
    if len(ladder) == 1:
        return _("One model is fitted, %(model)s") % {"model": best.run.get_model_display()}
    said = {"model": best.run.get_model_display()}
    return _("These answers are best described by %(model)s") % said


@require_POST
@nationwide(Role.EXAMINER)
def begin(request: HttpRequest, key: int, paper: int) -> HttpResponse:
    """Queue a calibration."""
    sitting, own = _paper_or_404(key, paper)
    form = CalibrationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the four models."))
        return redirect("calibrations", sitting.pk, own.pk)
    model, by, at = form.cleaned_data["model"], person_of(request), timezone.now()
    try:
        run = start_calibration(sitting=sitting, paper=own, model=model, by=by, at=at)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("calibrations", sitting.pk, own.pk)
    return redirect("calibration", run.pk)


@require_POST
@nationwide(Role.EXAMINER)
def cancel(request: HttpRequest, key: int) -> HttpResponse:
    """Ask a waiting or working calibration to stop."""
    run = _run_or_404(key)
    ask_to_cancel(run)
    messages.info(request, _("The calibration was asked to stop. Nothing of it will be kept."))
    return redirect("calibration", run.pk)


def _run_or_404(key: int) -> CalibrationRun:
    runs = CalibrationRun.objects.select_related("sitting__exam", "paper", "started_by")
    return get_object_or_404(runs, pk=key)


def _done_or_404(key: int) -> CalibrationRun:
    run = _run_or_404(key)
    if run.state != RunState.DONE:
        raise Http404
    return run


@require_GET
@nationwide(*READERS)
def calibration_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a calibration is."""
    run = get_object_or_404(CalibrationRun, pk=key)
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})


@require_GET
@nationwide(*READERS)
def calibration(request: HttpRequest, key: int) -> HttpResponse:
    """Did it converge, does it fit, and how exactly does it measure where it decides?"""
    run = _run_or_404(key)
    if run.state != RunState.DONE:
        address = reverse("calibration_progress", args=[run.pk])
        context = {"run": run, "run_address": address, "may_stop": is_examiner(request)}
        return render(request, "scoring/examiner/model_waiting.html", context)
    form = _form_of(request, run)
    items = fitted_items(run, form["form_id"])
    return render(
        request,
        "scoring/examiner/model.html",
        {
            "run": run,
            "kept": run.result,
            "verdict": _convergence(run),
            "heading": _fit_heading(run, form, items),
            "form": form,
            "forms": run.result["forms"],
            "curve": curves.form_curve(form),
            "numbers": curves.at_abilities(form, SHOWN_ABILITIES),
            "items": sorted(items, key=lambda item: item.fits),
            "misfits": sum(not item.fits for item in items),
            "has_guessing": run.model == "3pl",
        },
    )


def _form_of(request: HttpRequest, run: CalibrationRun) -> dict[str, Any]:
    """The exam form asked for; the first when none, or one that is not there, was."""
    forms: list[dict[str, Any]] = run.result["forms"]
    asked = request.GET.get("form", "")
    return next((form for form in forms if form["form"] == asked), forms[0])


def _convergence(run: CalibrationRun) -> str:
    """What became of the search for the best parameters, in words."""
    said = {"steps": run.result["iterations"], "change": scientific(run.result["change"])}
    if run.result["converged"]:
        return (
            _(
                "Converged in %(steps)s steps: one more plain step would move no parameter by more"
                " than %(change)s."
            )
            % said
        )
    return (
        _(
            "Not converged after %(steps)s steps: one more plain step would still move a parameter"
            " by %(change)s. Do not use these figures; try a simpler model."
        )
        % said
    )


def _fit_heading(run: CalibrationRun, form: dict[str, Any], items: list[FittedItem]) -> str:
    """The answer in one sentence."""
    if not run.result["converged"]:
        return _("This calibration did not converge")
    misfits = sum(not item.fits for item in items)
    said = {"form": form["form"], "count": misfits}
    if not misfits:
        return _("Exam form %(form)s: every item follows its curve") % said
    sentence = ngettext(
        "Exam form %(form)s: %(count)d item does not follow its curve",
        "Exam form %(form)s: %(count)d items do not follow their curves",
        misfits,
    )
    return sentence % said


# --- people ---------------------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def people(request: HttpRequest, key: int) -> HttpResponse:
    """Whose answers does the model hardly allow?"""
    run = _done_or_404(key)
    asked = typed_number(request.GET.get("number", ""))
    if asked:
        if measure_of(run, asked) is not None:
            return redirect("odd_person", run.pk, asked)
        messages.error(
            request, _("Nobody with the number %(number)s was calibrated.") % {"number": asked}
        )
    context = {
        "run": run,
        "odd": run.result["odd"],
        "level": ODD,
        "people": list(oddest_people(run, ODD)[:SHOWN]),
        "shown": SHOWN,
        "form": PersonForm(),
    }
    return render(request, "scoring/examiner/odd_people.html", context)


@require_GET
@nationwide(*READERS)
def person(request: HttpRequest, key: int, number: str) -> HttpResponse:
    """How did one person answer, from easy to hard, and what is odd about it?"""
    run = _done_or_404(key)
    measure = measure_of(run, number)
    if measure is None:
        raise Http404
    context = {
        "run": run,
        "measure": measure,
        "form_code": sat_in(run, measure.registration),
        "pattern": pattern_of(run, measure),
        "heading": _person_heading(measure.p, measure.registration.number),
        "one_in": round(1 / measure.p) if measure.p else None,
        "is_odd": measure.p is not None and measure.p < ODD,
    }
    return render(request, "scoring/examiner/odd_person.html", context)


def _person_heading(p: float | None, number: str) -> str:
    said = {"number": number}
    if p is None:
        return _("%(number)s: too few answers to say whether they are odd") % said
    if p < ODD:
        return _("%(number)s: easy and hard items do not go together as they should") % said
    return _("%(number)s: the answers are as the model expects") % said


# --- groups ---------------------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def groups(request: HttpRequest, key: int) -> HttpResponse:
    """Does any item favour one group among people who do equally well, and did it matter?"""
    run = _done_or_404(key)
    asked = request.GET.get("by", "sex")
    grouping = asked if asked in GROUPINGS else "sex"
    found = groups_of(run, grouping)
    names = {group.code: group.name for group in found}
    rows = [(row, names.get(row.group, row.group)) for row in differing_items(run, grouping)]
    context = {
        "run": run,
        "grouping": grouping,
        "groupings": GROUPINGS.items(),
        "name": GROUPINGS[grouping],
        "groups": found,
        "compared": [group for group in found if not group.summary["too_small"]],
        "rows": rows[:SHOWN],
        "has_effect": grouping in BY_REGRESSION,
        "total": len(rows),
        "large": sum(row.ets == "C" for row, _name in rows),
        "heading": _groups_heading(rows, found),
        "addresses": {form["form_id"]: form["analysis"] for form in run.result["forms"]},
    }
    return render(request, "scoring/examiner/groups.html", context)


def _groups_heading(rows: list[Any], found: list[Any]) -> str:
    large = sum(row.ets == "C" for row, _name in rows)
    if not [group for group in found if not group.summary["too_small"]]:
        return _("These groups are too small to compare")
    if large:
        sentence = ngettext(
            "%(count)d item differs much between people who do equally well",
            "%(count)d items differ much between people who do equally well",
            large,
        )
        return sentence % {"count": large}
    if rows:
        return _("No item differs much between groups; some differ a little")
    return _("No item differs between people who do equally well")
