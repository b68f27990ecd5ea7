"""Taking in answers: every line becomes a sheet or an exception that waits for a named person."""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import transaction
from django.db.models import Count

from centres.common.audit import record
from centres.common.bulk import insert_rows
from centres.common.runs import Progress
from centres.models import User
from scheduling.models import ExamForm, Sitting
from scoring.errors import (
    AlreadyResolved,
    CannotBeTaken,
    FileTakenBefore,
    FileUnreadable,
    FormWithoutItems,
    ReasonMissing,
)
from scoring.models import (
    AnswerSheet,
    ExceptionKind,
    FormItem,
    Resolution,
    ResponseException,
    ResponseFile,
)
from scoring.queries.people import Sitter, sitters

COLUMNS: Final = ("number", "form", "answers")
MARKS: Final = "-.*? "
BATCH: Final = 5000
SHEET_FIELDS: Final = ("registration", "form", "file", "line", "answers")
SheetRow = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file of answers, as read."""

    line: int
    number: str
    form: str
    answers: str


@dataclass(frozen=True, slots=True)
class FormShape:
    """What a sheet of an exam form must look like: how many answers, which marks."""

    form_id: int
    paper_id: int
    length: int
    marks: frozenset[str]


class Unplaced(Exception):
    """A line that cannot be a sheet as it stands: why, and the figure that shows it."""

    def __init__(self, kind: ExceptionKind, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind, self.detail = kind, detail


@dataclass
class Placer:
    """Finds the person and the exam form of each line; knows whose sheet is there already."""

    people: Mapping[tuple[str, int], Sitter]
    forms: Mapping[str, FormShape]
    taken: set[tuple[int, int]] = field(default_factory=set)

    def place(self, line: Line) -> tuple[Sitter, FormShape]:
        """Return whose sheet of which exam form this line is. Unplaced says why it is neither."""
        shape = self.forms.get(line.form)
        if shape is None:
            raise Unplaced(ExceptionKind.UNKNOWN_FORM, line.form[:60])
        who = self.people.get((line.number, shape.paper_id))
        if who is None:
            raise Unplaced(ExceptionKind.UNKNOWN_NUMBER)
        self._check_answers(line, shape)
        if (who.registration_id, shape.paper_id) in self.taken:
            raise Unplaced(ExceptionKind.DUPLICATE)
        return who, shape

    def place_unsigned(self, line: Line) -> tuple[Sitter, FormShape]:
        """The same, where no person has vouched for the line: presence and form must agree too."""
        who, shape = self.place(line)
        if not who.present:
            raise Unplaced(ExceptionKind.ABSENT, who.seat)
        if who.form_id is not None and who.form_id != shape.form_id:
            raise Unplaced(ExceptionKind.OTHER_FORM, line.form)
        return who, shape

    @staticmethod
    def _check_answers(line: Line, shape: FormShape) -> None:
        if len(line.answers) != shape.length:
            detail = f"{len(line.answers)} / {shape.length}"
            raise Unplaced(ExceptionKind.WRONG_LENGTH, detail)
        strange = set(line.answers) - shape.marks
        if strange:
            raise Unplaced(ExceptionKind.UNKNOWN_MARK, "".join(sorted(strange))[:60])


def read_lines(content: bytes) -> list[Line]:
    """Read a CSV of answers (UTF-8, with or without BOM). FileUnreadable says what is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise FileUnreadable(what=f"byte {fault.start} is not UTF-8") from fault
    reader = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise FileUnreadable(what=f"no column {', '.join(missing)}")
    try:
        return [_line(reader.line_num, row) for row in reader]
    except csv.Error as fault:
        raise FileUnreadable(what=f"line {reader.line_num}: {fault}") from fault


def _line(number: int, row: Mapping[str | None, str | None]) -> Line:
    if None in row or None in row.values():
        raise FileUnreadable(what=f"line {number} has more or fewer columns than the first line")
    cells = {name: row[name] or "" for name in COLUMNS}
    return Line(number, cells["number"].strip(), cells["form"].strip(), cells["answers"])


def form_shapes(sitting: Sitting) -> dict[str, FormShape]:
    """The exam forms of a sitting's papers, by `A` where that is clear, and by `PAPER/A`."""
    forms = (
        ExamForm.objects.filter(paper__exam_id=sitting.exam_id)
        .select_related("paper")
        .annotate(length=Count("form_items"))
    )
    options: dict[int, set[str]] = {}
    places = FormItem.objects.filter(form__in=forms)
    for form_id, letters in places.values_list("form_id", "item__options"):
        options.setdefault(form_id, set()).update(letters)
    found: dict[str, list[FormShape]] = {}
    for form in forms:
        marks = frozenset(options.get(form.pk, set())) | frozenset(MARKS)
        shape = FormShape(form.pk, form.paper_id, form.length, marks)
        for name in (form.code, f"{form.paper.code}/{form.code}"):
            found.setdefault(name, []).append(shape)
    return {name: shapes[0] for name, shapes in found.items() if len(shapes) == 1}


def placer_of(sitting: Sitting, number: str = "") -> Placer:
    """Everything needed to place the lines of a sitting's files, or those of one number."""
    forms = form_shapes(sitting)
    if not any(shape.length for shape in forms.values()):
        raise FormWithoutItems(form=", ".join(sorted(forms)))
    handed = AnswerSheet.objects.filter(registration__sitting=sitting)
    if number:
        handed = handed.filter(registration__number=number)
    return Placer(
        people={(who.number, who.paper_id): who for who in sitters(sitting, number)},
        forms=forms,
        taken=set(handed.values_list("registration_id", "form__paper_id")),
    )


