"""The second reading: the same sheets once more, compared sheet by sheet and mark by mark.

It makes no sheet. What it saw equal is noted on the sheet; what it saw otherwise waits, with both
readings, for a named person.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from centres.common.audit import record
from centres.models import User
from scheduling.models import Sitting
from scoring.actions.placing import Placer, Unplaced, form_shapes, placer_of
from scoring.actions.responses import check_layout_fits, lock_intake, one_at_a_time, read_file
from scoring.errors import AlreadyResolved, NothingReadFirst, NotSettled, ReasonMissing
from scoring.intake.lines import Line, ReadFile
from scoring.models import (
    AnswerSheet,
    DifferenceKind,
    Reading,
    ReadingDifference,
    ResponseException,
    ResponseFile,
)

AT_ONCE: Final = 500  # keys of one UPDATE
Raw = tuple[str, str, str]  # number, exam form and answers as read


@dataclass(frozen=True, slots=True)
class Kept:
    """A sheet as the first reading left it."""

    key: int
    form_id: int
    form: str
    answers: str


@dataclass
class Comparison:
    """What a second reading found: sheets it confirms, lines of exceptions, and differences."""

    sheets: dict[tuple[int, int], Kept]
    exceptions: dict[Raw, list[int]]
    confirmed: set[int] = field(default_factory=set)
    confirmed_exceptions: set[int] = field(default_factory=set)
    differences: list[ReadingDifference] = field(default_factory=list)
    odd: list[tuple[int, str, str]] = field(default_factory=list)

    def see(self, line: Line, placer: Placer) -> None:
        """Compare one line with what is there: a sheet, else a line that waited already."""
        try:
            who, shape = placer.find(line)
        except Unplaced as why:
            if not self._is_known_exception(line):
                self.odd.append((line.line, why.kind, why.detail))
                detail = f"{why.kind.label} {why.detail}".strip()[:200]
                self._differs(line, DifferenceKind.UNPLACED, None, detail=detail)
            return
        kept = self.sheets.get((who.registration_id, shape.paper_id))
        equal = kept is not None and (kept.form_id, kept.answers) == (shape.form_id, line.answers)
        if kept is not None and equal and kept.key not in self.confirmed:
            self.confirmed.add(kept.key)
        elif self._is_known_exception(line) or equal:
            return  # a double, which was decided once
        elif kept is None:
            self._differs(line, DifferenceKind.ONLY_SECOND, who.registration_id, detail=who.seat)
        elif kept.form_id != shape.form_id:
            self._differs(line, DifferenceKind.FORM, who.registration_id, kept, who.seat)
        else:
            self._differs(line, DifferenceKind.MARKS, who.registration_id, kept, who.seat)

    def _is_known_exception(self, line: Line) -> bool:
        """Whether the first reading had the same trouble: one decision about it is enough."""
        waiting = self.exceptions.get((line.number, line.form, line.answers))
        if not waiting:
            return False
        self.confirmed_exceptions.add(waiting.pop())
        return True

    def _differs(
        self,
        line: Line,
        kind: DifferenceKind,
        registration: int | None,
        kept: Kept | None = None,
        detail: str = "",
    ) -> None:
        self.differences.append(
            ReadingDifference(
                line=line.line,
                kind=kind,
                registration_id=registration,
                number=line.number[:40],
                first_form=kept.form if kept else "",
                second_form=line.form[:20],
                first=kept.answers if kept else "",
                second=line.answers,
                detail=detail,
            )
        )


def compare_second_reading(
    *,
    sitting: Sitting,
    path: Path,
    by: User | None,
    at: datetime,
    layout: str = "",
    expected: int | None = None,
    name: str = "",
) -> ResponseFile:
    """Take in a second reading, all of it or none, and compare it with what is stored."""
    check_read_first(sitting)
    file, read = read_file(
        sitting=sitting, path=path, by=by, at=at, layout=layout, expected=expected, name=name,
        reading=Reading.SECOND,
    )  # fmt: skip
    return store_comparison(file=file, read=read)


def check_read_first(sitting: Sitting) -> None:
    """Refuse a second reading of sheets nobody has read a first time."""
    if not AnswerSheet.objects.filter(registration__sitting=sitting).exists():
        raise NothingReadFirst


@transaction.atomic
def store_comparison(*, file: ResponseFile, read: ReadFile) -> ResponseFile:
    """Compare every line of a second reading with what is stored: all of them, or none."""
    lock_intake(file)
    placer = placer_of(file.sitting)
    found = Comparison(_sheets(file.sitting, placer), _exceptions(file.sitting))
    for line in read.lines:
        found.see(line, placer)
    check_layout_fits(file, read, found.odd)
    _drop_doubles(found)
    for difference in found.differences:
        difference.file = file
    ReadingDifference.objects.bulk_create(found.differences, batch_size=500)
    _note(AnswerSheet, found.confirmed, file)
    _note(ResponseException, found.confirmed_exceptions, file)
    _follow_taken(found.confirmed_exceptions, file)
    file.sheets = len(found.confirmed)
    file.save(update_fields=["sheets"])
    record(
        "compare_second_reading",
        target=file,
        by=file.by,
        at=file.at,
        sha256=file.sha256,
        format=file.format,
        lines=file.lines,
        equal=len(found.confirmed),
        known_exceptions=len(found.confirmed_exceptions),
        differences=len(found.differences),
    )
    return file


def _sheets(sitting: Sitting, placer: Placer) -> dict[tuple[int, int], Kept]:
    names = {shape.form_id: name for name, shape in reversed(list(placer.forms.items()))}
    rows = AnswerSheet.objects.filter(registration__sitting=sitting).values_list(
        "registration_id", "form__paper_id", "pk", "form_id", "answers"
    )
    return {
        (who, paper): Kept(key, form, names[form], answers)
        for who, paper, key, form, answers in rows
    }


def _exceptions(sitting: Sitting) -> dict[Raw, list[int]]:
    """Lines of the first reading that could not be placed and were not read again yet."""
    rows = ResponseException.objects.filter(
        file__sitting=sitting, file__reading=Reading.FIRST, second_file=None
    ).values_list("number", "form_code", "answers", "pk")
    found: dict[Raw, list[int]] = {}
    for number, form, answers, key in rows:
        found.setdefault((number, form, answers), []).append(key)
    return found


def _drop_doubles(found: Comparison) -> None:
    """A sheet fed twice is seen equal twice: once it is confirmed, its double is no difference."""
    seen: set[tuple[str, str, str]] = set()
    kept = []
    for difference in found.differences:
        raw = (difference.number, difference.second_form, difference.second)
        if raw not in seen:
            seen.add(raw)
            kept.append(difference)
    found.differences = kept


def _note(model: Any, keys: Iterable[int], file: ResponseFile) -> None:
    ordered = sorted(keys)
    for start in range(0, len(ordered), AT_ONCE):
        some = ordered[start : start + AT_ONCE]
        model.objects.filter(pk__in=some).update(second_file=file)


def _follow_taken(exceptions: set[int], file: ResponseFile) -> None:
    """A sheet that a person made of such a line was read twice too."""
    taken = ResponseException.objects.filter(pk__in=exceptions, resolution="taken")
    for source, line in taken.values_list("file_id", "line"):
        AnswerSheet.objects.filter(file_id=source, line=line).update(second_file=file)


# --- deciding -------------------------------------------------------------------------------------


@transaction.atomic
def settle_difference(
    *, difference: ReadingDifference, answers: str, reason: str, by: User, at: datetime
) -> ReadingDifference:
    """Decide what a sheet says: at every place the mark of one of the two readings.

    A line that was read the second time only becomes a sheet; empty answers set it aside.
    """
    locked = _open_difference(difference, reason)
    if locked.kind == DifferenceKind.MARKS:
        _check_chosen(locked, answers)
        _write(locked, locked.first_form, answers)
    elif locked.kind == DifferenceKind.ONLY_SECOND and answers:
        if answers != locked.second:
            raise NotSettled(line=locked.line, what=locked.get_kind_display())
        _make_sheet(locked)
    elif locked.kind == DifferenceKind.FORM and answers:
        if answers not in (locked.first, locked.second):
            raise NotSettled(line=locked.line, what=locked.get_kind_display())
        form = locked.first_form if answers == locked.first else locked.second_form
        _write(locked, form, answers)
    elif answers or locked.kind == DifferenceKind.FORM:
        raise NotSettled(line=locked.line, what=locked.get_kind_display())
    return _settled(locked, answers, reason, by=by, at=at)


@transaction.atomic
def settle_alike(
    *,
    differences: Sequence[ReadingDifference],
    second: bool,
    reason: str,
    by: User,
    at: datetime,
) -> int:
    """Decide several differences at once: for each, one reading whole. All of them or none."""
    for difference in differences:
        answers = difference.second if second else difference.first
        settle_difference(difference=difference, answers=answers, reason=reason, by=by, at=at)
    return len(differences)


def _open_difference(difference: ReadingDifference, reason: str) -> ReadingDifference:
    if not reason.strip():
        raise ReasonMissing
    locked = (
        ReadingDifference.objects.select_for_update(of=("self",))
        .select_related("file__sitting", "registration", "resolved_by")
        .get(pk=difference.pk)
    )
    if not locked.is_open:
        raise AlreadyResolved(line=locked.line, by=locked.resolved_by)
    return locked


def _check_chosen(difference: ReadingDifference, answers: str) -> None:
    fits = len(answers) == len(difference.first) and all(
        mark in pair
        for mark, *pair in zip(answers, difference.first, difference.second, strict=True)
    )
    if not fits:
        raise NotSettled(line=difference.line, what=difference.get_kind_display())


def _write(difference: ReadingDifference, form: str, answers: str) -> None:
    """Keep what was decided on the sheet; both readings stay with the difference."""
    forms = form_shapes(difference.file.sitting)
    changed = AnswerSheet.objects.filter(
        registration=difference.registration,
        form_id=forms[difference.first_form].form_id,
        answers=difference.first,
    ).update(form_id=forms[form].form_id, answers=answers, second_file=difference.file)
    if changed != 1:  # the sheet was replaced since: what was compared is not what lies there
        raise NotSettled(line=difference.line, what=difference.get_kind_display())


def _make_sheet(difference: ReadingDifference) -> None:
    one_at_a_time(difference.file.sitting)
    placer = placer_of(difference.file.sitting, difference.number)
    line = Line(difference.line, difference.number, difference.second_form, difference.second)
    try:
        who, shape = placer.place(line)
    except Unplaced as why:
        raise NotSettled(line=difference.line, what=why.kind.label) from why
    AnswerSheet.objects.create(
        registration_id=who.registration_id,
        form_id=shape.form_id,
        file=difference.file,
        line=difference.line,
        answers=difference.second,
        second_file=difference.file,
    )


def _settled(
    difference: ReadingDifference, answers: str, reason: str, *, by: User, at: datetime
) -> ReadingDifference:
    difference.settled, difference.reason = answers, reason.strip()
    if answers:
        first = answers == difference.first or difference.kind == DifferenceKind.MARKS
        difference.settled_form = difference.first_form if first else difference.second_form
    difference.resolved_by, difference.resolved_at = by, at
    difference.save(
        update_fields=["settled", "settled_form", "reason", "resolved_by", "resolved_at"]
    )
    record(
        "settle_difference",
        target=difference,
        by=by,
        at=at,
        kind=difference.kind,
        first=difference.first,
        second=difference.second,
        settled=answers,
        reason=difference.reason,
    )
    return difference
