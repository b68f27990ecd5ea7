"""Spreadsheets in and out: .xlsx and .csv, row by row; every fault names its cell.

A file is hostile until measured: an .xlsx is a zip, and its unpacked size and the reach of its
cells are counted before a parser sees it. What we write never becomes a formula.
"""

import copy
import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from python_calamine import CalamineError, CalamineWorkbook

from centres.common.errors import DomainError

Value: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | None

MAX_FILE = 60_000_000  # bytes as they are sent
MAX_UNPACKED = 300_000_000  # bytes once unzipped
MAX_MEMBERS = 500
MAX_CELLS = 12_000_000  # of the rectangle that the cells span, empty ones included
CHUNK = 1 << 20
MAX_OTHERS = 60_000_000  # bytes of all that is no sheet: every piece brings it along
BLOCK = 24 << 20  # bytes of a long sheet that are parsed together
SHEET_END = b"</sheetData></worksheet>"


class FileMissing(DomainError):
    code = "file_missing"
    status = 400
    sentence = _("There is no file %(name)s. Check the name and the folder.")


class NotASpreadsheet(DomainError):
    code = "not_a_spreadsheet"
    status = 400
    sentence = _("%(name)s is not a spreadsheet we read. Save it as .xlsx or .csv and send that.")


class SpreadsheetEmpty(DomainError):
    code = "spreadsheet_empty"
    status = 400
    sentence = _("%(name)s has no rows under its headings. Was another sheet meant to come first?")


class SpreadsheetTooLarge(DomainError):
    code = "spreadsheet_too_large"
    status = 400
    sentence = _(
        "%(name)s unpacks to more than we accept. Keep one sheet of plain rows and send it again."
    )


class SpreadsheetHasFormula(DomainError):
    code = "spreadsheet_has_formula"
    status = 400
    sentence = _(
        "%(name)s, cell %(cell)s: a formula, not a value. Paste the cells as values and send it"
        " again."
    )


class SpreadsheetBroken(DomainError):
    code = "spreadsheet_broken"
    status = 400
    sentence = _("%(name)s is damaged. Open it in a spreadsheet program, save it anew, send that.")


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong in one cell. `row` counts from 1 as spreadsheets do; `column` is its letter."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = _t("Row %(row)d, column %(column)s: %(reason)s")
        return where % {"row": self.row, "column": self.column, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first sheet of a file: headings, then rows of equal length. An empty cell is None."""

    name: str
    header: tuple[str, ...]
    rows: list[list[Value]] = field(repr=False)
    first_row: int  # the number, in the file, of rows[0]
    digest: str  # SHA-256 of the file

    def row_number(self, index: int) -> int:
        """The number that the spreadsheet shows beside rows[index]."""
        return self.first_row + index


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a template: its heading, what to write there, and the words it accepts."""

    name: str
    note: str
    choices: tuple[str, ...] = ()
    width: int = 18


# --- reading -----------------------------------------------------------------------------------


def read_sheet(path: Path) -> Sheet:
    """Read the first sheet of an .xlsx or .csv file. Raises one of the errors above.

    What a file is follows from what is in it, not from its name.
    """
    data = _bytes_of(path)
    rows = _from_xlsx(path, data) if data[:4] == b"PK\x03\x04" else _from_csv(path, data)
    header_at = next((index for index, row in enumerate(rows) if any(_has(v) for v in row)), None)
    if header_at is None:
        raise SpreadsheetEmpty(name=path.name)
    header = tuple(str(value).strip() if _has(value) else "" for value in rows[header_at])
    while header and not header[-1]:
        header = header[:-1]
    body = [_fitted(row, len(header)) for row in rows[header_at + 1 :]]
    while body and not any(_has(value) for value in body[-1]):
        body.pop()
    if not body:
        raise SpreadsheetEmpty(name=path.name)
    return Sheet(path.name, header, body, header_at + 2, hashlib.sha256(data).hexdigest())


def _bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise FileMissing(name=path.name)
    if path.stat().st_size > MAX_FILE:
        raise SpreadsheetTooLarge(name=path.name)
    return path.read_bytes()


def _has(value: Value) -> bool:
    return value is not None and value != ""


def _fitted(row: Sequence[Value], width: int) -> list[Value]:
    cells: list[Value] = [None if value == "" else value for value in row[:width]]
    beyond = [value for value in row[width:] if _has(value)]
    return cells + [None] * (width - len(cells)) + beyond


def _from_xlsx(path: Path, data: bytes) -> list[list[Value]]:
    try:
        _measure(path, data, unpacked=MAX_UNPACKED)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, CalamineError, EOFError, NotImplementedError) as error:
        raise SpreadsheetBroken(name=path.name) from error
    return [list(row) for row in rows]