def ingest_response_file(
    *,
    sitting: Sitting,
    path: Path,
    by: User | None,
    at: datetime,
    progress: Progress = lambda done, total: None,
) -> ResponseFile:
    """Take in a file of answers, all of it or none. Each line is a sheet or a waiting exception."""
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    before = ResponseFile.objects.filter(sitting=sitting, sha256=digest).first()
    if before is not None:
        raise FileTakenBefore(name=before.name, file=before.pk)
    lines = read_lines(content)
    placer = placer_of(sitting)
    with transaction.atomic():
        file = ResponseFile.objects.create(
            sitting=sitting, name=path.name[:200], sha256=digest, lines=len(lines), by=by, at=at
        )
        sheets, exceptions = _sort(file, lines, placer)
        for start in range(0, len(sheets), BATCH):
            insert_rows(AnswerSheet, SHEET_FIELDS, sheets[start : start + BATCH])
            progress(min(start + BATCH, len(sheets)), len(sheets))
        ResponseException.objects.bulk_create(exceptions, batch_size=1000)
        file.sheets = len(sheets)
        file.save(update_fields=["sheets"])
        record(
            "ingest_response_file",
            target=file,
            by=by,
            at=at,
            sha256=digest,
            lines=len(lines),
            sheets=len(sheets),
            exceptions=len(exceptions),
        )
    return file


def _sort(
    file: ResponseFile, lines: Iterable[Line], placer: Placer
) -> tuple[list[SheetRow], list[ResponseException]]:
    sheets: list[SheetRow] = []
    exceptions: list[ResponseException] = []
    for line in lines:
        try:
            who, shape = placer.place_unsigned(line)
        except Unplaced as why:
            exceptions.append(_exception(file, line, why))
        else:
            placer.taken.add((who.registration_id, shape.paper_id))
            key = who.registration_id
            sheets.append((key, shape.form_id, file.pk, line.line, line.answers))
    return sheets, exceptions


def _exception(file: ResponseFile, line: Line, why: Unplaced) -> ResponseException:
    return ResponseException(
        file=file,
        line=line.line,
        kind=why.kind,
        number=line.number[:40],
        form_code=line.form[:20],
        answers=line.answers,
        detail=why.detail,
    )


@transaction.atomic
def set_exception_aside(
    *, exception: ResponseException, reason: str, by: User, at: datetime
) -> ResponseException:
    """Decide that a line is nobody's sheet. It stays on file, with the reason and the name."""
    locked = _open_exception(exception, reason)
    return _resolve(locked, Resolution.SET_ASIDE, reason=reason, by=by, at=at)


@transaction.atomic
def take_exception(
    *, exception: ResponseException, number: str, form: str, reason: str, by: User, at: datetime
) -> AnswerSheet:
    """Decide that a line is this person's sheet of this exam form.

    Where the person has a sheet already, that one is set aside in its turn, whole.
    """
    locked = _open_exception(exception, reason)
    line = Line(locked.line, number.strip(), form.strip(), locked.answers)
    placer = placer_of(locked.file.sitting, line.number or "-")
    try:
        who, shape = _place_over(placer, line, reason=reason, by=by, at=at)
    except Unplaced as why:
        what = f"{why.kind.label} {why.detail}".strip()
        raise CannotBeTaken(line=locked.line, what=what) from why
    sheet = AnswerSheet.objects.create(
        registration_id=who.registration_id,
        form_id=shape.form_id,
        file=locked.file,
        line=line.line,
        answers=line.answers,
    )
    _resolve(locked, Resolution.TAKEN, reason=reason, by=by, at=at)
    return sheet


def _place_over(
    placer: Placer, line: Line, *, reason: str, by: User, at: datetime
) -> tuple[Sitter, FormShape]:
    """Place a line a person vouches for; a sheet that lies there already makes way for it."""
    try:
        return placer.place(line)
    except Unplaced as why:
        if why.kind is not ExceptionKind.DUPLICATE:
            raise
    placer.taken.clear()
    who, shape = placer.place(line)
    _set_sheet_aside(who, shape, reason=reason, by=by, at=at)
    return who, shape


def _set_sheet_aside(who: Sitter, shape: FormShape, *, reason: str, by: User, at: datetime) -> None:
    old = AnswerSheet.objects.select_related("form", "registration", "file").get(
        registration_id=who.registration_id, form__paper_id=shape.paper_id
    )
    line = Line(old.line, old.registration.number, old.form.code, old.answers)
    moved = _exception(old.file, line, Unplaced(ExceptionKind.DUPLICATE))
    moved.save()
    old.delete()
    _resolve(moved, Resolution.SET_ASIDE, reason=reason, by=by, at=at)


def _open_exception(exception: ResponseException, reason: str) -> ResponseException:
    if not reason.strip():
        raise ReasonMissing
    locked = (
        ResponseException.objects.select_for_update(of=("self",))
        .select_related("file__sitting", "resolved_by")
        .get(pk=exception.pk)
    )
    if locked.resolution:
        raise AlreadyResolved(line=locked.line, by=locked.resolved_by)
    return locked


def _resolve(
    exception: ResponseException, resolution: Resolution, *, reason: str, by: User, at: datetime
) -> ResponseException:
    exception.resolution, exception.reason = resolution, reason.strip()
    exception.resolved_by, exception.resolved_at = by, at
    exception.save(update_fields=["resolution", "reason", "resolved_by", "resolved_at"])
    record(
        "resolve_response_exception",
        target=exception,
        by=by,
        at=at,
        kind=exception.kind,
        resolution=str(resolution),
        reason=exception.reason,
    )
    return exception
