"""Pages on which examiners compare remedies of one item, propose one, and sign another's."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from centres.models import Role
from scoring.actions.decisions import (
    changed_key,
    propose_decision,
    propose_keeping,
    send_decision_back,
    sign_decision,
    sign_keeping,
)
from scoring.actions.remarks import add_remark
from scoring.errors import KeyIncomplete
from scoring.forms import ProposalForm, ReasonForm, RemarkForm, RemedyForm
from scoring.models import AnalysisRun, DecisionKind, FormItem, ItemDecision
from scoring.queries.calibrations import GROUPINGS
from scoring.queries.form_figures import group_names
from scoring.queries.items import ItemRow, item_detail
from scoring.studies.what_if import GroupEffect, KeyEffects, open_bench, remedy_effects
from scoring.views import charts
from scoring.views.examiner import (
    READERS,
    is_examiner,
    is_newest,
    item_page,
    place_or_404,
    run_or_404,
)
from scoring.views.movers import shown_movers
from scoring.views.person import nationwide, person_of

SHOWN_MOVERS = 50
MOST_ADDED = 3


@dataclass(frozen=True)
class Remedy:
    """One thing that could be done with an item, and what it would do."""

    kind: str
    value: str
    name: str
    effects: KeyEffects
    drawing: charts.NearCut
    is_now: bool
    address: str = ""

    @property
    def choice(self) -> str:
        return f"{self.kind}:{self.value}"


def _remedy_list(row: ItemRow) -> list[tuple[str, str, str]]:
    """What is worth comparing: kind, value, and its name on the page."""
    now = "".join(sorted(set(row.key) & set(row.form_item.item.options)))
    rival = row.figures.suggested if len(row.figures.suggested) == 1 else ""
    found = [(str(DecisionKind.KEEP), now)]
    if rival and rival not in now:
        found.append((str(DecisionKind.REKEY), rival))
        found.append((str(DecisionKind.MULTIPLE), "".join(sorted(now + rival))))
    found += [(str(DecisionKind.CREDIT), now), (str(DecisionKind.DROP), now)]
    return [(kind, value, _remedy_name(kind, value, row)) for kind, value in found]


def _remedy_name(kind: str, value: str, row: ItemRow) -> str:
    if kind == DecisionKind.KEEP:
        return _("Keep %(key)s") % {"key": row.key}
    if kind == DecisionKind.REKEY:
        return _("Change to %(key)s") % {"key": value}
    if kind == DecisionKind.MULTIPLE:
        return _("Accept %(keys)s") % {"keys": "/".join(value)}
    if kind == DecisionKind.WEIGHT:
        return _("Count it %(times)s times") % {"times": value}
    return _("The mark for everyone") if kind == DecisionKind.CREDIT else _("Drop the item")


@require_GET
@nationwide(*READERS)
def remedies(request: HttpRequest, key: int, place: int) -> HttpResponse:
    """Which remedy, and who crosses the line?"""
    run = run_or_404(key)
    form_item = place_or_404(run, place)
    row = item_detail(run, form_item).row
    asked, problem = _asked(request)
    began = perf_counter()
    try:
        compared = _compare(run, row, asked)
    except KeyIncomplete as error:
        asked, problem = [], str(error)
        compared = _compare(run, row, asked)
    chosen = next(
        (one for one in compared if one.choice == request.GET.get("chosen")),
        compared[-1] if asked else compared[min(1, len(compared) - 1)],
    )
    context = {
        "run": run,
        "row": row,
        "remedies": compared,
        "chosen": chosen,
        "seconds": perf_counter() - began,
        "divided": divided_effects(chosen.effects),
        "movers": shown_movers(chosen.effects.movers[:SHOWN_MOVERS], [form_item]),
        "form": ReasonForm(),
        "adding": RemedyForm(),
        "asked": [f"{kind}:{value}" for kind, value in asked],
        "problem": problem,
        "standing": is_newest(run),
        "may_decide": is_examiner(request),
    }
    status = 400 if problem else 200
    return render(request, "scoring/examiner/remedies.html", context, status=status)


def _asked(request: HttpRequest) -> tuple[list[tuple[str, str]], str]:
    """Further remedies that the reader wants beside the usual ones, and what was wrong in them."""
    asked = [text.partition(":")[::2] for text in request.GET.getlist("with")]
    if "kind" in request.GET:
        form = RemedyForm(request.GET)
        if not form.is_valid():
            return asked[:MOST_ADDED], _first_error(form)
        asked.append((form.cleaned_data["kind"], form.cleaned_data["value"]))
    found = [pair for pair in dict.fromkeys(asked) if pair[0] in DecisionKind.values]
    return found[-MOST_ADDED:], ""


def _compare(run: AnalysisRun, row: ItemRow, asked: list[tuple[str, str]]) -> list[Remedy]:
    """Every remedy, each with scores, equating and scale recomputed for the whole paper."""
    bench = open_bench(run)
    own = bench.form(run.form_id)
    usual = _remedy_list(row)
    known = {(kind, value) for kind, value, _name in usual}
    more = [
        (k, value, _remedy_name(k, value, row)) for k, value in asked if (k, value) not in known
    ]
    beside = urlencode([("with", f"{kind}:{value}") for kind, value in asked])
    found = []
    for kind, value, name in [*usual, *more]:
        change = changed_key(own.key, row.form_item, kind, value)
        effects = remedy_effects(bench, {run.form_id: [change]})
        drawing = charts.near_cut(effects.near_cut, bench.spec.cut)
        address = "&".join(
            part for part in (urlencode({"chosen": f"{kind}:{value}"}), beside) if part
        )
        is_now = kind == DecisionKind.KEEP
        found.append(Remedy(kind, value, name, effects, drawing, is_now, address))
    return found


def divided_effects(effects: KeyEffects) -> list[tuple[str, Any, list[tuple[str, GroupEffect]]]]:
    """The effects by what divides people, each group by the name a reader knows."""
    ways = dict.fromkeys(group.by for group in effects.groups)
    found = []
    for by in ways:
        groups = [group for group in effects.groups if group.by == by]
        names = group_names(by, [group.name for group in groups])
        found.append((by, GROUPINGS[by], [(names[group.name], group) for group in groups]))
    return found


@require_POST
@nationwide(Role.EXAMINER)
def propose(request: HttpRequest, key: int, place: int) -> HttpResponse:
    """Propose what to do with an item; the effects are computed once more and kept with it."""
    run = run_or_404(key)
    form_item = place_or_404(run, place)
    kind, _colon, value = request.POST.get("choice", "keep:").partition(":")
    form = ProposalForm({**request.POST.dict(), "kind": kind, "value": value})
    if not form.is_valid():
        return item_page(request, run, form_item, problem=_first_error(form))
    propose_decision(
        run=run,
        form_item=form_item,
        kind=kind,
        value="" if kind == DecisionKind.KEEP else value,
        reason=form.cleaned_data["reason"],
        effects=_effects(run, form_item, kind, value),
        by=person_of(request),
        at=timezone.now(),
    )
    messages.success(request, _("Proposed. A second examiner signs; you cannot."))
    return redirect("item", run.pk, form_item.pk)


def _first_error(form: forms.Form) -> str:
    for name, errors in form.errors.items():
        return f"{form.fields[name].label}: {errors[0]}"
    return ""


def _effects(run: AnalysisRun, form_item: FormItem, kind: str, value: str) -> dict[str, Any]:
    if kind == DecisionKind.KEEP:
        return {}
    bench = open_bench(run)
    change = changed_key(bench.form(run.form_id).key, form_item, kind, value)
    effects = remedy_effects(bench, {run.form_id: [change]})
    return {
        "people": effects.people,
        "passed_before": effects.passed_before,
        "passed_after": effects.passed_after,
        "up": effects.up,
        "down": effects.down,
        "changed_scores": effects.changed_scores,
    }


@require_POST
@nationwide(Role.EXAMINER)
def sign(request: HttpRequest, key: int) -> HttpResponse:
    """Sign another's proposal, or send it back."""
    decision = get_object_or_404(ItemDecision.objects.select_related("run"), pk=key)
    reason = request.POST.get("reason", "")
    if request.POST.get("answer") == "back":
        send_decision_back(
            decision=decision, reason=reason, by=person_of(request), at=timezone.now()
        )
        messages.success(request, _("Sent back. It stays on record."))
        return redirect("item", decision.run_id, decision.form_item_id)
    run = sign_decision(decision=decision, reason=reason, by=person_of(request), at=timezone.now())
    if run is None:
        messages.success(request, _("Signed. The key stays as it is."))
        return redirect("item", decision.run_id, decision.form_item_id)
    messages.success(request, _("Signed. The new key is in force; everyone is scored again."))
    return redirect("item_table", run.pk)


