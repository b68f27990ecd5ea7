"""How groups of people took a form, and a form taken apart by its standards, into rows."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scheduling.models import Booking, BookingState, ExamForm
from scoring.arrays import finite, items_of
from scoring.arrays.calibrations import Grouping
from scoring.models import AnalysisRun, AnswerSheet, FileFormat, GroupFigures
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.parts import by_group

Labels = NDArray[np.str_]
DIVISIONS: Final = ("centre", "sex", "language")  # that a remedy is looked at by


def standards_of(form: ExamForm) -> list[str]:
    """The standard of each item of a form, by its Thai name; empty where none is entered."""
    return [place.item.standard_th for place in items_of(form)]


def save_groups(run: AnalysisRun, scored: ScoredMatrix, groups: Mapping[str, Labels]) -> None:
    """Store the figures of every group of every way to divide people, for this run."""
    GroupFigures.objects.bulk_create(
        GroupFigures(
            run=run,
            by=by,
            name=group.name,
            people=group.test.persons,
            mean=finite(group.test.mean),
            sd=finite(group.test.sd),
            alpha=finite(group.test.alpha),
            sem=finite(group.test.sem),
            p=[finite(value) for value in group.p],
            item_rest=[finite(value) for value in group.item_rest],
        )
        for by, labels in groups.items()
        for group in by_group(scored, labels.astype(object))
    )


def load_divisions(people: NDArray[np.int64], sitting_id: int, paper_id: int) -> dict[str, Labels]:
    """Centre, sex and language of each registration (any order); empty where not known."""
    rows = Booking.objects.filter(
        registration__sitting=sitting_id, paper_id=paper_id, state=BookingState.CONFIRMED
    ).values_list(
        "registration_id",
        "room_session__room__building__centre__code",
        "registration__candidate__sex",
        "registration__language",
    )
    known = {who: labels for who, *labels in rows}
    nothing = [""] * len(DIVISIONS)
    table = [known.get(person, nothing) for person in people.tolist()]
    columns = np.array(table, np.str_).reshape(-1, len(DIVISIONS))
    return {by: columns[:, at] for at, by in enumerate(DIVISIONS)}


def load_mode(people: NDArray[np.int64], form: ExamForm) -> Labels:
    """How each registration (ids, ascending) answered a form: on paper, or at a computer."""
    sheets = AnswerSheet.objects.filter(form=form, file__format=FileFormat.JSONL)
    computer = np.fromiter(sheets.values_list("registration_id", flat=True), np.int64)
    return np.where(np.isin(people, computer), "computer", "paper")


def labels_of(groupings: Sequence[Grouping], mode: Labels) -> dict[str, Labels]:
    """The label of each person by the way to divide them; only where there is something to tell."""
    found = {one.code: one.labels for one in groupings} | {"mode": mode}
    return {by: labels for by, labels in found.items() if len(set(labels.tolist()) - {""}) > 1}
