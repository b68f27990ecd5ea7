"""Sheets in: .xlsx and .csv, row by row. What a file is follows from what is in it."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from centres.common.sheets.cells import (
    FileMissing,
    NotASpreadsheet,
    Sheet,
    SpreadsheetBroken,
    SpreadsheetEmpty,
    SpreadsheetTooLarge,
    Value,
)
from centres.common.sheets.unpacking import MAX_UNPACKED, measure

MAX_FILE = 60_000_000  # bytes as they are sent


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
        measure(path, data, unpacked=MAX_UNPACKED)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, CalamineError, EOFError, NotImplementedError) as error:
        raise SpreadsheetBroken(name=path.name) from error
    return [list(row) for row in rows]


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
