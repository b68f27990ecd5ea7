"""What examiners read of a whole form: its figures, groups, other forms, its former analysis."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from centres.common.runs import RunState
from centres.models import Centre
from scheduling.models import Sitting
from scoring.models import (
    AnalysisRun,
    GroupFigures,
    ItemDecision,
    ItemStatistic,
    RawScore,
    ScalingRun,
)
from scoring.queries.calibrations import GROUPINGS, GROUPS
from scoring.queries.items import key_text

# --- groups in words ------------------------------------------------------------------------------

WAYS: Final = {**GROUPINGS, "mode": _("On paper and at a computer")}
OTHERS: Final = {
    ("sex", "m"): _("men"),
    ("institution", "other"): _("from other institutions"),
    ("document", "national"): _("with a Thai national number"),
    ("language", "th"): _("in Thai"),
    ("mode", "paper"): _("on paper"),
    ("mode", "computer"): _("at a computer"),
}


def group_names(by: str, codes: Iterable[str]) -> dict[str, str]:
    """The groups of one way to divide people, as a reader knows them."""
    if by == "centre":
        names = {centre.code: centre.name for centre in Centre.objects.all()}
        return {code: names.get(code, code) for code in codes}
    if by == "session":
        return {code: _t("exam session %(number)s") % {"number": code} for code in codes}
    return {code: str(GROUPS.get((by, code)) or OTHERS.get((by, code)) or code) for code in codes}


@dataclass(frozen=True)
class NamedGroup:
    """One group of a form with its name, and how far its mean lies from everybody's."""

    name: str
    figures: GroupFigures
    off: float | None


def ways_of(run: AnalysisRun) -> list[tuple[str, Any]]:
    """How the people of an analysis divide, where there is more than one group, with a name."""
    kept = set(run.groups.values_list("by", flat=True))
    return [(code, name) for code, name in WAYS.items() if code in kept]


def groups_by(run: AnalysisRun, by: str) -> list[NamedGroup]:
    """The groups of one way to divide people, the largest first."""
    rows = list(run.groups.filter(by=by).order_by("-people", "name"))
    names = group_names(by, [row.name for row in rows])
    mean = run.result["reliability"]["mean"]
    return [
        NamedGroup(
            names[row.name], row, None if None in (row.mean, mean) else (row.mean or 0.0) - mean
        )
        for row in rows
    ]


@dataclass(frozen=True)
class OddItem:
    """An item that one group found much easier or harder than its whole score leads to expect."""

    form_item: Any
    group: NamedGroup
    p: float
    p_all: float
    off: float


MOST_ODD: Final = 12
FEWEST_IN_GROUP: Final = 100


def odd_items(run: AnalysisRun, groups: Sequence[NamedGroup]) -> list[OddItem]:
    """Items whose share right in a group lies farthest from the share in the whole form, once the
    group's own mean is allowed for; only groups of a hundred and more.
    """
    items = list(
        run.item_statistics.select_related("form_item__item").order_by("form_item__position")
    )
    found = []
    for group in groups:
        if group.figures.people < FEWEST_IN_GROUP:
            continue
        pairs = [
            (row, p, row.p)
            for row, p in zip(items, group.figures.p, strict=False)
            if p is not None and row.p is not None
        ]
        shift = sum(p - everyone for _row, p, everyone in pairs) / max(len(pairs), 1)
        found += [
            OddItem(row.form_item, group, p, everyone, p - everyone - shift)
            for row, p, everyone in pairs
        ]
    return sorted(found, key=lambda odd: -abs(odd.off))[:MOST_ODD]


# --- the cut --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """Where the cut lies on the raw scores of a form, and the scaling that says so."""

    raw: int
    scaled: int
    scaling: ScalingRun


def cut_of(run: AnalysisRun) -> Cut | None:
    """The lowest raw score that passes, by the newest finished scaling of the sitting."""
    scaling = (
        ScalingRun.objects.filter(sitting=run.sitting_id, state=RunState.DONE)
        .order_by("-pk")
        .first()
    )
    if scaling is None:
        return None
    spec = scaling.specs.filter(paper=run.form.paper_id).first()
    table = scaling.tables.get(str(run.form_id))
    if spec is None or not table:
        return None
    reached = [raw for raw, scaled in enumerate(table["scaled"]) if scaled >= spec.cut]
    return Cut(reached[0], spec.cut, scaling) if reached else None


