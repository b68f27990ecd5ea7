"""What is known of every item of a paper, over all sittings, and whether forms keep to the plan."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q, QuerySet

from centres.common.runs import RunState
from scheduling.models import ExamForm, Paper, Sitting
from scoring.models import (
    AnalysisRun,
    Blueprint,
    BlueprintRow,
    FormItem,
    Item,
    ItemDecision,
    ItemRemark,
    ItemStatistic,
)


@dataclass(frozen=True)
class Exposure:
    """One time an item was given: where, at which place, to how many, and how it did."""

    run: AnalysisRun
    figures: ItemStatistic

    @property
    def position(self) -> int:
        return self.figures.form_item.position


@dataclass
class BankRow:
    """One item of the bank. `times`: by the newest analysis of each form in each sitting."""

    item: Item
    forms: list[str] = field(default_factory=list)
    times: list[Exposure] = field(default_factory=list)

    @property
    def given_to(self) -> int:
        """How many people have seen it, over all sittings."""
        return sum(time.figures.n for time in self.times)

    @property
    def sittings(self) -> int:
        return len({time.run.sitting_id for time in self.times})

    @property
    def last(self) -> ItemStatistic | None:
        return self.times[-1].figures if self.times else None

    @property
    def p(self) -> float | None:
        return self.last.p if self.last else None

    @property
    def r(self) -> float | None:
        return self.last.item_rest if self.last else None

    @property
    def is_flagged(self) -> bool:
        return bool(self.last and self.last.flags)


SORTS: Final = ("code", "standard", "given", "p", "r")
STATES: Final = ("all", "unused", "used", "flagged")


def papers_with_items() -> QuerySet[Paper]:
    """Every paper that has items, in the order of its exam."""
    papers = Paper.objects.filter(items__isnull=False).select_related("exam")
    return papers.distinct().order_by("exam__code", "code")


def newest_runs(paper: Paper) -> list[AnalysisRun]:
    """The newest finished analysis of each form in each sitting, the oldest sitting first."""
    runs = (
        AnalysisRun.objects.filter(form__paper=paper, state=RunState.DONE)
        .select_related("sitting", "form")
        .order_by("pk")
    )
    newest = {(run.sitting_id, run.form_id): run for run in runs}
    return sorted(newest.values(), key=lambda run: (run.sitting.opens_at, run.pk))


def bank_rows(paper: Paper, search: str = "", items: Iterable[int] | None = None) -> list[BankRow]:
    """The items of a paper with their use, in the order of their codes. Four queries, any size."""
    chosen = Item.objects.filter(paper=paper)
    if items is not None:
        chosen = chosen.filter(pk__in=list(items))
    for word in search.split():
        chosen = chosen.filter(
            Q(code__icontains=word)
            | Q(text_th__icontains=word)
            | Q(text_en__icontains=word)
            | Q(standard_th__icontains=word)
            | Q(standard_en__icontains=word)
            | Q(competency_th__icontains=word)
            | Q(competency_en__icontains=word)
        )
    rows = {item.pk: BankRow(item) for item in chosen.order_by("code")}
    places = FormItem.objects.filter(item__paper=paper).order_by("form__code")
    for item, form in places.values_list("item_id", "form__code"):
        if item in rows:
            rows[item].forms.append(form)
    _add_times(rows, newest_runs(paper))
    return list(rows.values())


def _add_times(rows: dict[int, BankRow], runs: list[AnalysisRun]) -> None:
    order = {run.pk: (at, run) for at, run in enumerate(runs)}
    figures = ItemStatistic.objects.filter(run__in=order).select_related("form_item")
    for row in sorted(figures, key=lambda row: order[row.run_id][0]):
        if row.form_item.item_id in rows:
            exposure = Exposure(order[row.run_id][1], row)
            rows[row.form_item.item_id].times.append(exposure)


def in_state(row: BankRow, state: str) -> bool:
    """Whether a filter of the page shows this item."""
    if state == "unused":
        return not row.times
    if state == "used":
        return bool(row.times)
    return row.is_flagged if state == "flagged" else True


def sorted_by(rows: list[BankRow], order: str) -> list[BankRow]:
    """Rows in an order; those without the figure come last either way."""
    by = order.lstrip("-")
    values: dict[str, Callable[[BankRow], Any]] = {
        "standard": lambda row: row.item.standard,
        "given": lambda row: row.given_to,
        "p": lambda row: row.p,
        "r": lambda row: row.r,
    }
    value: Callable[[BankRow], Any] = values.get(by, lambda row: row.item.code)
    known = [row for row in rows if value(row) is not None]
    known.sort(key=value, reverse=order.startswith("-"))
    return known + [row for row in rows if value(row) is None]


# --- one item -------------------------------------------------------------------------------------


def item_decisions(item: Item) -> QuerySet[ItemDecision]:
    """Every decision ever made about an item, the newest first."""
    made = ItemDecision.objects.filter(form_item__item=item)
    return made.select_related(
        "run__sitting", "form_item__form", "proposed_by", "signed_by", "key_version"
    ).order_by("-pk")


def item_remarks(item: Item) -> QuerySet[ItemRemark]:
    """Everything ever said about an item, the newest first."""
    said = ItemRemark.objects.filter(form_item__item=item)
    return said.select_related("by", "run__sitting", "form_item__form").order_by("-pk")


# --- the blueprint --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coverage:
    """One row of a blueprint against one form: how many items it asks for, how many are there."""

    row: BlueprintRow
    counts: list[int]

    @property
    def verdicts(self) -> list[tuple[int, str]]:
        """For each form its count and `few`, `many` or nothing."""
        return [(count, self._verdict(count)) for count in self.counts]

    def _verdict(self, count: int) -> str:
        if count < self.row.least:
            return "few"
        return "many" if count > self.row.most else ""


@dataclass(frozen=True)
class Plan:
    """A blueprint held against the forms of its paper. `outside`: by form, items of no row."""

    blueprint: Blueprint
    forms: list[ExamForm]
    rows: list[Coverage]
    outside: list[int]

    @property
    def amiss(self) -> int:
        """How many cells of the plan a form does not keep to."""
        return sum(bool(verdict) for row in self.rows for _count, verdict in row.verdicts) + sum(
            bool(count) for count in self.outside
        )

    @property
    def highest(self) -> int:
        counts = [count for row in self.rows for count in row.counts]
        return max([*counts, *(row.row.most for row in self.rows), 1])


def newest_blueprint(paper: Paper) -> Blueprint | None:
    """The blueprint in force for a paper."""
    found = Blueprint.objects.filter(paper=paper).order_by("-number")
    return found.select_related("by").first()


def plan_of(paper: Paper, blueprint: Blueprint) -> Plan:
    """Count the items of every form by the rows of a blueprint. Three queries."""
    forms = list(
        ExamForm.objects.filter(paper=paper, form_items__isnull=False).distinct().order_by("code")
    )
    counts: dict[tuple[int, str, str], int] = {}
    places = FormItem.objects.filter(form__in=forms).values_list(
        "form_id", "item__standard_th", "item__competency_th"
    )
    for place in places:
        counts[place] = counts.get(place, 0) + 1
    rows = [
        Coverage(
            row, [counts.pop((form.pk, row.standard_th, row.competency_th), 0) for form in forms]
        )
        for row in blueprint.rows.order_by("position")
    ]
    outside = [
        sum(number for (form_id, *_what), number in counts.items() if form_id == form.pk)
        for form in forms
    ]
    return Plan(blueprint, forms, rows, outside)


def sittings_of(rows: Iterable[BankRow]) -> list[Sitting]:
    """The sittings in which any of these items was given."""
    found = {time.run.sitting_id: time.run.sitting for row in rows for time in row.times}
    return list(found.values())
