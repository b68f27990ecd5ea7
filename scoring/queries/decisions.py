"""What two people decided about items, and which flagged ones still wait for them."""

from collections.abc import Iterable, Mapping

from django.db.models import QuerySet

from scoring.models import AnalysisRun, DecisionKind, ItemDecision, ItemStatistic


def decisions_of(run: AnalysisRun) -> dict[int, ItemDecision]:
    """The newest decision about each item of this form in this sitting, by item of the form.

    One that was signed after an earlier analysis still stands, unless an alarm has come up since
    that it did not know of. A proposal nobody signed lapses with the next analysis.
    """
    made = ItemDecision.objects.filter(
        run__sitting=run.sitting_id, run__form=run.form_id, withdrawn_at__isnull=True
    ).exclude(signed_at__isnull=True, run__lt=run.pk)
    people = made.select_related("proposed_by", "signed_by", "form_item__item", "run")
    found = list(people.order_by("pk"))
    alarms = _alarms({run.pk, *(decision.run_id for decision in found)})
    return {
        decision.form_item_id: decision
        for decision in found
        if _knew(decision, alarms.get((run.pk, decision.form_item_id)), alarms)
    }


Alarms = Mapping[tuple[int, int], str]


def _alarms(runs: Iterable[int]) -> Alarms:
    """The key that each alarm of these analyses suggests, by analysis and item of the form."""
    rows = ItemStatistic.objects.filter(run__in=runs, alarm=True)
    return {
        (run, place): suggested
        for run, place, suggested in rows.values_list("run_id", "form_item_id", "suggested")
    }


def _knew(decision: ItemDecision, suggested: str | None, alarms: Alarms) -> bool:
    """Whether whoever decided saw the alarm there is now, with the same suggestion."""
    return suggested is None or suggested == alarms.get((decision.run_id, decision.form_item_id))


def undecided(run: AnalysisRun) -> list[ItemStatistic]:
    """Every flagged item of an analysis that no two people have decided, the most urgent first."""
    decided = decisions_of(run)
    flagged = run.item_statistics.exclude(flags=[]).select_related("form_item__item")
    return [
        row
        for row in flagged.order_by("-urgency", "form_item__position")
        if row.form_item_id not in decided or decided[row.form_item_id].signed_at is None
    ]


def open_flags(run: AnalysisRun) -> list[ItemStatistic]:
    """Flagged items without an alarm that nobody has proposed anything for, in form order."""
    decided = decisions_of(run)
    flagged = run.item_statistics.exclude(flags=[]).filter(alarm=False)
    rows = flagged.select_related("form_item__item").order_by("form_item__position")
    return [row for row in rows if row.form_item_id not in decided]


def waiting_keeps(run: AnalysisRun) -> QuerySet[ItemDecision]:
    """Proposals after this analysis to keep a key, which wait for a second person."""
    return ItemDecision.objects.filter(
        run=run, kind=DecisionKind.KEEP, signed_at__isnull=True, withdrawn_at__isnull=True
    ).order_by("pk")


def decisions_before(run: AnalysisRun, place: int) -> list[ItemDecision]:
    """Everything that was proposed about one item in this sitting, the newest first."""
    made = ItemDecision.objects.filter(run__sitting=run.sitting_id, form_item=place)
    return list(made.select_related("proposed_by", "signed_by").order_by("-pk"))
