"""Calibrations of a paper, what they found of an item, and who answered oddly."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.common.runs import RunState
from centres.models import Centre
from scheduling.models import Paper, Registration, Sitting
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    CalibratedItem,
    CalibrationRun,
    FormItem,
    GroupDifference,
    PersonMeasure,
)

MISFIT: Final = 0.01  # shared among the items of a form: below it S-X² says the curve is not met
UNEVEN: Final = (0.7, 1.3)  # infit and outfit beyond which answers scatter too little or too much


@dataclass(frozen=True)
class FittedItem:
    """A calibrated item as pages show it. `limit`: the p below which its curve is not met."""

    figures: CalibratedItem
    limit: float

    @property
    def form_item(self) -> FormItem:
        return self.figures.form_item

    @property
    def misses_curve(self) -> bool:
        return self.figures.p is not None and self.figures.p < self.limit

    @property
    def scatters(self) -> bool:
        """Whether answers follow ability much less, or much more, than the model says."""
        known = [value for value in (self.figures.infit, self.figures.outfit) if value is not None]
        return any(not UNEVEN[0] <= value <= UNEVEN[1] for value in known)

    @property
    def fits(self) -> bool:
        return self.figures.a is not None and not self.misses_curve and not self.scatters

    def chance(self, theta: float) -> float:
        """Modelled chance of a right answer."""
        figures = self.figures
        if figures.a is None or figures.b is None:
            return float("nan")
        c = figures.c or 0.0
        logit = min(max(figures.a * (theta - figures.b), -40.0), 40.0)
        return c + (1 - c) / (1 + exp(-logit))


def calibrations_of(sitting: Sitting, paper: Paper) -> QuerySet[CalibrationRun]:
    """The newest first."""
    runs = CalibrationRun.objects.filter(sitting=sitting, paper=paper)
    return runs.select_related("started_by").order_by("-pk")


def newest_calibration(analysis: AnalysisRun) -> CalibrationRun | None:
    """The last finished calibration that rests on an analysis."""
    done = CalibrationRun.objects.filter(analyses=analysis, state=RunState.DONE)
    return done.order_by("-pk").first()


def fitted_items(run: CalibrationRun, form_id: int) -> list[FittedItem]:
    """Every item of one exam form, in the order of the form."""
    rows = list(
        CalibratedItem.objects.filter(run=run, form_item__form_id=form_id)
        .select_related("form_item__item")
        .order_by("form_item__position")
    )
    limit = MISFIT / max(len(rows), 1)
    return [FittedItem(row, limit) for row in rows]


def fitted_item(run: CalibrationRun, form_item: FormItem) -> FittedItem | None:
    """One item of a calibration."""
    row = CalibratedItem.objects.filter(run=run, form_item=form_item)
    count = CalibratedItem.objects.filter(run=run, form_item__form_id=form_item.form_id).count()
    found = row.select_related("form_item__item").first()
    return FittedItem(found, MISFIT / max(count, 1)) if found else None


# --- people ---------------------------------------------------------------------------------------


def oddest_people(run: CalibrationRun, below: float) -> QuerySet[PersonMeasure]:
    """Those whose answers the model hardly allows, the oddest first."""
    rows = PersonMeasure.objects.filter(run=run, p__lt=below)
    return rows.select_related("registration").order_by("p", "registration_id")


def measure_of(run: CalibrationRun, number: str) -> PersonMeasure | None:
    """One person of a calibration, by registration number."""
    rows = PersonMeasure.objects.filter(run=run, registration__number=number)
    return rows.select_related("registration").first()


@dataclass(frozen=True)
class OddAnswer:
    """One answer against the model: the chance it had of being right, and whether it was."""

    item: FittedItem
    mark: str
    key: str
    chance: float
    right: bool

    @property
    def surprise(self) -> float:
        """The chance of what happened: the smaller, the odder."""
        return self.chance if self.right else 1 - self.chance


@dataclass(frozen=True)
class Third:
    """The easier, middle or harder items: how many right, and how many the model expects."""

    name: Promise
    items: int
    right: int
    expected: float


@dataclass(frozen=True)
class Pattern:
    """How one person answered, from easy to hard."""

    thirds: tuple[Third, ...]
    oddest: tuple[OddAnswer, ...]


THIRDS: Final = (_("the easier third"), _("the middle third"), _("the harder third"))
SHOWN: Final = 12


def pattern_of(run: CalibrationRun, measure: PersonMeasure) -> Pattern | None:
    """What was right and wrong against the model; None without ability or sheet."""
    sheets = AnswerSheet.objects.filter(registration=measure.registration_id)
    sheet = sheets.filter(form__paper=run.paper_id).first()
    analysis = run.analyses.filter(form=sheet.form_id).first() if sheet else None
    if sheet is None or analysis is None or measure.theta is None:
        return None
    rules = {row["item"]: row for row in analysis.key_version.item_keys}
    answers = []
    for item in fitted_items(run, sheet.form_id):
        rule = rules[item.form_item.item.code]
        if item.figures.a is None or rule["rule"] != "right_answers":
            continue
        mark = sheet.answers[item.form_item.position - 1]
        chance = item.chance(measure.theta)
        right = mark in rule["right"]
        answers.append(OddAnswer(item, mark, "/".join(rule["right"]), chance, right))
    by_ease = sorted(answers, key=lambda one: -one.chance)
    cuts = [round(len(by_ease) * part / 3) for part in range(4)]
    thirds = tuple(
        _third(name, by_ease[start:end])
        for name, start, end in zip(THIRDS, cuts, cuts[1:], strict=False)
    )
    return Pattern(thirds, tuple(sorted(answers, key=lambda one: one.surprise)[:SHOWN]))


def _third(name: Promise, answers: Sequence[OddAnswer]) -> Third:
    right, expected = sum(one.right for one in answers), sum(one.chance for one in answers)
    return Third(name, len(answers), right, expected)


# --- groups ---------------------------------------------------------------------------------------

GROUPINGS: Final = {
    "sex": _("Women and men"),
    "region": _("Regions of the centres"),
    "centre": _("Centres"),
    "session": _("Exam sessions"),
    "institution": _("Kinds of institution"),
    "document": _("Identity documents"),
    "language": _("Languages of the exam"),
}
GROUPS: Final = {
    ("sex", "f"): _("women"),
    ("institution", "rajabhat"): _("from Rajabhat universities"),
    ("document", "passport"): _("with a passport"),
    ("language", "en"): _("in English"),
    ("region", "north"): _("the North"),
    ("region", "northeast"): _("the Northeast"),
    ("region", "central"): _("the Central region"),
    ("region", "east"): _("the East"),
    ("region", "west"): _("the West"),
    ("region", "south"): _("the South"),
}


@dataclass(frozen=True)
class Group:
    """One group that was compared with everybody else on one exam form."""

    code: str
    name: str
    summary: dict[str, Any]

    @property
    def effect(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.summary.get("effect")
        return found

    @property
    def differing(self) -> int:
        classes = self.summary.get("classes", {})
        return int(classes.get("B", 0)) + int(classes.get("C", 0))


def groups_of(run: CalibrationRun, grouping: str) -> list[Group]:
    """Every group of a grouping, form by form, with its name in the reader's language."""
    centres = {centre.code: centre.name for centre in Centre.objects.all()}
    found = []
    for summary in run.result.get("groups", []):
        if summary["grouping"] == grouping:
            code = summary["group"]
            found.append(Group(code, _group_name(grouping, code, centres), summary))
    return found