@require_POST
@nationwide(Role.EXAMINER)
def remark(request: HttpRequest, key: int, place: int) -> HttpResponse:
    """Keep a remark about an item."""
    run = run_or_404(key)
    form_item = place_or_404(run, place)
    form = RemarkForm(request.POST)
    if not form.is_valid():
        return item_page(request, run, form_item, problem=_first_error(form))
    add_remark(
        run=run,
        form_item=form_item,
        text=form.cleaned_data["text"],
        by=person_of(request),
        at=timezone.now(),
    )
    messages.success(request, _("Your remark is kept."))
    return redirect(f"{reverse('item', args=[run.pk, form_item.pk])}#remarks")


@require_POST
@nationwide(Role.EXAMINER)
def keep(request: HttpRequest, key: int) -> HttpResponse:
    """Propose to keep the keys of all other flagged items, or sign another's proposal to."""
    run, reason = run_or_404(key), request.POST.get("reason", "")
    by, at = person_of(request), timezone.now()
    if request.POST.get("answer") == "sign":
        count = sign_keeping(run=run, reason=reason, by=by, at=at)
        said = _("%(count)s decisions signed; these keys stay.")
    else:
        every = request.POST.get("answer") == "all"
        ticked = {int(one) for one in request.POST.getlist("place") if one.isdecimal()}
        places = None if every else ticked
        count = propose_keeping(run=run, reason=reason, by=by, at=at, places=places)
        said = _("%(count)s proposals made. A second examiner signs.")
    messages.success(request, said % {"count": count})
    return redirect("item_table", run.pk)
