"""Pages of the examiner: analyses of a sitting, the item table, one item, remedies, signatures."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from centres.models import Role, User
from scheduling.models import ExamForm, Sitting
from scheduling.queries.allocations import works_everywhere
from scoring.actions.analysis import start_analysis
from scoring.actions.scaling import start_scaling
from scoring.forms import ReasonForm, RemarkForm
from scoring.models import AnalysisRun, CalibrationRun, FormItem, GroupDifference, ScalingRun
from scoring.queries.calibrations import FittedItem, differences_of, fitted_item, newest_calibration
from scoring.queries.decisions import open_flags, waiting_keeps
from scoring.queries.items import (
    FILTERS,
    SORTS,
    ItemRow,
    item_detail,
    item_table,
    remarks_of,
    runs_of,
    similar_pairs,
    sort_value,
)
from scoring.queries.responses import reconciliation
from scoring.views import charts, curves
from scoring.views.person import nationwide, person_of

READERS = (Role.EXAMINER, Role.AUDITOR)
PER_PAGE = 30


@require_GET
@nationwide(*READERS)
def analyses(request: HttpRequest) -> HttpResponse:
    """Every sitting with answers: its exam forms, their analyses, and what may be started."""
    sittings = Sitting.objects.filter(response_files__isnull=False).distinct()
    shown = [
        {
            "sitting": sitting,
            "forms": (forms := _forms_with_runs(sitting)),
            "papers": _papers_with_runs(forms),
            "sheets": reconciliation(sitting),
            "scaling": ScalingRun.objects.filter(sitting=sitting).order_by("-pk").first(),
        }
        for sitting in sittings.select_related("exam")
    ]
    context = {"sittings": shown, "may_start": is_examiner(request)}
    return render(request, "scoring/examiner/analyses.html", context)


def _forms_with_runs(sitting: Sitting) -> list[dict[str, Any]]:
    runs = list(runs_of(sitting))
    forms = ExamForm.objects.filter(
        paper__exam_id=sitting.exam_id, form_items__isnull=False
    ).distinct()
    return [
        {"form": form, "runs": [run for run in runs if run.form_id == form.pk]}
        for form in forms.select_related("paper")
    ]


def _papers_with_runs(forms: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """The papers of which more than one form was analysed."""
    papers = [one["form"].paper for one in forms if one["runs"]]
    names = {paper.pk: paper.name for paper in papers}
    return [(key, name) for key, name in names.items() if sum(p.pk == key for p in papers) > 1]


def is_examiner(request: HttpRequest) -> bool:
    return works_everywhere(person_of(request), Role.EXAMINER)


@require_POST
@nationwide(Role.EXAMINER)
def analyse(request: HttpRequest, key: int, form: int) -> HttpResponse:
    """Queue an analysis of one exam form of a sitting."""
    sitting = get_object_or_404(Sitting, pk=key)
    exam_form = get_object_or_404(ExamForm, pk=form, paper__exam_id=sitting.exam_id)
    run = start_analysis(sitting=sitting, form=exam_form, by=person_of(request), at=timezone.now())
    return redirect("item_table", run.pk)


@require_POST
@nationwide(Role.EXAMINER)
def scale(request: HttpRequest, key: int) -> HttpResponse:
    """Queue a scaling of a sitting."""
    sitting = get_object_or_404(Sitting, pk=key)
    start_scaling(sitting=sitting, by=person_of(request), at=timezone.now())
    messages.success(request, _("The scores are being computed. This page shows how far."))
    return redirect("analyses")


@require_GET
@nationwide(*READERS)
def analysis_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far an analysis is."""
    run = get_object_or_404(AnalysisRun, pk=key)
    context = {"run": run, "run_address": request.path}
    return render(request, "_run_progress.html", context)


@require_GET
@nationwide(*READERS)
def scaling_progress(request: HttpRequest, key: int) -> HttpResponse:
    """How far a scaling is."""
    run = get_object_or_404(ScalingRun, pk=key)
    return render(request, "_run_progress.html", {"run": run, "run_address": request.path})


