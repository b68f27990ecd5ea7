"""Pages on which examiners compare remedies of one item, propose one, and sign another's."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from centres.models import Role
from scoring.actions.decisions import (
    changed_key,
    propose_decision,
    send_decision_back,
    sign_decision,
)
from scoring.forms import ProposalForm, ReasonForm
from scoring.models import AnalysisRun, DecisionKind, FormItem, ItemDecision
from scoring.queries.items import ItemRow, answers_at, centre_names, item_detail
from scoring.studies import KeyEffects, key_effects, paper_scores, sitting_forms
from scoring.views import charts
from scoring.views.examiner import (
    READERS,
    is_examiner,
    is_newest,
    item_page,
    place_or_404,
    run_or_404,
)
from scoring.views.person import nationwide, person_of

SHOWN_MOVERS = 50


@dataclass(frozen=True)
class Remedy:
    """One thing that could be done with an item, and what it would do."""

    kind: str
    right: str
    name: str
    effects: KeyEffects
    drawing: charts.NearCut
    is_now: bool

    @property
    def choice(self) -> str:
        return f"{self.kind}:{self.right}"


def _remedy_list(row: ItemRow) -> list[tuple[str, str, str]]:
    """What is worth comparing: kind, right answers, and its name on the page."""
    now = "".join(sorted(set(row.key) & set(row.form_item.item.options)))
    rival = row.figures.suggested if len(row.figures.suggested) == 1 else ""
    found = [(DecisionKind.KEEP, now, _("Keep %(key)s") % {"key": row.key})]
    if rival and rival not in now:
        found.append((DecisionKind.REKEY, rival, _("Change to %(key)s") % {"key": rival}))
        both = "".join(sorted(now + rival))
        found.append((DecisionKind.MULTIPLE, both, _("Accept %(keys)s") % {"keys": "/".join(both)}))
    found.append((DecisionKind.CREDIT, now, _("The mark for everyone")))
    found.append((DecisionKind.DROP, now, _("Drop the item")))
    return [(str(kind), right, name) for kind, right, name in found]


@require_GET
@nationwide(*READERS)
def remedies(request: HttpRequest, key: int, place: int) -> HttpResponse:
    """Which remedy, and who crosses the line?"""
    run = run_or_404(key)
    form_item = place_or_404(run, place)
    row = item_detail(run, form_item).row
    compared = _compare(run, row)
    chosen = next(
        (one for one in compared if one.choice == request.GET.get("chosen")),
        compared[min(1, len(compared) - 1)],
    )
    context = {
        "run": run,
        "row": row,
        "remedies": compared,
        "chosen": chosen,
        "movers": _shown_movers(chosen.effects, form_item),
        "form": ReasonForm(),
        "standing": is_newest(run),
        "may_decide": is_examiner(request),
    }
    return render(request, "scoring/examiner/remedies.html", context)


def _compare(run: AnalysisRun, row: ItemRow) -> list[Remedy]:
    """Every remedy, each with scores, equating and scale recomputed for the whole paper."""
    spec, forms = sitting_forms(run)
    before = paper_scores(spec, forms)
    own = next(form for form in forms if form.form_id == run.form_id)
    found = []
    for kind, right, name in _remedy_list(row):
        if kind == DecisionKind.KEEP:
            change = own.key.by_item[row.code]
        else:
            change = changed_key(own.key, row.form_item, kind, right)
        effects = key_effects(spec, forms, run.form_id, change, before)
        drawing = charts.near_cut(effects.near_cut, spec.cut)
        found.append(Remedy(kind, right, name, effects, drawing, kind == DecisionKind.KEEP))
    return found


@dataclass(frozen=True)
class ShownMover:
    number: str
    centre: str
    answer: str
    before: int
    after: int
    passes: bool


def _shown_movers(effects: KeyEffects, form_item: FormItem) -> list[ShownMover]:
    """Those who cross, by registration number and not by name, until the decision is signed."""
    some = effects.movers[:SHOWN_MOVERS]
    ids = [mover.registration_id for mover in some]
    answers = answers_at(ids, form_item.form, form_item.position)
    centres = centre_names(ids)
    return [
        ShownMover(
            answers.get(mover.registration_id, ("", ""))[0],
            centres.get(mover.registration_id, ""),
            answers.get(mover.registration_id, ("", "–"))[1],
            mover.before,
            mover.after,
            mover.passes,
        )
        for mover in some
    ]


@require_POST
@nationwide(Role.EXAMINER)
def propose(request: HttpRequest, key: int, place: int) -> HttpResponse:
    """Propose what to do with an item; the effects are computed once more and kept with it."""
    run = run_or_404(key)
    form_item = place_or_404(run, place)
    kind, _colon, right = request.POST.get("choice", "keep:").partition(":")
    form = ProposalForm({**request.POST.dict(), "kind": kind, "right": right})
    if not form.is_valid():
        return item_page(request, run, form_item, problem=_first_error(form))
    propose_decision(
        run=run,
        form_item=form_item,
        kind=kind,
        right="" if kind == DecisionKind.KEEP else right,
        reason=form.cleaned_data["reason"],
        effects=_effects(run, form_item, kind, right),
        by=person_of(request),
        at=timezone.now(),
    )
    messages.success(request, _("Proposed. A second examiner signs; you cannot."))
    return redirect("item", run.pk, form_item.pk)


def _first_error(form: ProposalForm | ReasonForm) -> str:
    for name, errors in form.errors.items():
        return f"{form.fields[name].label}: {errors[0]}"
    return ""


def _effects(run: AnalysisRun, form_item: FormItem, kind: str, right: str) -> dict[str, Any]:
    if kind == DecisionKind.KEEP:
        return {}
    spec, forms = sitting_forms(run)
    own = next(form for form in forms if form.form_id == run.form_id)
    change = changed_key(own.key, form_item, kind, right)
    effects = key_effects(spec, forms, run.form_id, change)
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
