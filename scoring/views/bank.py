"""Pages of the item bank: what there is, one item over the years, and the plan it should follow."""

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from centres.common.errors import DomainError
from centres.common.sheets import CellFault, write_xlsx
from scheduling.models import Paper
from scoring.actions.bank import set_blueprint, take_in_items
from scoring.bank_file import (
    BLUEPRINT_FIELDS,
    ITEM_FIELDS,
    READ_ONLY,
    item_rows,
    read_blueprint,
    read_items,
)
from scoring.forms import BankFileForm, BlueprintFileForm
from scoring.models import Item
from scoring.queries.bank import (
    SORTS,
    STATES,
    BankRow,
    bank_rows,
    in_state,
    item_decisions,
    item_remarks,
    newest_blueprint,
    papers_with_items,
    plan_of,
    sorted_by,
)
from scoring.views import form_charts
from scoring.views.examiner import READERS, is_examiner
from scoring.views.person import nationwide, person_of
from scoring.views.sent import kept_file

PER_PAGE = 40
SHOWN_FAULTS = 40
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def paper_or_404(key: int) -> Paper:
    return get_object_or_404(Paper.objects.select_related("exam"), pk=key)


@require_GET
@nationwide(*READERS)
def banks(request: HttpRequest) -> HttpResponse:
    """Which bank? Where there is one, straight to it."""
    papers = list(papers_with_items())
    if len(papers) == 1:
        return redirect("bank", papers[0].pk)
    return render(request, "scoring/examiner/banks.html", {"papers": papers})


@require_http_methods(["GET", "POST"])
@nationwide(*READERS)
def bank(request: HttpRequest, key: int) -> HttpResponse:
    """What items are there, how often were they used, and how did they do?"""
    paper = paper_or_404(key)
    if request.method == "POST":
        return _take_in(request, paper)
    return _bank_page(request, paper)


def _bank_page(
    request: HttpRequest,
    paper: Paper,
    problem: str = "",
    faults: list[CellFault] | None = None,
) -> HttpResponse:
    search, state = request.GET.get("q", "").strip()[:100], request.GET.get("f", "all")
    order = request.GET.get("sort", "code")
    state = state if state in STATES else "all"
    order = order if order.lstrip("-") in SORTS else "code"
    rows = bank_rows(paper, search)
    shown = sorted_by([row for row in rows if in_state(row, state)], order)
    names = {
        "all": _("All"),
        "unused": _("Never given"),
        "used": _("Given"),
        "flagged": _("Flagged"),
    }
    context = {
        "paper": paper,
        "search": search,
        "state": state,
        "order": order,
        "beside": urlencode({"q": search, "f": state}),
        "chips": [(code, names[code], sum(in_state(row, code) for row in rows)) for code in STATES],
        "columns": _columns(order),
        "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page", "1")),
        "heading": _bank_heading(rows, search),
        "form": BankFileForm(),
        "problem": problem,
        "faults": (faults or [])[:SHOWN_FAULTS],
        "many_faults": len(faults or []),
        "may_change": is_examiner(request),
    }
    status = 400 if problem or faults else 200
    return render(request, "scoring/examiner/bank.html", context, status=status)


def _columns(order: str) -> list[tuple[str, str, str, bool]]:
    names = {
        "code": (_("Item"), False),
        "standard": (_("Standard and competency"), False),
        "given": (_("Seen by"), True),
        "p": (_("p, last"), True),
        "r": (_("r, last"), True),
    }
    found = []
    for code, (name, is_number) in names.items():
        now = ""
        if order.lstrip("-") == code:
            now = "descending" if order.startswith("-") else "ascending"
        found.append((name, f"-{code}" if now == "ascending" else code, now, is_number))
    return found


def _bank_heading(rows: list[BankRow], search: str) -> str:
    if search:
        sentence = ngettext(
            "%(count)d item is about “%(search)s”",
            "%(count)d items are about “%(search)s”",
            len(rows),
        )
        return sentence % {"count": len(rows), "search": search}
    unused = sum(not row.times for row in rows)
    said = {"count": len(rows), "unused": unused}
    return _("%(count)d items in the bank, %(unused)d never given") % said


