"""The border between rows and arrays: the only module here that knows models and numpy."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from centres.common.bulk import insert_rows
from scheduling.models import (
    Booking,
    BookingState,
    ExamForm,
    ExamLanguage,
    Registration,
    Sitting,
)
from scoring.errors import FormWithoutItems, NothingToAnalyse, SheetMismatch
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    FormItem,
    ItemStatistic,
    KeyVersion,
    OptionStatistic,
    RawScore,
    SimilarPair,
)
from scoring.psychometrics.classical import FormAnalysis
from scoring.psychometrics.dif import DifAnalysis
from scoring.psychometrics.flags import Flag, Severity
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.information import StandardErrors
from scoring.psychometrics.keying import ItemKey, Key, Rule, ScoredMatrix
from scoring.psychometrics.options import OptionStatistics, option_curves
from scoring.psychometrics.responses import (
    ResponseMatrix,
    SheetLengthWrong,
    UnknownMark,
    from_strings,
)
from scoring.psychometrics.similarity import Screening

BATCH: Final = 5000
CURVE_GROUPS: Final = 10


def items_of(form: ExamForm) -> QuerySet[FormItem]:
    """The items of an exam form in their order."""
    return FormItem.objects.filter(form=form).select_related("item").order_by("position")


def options_of(form_items: Iterable[FormItem]) -> tuple[str, ...]:
    """Every option letter that an item of the form offers, in order."""
    return tuple(sorted({letter for place in form_items for letter in place.item.options}))


def load_matrix(sitting: Sitting, form: ExamForm) -> ResponseMatrix:
    """The answers of everyone who sat an exam form, by registration: candidates x items.

    One query, one join, one numpy.frombuffer. `persons` are registration ids, ascending.
    """
    form_items = list(items_of(form))
    if not form_items:
        raise FormWithoutItems(form=form.code)
    rows = list(
        AnswerSheet.objects.filter(form=form, registration__sitting=sitting)
        .order_by("registration_id")
        .values_list("registration_id", "answers")
    )
    if not rows:
        raise NothingToAnalyse(form=form.code)
    people, sheets = zip(*rows, strict=True)
    try:
        return from_strings(
            sheets,
            persons=np.array(people, np.int64),
            items=[place.item.code for place in form_items],
            options=options_of(form_items),
        )
    except (SheetLengthWrong, UnknownMark) as fault:
        raise SheetMismatch(form=form.code, items=len(form_items), what=str(fault)) from fault


def input_digest(matrix: ResponseMatrix, key_digest: str) -> str:
    """SHA-256 of the answers, whose they are, and the key: the same inputs, the same digest."""
    digest = hashlib.sha256(key_digest.encode())
    digest.update(matrix.persons.tobytes())
    digest.update(matrix.codes.tobytes())
    return digest.hexdigest()


def key_of(version: KeyVersion) -> Key:
    """A stored key as the arithmetic wants it."""
    return Key(tuple(item_key_of(row) for row in version.item_keys))


def item_key_of(row: dict[str, Any]) -> ItemKey:
    """One stored item key as the arithmetic wants it."""
    return ItemKey(row["item"], tuple(row["right"]), Rule(row["rule"]), row["weight"])


def rows_of(item_keys: Iterable[ItemKey]) -> list[dict[str, Any]]:
    """Item keys as they are stored."""
    return [
        {"item": k.item, "right": list(k.right), "rule": str(k.rule), "weight": k.weight}
        for k in item_keys
    ]


def finite(value: float | np.floating[Any]) -> float | None:
    """A figure as it is stored: null where it does not exist."""
    return float(value) if np.isfinite(value) else None


def percents(shares: NDArray[np.float64] | Sequence[float]) -> list[float | None]:
    """Shares as stored percentages with two decimals; null where nobody was asked."""
    return [None if not np.isfinite(s) else round(float(s) * 100, 2) for s in shares]


# --- results into rows --------------------------------------------------------------------------


@dataclass(frozen=True)
class RunFindings:
    """Everything one run found out about one exam form; `irt` where enough people sat it."""

    classical: FormAnalysis
    irt: tuple[Calibration, StandardErrors] | None
    similar: Screening
    difs: Mapping[str, DifAnalysis]
    flags: tuple[Flag, ...]


def load_focal(people: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Whom items may treat otherwise, of these registrations (ids, ascending): women, and those
    who sat in English. A group nobody, or everybody, belongs to is left out.
    """
    sat = Registration.objects.filter(answer_sheets__isnull=False)
    chosen = {
        "sex": sat.filter(candidate__sex="f"),
        "language": sat.filter(language=ExamLanguage.ENGLISH),
    }
    found = {
        by: np.isin(people, np.fromiter(rows.values_list("pk", flat=True), np.int64))
        for by, rows in chosen.items()
    }
    return {by: focal for by, focal in found.items() if focal.any() and not focal.all()}


@dataclass(frozen=True)
class Places:
    """Where N registrations sat one paper: arrays of N; `room` is -1 for who had no seat."""

    room: NDArray[np.int64]
    x: NDArray[np.int64]
    y: NDArray[np.int64]

    def distance(self, first: int, second: int) -> float | None:
        """Grid squares between the seats of two rows; None where one is not known."""
        if min(self.room[first], self.room[second]) < 0:
            return None
        return float(np.hypot(self.x[first] - self.x[second], self.y[first] - self.y[second]))


