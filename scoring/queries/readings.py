"""Which sheets were read twice, and where the two readings differ."""

import hashlib
from dataclasses import dataclass

from django.db.models import QuerySet

from scheduling.models import Sitting
from scoring.models import AnswerSheet, FileFormat, FormItem, ReadingDifference


@dataclass(frozen=True)
class Readings:
    """Sheets of a sitting by how often they were read. An electronic test needs no second time.

    `digest` stands for the sheets read once: whoever signs for them signs for these.
    """

    twice: int
    once: int
    electronic: int
    differences: int
    waiting: int
    digest: str


def readings(sitting: Sitting) -> Readings:
    """Count the sheets of a sitting that were read twice, once, or never had paper."""
    sheets = AnswerSheet.objects.filter(registration__sitting=sitting)
    electronic = sheets.filter(file__format=FileFormat.JSONL)
    paper = sheets.exclude(file__format=FileFormat.JSONL)
    once = paper.filter(second_file=None)
    digest = hashlib.sha256()
    for key in once.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5000):
        digest.update(f"{key}\n".encode())
    found = differences_of(sitting)
    return Readings(
        twice=paper.exclude(second_file=None).count(),
        once=once.count(),
        electronic=electronic.count(),
        differences=found.count(),
        waiting=found.filter(resolved_at=None).count(),
        digest=digest.hexdigest(),
    )


def differences_of(sitting: Sitting) -> QuerySet[ReadingDifference]:
    """Every difference of the two readings of a sitting, those that wait first."""
    return (
        ReadingDifference.objects.filter(file__sitting=sitting)
        .select_related("file__sitting", "registration", "resolved_by")
        .order_by("resolved_at", "file_id", "line", "pk")
    )


@dataclass(frozen=True)
class MarkPair:
    """One item at which two readings differ: its place on the sheet and both marks."""

    place: int
    item: str
    first: str
    second: str


def mark_pairs(difference: ReadingDifference) -> list[MarkPair]:
    """The items at which two readings of one form differ; none where the forms differ."""
    if len(difference.first) != len(difference.second):
        return []
    *paper, form = difference.first_form.split("/")
    places = FormItem.objects.filter(
        form__code=form, form__paper__exam_id=difference.file.sitting.exam_id
    )
    if paper:
        places = places.filter(form__paper__code=paper[0])
    codes = dict(places.values_list("position", "item__code"))
    pairs = enumerate(zip(difference.first, difference.second, strict=True), 1)
    return [
        MarkPair(place, codes.get(place, ""), first, second)
        for place, (first, second) in pairs
        if first != second
    ]
