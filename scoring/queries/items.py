"""What examiners read: the item table of one analysis, and one item with its past."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.common.runs import RunState
from scheduling.models import ExamForm, Registration, Sitting
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    FormItem,
    ItemDecision,
    ItemRemark,
    ItemStatistic,
    OptionStatistic,
    SimilarPair,
)
from scoring.queries.decisions import decisions_before, decisions_of

# --- flags in words -------------------------------------------------------------------------------


@dataclass(frozen=True)
class FlagView:
    """A flag as a person reads it: its words, its group for filters, and its tone on the page."""

    code: str
    name: str | Promise
    group: str
    tone: str


FLAGS: Final = {
    flag.code: flag
    for flag in (
        FlagView("wrong_key", _("Key in doubt"), "key", "bad"),
        FlagView("two_right_answers", _("Two right answers?"), "key", "look"),
        FlagView("negative_discrimination", _("The able miss it"), "key", "bad"),
        FlagView("top_group_disagrees", _("Top group disagrees"), "key", "look"),
        FlagView("distractor_attracts_able", _("A distractor draws the able"), "key", "look"),
        FlagView("very_low_discrimination", _("Hardly separates"), "weak", "look"),
        FlagView("low_discrimination", _("Separates little"), "weak", ""),
        FlagView("no_variance", _("All answers alike"), "hard", "look"),
        FlagView("too_hard", _("Very hard"), "hard", ""),
        FlagView("too_easy", _("Very easy"), "hard", ""),
        FlagView("omitted_often", _("Often left out"), "time", ""),
        FlagView("not_reached_often", _("Often not reached"), "time", "look"),
        FlagView("favours_a_group", _("DIF C"), "dif", "aside"),
    )
}
FILTERS: Final = {
    "all": _("All"),
    "waiting": _("To decide"),
    "flagged": _("Flagged"),
    "key": _("Key in doubt"),
    "dif": _("DIF"),
    "weak": _("Separates little"),
    "hard": _("Very hard or easy"),
    "time": _("Not reached, left out"),
    "decided": _("Decided"),
}


def flag_views(codes: Iterable[str]) -> list[FlagView]:
    """The flags of an item in words, the most urgent first."""
    return [FLAGS[code] for code in codes if code in FLAGS]


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemRow:
    """One line of the item table. `options` come with their curves, the key last."""

    form_item: FormItem
    key: str
    figures: ItemStatistic
    flags: list[FlagView]
    options: list[OptionStatistic]
    decision: ItemDecision | None

    @property
    def code(self) -> str:
        return self.form_item.item.code

    @property
    def omitted_percent(self) -> float | None:
        return None if self.figures.omitted is None else self.figures.omitted * 100

    @property
    def is_decided(self) -> bool:
        return self.decision is not None and self.decision.signed_at is not None

    @property
    def waits(self) -> bool:
        """Whether it is flagged and no two people have decided."""
        return bool(self.flags) and not self.is_decided

    @property
    def is_mild(self) -> bool:
        """Whether it may be decided together with others: flagged, no alarm, nothing proposed."""
        return bool(self.flags) and not self.figures.alarm and self.decision is None

    def is_in(self, group: str) -> bool:
        """Whether a filter of the page shows this item."""
        if group == "flagged":
            return bool(self.flags)
        if group == "waiting":
            return self.waits
        if group == "decided":
            return self.decision is not None
        return group == "all" or any(flag.group == group for flag in self.flags)


def runs_of(sitting: Sitting) -> QuerySet[AnalysisRun]:
    """Every analysis of a sitting, the newest first."""
    runs = AnalysisRun.objects.filter(sitting=sitting).order_by("-pk")
    return runs.select_related("form__paper", "key_version", "started_by")


def newest_run(sitting: Sitting, form: ExamForm) -> AnalysisRun | None:
    """The last finished analysis of an exam form in a sitting."""
    done = runs_of(sitting).filter(form=form, state=RunState.DONE)
    return done.first()


def item_table(run: AnalysisRun) -> list[ItemRow]:
    """Every item of an analysis, in the order of the form, with all the page shows of it."""
    figures = run.item_statistics.select_related("form_item__item").order_by("form_item__position")
    options: dict[int, list[OptionStatistic]] = {}
    for option in run.option_statistics.order_by("is_key", "option"):
        options.setdefault(option.form_item_id, []).append(option)
    decisions = decisions_of(run)
    keys = key_texts(run)
    return [
        ItemRow(
            row.form_item,
            keys.get(row.form_item.item.code, ""),
            row,
            flag_views(row.flags),
            options.get(row.form_item_id, []),
            decisions.get(row.form_item_id),
        )
        for row in figures
    ]


def key_texts(run: AnalysisRun) -> dict[str, str]:
    """The key of each item of a run as it is written on the page: B, B/D, all, –."""
    return {row["item"]: key_text(row) for row in run.key_version.item_keys}


def key_text(row: dict[str, Any]) -> str:
    """One stored item key in a few signs: `*` is a mark for everyone, `–` a dropped item."""
    signs = {"everyone": "*", "dropped": "–"}
    return signs.get(row["rule"], "/".join(row["right"]))


SORTS: Final = ("urgency", "position", "code", "standard", "key", "p", "r", "b", "omitted")


def sort_value(row: ItemRow, by: str) -> tuple[bool, Any]:
    """What a row is sorted by; rows without the figure come last."""
    values: dict[str, Any] = {
        "urgency": -row.figures.urgency,
        "position": row.form_item.position,
        "code": row.code,
        "standard": row.form_item.item.standard,
        "key": row.key,
        "p": row.figures.p,
        "r": row.figures.item_rest,
        "b": row.figures.b,
        "omitted": row.figures.omitted,
    }
    value = values.get(by, row.form_item.position)
    return value is None, 0 if value is None else value


# --- one item -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Appearance:
    """The figures an item had in one analysis: another form, an older key, an earlier sitting."""

    run: AnalysisRun
    position: int
    key: str
    figures: ItemStatistic


@dataclass(frozen=True)
class ItemDetail:
    """Everything the page of one item shows."""

    row: ItemRow
    people: int
    history: list[Appearance]
    flagged: list[FormItem]
    former: list[ItemDecision]

    @property
    def neighbours(self) -> tuple[FormItem | None, FormItem | None, int]:
        """The flagged items before and after this one, and its place among them (0: not one)."""
        ids = [place.pk for place in self.flagged]
        if self.row.form_item.pk not in ids:
            return None, self.flagged[0] if self.flagged else None, 0
        at = ids.index(self.row.form_item.pk)
        before = self.flagged[at - 1] if at else None
        after = self.flagged[at + 1] if at + 1 < len(ids) else None
        return before, after, at + 1


def item_detail(run: AnalysisRun, form_item: FormItem) -> ItemDetail:
    """One item of an analysis: figures, options, decision, history, and the flagged ones around."""
    figures = run.item_statistics.select_related("form_item__item").get(form_item=form_item)
    options = list(run.option_statistics.filter(form_item=form_item).order_by("is_key", "option"))
    flagged = run.item_statistics.exclude(flags=[]).order_by("-urgency", "form_item__position")
    decision = decisions_of(run).get(form_item.pk)
    row = ItemRow(
        figures.form_item,
        key_texts(run).get(form_item.item.code, ""),
        figures,
        flag_views(figures.flags),
        options,
        decision,
    )
    return ItemDetail(
        row=row,
        people=int(run.result.get("reliability", {}).get("persons") or 0),
        history=history_of(form_item, run),
        flagged=[one.form_item for one in flagged.select_related("form_item__item")],
        former=[one for one in decisions_before(run, form_item.pk) if one != decision],
    )


def history_of(form_item: FormItem, run: AnalysisRun) -> list[Appearance]:
    """Other analyses of the same item, the newest first: at most eight."""
    others = (
        ItemStatistic.objects.filter(form_item__item=form_item.item_id, run__state=RunState.DONE)
        .exclude(run=run)
        .select_related("run__form", "run__sitting", "run__key_version", "form_item__item")
        .order_by("-run_id")[:8]
    )
    return [
        Appearance(
            one.run, one.form_item.position, key_texts(one.run)[one.form_item.item.code], one
        )
        for one in others
    ]


def remarks_of(run: AnalysisRun, form_item: FormItem) -> QuerySet[ItemRemark]:
    """What was said about an item in this sitting, the first remark first."""
    said = ItemRemark.objects.filter(run__sitting=run.sitting_id, form_item=form_item)
    return said.select_related("by").order_by("pk")


# --- people ---------------------------------------------------------------------------------------


def answers_at(
    registrations: Iterable[int], form: ExamForm, position: int
) -> dict[int, tuple[str, str]]:
    """Registration number and the answer at one place of the form, by registration."""
    sheets = AnswerSheet.objects.filter(registration_id__in=list(registrations), form=form)
    rows = sheets.values_list("registration_id", "registration__number", "answers")
    return {who: (number, answers[position - 1]) for who, number, answers in rows}


def registration_numbers(registrations: Iterable[int]) -> dict[int, str]:
    """The number of each registration."""
    rows = Registration.objects.filter(pk__in=list(registrations))
    return dict(rows.values_list("pk", "number"))


def centre_names(registrations: Iterable[int]) -> dict[int, str]:
    """Where each registration sat."""
    rows = Registration.objects.filter(
        pk__in=list(registrations), bookings__state="confirmed"
    ).prefetch_related("bookings__room_session__room__building__centre")
    return {
        row.pk: booking.room_session.room.building.centre.name
        for row in rows
        for booking in row.bookings.all()
        if booking.state == "confirmed"
    }


def similar_pairs(run: AnalysisRun) -> QuerySet[SimilarPair]:
    """The pairs of an analysis that agree too often, with their rooms; the most striking first."""
    return run.similar_pairs.select_related(
        "first", "second", "room_session__room__building__centre", "room_session__exam_session"
    ).order_by("p_value")