# --- forms side by side ---------------------------------------------------------------------------


@dataclass(frozen=True)
class CommonItem:
    """One item that stands in two forms, as each took it."""

    code: str
    first: ItemStatistic
    second: ItemStatistic


def newest_by_form(sitting: Sitting, paper_id: int) -> list[AnalysisRun]:
    """The newest finished analysis of each form of a paper, in the order of the forms."""
    runs = (
        AnalysisRun.objects.filter(sitting=sitting, form__paper=paper_id, state=RunState.DONE)
        .select_related("form__paper", "key_version", "sitting")
        .order_by("pk")
    )
    newest = {run.form_id: run for run in runs}
    return sorted(newest.values(), key=lambda run: run.form.code)


def common_items(first: AnalysisRun, second: AnalysisRun) -> list[CommonItem]:
    """The items that both forms hold, in the order of the first."""
    there = {
        row.form_item.item_id: row
        for row in second.item_statistics.select_related("form_item__item")
    }
    rows = first.item_statistics.select_related("form_item__item").order_by("form_item__position")
    return [
        CommonItem(row.form_item.item.code, row, there[row.form_item.item_id])
        for row in rows
        if row.form_item.item_id in there
    ]


# --- before and after -----------------------------------------------------------------------------


@dataclass(frozen=True)
class KeyChange:
    """One item whose key differs between two versions, and the decision that changed it."""

    code: str
    before: str
    after: str
    decision: ItemDecision | None


@dataclass(frozen=True)
class Difference:
    """Two analyses of one form, side by side: what changed in the key, and what in the scores."""

    before: AnalysisRun
    after: AnalysisRun
    keys: list[KeyChange]
    same: int
    moved: dict[int, int]
    only_before: int
    only_after: int

    @property
    def changed(self) -> int:
        return sum(self.moved.values())

    @property
    def people(self) -> int:
        return self.same + self.changed


def former_run(run: AnalysisRun) -> AnalysisRun | None:
    """The finished analysis of the same form that came before this one."""
    runs = AnalysisRun.objects.filter(
        sitting=run.sitting_id, form=run.form_id, state=RunState.DONE, pk__lt=run.pk
    )
    return runs.select_related("form__paper", "key_version", "sitting").order_by("-pk").first()


def difference(before: AnalysisRun, after: AnalysisRun) -> Difference:
    """Compare two analyses of one form by person. `moved`: people by change of raw score."""
    old, new = (
        dict(RawScore.objects.filter(run=run).values_list("registration_id", "raw"))
        for run in (before, after)
    )
    both = old.keys() & new.keys()
    moved: dict[int, int] = {}
    for person in both:
        step = new[person] - old[person]
        if step:
            moved[step] = moved.get(step, 0) + 1
    return Difference(
        before=before,
        after=after,
        keys=_key_changes(before, after),
        same=len(both) - sum(moved.values()),
        moved=dict(sorted(moved.items())),
        only_before=len(old.keys() - both),
        only_after=len(new.keys() - both),
    )


def _key_changes(before: AnalysisRun, after: AnalysisRun) -> list[KeyChange]:
    old = {row["item"]: row for row in before.key_version.item_keys}
    made = ItemDecision.objects.filter(
        run__sitting=after.sitting_id, form_item__form=after.form_id, signed_at__isnull=False
    ).select_related("form_item__item", "proposed_by", "signed_by", "key_version")
    decided = {
        decision.form_item.item.code: decision
        for decision in made.order_by("pk")
        if decision.key_version
        and before.key_version.number < decision.key_version.number <= after.key_version.number
    }
    return [
        KeyChange(row["item"], _text(old.get(row["item"])), _text(row), decided.get(row["item"]))
        for row in after.key_version.item_keys
        if old.get(row["item"]) != row
    ]


def _text(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    weight = f" ×{row['weight']}" if row["weight"] != 1 else ""
    return key_text(row) + weight
