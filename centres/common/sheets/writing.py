"""Sheets out: .xlsx and .csv. What we write never becomes a formula."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _t
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from centres.common.sheets.cells import (
    CellFault,
    Column,
    Sheet,
    Value,
)

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