def _group_name(grouping: str, code: str, centres: dict[str, str]) -> str:
    if grouping == "centre":
        return centres.get(code, code)
    if grouping == "session":
        return str(_("exam session %(number)s") % {"number": code})
    return str(GROUPS.get((grouping, code), code))


def differing_items(run: CalibrationRun, grouping: str) -> QuerySet[GroupDifference]:
    """Items of class B or C for any group of a grouping, the largest first."""
    rows = GroupDifference.objects.filter(Q(ets="B") | Q(ets="C"), run=run, grouping=grouping)
    return rows.select_related("form_item__item", "form_item__form").order_by(
        "-ets", "p", "form_item_id", "group"
    )


def differences_of(run: CalibrationRun, form_item: FormItem) -> list[tuple[str, GroupDifference]]:
    """The groups for which one item is of class B or C, by name; the largest first."""
    rows = GroupDifference.objects.filter(
        Q(ets="B") | Q(ets="C"), run=run, form_item=form_item
    ).order_by("-ets", "p")
    found = list(rows)
    if not found:
        return []
    centres = {centre.code: centre.name for centre in Centre.objects.all()}
    return [(_group_name(row.grouping, row.group, centres), row) for row in found]


def sat_in(run: CalibrationRun, registration: Registration) -> str:
    """The exam form somebody answered in a calibrated paper."""
    sheets = AnswerSheet.objects.filter(registration=registration, form__paper=run.paper_id)
    return sheets.values_list("form__code", flat=True).first() or ""