# --- the item table -------------------------------------------------------------------------------


def run_or_404(key: int) -> AnalysisRun:
    runs = AnalysisRun.objects.select_related(
        "form__paper", "sitting__exam", "key_version", "started_by"
    )
    return get_object_or_404(runs, pk=key)


@require_GET
@nationwide(*READERS)
def items(request: HttpRequest, key: int) -> HttpResponse:
    """Which items must be looked at before release?"""
    run = run_or_404(key)
    if not run.is_finished or run.error:
        address = reverse("analysis_progress", args=[run.pk])
        context = {"run": run, "run_address": address}
        return render(request, "scoring/examiner/waiting.html", context)
    rows, mild, standing = item_table(run), len(open_flags(run)), is_newest(run)
    wanted, order = request.GET.get("f", "all"), request.GET.get("sort", "urgency")
    if wanted not in FILTERS:
        wanted = "all"
    if order.lstrip("-") not in SORTS:
        order = "urgency"
    return render(
        request,
        "scoring/examiner/items.html",
        {
            "run": run,
            "figures": run.result["reliability"],
            "waiting": [row for row in rows if row.waits],
            "flagged": sum(bool(row.flags) for row in rows),
            "heading": _items_heading(rows),
            "chips": _chips(rows, wanted),
            "filter": wanted,
            "columns": _columns(order),
            "order": order,
            "page": _page(rows, wanted, order, request.GET.get("page", "1")),
            "total": len(rows),
            "pairs": list(similar_pairs(run)[:20]),
            "looked_at": run.result.get("pairs", {}).get("looked_at", 0),
            "standing": standing,
            "open": mild,
            "may_tick": mild and standing and is_examiner(request),
            "keeps": _keeps(run, person_of(request)),
            "may_decide": is_examiner(request),
            "form": ReasonForm(),
        },
    )


def _keeps(run: AnalysisRun, me: User) -> dict[str, int]:
    """Proposals to keep a key that wait: those of others, which one may sign, and one's own."""
    who = list(waiting_keeps(run).values_list("proposed_by", flat=True))
    return {"others": sum(one != me.pk for one in who), "own": who.count(me.pk)}


def _items_heading(rows: list[ItemRow]) -> str:
    waiting = sum(row.waits for row in rows)
    if not waiting:
        return _("No item stands in the way of the results")
    sentence = ngettext(
        "%(count)d item must be decided before release",
        "%(count)d items must be decided before release",
        waiting,
    )
    return sentence % {"count": waiting}


@dataclass(frozen=True)
class Chip:
    code: str
    name: Any
    count: int
    is_pressed: bool


def _chips(rows: list[ItemRow], wanted: str) -> list[Chip]:
    return [
        Chip(code, name, sum(row.is_in(code) for row in rows), code == wanted)
        for code, name in FILTERS.items()
    ]


@dataclass(frozen=True)
class Column:
    """A heading that sorts: what pressing it asks for, and how it sorts now."""

    name: str
    ask: str
    direction: str
    is_number: bool


def _columns(order: str) -> list[Column]:
    names = {
        "position": (_("Place"), True),
        "code": (_("Item"), False),
        "standard": (_("Standard"), False),
        "key": (_("Key"), False),
        "p": ("p", True),
        "r": (_("r, item-rest"), True),
        "b": ("b", True),
        "omitted": (_("Left out, %"), True),
        "urgency": (_("Flags"), False),
    }
    found = []
    for code, (name, is_number) in names.items():
        now = ""
        if order.lstrip("-") == code:
            now = "descending" if order.startswith("-") else "ascending"
        ask = f"-{code}" if now == "ascending" else code
        found.append(Column(name, ask, now, is_number))
    return found


@dataclass(frozen=True)
class ShownRow:
    row: ItemRow
    spark: charts.Spark


