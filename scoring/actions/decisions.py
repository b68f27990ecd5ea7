"""What two people decide about one item. A changed key is a new version and a new analysis."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction

from centres.common.audit import record
from centres.common.runs import start
from centres.models import User
from scoring.actions.analysis import create_analysis
from scoring.actions.items import newest_key, revise_key
from scoring.arrays import key_of
from scoring.errors import (
    AlreadyDecided,
    KeyIncomplete,
    NotTheNewestRun,
    NotWaiting,
    ReasonMissing,
    SamePersonTwice,
)
from scoring.models import WEIGHTS, AnalysisRun, DecisionKind, FormItem, ItemDecision
from scoring.psychometrics.keying import ItemKey, Key, Rule
from scoring.queries.decisions import open_flags, waiting_keeps


def changed_key(key: Key, form_item: FormItem, kind: str, value: str) -> ItemKey:
    """The key that one item would have after a decision. KeyIncomplete when it makes no sense."""
    old = key.by_item[form_item.item.code]
    if kind == DecisionKind.KEEP:
        return old
    if kind in (DecisionKind.CREDIT, DecisionKind.DROP):
        rule = Rule.EVERYONE if kind == DecisionKind.CREDIT else Rule.DROPPED
        return ItemKey(old.item, old.right, rule, old.weight)
    if kind == DecisionKind.WEIGHT:
        return ItemKey(old.item, old.right, old.rule, _weight(form_item, value))
    letters = tuple(sorted(set(value)))
    enough = len(letters) == 1 if kind == DecisionKind.REKEY else len(letters) >= 2
    if not enough or not set(letters) <= set(form_item.item.options):
        what = f"{old.item}: {value or '-'}"
        raise KeyIncomplete(form=form_item.form.code, what=what)
    return ItemKey(old.item, letters, Rule.RIGHT_ANSWERS, old.weight)


def _weight(form_item: FormItem, value: str) -> int:
    if value not in WEIGHTS:
        what = f"{form_item.item.code}: × {value or '-'}"
        raise KeyIncomplete(form=form_item.form.code, what=what)
    return int(value)


@transaction.atomic
def propose_decision(
    *,
    run: AnalysisRun,
    form_item: FormItem,
    kind: str,
    value: str,
    reason: str,
    effects: dict[str, Any],
    by: User,
    at: datetime,
) -> ItemDecision:
    """Propose what to do with an item; somebody else signs. `effects` is what was shown."""
    if not reason.strip():
        raise ReasonMissing
    _take_turns(run)
    _check_newest(run)
    changed_key(key_of(run.key_version), form_item, kind, value)
    if ItemDecision.objects.filter(
        run=run, form_item=form_item, withdrawn_at__isnull=True
    ).exists():
        raise AlreadyDecided(item=form_item.item.code)
    decision = ItemDecision.objects.create(
        run=run,
        form_item=form_item,
        kind=kind,
        value=value,
        reason=reason.strip(),
        effects=effects,
        proposed_by=by,
        proposed_at=at,
    )
    record(
        "propose_decision",
        target=decision,
        by=by,
        at=at,
        item=form_item.item.code,
        kind=str(kind),
        value=value,
        reason=decision.reason,
    )
    return decision


@transaction.atomic
def sign_decision(
    *, decision: ItemDecision, reason: str, by: User, at: datetime
) -> AnalysisRun | None:
    """Sign another's proposal. A changed key becomes a version; returns its queued analysis."""
    decision = _waiting(decision)
    if decision.proposed_by_id == by.pk:
        raise SamePersonTwice
    if not reason.strip():
        raise ReasonMissing
    _check_newest(decision.run)
    decision.signed_by, decision.signed_at, decision.sign_reason = by, at, reason.strip()
    analysis = _carry_out(decision, by=by, at=at) if decision.changes_key else None
    decision.save()
    record(
        "sign_decision",
        target=decision,
        by=by,
        at=at,
        item=decision.form_item.item.code,
        kind=decision.kind,
        reason=decision.sign_reason,
    )
    return analysis


