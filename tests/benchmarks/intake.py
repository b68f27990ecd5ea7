"""Taking in the answers of the whole country, from CSV and from a workbook; comparing a second
reading; scoring everybody a second time.
"""

import csv
import io
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from python_calamine import CalamineWorkbook

from config.demo.teller import Measure
from scheduling.models import Booking, ExamForm, Sitting
from scoring.actions.items import NewItem, lay_out_form
from scoring.actions.responses import ingest_response_file
from scoring.actions.second_reading import compare_second_reading
from scoring.intake.lines import column_letter
from scoring.models import AnswerSheet, ResponseException, ResponseFile
from scoring.recount import Recount
from tests.benchmarks import Row, seconds
from tests.factories import NOW, make_centre, make_room, make_room_session, make_sitting
from tests.scoring.conftest import seat_people

PEOPLE, ITEMS = 59_679, 150
CSV_GOAL, XLSX_GOAL, MEMORY_GOAL, STORED_GOAL = 5, 15, 700, 15
Sheets = list[tuple[str, str, str]]


def rows() -> list[Row]:
    """Seconds, memory and megabytes of one intake of everybody."""
    with tempfile.TemporaryDirectory() as name, _empty_database(Path(name)):
        folder = Path(name)
        sitting = _sat()
        sheets = _sheets(sitting)
        plain, wide = _csv(folder / "plain.csv", sheets), _wide_csv(folder / "wide.csv", sheets)
        book = _workbook(folder / "wide.xlsx", sheets)
        empty = _megabytes()
        from_csv = _taken_in(sitting, plain)
        stored = _megabytes() - empty
        again = seconds(lambda: _compare(sitting, _reversed(folder, sheets)), times=1)
        _forget(sitting)
        from_wide = _taken_in(sitting, wide)
        _forget(sitting)
        from_book = _taken_in(sitting, book)
        by_csv = seconds(lambda: _read_csv(wide))
        by_calamine = seconds(lambda: _read_book(book), times=1)
        recount = seconds(lambda: _recount(sheets))
    return [
        Row(f"CSV, {PEOPLE} x {ITEMS}, stored", from_csv.seconds, "s", goal=CSV_GOAL),
        Row("processor time of it", from_csv.processor, "s", goal=CSV_GOAL),
        Row("CSV with a column an item", from_wide.seconds, "s", "csv, read alone", by_csv,
            CSV_GOAL),
        Row("processor time of it", from_wide.processor, "s", goal=CSV_GOAL),
        Row("workbook with a column an item", from_book.seconds, "s", "calamine alone",
            by_calamine, XLSX_GOAL),
        Row("processor time of it", from_book.processor, "s", goal=XLSX_GOAL),
        Row("memory, CSV", from_csv.memory, "MiB", goal=MEMORY_GOAL),
        Row("memory, workbook", from_book.memory, "MiB", goal=MEMORY_GOAL),
        Row("stored", stored, "MB", "the marks alone", PEOPLE * ITEMS / 1e6, STORED_GOAL),
        Row("second reading compared", again, "s", "first taken in", from_csv.seconds),
        Row("second scoring, arithmetic", recount, "s"),
    ]  # fmt: skip


@contextmanager
def _empty_database(folder: Path) -> Iterator[None]:
    """A database in a file, as in use: what is stored reaches the disk."""
    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(folder / "bench.sqlite3")
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


