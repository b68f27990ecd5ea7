"""The what-if bench of a whole form: several items changed at once, side by side."""

from dataclasses import dataclass
from time import perf_counter

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from scoring.actions.decisions import changed_key
from scoring.models import AnalysisRun, DecisionKind, FormItem, ItemDecision
from scoring.queries.items import ItemRow, item_table
from scoring.studies.what_if import Bench, KeyEffects, open_bench, remedy_effects
from scoring.views import charts
from scoring.views.decisions import divided_effects
from scoring.views.examiner import READERS, is_newest
from scoring.views.person import nationwide
from scoring.views.whole_form import finished_or_404


@dataclass(frozen=True)
class Package:
    """Several items changed together, and what that would do."""

    code: str
    name: str
    items: list[str]
    effects: KeyEffects
    drawing: charts.NearCut


@require_GET
@nationwide(*READERS)
def together(request: HttpRequest, key: int) -> HttpResponse:
    """What would all of it do together, before anyone signs?"""
    run = finished_or_404(key)
    began = perf_counter()
    bench, rows = open_bench(run), item_table(run)
    packages = [
        _package(bench, run, code, name, changes)
        for code, name, changes in _candidates(run, rows)
        if changes or code == "now"
    ]
    chosen = next((one for one in packages if one.code == request.GET.get("chosen")), packages[-1])
    context = {
        "run": run,
        "packages": packages,
        "chosen": chosen,
        "divided": divided_effects(chosen.effects),
        "seconds": perf_counter() - began,
        "standing": is_newest(run),
        "heading": _heading(chosen),
    }
    return render(request, "scoring/examiner/together.html", context)


Change = tuple[FormItem, str, str]


def _candidates(run: AnalysisRun, rows: list[ItemRow]) -> list[tuple[str, str, list[Change]]]:
    """What is worth comparing: a code, its name on the page, and the items it changes."""
    flagged = [row for row in rows if row.flags]
    doubted = [row for row in flagged if len(row.figures.suggested) == 1]
    waiting = [row.decision for row in rows if row.decision and _waits(row.decision)]
    return [
        ("now", _("The key in force"), []),
        (
            "proposed",
            _("Every proposal that waits"),
            [(one.form_item, one.kind, one.value) for one in waiting],
        ),
        (
            "suggested",
            _("Every suggested key beside the old one"),
            [
                (row.form_item, DecisionKind.MULTIPLE, _both(row))
                for row in doubted
                if row.figures.suggested not in row.key
            ],
        ),
        (
            "credit",
            _("The mark for everyone on every flagged item"),
            [(row.form_item, DecisionKind.CREDIT, "") for row in flagged],
        ),
        (
            "drop",
            _("Without any flagged item"),
            [(row.form_item, DecisionKind.DROP, "") for row in flagged],
        ),
    ]


def _waits(decision: ItemDecision) -> bool:
    return decision.signed_at is None and decision.changes_key


def _both(row: ItemRow) -> str:
    letters = set(row.key) & set(row.form_item.item.options)
    return "".join(sorted({*letters, row.figures.suggested}))


def _package(
    bench: Bench, run: AnalysisRun, code: str, name: str, changes: list[Change]
) -> Package:
    key = bench.form(run.form_id).key
    keys = [changed_key(key, place, kind, value) for place, kind, value in changes]
    effects = remedy_effects(bench, {run.form_id: keys})
    drawing = charts.near_cut(effects.near_cut, bench.spec.cut)
    return Package(code, name, [place.item.code for place, *_what in changes], effects, drawing)


def _heading(chosen: Package) -> str:
    if not chosen.items:
        return _("No item of this form is flagged, and nothing waits")
    said = {
        "name": chosen.name,
        "up": f"{chosen.effects.up:,}",
        "down": f"{chosen.effects.down:,}",
    }
    return _("%(name)s: %(up)s more would pass, %(down)s fewer") % said