def _page(rows: list[ItemRow], wanted: str, order: str, number: str) -> Any:
    by = order.lstrip("-")
    chosen = sorted((row for row in rows if row.is_in(wanted)), key=lambda row: sort_value(row, by))
    if order.startswith("-"):
        known = [row for row in chosen if not sort_value(row, by)[0]]
        chosen = known[::-1] + [row for row in chosen if sort_value(row, by)[0]]
    shown = [ShownRow(row, charts.spark(row.options, row.figures.suggested)) for row in chosen]
    return Paginator(shown, PER_PAGE).get_page(number)


def is_newest(run: AnalysisRun) -> bool:
    newer = AnalysisRun.objects.filter(
        sitting=run.sitting_id, form=run.form_id, state="done", pk__gt=run.pk
    )
    return not newer.exists()


# --- one item -------------------------------------------------------------------------------------


def place_or_404(run: AnalysisRun, place: int) -> FormItem:
    return get_object_or_404(
        FormItem.objects.select_related("item", "form"), pk=place, form=run.form_id
    )


@require_GET
@nationwide(*READERS)
def item(request: HttpRequest, key: int, place: int) -> HttpResponse:
    """Is this item sound, and what do we decide?"""
    run = run_or_404(key)
    return item_page(request, run, place_or_404(run, place))


def item_page(
    request: HttpRequest, run: AnalysisRun, form_item: FormItem, problem: str = ""
) -> HttpResponse:
    detail = item_detail(run, form_item)
    before, after, at = detail.neighbours
    options = sorted(detail.row.options, key=lambda option: (len(option.option) > 1, option.option))
    curves = charts.option_curves(detail.row.options)
    groups = max((len(option.curve) for option in options), default=0)
    chosen = sum(option.n for option in options)
    context = {
        "run": run,
        "detail": detail,
        "row": detail.row,
        "figures": detail.row.figures,
        "options": options,
        "chosen": chosen,
        "curves": curves,
        "ticks": [(number + 1, charts.BIG.x(number, groups)) for number in range(groups)],
        "levels": [(level, charts.BIG.y(level)) for level in (0, 25, 50, 75, 100)],
        "heading": _item_heading(detail.row),
        "before": before,
        "after": after,
        "at": at,
        "dif": detail.row.figures.evidence.get("dif", {}),
        "fitted": _fitted(run, form_item),
        "me": person_of(request),
        "form": ReasonForm(),
        "told": _told(detail.row),
        "remark": RemarkForm(),
        "remarks": list(remarks_of(run, form_item)),
        "problem": problem,
        "standing": is_newest(run),
        "may_decide": is_examiner(request),
    }
    status = 400 if problem else 200
    return render(request, "scoring/examiner/item.html", context, status=status)


@dataclass(frozen=True)
class Fitted:
    """An item under the newest response model of its form, and the drawing of it."""

    run: CalibrationRun
    item: FittedItem
    curve: curves.ItemCurve
    differences: list[tuple[str, GroupDifference]]


def _fitted(run: AnalysisRun, form_item: FormItem) -> Fitted | None:
    calibration = newest_calibration(run)
    found = fitted_item(calibration, form_item) if calibration else None
    if calibration is None or found is None:
        return None
    differences = differences_of(calibration, form_item)
    return Fitted(calibration, found, curves.item_curve(found), differences)


def _told(row: ItemRow) -> list[tuple[Any, dict[str, Any]]]:
    """The flags about the key, each with the figures it rests on."""
    evidence = row.figures.evidence
    return [
        (flag, evidence[flag.code])
        for flag in row.flags
        if (evidence.get(flag.code) or {}).get("option_rest") is not None
    ]


def _item_heading(row: ItemRow) -> str:
    """The answer in one sentence."""
    said = {"item": row.code, "key": row.key, "option": row.figures.suggested}
    codes = row.figures.flags
    if "wrong_key" in codes:
        return _("%(item)s: the able choose %(option)s, but the key is %(key)s") % said
    if "two_right_answers" in codes:
        return _("%(item)s: %(option)s behaves like a second right answer") % said
    if not row.flags:
        return _("%(item)s: nothing to look at") % said
    return f"{row.code}: {row.flags[0].name}"