def _sat() -> Sitting:
    sitting = make_sitting()
    session = sitting.exam_sessions.get()
    room = make_room(make_centre(), rows=PEOPLE // 8 + 1, columns=8)
    bookings = seat_people(sitting, make_room_session(room, session), PEOPLE)
    forms = list(ExamForm.objects.filter(paper=session.paper).order_by("code"))
    for form in forms:
        items = [NewItem(f"{form.code}{n:03}") for n in range(ITEMS)]
        lay_out_form(form=form, items=items, by=None, at=NOW)
    for number, form in enumerate(forms):
        keys = [booking.pk for booking in bookings[number::2]]
        for start in range(0, len(keys), 10_000):
            Booking.objects.filter(pk__in=keys[start : start + 10_000]).update(exam_form=form)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO proctoring_attendance (booking_id, room_session_id, state, seat,"
            " exam_form, sheet, since, is_late, is_doubtful, is_suspect, extra_minutes, lost_ms,"
            " last_seq)"
            " SELECT id, room_session_id, 'submitted', '', '', '', 0, %s, %s, %s, 0, 0, 0"
            " FROM scheduling_booking",
            [False, False, False],
        )
    return sitting


def _sheets(sitting: Sitting) -> Sheets:
    rng = np.random.default_rng(6)
    marks = np.frombuffer(b"ABCDE", np.uint8)[rng.integers(0, 5, (PEOPLE, ITEMS))]
    text = marks.tobytes().decode("ascii")
    seated = Booking.objects.filter(registration__sitting=sitting).order_by("pk")
    who = seated.values_list("registration__number", "exam_form__code")
    return [
        (number, form, text[row * ITEMS : (row + 1) * ITEMS])
        for row, (number, form) in enumerate(who)
    ]


# --- files ----------------------------------------------------------------------------------------


def _csv(path: Path, sheets: Sheets) -> Path:
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([("number", "form", "answers"), *sheets])
    return path


def _reversed(folder: Path, sheets: Sheets) -> Path:
    return _csv(folder / "second.csv", sheets[::-1])


def _wide_csv(path: Path, sheets: Sheets) -> Path:
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["number", "form", *range(1, ITEMS + 1)])
        writer.writerows([number, form, *answers] for number, form, answers in sheets)
    return path


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override'
    f' PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/><Override'
    f' PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}.worksheet+xml"/><Override'
    f' PartName="/xl/sharedStrings.xml" ContentType="{TYPES}.sharedStrings+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
    f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="1"'
    ' sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship'
    f' Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2"'
    f' Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">'
    + "".join(f"<si><t>{letter}</t></si>" for letter in "ABCDE")
    + "</sst>",
}


def _workbook(path: Path, sheets: Sheets) -> Path:
    """A workbook as a spreadsheet program saves it: letters are shared, every cell has its name."""
    columns = [column_letter(number) for number in range(1, ITEMS + 3)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, part in PARTS.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{part}')
        with archive.open("xl/worksheets/sheet1.xml", "w") as out:
            out.write(f'<worksheet xmlns="{MAIN}"><sheetData>'.encode())
            heading = ["number", "form", *map(str, range(1, ITEMS + 1))]
            cells = zip(columns, heading, strict=True)
            named = "".join(f'<c r="{c}1" t="inlineStr"><is><t>{h}</t></is></c>' for c, h in cells)
            out.write(f'<row r="1">{named}</row>'.encode())
            for row, sheet in enumerate(sheets, 2):
                out.write(_row(row, sheet, columns))
            out.write(b"</sheetData></worksheet>")
    return path


def _row(row: int, sheet: tuple[str, str, str], columns: list[str]) -> bytes:
    number, form, answers = sheet
    marks = "".join(
        f'<c r="{column}{row}" t="s"><v>{"ABCDE".index(mark)}</v></c>'
        for column, mark in zip(columns[1:], form + answers, strict=True)
    )
    who = f'<c r="A{row}" t="inlineStr"><is><t>{number}</t></is></c>'
    return f'<row r="{row}">{who}{marks}</row>'.encode()


# --- work -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What one intake took: on the clock, of the processor, and of memory at its highest."""

    seconds: float
    processor: float
    memory: float


def _taken_in(sitting: Sitting, path: Path) -> Cost:
    measure, began = Measure(), time.process_time()
    file = ingest_response_file(sitting=sitting, path=path, by=None, at=NOW)
    taken = Cost(measure.seconds, time.process_time() - began, measure.memory_mib)
    if file.sheets != PEOPLE:
        raise AssertionError(file.exceptions.values_list("kind", "detail")[:3])
    return taken


def _compare(sitting: Sitting, path: Path) -> None:
    file = compare_second_reading(sitting=sitting, path=path, by=None, at=NOW)
    if file.sheets != PEOPLE:
        raise AssertionError(file.differences.count())


def _forget(sitting: Sitting) -> None:
    AnswerSheet.objects.filter(registration__sitting=sitting).delete()
    ResponseException.objects.all().delete()
    ResponseFile.objects.filter(sitting=sitting).delete()


def _megabytes() -> float:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute("PRAGMA page_size")
            return float(pages * cursor.fetchone()[0] / 1e6)
        cursor.execute("SELECT pg_total_relation_size('scoring_answersheet')")
        return float(cursor.fetchone()[0] / 1e6)


def _read_csv(path: Path) -> int:
    text = path.read_text()
    return sum(1 for _row in csv.reader(io.StringIO(text, newline="")))


def _read_book(path: Path) -> int:
    return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


def _recount(sheets: Sheets) -> int:
    key = [
        {"item": f"i{n}", "right": ["ABCDE"[n % 5]], "rule": "right_answers", "weight": 1}
        for n in range(ITEMS)
    ]
    recount = Recount(key)
    return sum(recount.total(answers) for _number, _form, answers in sheets)
