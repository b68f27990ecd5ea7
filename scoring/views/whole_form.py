"""Pages about a whole exam form: the test, its groups, and other forms beside it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET

from scheduling.models import Paper, Sitting
from scoring.models import AnalysisRun
from scoring.queries.form_figures import (
    Cut,
    common_items,
    cut_of,
    former_run,
    groups_by,
    newest_by_form,
    odd_items,
    ways_of,
)
from scoring.reports.drawings import histogram, line
from scoring.reports.words import finding_words
from scoring.studies.forms import Drift, form_drift
from scoring.views import form_charts
from scoring.views.examiner import READERS, is_newest, run_or_404
from scoring.views.person import nationwide

ENOUGH = 0.85  # reliability that a decision about one person usually asks for


def finished_or_404(key: int) -> AnalysisRun:
    """An analysis whose figures can be read: one that is done, made since they were kept."""
    run = run_or_404(key)
    if not run.is_finished or run.error:
        raise Http404
    return run


@require_GET
@nationwide(*READERS)
def whole_test(request: HttpRequest, key: int) -> HttpResponse:
    """Is this form good enough to decide about a person?"""
    run = finished_or_404(key)
    kept, cut = run.result, cut_of(run)
    errors = kept.get("errors") or []
    known = [error for error in errors if error is not None]
    speed = kept.get("speed")
    context = {
        "run": run,
        "test": kept["reliability"],
        "more": kept.get("consistency") or {},
        "shape": kept.get("shape") or {},
        "speed": speed,
        "parts": kept.get("parts"),
        "heading": _test_heading(run),
        "enough": ENOUGH,
        "cut": cut,
        "error_at_cut": _at(errors, cut),
        "distribution": histogram(kept["distribution"], cut.raw if cut else None),
        "scores": _score_rows(kept["distribution"], errors),
        "error": line(errors, max(known), mark=cut.raw if cut else None)
        if known and max(known) > 0
        else None,
        "reached": line([100 * r for r in speed["reached"]], 100, first=1, unit=" %")
        if speed
        else None,
        "ways": ways_of(run),
        "findings": [row | {"said": finding_words(row["code"])} for row in kept["findings"]],
        "standing": is_newest(run),
        "former": former_run(run),
    }
    return render(request, "scoring/examiner/test.html", context)


def _at(errors: list[float | None], cut: Cut | None) -> float | None:
    return errors[cut.raw] if cut is not None and cut.raw < len(errors) else None


def _test_heading(run: AnalysisRun) -> str:
    """The answer in one sentence."""
    said = {"form": run.form.code}
    alpha, speed = run.result["reliability"]["alpha"], run.result.get("speed")
    if alpha is None:
        return _("Exam form %(form)s: reliability cannot be told from these answers") % said
    if speed and speed["speeded"]:
        return _("Exam form %(form)s: many people did not come to the end") % said
    if alpha < ENOUGH:
        return _("Exam form %(form)s is not sure enough to decide about a person") % said
    return _("Exam form %(form)s tells people apart reliably") % said


def _score_rows(people: list[int], errors: list[float | None]) -> list[dict[str, Any]]:
    total, below, rows = sum(people) or 1, 0, []
    for raw, count in enumerate(people):
        below += count
        error = errors[raw] if raw < len(errors) else None
        rows.append({"raw": raw, "people": count, "below": 100 * below / total, "error": error})
    return rows


# --- groups ---------------------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def form_groups(request: HttpRequest, key: int) -> HttpResponse:
    """Did every centre, session and mode take the same test?"""
    run = finished_or_404(key)
    ways = ways_of(run)
    codes = [code for code, _name in ways]
    by = request.GET.get("by", codes[0] if codes else "")
    if by not in codes:
        by = codes[0] if codes else ""
    groups = groups_by(run, by)
    context = {
        "run": run,
        "ways": ways,
        "by": by,
        "name": dict(ways).get(by, ""),
        "groups": groups,
        "total": sum(group.figures.people for group in groups),
        "test": run.result["reliability"],
        "drawing": form_charts.group_means(groups, run.result["reliability"]["mean"]),
        "odd": odd_items(run, groups),
        "heading": _groups_heading(groups),
    }
    return render(request, "scoring/examiner/form_groups.html", context)


def _groups_heading(groups: list[Any]) -> str:
    known = [group for group in groups if group.figures.mean is not None]
    if len(known) < 2:
        return _("There is one group, so nothing to compare")
    highest = max(known, key=lambda group: group.figures.mean)
    lowest = min(known, key=lambda group: group.figures.mean)
    gap = highest.figures.mean - lowest.figures.mean
    sentence = _("%(high)s and %(low)s lie %(gap)s raw points apart")
    return sentence % {"high": highest.name, "low": lowest.name, "gap": f"{gap:.1f}"}


# --- forms side by side ---------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def compare_forms(request: HttpRequest, key: int, paper: int) -> HttpResponse:
    """Are the forms of a paper alike, and did the items they share behave alike?"""
    sitting = get_object_or_404(Sitting.objects.select_related("exam"), pk=key)
    about = get_object_or_404(Paper, pk=paper, exam=sitting.exam_id)
    runs = newest_by_form(sitting, about.pk)
    if not runs:
        return redirect("analyses")
    pairs = [_pair(runs[0], other) for other in runs[1:]]
    context = {
        "sitting": sitting,
        "paper": about,
        "runs": runs,
        "rows": form_rows(runs),
        "pairs": pairs,
        "heading": _forms_heading([drift for _first, _second, drift, _drawing in pairs], runs),
        "shapes": [(run, histogram(run.result["distribution"])) for run in runs],
    }
    return render(request, "scoring/examiner/forms.html", context)


def _pair(first: AnalysisRun, second: AnalysisRun) -> tuple[Any, Any, Drift, Any]:
    drift = form_drift(common_items(first, second))
    return first, second, drift, form_charts.delta_scatter(drift)


def _forms_heading(drifts: list[Drift], runs: list[AnalysisRun]) -> str:
    if not drifts:
        return _("One exam form only: nothing to compare")
    drifted = sum(len(drift.drifted) for drift in drifts)
    if not drifted:
        return _("The items the forms share behaved alike")
    sentence = ngettext(
        "%(count)d shared item changed its difficulty between the forms",
        "%(count)d shared items changed their difficulty between the forms",
        drifted,
    )
    return sentence % {"count": drifted}


def form_rows(runs: list[AnalysisRun]) -> list[tuple[str, int, list[Any]]]:
    """The figures of every form, a row each: name, decimals, values by form."""
    kept = [run.result for run in runs]
    test = [one["reliability"] for one in kept]
    more = [one.get("consistency") or {} for one in kept]
    shape = [one.get("shape") or {} for one in kept]
    parts = [one.get("parts") or {} for one in kept]
    return [
        (pgettext("who sat", "People"), 0, [one["persons"] for one in test]),
        (_("Items that count"), 0, [one["items"] for one in test]),
        (_("Mean raw score"), 2, [one["mean"] for one in test]),
        (_("SD"), 2, [one["sd"] for one in test]),
        (_("Skew"), 2, [one.get("skew") for one in shape]),
        (_("Peakedness"), 2, [one.get("kurtosis") for one in shape]),
        (_("Reliability α"), 3, [one["alpha"] for one in test]),
        (_("by parts"), 3, [one.get("stratified") for one in parts]),
        (_("One common factor ω"), 3, [one.get("omega") for one in more]),
        (_("Error of measurement"), 2, [one["sem"] for one in test]),
        (_("Items flagged"), 0, [one["flagged"] for one in kept]),
    ]
