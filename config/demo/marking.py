"""After the days: sheets go through the scanner, are taken in, and what is odd is decided."""

import csv
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from centres.models import User
from config.demo.answers import ScannedLine, Sitters, handwritten, scan_sheets
from config.demo.days import person_of
from config.demo.intake import SECOND, SESSIONS, on_computers, scan_again, write_sessions
from config.demo.items import FORM_CODES, OPTIONS, Paper
from config.demo.people import People
from proctoring.queries.attendance import CAME, attendance_of
from scheduling.models import Booking, BookingState, ExamForm, Sitting
from scoring.actions.items import NewItem, lay_out_form
from scoring.actions.responses import (
    ingest_response_file,
    set_exception_aside,
    take_exception,
)
from scoring.models import (
    ExceptionKind,
    FormItem,
    ResponseException,
    ResponseFile,
)
from scoring.queries.people import sitters

Report = Callable[[int, int], None]


# --- the paper -----------------------------------------------------------------------------------


def lay_out_paper(sitting: Sitting, paper: Paper, *, by: User, at: datetime) -> None:
    """Both exam forms with their items in order."""
    for order, form in enumerate(forms_of(sitting)):
        if not FormItem.objects.filter(form=form).exists():
            items = [_item(paper, item) for item in paper.forms[order].tolist()]
            lay_out_form(form=form, items=items, by=by, at=at)


def forms_of(sitting: Sitting) -> list[ExamForm]:
    forms = ExamForm.objects.filter(paper__exam_id=sitting.exam_id, code__in=FORM_CODES)
    return list(forms.order_by("code"))


def _item(paper: Paper, item: int) -> NewItem:
    standard_th, standard_en, competency_th, competency_en = paper.competency(item)
    text_th, text_en = paper.texts(item)
    return NewItem(
        paper.code[item], OPTIONS[: paper.options[item]],
        standard_th, standard_en, text_th, text_en, competency_th, competency_en,
    )  # fmt: skip


# --- the sheets ----------------------------------------------------------------------------------


def sitters_of(sitting: Sitting, people: People) -> Sitters:
    """Everybody whom the ledgers call present, in the order of their numbers."""
    came = attendance_of(sitting).filter(state__in=CAME)
    present = set(came.values_list("booking_id", flat=True))
    bookings = Booking.objects.filter(
        registration__sitting=sitting, state=BookingState.CONFIRMED
    ).order_by("registration__number")
    rows = [
        row
        for row in bookings.values_list(
            "pk", "registration__number", "exam_form__code", "room_session_id",
            "seat__x", "seat__y", "registration__candidate__email",
        )
        if row[0] in present
    ]  # fmt: skip
    who = np.array([person_of(row[6]) for row in rows], np.int64)
    place = np.array([row[3:6] for row in rows], np.int64).reshape(-1, 3)
    return Sitters(
        number=[row[1] for row in rows],
        form=np.array([FORM_CODES.index(row[2]) for row in rows], np.int64),
        room=place[:, 0], x=place[:, 1], y=place[:, 2],
        ability=people.ability[who],
        pace=people.pace[who],
        extra_minutes=people.extra_minutes[who],
        is_woman=people.is_woman[who],
        in_english=people.in_english[who],
    )  # fmt: skip


def write_sheets(lines: Sequence[ScannedLine], folder: Path) -> list[Path]:
    """One file of the scanner for each stack of sheets."""
    files = []
    for stack in FORM_CODES:
        file = folder / f"sheets-{stack}.csv"
        write_lines(file, [line for line in lines if line.stack == stack])
        files.append(file)
    return files


def write_lines(file: Path, lines: Sequence[ScannedLine]) -> None:
    """One file of the scanner."""
    rows = [(line.number, line.form, line.answers) for line in lines]
    _write(file, [("number", "form", "answers"), *rows])


def _write(file: Path, rows: list[tuple[str, str, str]]) -> None:
    """Plain CSV: an answer sheet may begin with a hyphen, which is an omission and no formula."""
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)


def take_in_sheets(
    sitting: Sitting, paper: Paper, people: People, folder: Path,
    *, seed: int, by: User, at: datetime, report: Report,
) -> None:  # fmt: skip
    """Take in what is not taken in yet: two stacks of paper, and one centre's computers."""
    files = [folder / f"sheets-{stack}.csv" for stack in FORM_CODES] + [folder / SESSIONS]
    taken = set(ResponseFile.objects.filter(sitting=sitting).values_list("name", flat=True))
    if not {file.name for file in files} <= taken:
        _scan(sitting, paper, people, folder, seed)
    for file in files:
        if file.name not in taken:
            ingest_response_file(sitting=sitting, path=file, by=by, at=at, progress=report)


def _scan(sitting: Sitting, paper: Paper, people: People, folder: Path, seed: int) -> None:
    """Write every file of answers: both readings of the paper, and what the computers kept."""
    who = sitters_of(sitting, people)
    electronic = on_computers(sitting, who)
    scan = scan_sheets(paper, who, seed, np.flatnonzero(electronic).tolist())
    there = {who.number[row] for row in np.flatnonzero(electronic).tolist()}
    write_sessions(
        [x for x in scan.lines if x.number in there], paper, folder / SESSIONS, seed=seed
    )
    on_paper = [line for line in scan.lines if line.number not in there]
    write_sheets(on_paper, folder)
    numbers = frozenset(line.number for line in on_paper)
    write_lines(folder / SECOND, scan_again(scan, numbers, seed))


# --- what could not be placed --------------------------------------------------------------------


def decide_exceptions(sitting: Sitting, *, by: User, at: datetime) -> int:
    """Decide every waiting line as a person does: by the door list, with the sheet in hand."""
    waiting = ResponseException.objects.filter(file__sitting=sitting, resolution="")
    codes = {form.pk: form.code for form in forms_of(sitting)}
    handed_out = {
        who.number: codes[who.form_id] for who in sitters(sitting) if who.present and who.form_id
    }
    decided = 0
    for exception in waiting.select_related("file__sitting").order_by("pk"):
        _decide(exception, handed_out, by=by, at=at)
        decided += 1
    return decided


def _decide(
    exception: ResponseException, handed_out: dict[str, str], *, by: User, at: datetime
) -> None:
    if exception.kind == ExceptionKind.DUPLICATE:
        reason = "กระดาษแผ่นเดียวกันผ่านเครื่องอ่านสองครั้ง"
        set_exception_aside(exception=exception, reason=reason, by=by, at=at)
        return
    number, reason = exception.number, "ไม่ได้ระบายชุดข้อสอบ ตรวจกับผังที่นั่งแล้ว"
    if exception.kind == ExceptionKind.UNKNOWN_NUMBER:
        number = handwritten(exception.number)
        reason = "เครื่องอ่านเลขผิดหนึ่งหลัก ตรวจกับลายมือบนกระดาษแล้ว"
    take_exception(
        exception=exception, number=number, form=handed_out[number],
        reason=reason, by=by, at=at,
    )  # fmt: skip