def load_places(people: NDArray[np.int64], sitting: Sitting, paper_id: int) -> Places:
    """Room session and seat of each registration (ids, ascending) in one paper."""
    rows = Booking.objects.filter(
        registration__sitting=sitting, paper_id=paper_id, state=BookingState.CONFIRMED
    ).values_list("registration_id", "room_session_id", "seat__x", "seat__y")
    table = np.array(list(rows), np.int64).reshape(-1, 4)
    found = np.full((len(people), 3), -1, np.int64)
    at = np.searchsorted(people, table[:, 0])
    sat = at < len(people)
    sat[sat] = people[at[sat]] == table[sat, 0]
    found[at[sat]] = table[sat, 1:]
    return Places(found[:, 0], found[:, 1], found[:, 2])


def save_similar_pairs(run: AnalysisRun, screening: Screening, places: Places) -> None:
    """Store the pairs of one room that agree too often. Evidence; nobody is held by it."""
    SimilarPair.objects.bulk_create(
        SimilarPair(
            run=run,
            first_id=int(pair.first),
            second_id=int(pair.second),
            room_session_id=int(pair.unit),
            matches=pair.matches,
            expected=pair.expected,
            statistic=pair.z,
            p_value=pair.p,
            adjusted=pair.p_adjusted,
            distance=places.distance(*pair.rows),
        )
        for pair in screening.pairs
        if pair.unit >= 0
    )


def save_scores(run: AnalysisRun, scored: ScoredMatrix) -> None:
    """Store the raw score of everyone in this run."""
    figures = (scored.persons.tolist(), scored.total.tolist(), scored.possible.tolist())
    rows = ((run.pk, *person) for person in zip(*figures, strict=True))
    insert_rows(RawScore, ("run", "registration", "raw", "possible"), rows)


def save_statistics(run: AnalysisRun, found: RunFindings) -> None:
    """Store the figures of every item and option of this run."""
    places = {place.item.code: place for place in items_of(run.form)}
    ItemStatistic.objects.bulk_create(_item_rows(run, found, places))
    if found.classical.options is not None:
        rows = _option_rows(run, found.classical.options, places)
        OptionStatistic.objects.bulk_create(rows, batch_size=BATCH)


def _item_rows(
    run: AnalysisRun, found: RunFindings, places: Mapping[str, FormItem]
) -> Iterator[ItemStatistic]:
    flags = _by_item(found.flags)
    items, test = found.classical.items, found.classical
    for j, code in enumerate(items.items):
        raised = flags.get(code, [])
        yield ItemStatistic(
            run=run,
            form_item=places[code],
            n=int(items.n[j]),
            p=finite(items.p[j]),
            item_total=finite(items.item_total[j]),
            item_rest=finite(items.item_rest[j]),
            biserial=finite(items.biserial[j]),
            upper_lower=finite(items.upper_lower[j]),
            alpha_if_deleted=finite(items.alpha_if_deleted[j]),
            omitted=finite(test.omitted[j]),
            not_reached=finite(test.not_reached[j]),
            **_irt_fields(found, j),
            **_flag_fields(raised, len(found.flags)),
            evidence=_evidence(raised, j, found),
        )


def _irt_fields(found: RunFindings, j: int) -> dict[str, float | None]:
    if found.irt is None:
        return {}
    calibration, errors = found.irt
    return {
        "a": finite(calibration.a[j]),
        "b": finite(calibration.b[j]),
        "se_a": finite(errors.a[j]),
        "se_b": finite(errors.b[j]),
    }


def _by_item(flags: Iterable[Flag]) -> dict[str, list[tuple[int, Flag]]]:
    """The flags of each item with their place in the order of urgency."""
    found: dict[str, list[tuple[int, Flag]]] = {}
    for place, flag in enumerate(flags):
        found.setdefault(flag.item, []).append((place, flag))
    return found


def _flag_fields(raised: list[tuple[int, Flag]], total: int) -> dict[str, Any]:
    suggestions = [flag.suggested_key for _, flag in raised if flag.suggested_key]
    return {
        "flags": [str(flag.code) for _, flag in raised],
        "alarm": any(flag.severity is Severity.ALARM for _, flag in raised),
        "suggested": suggestions[0] if suggestions else "",
        "urgency": total - raised[0][0] if raised else 0,
    }


def _evidence(raised: list[tuple[int, Flag]], j: int, found: RunFindings) -> dict[str, Any]:
    shown: dict[str, Any] = {
        str(flag.code): {name: finite(value) for name, value in flag.evidence.items()}
        for _, flag in raised
    }
    shown["dif"] = {
        group: {"class": str(dif.ets[j]), "delta": finite(dif.delta[j]), "p": finite(dif.p[j])}
        for group, dif in found.difs.items()
    }
    return shown


def _option_rows(
    run: AnalysisRun, options: OptionStatistics, places: Mapping[str, FormItem]
) -> Iterator[OptionStatistic]:
    curves = option_curves(options.choices, CURVE_GROUPS)
    for j, k in np.argwhere(options.choices.present):
        yield OptionStatistic(
            run=run,
            form_item=places[options.choices.items[j]],
            option=options.choices.labels[k],
            is_key=bool(options.choices.is_key[j, k]),
            n=int(options.n[j, k]),
            p=finite(options.p[j, k]),
            mean_score=finite(options.mean_total[j, k]),
            option_total=finite(options.option_total[j, k]),
            option_rest=finite(options.option_rest[j, k]),
            curve=percents(curves.share[j, k]),
        )
