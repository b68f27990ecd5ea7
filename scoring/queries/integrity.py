"""Pairs too alike and the cases made of them: who may see what, and what stands where.

Names are shown of a pair only once its case is open; before that the last digits of a number tell
one pair from another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from django.db.models import Q, QuerySet

from centres.common.runs import RunState
from centres.models import Seat
from proctoring.queries.attendance import incidents_of
from scheduling.models import Booking, BookingState, Paper, Registration, Sitting
from scoring.models import (
    AlikePair,
    AnswerSheet,
    CaseEntry,
    EntryKind,
    FormItem,
    IntegrityCase,
    OptionStatistic,
    Reach,
    ResultHold,
    SimilarityRun,
)


class CaseState(Enum):
    """Where a case stands."""

    OPEN = auto()
    CLOSING = auto()
    CLOSED = auto()


@dataclass(frozen=True)
class Standing:
    """Where a case stands, by its entries. `proposal`: the closing that waits for an answer."""

    state: CaseState
    entries: list[CaseEntry]
    proposal: CaseEntry | None

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN

    @property
    def is_closing(self) -> bool:
        return self.state is CaseState.CLOSING

    @property
    def is_closed(self) -> bool:
        return self.state is CaseState.CLOSED

    @property
    def last(self) -> CaseEntry:
        return self.entries[-1]


def standing_of(case: IntegrityCase) -> Standing:
    """Read a case from its entries."""
    return _standing(list(case.entries.select_related("by", "answers").order_by("number")))


def _standing(entries: list[CaseEntry]) -> Standing:
    state, proposal = CaseState.OPEN, None
    for entry in entries:
        if entry.kind == EntryKind.CLOSING:
            state, proposal = CaseState.CLOSING, entry
        elif entry.kind in (EntryKind.OBJECTION, EntryKind.REOPENED):
            state, proposal = CaseState.OPEN, None
        elif entry.kind == EntryKind.CLOSED:
            state, proposal = CaseState.CLOSED, None
    return Standing(state, entries, proposal)


@dataclass(frozen=True)
class CaseRow:
    """A case in a list."""

    case: IntegrityCase
    standing: Standing


def cases_of(sitting: Sitting) -> list[CaseRow]:
    """Every case of a sitting; those that wait first, closed ones last."""
    cases = IntegrityCase.objects.filter(sitting=sitting).select_related(
        "first", "second", "pair", "opened_by"
    )
    entries: dict[int, list[CaseEntry]] = {}
    found = CaseEntry.objects.filter(case__sitting=sitting).select_related("by", "answers")
    for entry in found.order_by("case_id", "number"):
        entries.setdefault(entry.case_id, []).append(entry)
    rows = [CaseRow(case, _standing(entries.get(case.pk, []))) for case in cases]
    order = {CaseState.CLOSING: 0, CaseState.OPEN: 1, CaseState.CLOSED: 2}
    return sorted(rows, key=lambda row: (order[row.standing.state], -row.case.pk))


# --- comparisons and pairs ------------------------------------------------------------------------


def papers_with_answers(sitting: Sitting) -> QuerySet[Paper]:
    """The papers of a sitting of which sheets have been analysed."""
    runs = sitting.analysis_runs.filter(state=RunState.DONE)
    return Paper.objects.filter(pk__in=runs.values("form__paper_id")).order_by("code")


def comparisons_of(sitting: Sitting) -> QuerySet[SimilarityRun]:
    """The newest first."""
    runs = SimilarityRun.objects.filter(sitting=sitting)
    return runs.select_related("paper", "started_by").order_by("-pk")


@dataclass(frozen=True)
class PairRow:
    """A pair in a list: how it may be named, and the case it has become."""

    pair: AlikePair
    case: IntegrityCase | None

    @property
    def first(self) -> str:
        return shown_number(self.pair.first, self.case)

    @property
    def second(self) -> str:
        return shown_number(self.pair.second, self.case)


def shown_number(registration: Registration, case: IntegrityCase | None) -> str:
    """The registration number once a case is open; before that its last four digits."""
    return registration.number if case else f"…{registration.number[-4:]}"


def pair_rows(run: SimilarityRun) -> list[PairRow]:
    """The pairs of a comparison, the least likely first; of neighbours, the most telling."""
    pairs = AlikePair.objects.filter(run=run).select_related(
        "first", "second", "analysis__form", "room_session__room__building__centre",
        "room_session__exam_session",
    )  # fmt: skip
    if run.reach == Reach.BESIDE:
        pairs = pairs.order_by("-log10_factor", "pk")
    cases = {(case.first_id, case.second_id): case for case in _cases(run.sitting_id)}
    return [PairRow(pair, cases.get((pair.first_id, pair.second_id))) for pair in pairs]


def _cases(sitting_id: int) -> QuerySet[IntegrityCase]:
    return IntegrityCase.objects.filter(sitting=sitting_id)


def case_of(pair: AlikePair) -> IntegrityCase | None:
    """The case of two people in a sitting, whichever comparison found them."""
    people = {"first": pair.first_id, "second": pair.second_id}
    return _cases(pair.run.sitting_id).filter(**people).first()


# --- the evidence ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sitter:
    """One of the two: where he sat, and what his answers gave."""

    registration: Registration
    centre: str
    room: str
    session: int | None
    seat: str
    right: int
    wrong: int
    omitted: int
    is_held: bool


@dataclass(frozen=True)
class SameWrong:
    """A wrong answer that both gave. `share`: of everybody who was given the item."""

    position: int
    item: str
    key: str
    answer: str
    share: float | None


@dataclass(frozen=True)
class File:
    """Everything a person needs to weigh a pair; nothing that weighs it for him."""

    pair: AlikePair
    sitters: tuple[Sitter, Sitter]
    same_wrong: list[SameWrong]
    answers: list[tuple[int, str, str, str, str]]
    incidents: list[Any]
    same_institution: bool


def file_of(pair: AlikePair) -> File:
    """The seats, answers and incidents of a pair."""
    sheets = _sheets(pair)
    items = list(
        FormItem.objects.filter(form=pair.analysis.form_id)
        .select_related("item")
        .order_by("position")
    )
    rules = {row["item"]: row for row in pair.analysis.key_version.item_keys}
    rows = []
    for item, one, other in zip(items, *sheets, strict=True):
        rows.append((item.position, item.item.code, _key(rules[item.item.code]), one, other))
    people = [
        _sitter(pair, pair.first, [(key, one) for _at, _code, key, one, _other in rows]),
        _sitter(pair, pair.second, [(key, other) for _at, _code, key, _one, other in rows]),
    ]
    schools = {pair.first.institution_id, pair.second.institution_id}
    return File(
        pair=pair,
        sitters=(people[0], people[1]),
        same_wrong=_same_wrong(pair, items, rows),
        answers=rows,
        incidents=_incidents(pair),
        same_institution=len(schools) == 1 and None not in schools,
    )


def _sheets(pair: AlikePair) -> tuple[str, str]:
    found = dict(
        AnswerSheet.objects.filter(
            form=pair.analysis.form_id, registration__in=[pair.first_id, pair.second_id]
        ).values_list("registration_id", "answers")
    )
    return found[pair.first_id], found[pair.second_id]


def _key(rule: dict[str, Any]) -> str:
    signs = {"everyone": "*", "dropped": "–"}
    return signs.get(rule["rule"], "/".join(rule["right"]))


def _is_choice(mark: str) -> bool:
    return mark.isalnum()


def _sitter(
    pair: AlikePair, registration: Registration, marks: Iterable[tuple[str, str]]
) -> Sitter:
    seats = Booking.objects.filter(
        registration=registration, paper=pair.run.paper_id, state=BookingState.CONFIRMED
    ).select_related("seat", "room_session__room__building__centre", "room_session__exam_session")
    booking = seats.first()
    answers = list(marks)
    right = sum(mark in key.split("/") for key, mark in answers)
    chosen = sum(_is_choice(mark) for _key, mark in answers)
    held = ResultHold.objects.filter(registration=registration, lifted_at__isnull=True).exists()
    return Sitter(
        registration=registration,
        centre=booking.room_session.room.building.centre.name if booking else "",
        room=booking.room_session.room.code if booking else "",
        session=booking.room_session.exam_session.number if booking else None,
        seat=booking.seat.label if booking and booking.seat else "",
        right=right,
        wrong=chosen - right,
        omitted=len(answers) - chosen,
        is_held=held,
    )


def _same_wrong(
    pair: AlikePair, items: list[FormItem], rows: list[tuple[int, str, str, str, str]]
) -> list[SameWrong]:
    """The rarest first: what few chose tells most."""
    shares = {
        (form_item, option): share
        for form_item, option, share in OptionStatistic.objects.filter(
            run=pair.analysis_id
        ).values_list("form_item_id", "option", "p")
    }
    found = [
        SameWrong(position, code, key, one, shares.get((item.pk, one)))
        for item, (position, code, key, one, other) in zip(items, rows, strict=True)
        if one == other and _is_choice(one) and one not in key.split("/") and key not in "*–"
    ]
    return sorted(found, key=lambda same: (same.share is None, same.share or 0.0))


@dataclass(frozen=True)
class Chair:
    """A chair of the room two people shared. `place`: 1 or 2 for theirs, 0 for another's."""

    x: int
    y: int
    label: str
    is_taken: bool
    place: int


def seats_of(pair: AlikePair) -> list[Chair]:
    """The chairs of the room they shared, from the front; none when they shared none."""
    if pair.room_session_id is None or pair.room_session is None:
        return []
    taken = dict(
        Booking.objects.filter(
            room_session=pair.room_session_id, paper=pair.run.paper_id, state=BookingState.CONFIRMED
        ).values_list("seat_id", "registration_id")
    )
    places = {pair.first_id: 1, pair.second_id: 2}
    return [
        Chair(seat.x, seat.y, seat.label, seat.pk in taken, places.get(taken.get(seat.pk, 0), 0))
        for seat in Seat.objects.filter(room=pair.room_session.room_id).order_by("y", "x")
    ]


def _incidents(pair: AlikePair) -> list[Any]:
    """What was noted in the room they shared, or about either of them anywhere."""
    found = incidents_of(pair.run.sitting).select_related(
        "room_session__room", "booking__registration", "booking__seat"
    )
    about = Q(booking__registration__in=[pair.first_id, pair.second_id])
    if pair.room_session_id:
        about |= Q(room_session=pair.room_session_id)
    return list(found.filter(about))
