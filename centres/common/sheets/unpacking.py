"""A workbook is hostile until measured.

An .xlsx is a zip: its unpacked size and the reach of its cells are counted before a parser sees
it.
"""

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from centres.common.sheets.cells import (
    NotASpreadsheet,
    SpreadsheetBroken,
    SpreadsheetHasFormula,
    SpreadsheetTooLarge,
    Value,
)

MAX_UNPACKED = 300_000_000  # bytes once unzipped
MAX_MEMBERS = 500
MAX_CELLS = 12_000_000  # of the rectangle that the cells span, empty ones included
CHUNK = 1 << 20
MAX_OTHERS = 60_000_000  # bytes of all that is no sheet: every piece brings it along
BLOCK = 24 << 20  # bytes of a long sheet that are parsed together
SHEET_END = b"</sheetData></worksheet>"


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
        measure(path, path, unpacked=unpacked, formulas=False)
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


def measure(path: Path, data: bytes | Path, *, unpacked: int, formulas: bool = True) -> None:
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