def xlsx_rows(path: Path, *, unpacked: int) -> Iterator[tuple[int, list[Value]]]:
    """The rows of the first sheet, each with its number, one by one: for what is too long to hold.

    A formula is refused by its cell: what it would show is not what anybody wrote there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            alone = [m for m in archive.infolist() if m.filename.startswith("xl/worksheets/sheet")]
            if len(alone) == 1:
                yield from _rows_in_blocks(path, archive, alone[0], unpacked)
                return
        _measure(path, path, unpacked=unpacked, formulas=False)
        yield from _numbered(CalamineWorkbook.from_path(path), 0)
    except (zipfile.BadZipFile, zlib.error, CalamineError, EOFError, NotImplementedError) as error:
        raise SpreadsheetBroken(name=path.name) from error


def _numbered(book: CalamineWorkbook, after: int) -> Iterator[tuple[int, list[Value]]]:
    sheet = book.get_sheet_by_index(0)
    if sheet.start is None:
        return
    first, before = sheet.start[0] + 1, [""] * sheet.start[1]
    if first <= after:  # rows that do not say their number, or say it twice
        raise CalamineError("the rows of a sheet go backwards")
    for number, row in enumerate(sheet.to_python(skip_empty_area=True), first):
        yield number, [*before, *row] if before else list(row)


def _rows_in_blocks(
    path: Path, archive: zipfile.ZipFile, sheet: zipfile.ZipInfo, unpacked: int
) -> Iterator[tuple[int, list[Value]]]:
    """Cut a long sheet between rows and have every piece parsed as a workbook of its own.

    A parser holds every cell of a sheet at once; a piece of it is a few megabytes.
    """
    others = [member for member in archive.infolist() if member is not sheet]
    left = unpacked - _measure_members(path, archive, others, min(unpacked, MAX_OTHERS))
    parts = {member.filename: archive.read(member) for member in others if not member.is_dir()}
    reach, held, head, last = _Reach(), bytearray(), b"", 0
    for chunk in _unpacked(archive, sheet, unpacked):
        left -= len(chunk)
        _check_reach(path, reach, chunk, left, formulas=False)
        held += chunk
        cut = held.rfind(b"</row>") + len(b"</row>")
        if len(held) > MAX_UNPACKED:
            raise SpreadsheetTooLarge(name=path.name)
        if len(held) < BLOCK or cut < len(b"</row>"):
            continue
        head = head or bytes(held[: held.find(b"<row")])
        piece = bytes(held[:cut]) if held.startswith(head) else head + bytes(held[:cut])
        for number, row in _numbered(_workbook(parts, sheet, piece + SHEET_END), last):
            last = number
            yield number, row
        del held[:cut]
    if not _CLOSED.search(held[-200:]):
        raise zipfile.BadZipFile("the sheet ends in the middle")
    yield from _numbered(_workbook(parts, sheet, head + bytes(held)), last)


def _workbook(parts: dict[str, bytes], sheet: zipfile.ZipInfo, content: bytes) -> CalamineWorkbook:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
        archive.writestr(sheet.filename, content)
    made.seek(0)
    return CalamineWorkbook.from_filelike(made)


def _measure(path: Path, data: bytes | Path, *, unpacked: int, formulas: bool = True) -> None:
    """Unzip without keeping anything; refuse what is no workbook, too large or spans too far."""
    with zipfile.ZipFile(io.BytesIO(data) if isinstance(data, bytes) else data) as archive:
        _measure_members(path, archive, archive.infolist(), unpacked, formulas=formulas)


def _measure_members(
    path: Path,
    archive: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    unpacked: int,
    *,
    formulas: bool = True,
) -> int:
    """How much these members unpack to; refused by the limits."""
    if not any(member.filename == "xl/workbook.xml" for member in archive.infolist()):
        raise NotASpreadsheet(name=path.name)
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > unpacked:
        raise SpreadsheetTooLarge(name=path.name)
    left = unpacked
    for member in members:
        is_sheet = member.filename.startswith("xl/worksheets/")
        reach = _Reach() if is_sheet else None
        for chunk in _unpacked(archive, member, unpacked):
            left -= len(chunk)
            _check_reach(path, reach, chunk, left, formulas=formulas)
    return unpacked - left


def _check_reach(
    path: Path, reach: "_Reach | None", chunk: bytes, left: int, *, formulas: bool
) -> None:
    if reach is not None:
        reach.see(chunk)
    if left < 0 or (reach is not None and reach.cells > MAX_CELLS):
        raise SpreadsheetTooLarge(name=path.name)
    if reach is not None and reach.formula and not formulas:
        raise SpreadsheetHasFormula(name=path.name, cell=reach.formula)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> Iterator[bytes]:
    """All that really comes out of a member, whatever size its header claims."""
    honest = copy.copy(member)
    honest.file_size = limit + CHUNK
    honest.CRC = None  # type: ignore[assignment]
    with archive.open(honest) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


_CLOSED = re.compile(rb"</(?:\w{1,20}:)?worksheet\s*>")


class _Reach:
    """How far the cells of a sheet span. A parser makes room for the whole rectangle."""

    _CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,8})(\d{1,12})""")
    _FORMULA = re.compile(rb"<(?:\w{1,20}:)?f[\s>/]")

    def __init__(self) -> None:
        self.columns: set[bytes] = set()
        self.last_row = 0
        self.tail = b""
        self.formula = ""  # the cell of the first formula

    def see(self, chunk: bytes) -> None:
        if not self.formula and (formula := self._FORMULA.search(self.tail + chunk)):
            cells = self._CELL.findall((self.tail + chunk)[: formula.start()])
            self.formula = b"".join(cells[-1]).decode("ascii") if cells else "?"
        found = self._CELL.findall(self.tail + chunk)
        self.tail = chunk[-40:]
        self.columns.update({column for column, _row in found})
        self.last_row = max(self.last_row, *map(int, {row for _column, row in found}), 0)

    @property
    def cells(self) -> int:
        return self.last_row * max((_column_number(c) for c in self.columns), default=0)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _from_csv(path: Path, data: bytes) -> list[list[Value]]:
    text = _decoded(path, data)
    first_line = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first_line.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error as error:
        raise SpreadsheetBroken(name=path.name) from error