def _carry_out(decision: ItemDecision, *, by: User, at: datetime) -> AnalysisRun:
    form = decision.run.form
    change = changed_key(
        key_of(newest_key(form)), decision.form_item, decision.kind, decision.value
    )
    decision.key_version = revise_key(
        form=form,
        change=change,
        reason=decision.reason,
        by=decision.proposed_by,
        at=at,
        signed_by=by,
    )
    analysis = create_analysis(sitting=decision.run.sitting, form=form, by=by, at=at)
    start(analysis)
    return analysis


@transaction.atomic
def send_decision_back(
    *, decision: ItemDecision, reason: str, by: User, at: datetime
) -> ItemDecision:
    """End a proposal that nobody has signed. It stays on record; a new one may be made."""
    decision = _waiting(decision)
    if not reason.strip():
        raise ReasonMissing
    decision.withdrawn_at = at
    decision.save(update_fields=["withdrawn_at"])
    record("send_decision_back", target=decision, by=by, at=at, reason=reason.strip())
    return decision


def _waiting(decision: ItemDecision) -> ItemDecision:
    locked = (
        ItemDecision.objects.select_for_update(of=("self",))
        .select_related("run__form", "run__sitting", "form_item__item", "form_item__form")
        .get(pk=decision.pk)
    )
    if locked.signed_at or locked.withdrawn_at:
        raise NotWaiting
    return locked


def _take_turns(run: AnalysisRun) -> None:
    """Of several people who decide about one analysis at once, one goes first."""
    AnalysisRun.objects.select_for_update(of=("self",)).get(pk=run.pk)


def _check_newest(run: AnalysisRun) -> None:
    """A decision belongs to the newest figures: after a new analysis it is proposed afresh."""
    newer = AnalysisRun.objects.filter(
        sitting_id=run.sitting_id, form_id=run.form_id, pk__gt=run.pk, state="done"
    )
    if newer.exists():
        raise NotTheNewestRun


# --- many at once ---------------------------------------------------------------------------------


@transaction.atomic
def propose_keeping(
    *,
    run: AnalysisRun,
    reason: str,
    by: User,
    at: datetime,
    places: Collection[int] | None = None,
) -> int:
    """Propose to keep the key of flagged items nobody has proposed anything for: of all of them,
    or of these `places` (items of the form).

    An alarm is never among them: each needs a decision of its own. Returns how many.
    """
    if not reason.strip():
        raise ReasonMissing
    _take_turns(run)
    _check_newest(run)
    rows = [row for row in open_flags(run) if places is None or row.form_item_id in places]
    made = ItemDecision.objects.bulk_create(
        ItemDecision(
            run=run,
            form_item=row.form_item,
            kind=DecisionKind.KEEP,
            reason=reason.strip(),
            proposed_by=by,
            proposed_at=at,
        )
        for row in rows
    )
    if not made:
        raise NotWaiting
    codes = [row.form_item.item.code for row in rows]
    record("propose_keeping", target=run, by=by, at=at, items=codes, reason=reason.strip())
    return len(made)


@transaction.atomic
def sign_keeping(*, run: AnalysisRun, reason: str, by: User, at: datetime) -> int:
    """Sign every proposal of others to keep a key after this analysis. Returns how many."""
    if not reason.strip():
        raise ReasonMissing
    _take_turns(run)
    _check_newest(run)
    waiting = list(
        waiting_keeps(run)
        .exclude(proposed_by=by)
        .select_for_update(of=("self",))
        .select_related("form_item__item")
    )
    if not waiting:
        raise SamePersonTwice if waiting_keeps(run).exists() else NotWaiting
    for decision in waiting:
        decision.signed_by, decision.signed_at = by, at
        decision.sign_reason = reason.strip()
    ItemDecision.objects.bulk_update(waiting, ["signed_by", "signed_at", "sign_reason"])
    codes = [decision.form_item.item.code for decision in waiting]
    record("sign_keeping", target=run, by=by, at=at, items=codes, reason=reason.strip())
    return len(waiting)
