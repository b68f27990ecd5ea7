"""Taking in answers: every line becomes a sheet or an exception that waits for a named person."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import IntegrityError, transaction

from centres.common.audit import record
from centres.common.bulk import insert_rows
from centres.common.errors import DomainError
from centres.common.runs import Progress
from centres.models import User
from scheduling.models import Sitting
from scoring.actions.placing import FormShape, Placer, Unplaced, form_shapes, placer_of
from scoring.actions.reading import ZIP, content_of, layout_of, read_answers
from scoring.errors import (
    AlreadyResolved,
    CannotBeTaken,
    CountDiffers,
    FileTakenBefore,
    FormWithoutItems,
    LayoutDoesNotFit,
    ReasonMissing,
)
from scoring.intake.lines import FormPlan, Line, ReadFile
from scoring.models import (
    AnswerSheet,
    ExceptionKind,
    Reading,
    Resolution,
    ResponseException,
    ResponseFile,
)
from scoring.queries.people import Sitter

SHEET_FIELDS: Final = ("registration", "form", "file", "line", "answers")
SheetRow = tuple[int, int, int, int, str]
FEWEST_TO_DOUBT: Final = 10  # lines; of fewer, half may be odd
NOT_OF_THIS_LAYOUT: Final = {
    ExceptionKind.UNKNOWN_NUMBER: "number",
    ExceptionKind.UNKNOWN_FORM: "form",
    ExceptionKind.WRONG_LENGTH: "answers",
    ExceptionKind.UNKNOWN_MARK: "answers",
}


def ingest_response_file(
    *,
    sitting: Sitting,
    path: Path,
    by: User | None,
    at: datetime,
    layout: str = "",
    expected: int | None = None,
    name: str = "",
    progress: Progress = lambda done, total: None,
) -> ResponseFile:
    """Take in a file of answers, all of it or none. Each line is a sheet or a waiting exception."""
    file, read = read_file(
        sitting=sitting, path=path, by=by, at=at, layout=layout, expected=expected, name=name,
        progress=progress,
    )  # fmt: skip
    return store_answers(file=file, read=read)


@transaction.atomic
def store_answers(*, file: ResponseFile, read: ReadFile) -> ResponseFile:
    """Place every line of a file that was read: all of them, or none."""
    lock_intake(file)
    sheets, exceptions = _sort(file, read.lines, placer_of(file.sitting))
    check_layout_fits(file, read, [(e.line, e.kind, e.detail) for e in exceptions])
    insert_rows(AnswerSheet, SHEET_FIELDS, sheets)
    ResponseException.objects.bulk_create(exceptions, batch_size=1000)
    file.sheets = len(sheets)
    file.save(update_fields=["sheets"])
    record(
        "ingest_response_file",
        target=file,
        by=file.by,
        at=file.at,
        sha256=file.sha256,
        format=file.format,
        lines=file.lines,
        sheets=len(sheets),
        exceptions=len(exceptions),
    )
    return file


def one_at_a_time(sitting: Sitting) -> None:
    """Let whoever places sheets of a sitting see what others have placed."""
    Sitting.objects.select_for_update(no_key=True).get(pk=sitting.pk)


def lock_intake(file: ResponseFile) -> None:
    """Let files of one sitting come in one after the other, and each of them once.

    What a sheet finds in its place is looked up behind this lock: two files at once would each see
    an empty place, and two forms of one paper lie there unnoticed.
    """
    one_at_a_time(file.sitting)
    try:
        with transaction.atomic():
            file.save()
    except IntegrityError as twice:
        before = ResponseFile.objects.get(sitting=file.sitting_id, sha256=file.sha256)
        raise FileTakenBefore(name=before.name, file=before.pk) from twice


def read_file(
    *,
    sitting: Sitting,
    path: Path,
    by: User | None,
    at: datetime,
    layout: str = "",
    expected: int | None = None,
    name: str = "",
    reading: Reading = Reading.FIRST,
    progress: Progress = lambda done, total: None,
) -> tuple[ResponseFile, ReadFile]:
    """A file that was never taken in, as its row (not stored yet) and its lines."""
    content, name = content_of(path), (name or path.name)[:200]
    digest = hashlib.sha256(content).hexdigest()
    refuse_known(sitting, digest)
    plans = placer_plans(sitting)
    rows = max(content.count(b"\n"), 1) if content[:4] != ZIP else _people(sitting)

    def tell(done: int) -> None:
        progress(min(done, rows), rows)

    tell(0)
    try:
        read = read_answers(path, content, plans, layout_of(layout), name, tell)
    except DomainError as fault:  # a sheet knows the file by where it lies, its sender by its name
        if fault.facts.get("name") != path.name:
            raise
        raise type(fault)(**fault.facts | {"name": name}) from fault
    tell(rows)
    if expected is not None and expected != len(read.lines):
        raise CountDiffers(name=name, found=f"{len(read.lines):,}", expected=f"{expected:,}")
    file = ResponseFile(
        sitting=sitting,
        name=name,
        sha256=digest,
        lines=len(read.lines),
        format=read.format,
        encoding=read.encoding,
        layout=layout,
        expected=expected,
        reading=reading,
        by=by,
        at=at,
    )
    return file, read


def refuse_known(sitting: Sitting, digest: str) -> None:
    """Refuse a file of this digest where it was taken in before."""
    before = ResponseFile.objects.filter(sitting=sitting, sha256=digest).first()
    if before is not None:
        raise FileTakenBefore(name=before.name, file=before.pk)


def _people(sitting: Sitting) -> int:
    """About how many rows a workbook has, which does not say so before it is read."""
    return max(sitting.registrations.count(), 1)


def placer_plans(sitting: Sitting) -> dict[str, FormPlan]:
    """The items of every exam form of a sitting that has some, by its name in a file."""
    shapes = form_shapes(sitting)
    plans = {name: shape.plan for name, shape in shapes.items() if shape.length}
    if not plans:
        raise FormWithoutItems(form=", ".join(sorted(shapes)))
    return plans


def check_layout_fits(
    file: ResponseFile, read: ReadFile, odd: Sequence[tuple[int, str, str]]
) -> None:
    """Refuse a file most of whose lines mean nothing here: a wrong layout, or another sitting."""
    foreign = [one for one in odd if one[1] in NOT_OF_THIS_LAYOUT]
    if len(read.lines) < FEWEST_TO_DOUBT or 2 * len(foreign) <= len(read.lines):
        return
    most = Counter(kind for _line, kind, _detail in foreign).most_common(1)[0][0]
    line, kind, detail = next(one for one in foreign if one[1] == most)
    what = f"{ExceptionKind(kind).label} {detail}".strip()
    raise LayoutDoesNotFit(
        name=file.name,
        row=line,
        column=read.columns.get(NOT_OF_THIS_LAYOUT[ExceptionKind(kind)], "1"),
        what=what,
        count=f"{len(foreign):,}",
        lines=f"{len(read.lines):,}",
    )


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
def set_exceptions_aside(
    *, exceptions: Sequence[ResponseException], reason: str, by: User, at: datetime
) -> int:
    """Decide several lines at once, as nobody's sheets: all of them, or none."""
    for exception in exceptions:
        set_exception_aside(exception=exception, reason=reason, by=by, at=at)
    return len(exceptions)


@transaction.atomic
def take_exception(
    *, exception: ResponseException, number: str, form: str, reason: str, by: User, at: datetime
) -> AnswerSheet:
    """Decide that a line is this person's sheet of this exam form.

    Where the person has a sheet already, that one is set aside in its turn, whole.
    """
    locked = _open_exception(exception, reason)
    one_at_a_time(locked.file.sitting)
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
        second_file=locked.second_file,
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
    moved.second_file = old.second_file
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