def _decoded(path: Path, data: bytes) -> str:
    """UTF-8 with or without a byte-order mark, UTF-16 with one, else Windows-874."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\x00" in data[:4096] or data[:4] in (b"%PDF", b"\xd0\xcf\x11\xe0"):
        raise NotASpreadsheet(name=path.name)
    else:
        encodings = ["utf-8-sig", "cp874"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotASpreadsheet(name=path.name)


# --- writing -----------------------------------------------------------------------------------

_LOOKS_LIKE_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_FAULTY = PatternFill("solid", start_color="FFFFD9D9")
_HEADING = PatternFill("solid", start_color="FFE8EAF6")
_OPEN = Protection(locked=False)
_AS_TEXT = "@"
TEMPLATE_ROWS = 5000  # how far the word lists and the text format of a template reach


def plain_text(text: str) -> str:
    """Text for a .csv cell that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(_LOOKS_LIKE_A_FORMULA) else text


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write UTF-8 with a byte-order mark, which spreadsheet programs need for Thai."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([plain_text(name) for name in header])
        for row in rows:
            writer.writerow([plain_text(v) if isinstance(v, str) else v for v in row])


def write_xlsx(path: Path, header: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write one sheet. Text stays text, whatever sign it begins with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.freeze_panes = "A2"
    sheet.append([_heading(sheet, name) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    book.save(path)


def write_template(
    path: Path, columns: Sequence[Column], examples: Iterable[Sequence[str]]
) -> None:
    """Write a workbook to fill in: locked headings, text cells, word lists, example rows, notes."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "data"
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, start=1):
        _set_up_column(sheet, number, column)
    for row_number, row in enumerate(examples, start=2):
        for number, text in enumerate(row, start=1):
            cell = sheet.cell(row_number, number)
            cell.value, cell.data_type = text, "s"
            cell.protection, cell.number_format = _OPEN, _AS_TEXT
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    notes = book.create_sheet("columns")
    for column in columns:
        notes.append([column.name, column.note, ", ".join(column.choices)])
    book.save(path)


def _set_up_column(sheet: Any, number: int, column: Column) -> None:
    letter = get_column_letter(number)
    heading = sheet.cell(1, number, column.name)
    heading.font, heading.fill = Font(bold=True), _HEADING
    heading.comment = Comment(column.note, "")
    setup = sheet.column_dimensions[letter]
    setup.width, setup.protection, setup.number_format = column.width, _OPEN, _AS_TEXT
    listed = ",".join(column.choices)
    if listed and len(listed) <= 250:  # the format's own limit
        words = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True)
        words.errorStyle = "warning"
        sheet.add_data_validation(words)
        words.add(f"{letter}2:{letter}{TEMPLATE_ROWS}")


def write_returned(path: Path, sheet: Sheet, faults: Sequence[CellFault]) -> None:
    """Write a copy of `sheet` to send back: faulty cells coloured, each with its reason as a note.

    A second sheet lists every fault. The first can be mended and imported as it is.
    """
    in_row: dict[int, dict[str, CellFault]] = defaultdict(dict)
    for fault in faults:
        in_row[fault.row].setdefault(fault.column, fault)
    book = Workbook(write_only=True)
    data, listed = book.create_sheet("data"), book.create_sheet("faults")
    data.freeze_panes = "A2"
    for _blank in range(sheet.first_row - 2):
        data.append([])
    data.append(_marked(data, sheet.header, in_row.get(sheet.first_row - 1, {})))
    for index, row in enumerate(sheet.rows):
        data.append(_marked(data, row, in_row.get(sheet.row_number(index), {})))
    listed.append([_heading(listed, _t(name)) for name in ("Row", "Column", "Value", "Reason")])
    for fault in faults:
        listed.append(
            [_cell(listed, v) for v in (fault.row, fault.column, fault.value, fault.reason)]
        )
    book.save(path)


def _marked(sheet: Any, row: Sequence[Value], faults: dict[str, CellFault]) -> list[Any]:
    cells = [_cell(sheet, value) for value in row]
    for number in range(1, len(cells) + 1) if faults else ():
        fault = faults.get(get_column_letter(number))
        if fault is not None:
            cell = WriteOnlyCell(sheet, None)
            _set_text(cell, row[number - 1])
            cell.fill, cell.comment = _FAULTY, Comment(fault.reason, "")
            cells[number - 1] = cell
    return cells


def _heading(sheet: Any, name: str) -> Any:
    cell = WriteOnlyCell(sheet, None)
    _set_text(cell, name)
    cell.font, cell.fill = Font(bold=True), _HEADING
    return cell


def _cell(sheet: Any, value: Value) -> Any:
    """The value itself, or a text cell where the value could be taken for a formula."""
    if not isinstance(value, str):
        return value
    if value.startswith(_LOOKS_LIKE_A_FORMULA):
        cell = WriteOnlyCell(sheet, None)
        _set_text(cell, value)
        return cell
    return ILLEGAL_CHARACTERS_RE.sub("", value)


def _set_text(cell: Any, value: Value) -> None:
    if not isinstance(value, str):
        cell.value = value
        return
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(_LOOKS_LIKE_A_FORMULA)