def _take_in(request: HttpRequest, paper: Paper) -> HttpResponse:
    """All items of a file, or none and every fault by its row."""
    if not is_examiner(request):
        raise Http404
    form = BankFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _bank_page(request, paper, problem=_first_error(form))
    try:
        with kept_file(form.cleaned_data["file"]) as path:
            read = read_items(path)
        if read.faults:
            return _bank_page(request, paper, faults=read.faults)
        change = take_in_items(
            paper=paper,
            items=read.rows,
            digest=read.digest,
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return _bank_page(request, paper, problem=str(error))
    said = _("%(new)s items are new, %(changed)s changed, %(same)s were as they are.")
    messages.success(request, said % vars(change))
    return redirect("bank", paper.pk)


def _first_error(form: forms.Form) -> str:
    for name, errors in form.errors.items():
        return f"{form.fields[name].label}: {errors[0]}"
    return ""


@require_GET
@nationwide(*READERS)
def bank_file(request: HttpRequest, key: int) -> HttpResponse:
    """The whole bank as a workbook that can be changed and taken in again."""
    paper = paper_or_404(key)
    return _workbook(
        f"items-{paper.code}.xlsx", [*ITEM_FIELDS, *READ_ONLY], item_rows(bank_rows(paper))
    )


def _workbook(name: str, header: list[str], rows: Any) -> HttpResponse:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.xlsx"
        write_xlsx(path, header, rows)
        response = HttpResponse(path.read_bytes(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# --- one item -------------------------------------------------------------------------------------


@require_GET
@nationwide(*READERS)
def bank_item(request: HttpRequest, key: int) -> HttpResponse:
    """What has become of this item over the sittings?"""
    item = get_object_or_404(Item.objects.select_related("paper__exam"), pk=key)
    (row,) = bank_rows(item.paper, items=[item.pk])
    context = {
        "item": item,
        "row": row,
        "heading": _item_heading(row),
        "drawing": form_charts.history(row.times),
        "decisions": list(item_decisions(item)),
        "remarks": list(item_remarks(item)),
    }
    return render(request, "scoring/examiner/bank_item.html", context)


def _item_heading(row: BankRow) -> str:
    said = {"item": row.item.code, "people": f"{row.given_to:,}"}
    if not row.times:
        return _("%(item)s: nobody has seen it yet") % said
    sentence = ngettext(
        "%(item)s: given in %(sittings)d sitting, seen by %(people)s people",
        "%(item)s: given in %(sittings)d sittings, seen by %(people)s people",
        row.sittings,
    )
    return sentence % (said | {"sittings": row.sittings})


# --- the blueprint --------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@nationwide(*READERS)
def blueprint(request: HttpRequest, key: int) -> HttpResponse:
    """Does every form ask what it should?"""
    paper = paper_or_404(key)
    if request.method == "POST":
        return _take_blueprint(request, paper)
    return _blueprint_page(request, paper)


def _blueprint_page(
    request: HttpRequest,
    paper: Paper,
    problem: str = "",
    faults: list[CellFault] | None = None,
) -> HttpResponse:
    newest = newest_blueprint(paper)
    plan = plan_of(paper, newest) if newest else None
    context = {
        "paper": paper,
        "plan": plan,
        "drawing": form_charts.coverage(plan) if plan else None,
        "heading": _plan_heading(plan),
        "form": BlueprintFileForm(),
        "problem": problem,
        "faults": (faults or [])[:SHOWN_FAULTS],
        "many_faults": len(faults or []),
        "may_change": is_examiner(request),
    }
    status = 400 if problem or faults else 200
    return render(request, "scoring/examiner/blueprint.html", context, status=status)


def _plan_heading(plan: Any) -> str:
    if plan is None:
        return _("There is no blueprint yet")
    if not plan.amiss:
        return _("Every form keeps to the blueprint")
    sentence = ngettext(
        "The forms depart from the blueprint at %(count)d place",
        "The forms depart from the blueprint at %(count)d places",
        plan.amiss,
    )
    return sentence % {"count": plan.amiss}


def _take_blueprint(request: HttpRequest, paper: Paper) -> HttpResponse:
    if not is_examiner(request):
        raise Http404
    form = BlueprintFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _blueprint_page(request, paper, problem=_first_error(form))
    try:
        with kept_file(form.cleaned_data["file"]) as path:
            read = read_blueprint(path)
        if read.faults:
            return _blueprint_page(request, paper, faults=read.faults)
        made = set_blueprint(
            paper=paper,
            cells=read.rows,
            reason=form.cleaned_data["reason"],
            by=person_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return _blueprint_page(request, paper, problem=str(error))
    said = _("Version %(number)s of the blueprint is in force.")
    messages.success(request, said % {"number": made.number})
    return redirect("blueprint", paper.pk)


@require_GET
@nationwide(*READERS)
def blueprint_file(request: HttpRequest, key: int) -> HttpResponse:
    """The blueprint as a workbook to change; where there is none, one made from the items."""
    paper = paper_or_404(key)
    newest = newest_blueprint(paper)
    if newest:
        rows = [
            [getattr(row, name) for name in BLUEPRINT_FIELDS]
            for row in newest.rows.order_by("position")
        ]
    else:
        names = ("standard_th", "standard_en", "competency_th", "competency_en")
        kinds = Item.objects.filter(paper=paper).order_by(*names).values_list(*names).distinct()
        rows = [[*kind, 0, 0] for kind in kinds]
    return _workbook(f"blueprint-{paper.code}.xlsx", list(BLUEPRINT_FIELDS), rows)
