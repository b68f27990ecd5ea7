"""Tables of answers: one row a sheet, from CSV or a workbook.

The answers stand in one column, as they are stored; or in a column for each place of the form
(``1``, ``Q1``), or for each item by its code, in any order. In columns of their own, an empty cell
is a blank, and several options in one cell are a double mark.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from scoring.intake.decoding import decoded
from scoring.intake.layout import Layout
from scoring.intake.lines import (
    BLANK,
    DOUBLE,
    THAI_OPTIONS,
    IntakeFault,
    Line,
    Plans,
    ReadFile,
    Tell,
    check_field,
    column_letter,
    distinct,
    every_option,
    in_silence,
    settle_blanks,
    telling,
)

ALIASES: Final = {
    "number": ("number", "registration number", "เลขประจำตัวผู้สมัคร", "เลขที่สมัคร"),
    "form": ("form", "exam form", "ชุดข้อสอบ", "ชุด"),
    "answers": ("answers", "คำตอบ"),
}
PLACE: Final = re.compile(r"(?:q|item|ข้อ)?\s*0*([1-9]\d{0,3})", re.IGNORECASE)
SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
MOST_ANSWERS: Final = 1000
Cells = Sequence[Any]
PLAIN: Final = Layout("csv")


def read_csv(
    content: bytes, plans: Plans, layout: Layout | None = None, tell: Tell = in_silence
) -> ReadFile:
    """Read a CSV file of answers; a comma, a semicolon or a tab separates."""
    text, encoding = decoded(content, layout.encoding if layout else "")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    rows = telling(_csv_rows(text, separator), tell)
    read = read_table(rows, plans, layout)
    if len(read.lines) > 1 and not text.endswith(("\n", "\r")):
        last, before = read.lines[-1], read.lines[-2]
        if len(last.answers) < len(before.answers) and last.form == before.form:
            raise IntakeFault("truncated", last.line, read.columns["answers"])
    return ReadFile(read.lines, "csv", encoding, read.columns)


def _csv_rows(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as fault:
            raise IntakeFault("row_unreadable", reader.line_num, 1, what=str(fault)) from fault
        if cells is None:
            return
        yield reader.line_num, cells


@dataclass(frozen=True)
class Heading:
    """Where the fields stand. `places`: column of each place; `items`: column of each item."""

    number: int
    form: int
    answers: int | None
    places: tuple[int, ...]
    items: Mapping[str, int]
    width: int


def read_table(
    rows: Iterable[tuple[int, Cells]], plans: Plans, layout: Layout | None = None
) -> ReadFile:
    """Read rows of cells (each with its number in the file), the heading first."""
    layout = layout or PLAIN
    numbered = iter(rows)
    for _row in range(layout.skip):
        next(numbered, None)
    top = next(((row, cells) for row, cells in numbered if any(map(_plain, cells))), None)
    if top is None:
        raise IntakeFault("empty")
    heading = _heading(top[0], [_plain(cell) for cell in top[1]], plans, layout)
    reader = _reader(heading, plans, layout)
    lines = [
        _line(row, cells, heading, layout, reader)
        for row, cells in numbered
        if len(cells) == heading.width or _fits(row, cells, heading)
    ]
    if not lines:
        raise IntakeFault("empty")
    columns = {"number": heading.number, "form": heading.form}
    columns["answers"] = heading.answers if heading.answers is not None else _first(heading)
    where = {name: column_letter(place + 1) for name, place in columns.items()}
    return ReadFile(lines, "table", "", where)


def _first(heading: Heading) -> int:
    return min(heading.places or heading.items.values())


def _plain(cell: Any) -> str:
    """A cell as text; a whole number that a spreadsheet keeps as a fraction is whole again."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _fits(row: int, cells: Cells, heading: Heading) -> bool:
    """Whether an uneven row is a sheet: an empty one is none, any other is a fault."""
    if not any(map(_plain, cells)):
        return False
    missing = column_letter(min(len(cells), heading.width) + 1)
    raise IntakeFault("uneven_row", row, missing, found=len(cells), wanted=heading.width)


def _heading(row: int, names: list[str], plans: Plans, layout: Layout) -> Heading:
    while names and not names[-1]:
        names = names[:-1]
    twice = distinct(names)
    if twice:
        raise IntakeFault("heading_twice", row, column_letter(_last(names, twice)), name=twice)
    number = _must(row, names, "number", layout)
    form = _must(row, names, "form", layout)
    listed = layout.headings.get("answers", ())
    if len(listed) > 1:
        places = tuple(_named(row, names, name) for name in listed)
        return Heading(number, form, None, places, {}, len(names))
    answers = _find(names, "answers", layout)
    if answers is not None:
        return Heading(number, form, answers, (), {}, len(names))
    items = _item_columns(names, plans)
    found = {} if items else _place_columns(names)
    if not items and not found:
        raise IntakeFault("no_column", row, 1, name="answers")
    places = tuple(_in_order(row, found)) if found else ()
    return Heading(number, form, None, places, items, len(names))


def _last(names: list[str], name: str) -> int:
    return len(names) - names[::-1].index(name)


def _find(names: list[str], name: str, layout: Layout) -> int | None:
    """The column of a field by the layout's heading, else by one of the usual names."""
    listed = layout.headings.get(name, (name,))
    folded = [_folded(heading) for heading in names]
    for wanted in ALIASES[name] if listed == (name,) else listed:
        if _folded(wanted) in folded:
            return folded.index(_folded(wanted))
    if listed != (name,):
        raise IntakeFault("no_column", 1 + layout.skip, 1, name=listed[0])
    return None


def _folded(heading: str) -> str:
    return heading.casefold().replace("_", " ")


def _must(row: int, names: list[str], name: str, layout: Layout) -> int:
    place = _find(names, name, layout)
    if place is None:
        raise IntakeFault("no_column", row, 1, name=name)
    return place


def _named(row: int, names: list[str], name: str) -> int:
    if name not in names:
        raise IntakeFault("no_column", row, 1, name=name)
    return names.index(name)


def _item_columns(names: list[str], plans: Plans) -> dict[str, int]:
    codes = {code for plan in plans.values() for code in plan.items}
    return {name: place for place, name in enumerate(names) if name in codes}


def _place_columns(names: list[str]) -> dict[int, int]:
    found = {}
    for place, name in enumerate(names):
        match = PLACE.fullmatch(name)
        if match and int(match[1]) <= MOST_ANSWERS:
            found[int(match[1])] = place
    return found


def _in_order(row: int, found: Mapping[int, int]) -> list[int]:
    gap = next((place for place in range(1, max(found) + 1) if place not in found), None)
    if gap is not None:
        raise IntakeFault("no_column", row, 1, name=str(gap))
    return [found[place] for place in sorted(found)]


# --- one row --------------------------------------------------------------------------------------


def _line(
    row: int, cells: Cells, heading: Heading, layout: Layout, reader: "_OneColumn | _Columns"
) -> Line:
    number = check_field(_plain(cells[heading.number]), row, column_letter(heading.number + 1))
    if SCIENTIFIC.fullmatch(number):
        raise IntakeFault("scientific", row, column_letter(heading.number + 1), value=number)
    form = check_field(_plain(cells[heading.form]), row, column_letter(heading.form + 1))
    form = layout.form_named(form)
    return Line(row, number, form, reader.answers(row, form, cells))


def _reader(heading: Heading, plans: Plans, layout: Layout) -> "_OneColumn | _Columns":
    if heading.answers is not None:
        return _OneColumn(heading.answers, plans, layout)
    return _Columns(heading, plans, layout)


class _OneColumn:
    """Answers in one cell, one character each. Without `marks` of a layout they are as stored."""

    def __init__(self, column: int, plans: Plans, layout: Layout) -> None:
        self.column, self.layout = column, layout
        marks = dict(layout.marks)
        options = every_option(plans)
        marks |= {seen: o for seen, o in THAI_OPTIONS.items() if seen not in options | marks.keys()}
        self.table = str.maketrans(marks)
        self.settles = BLANK in layout.marks.values()

    def answers(self, row: int, form: str, cells: Cells) -> str:
        cell = cells[self.column]
        text = cell if isinstance(cell, str) else _plain(cell)
        if len(text) > MOST_ANSWERS:
            raise IntakeFault("too_many_answers", row, column_letter(self.column + 1))
        if text.isascii() and not self.layout.marks:
            return text
        text = text.translate(self.table)
        return (
            settle_blanks(text, self.layout.inside, self.layout.trailing) if self.settles else text
        )


class _Columns(dict[Any, str]):
    """Answers in columns of their own. Reads every different cell once."""

    def __init__(self, heading: Heading, plans: Plans, layout: Layout) -> None:
        super().__init__({None: BLANK, "": BLANK})
        self.heading, self.plans, self.layout = heading, plans, layout
        self.options = every_option(plans)
        self.columns: dict[str, tuple[Any, Any]] = {}

    def __missing__(self, cell: Any) -> str:
        text = _plain(cell)
        self[cell] = mark = self._mark(text)
        return mark

    def _mark(self, text: str) -> str:
        if not text:
            return self.layout.marks.get(" ", BLANK)
        if text in self.layout.marks:
            return self.layout.marks[text]
        text = "".join(THAI_OPTIONS.get(c, c) if c not in self.options else c for c in text)
        if len(text) == 1:
            upper = text.upper()
            return upper if text not in self.options and upper in self.options else text
        letters = [c for c in text.upper() if c not in " ,;/|"]
        if len(letters) > 1 and set(letters) <= self.options:
            return DOUBLE
        raise KeyError(text)

    def answers(self, row: int, form: str, cells: Cells) -> str:
        chosen, beyond = self._columns_of(form, row, cells)
        try:
            text = "".join(map(self.__getitem__, chosen(cells)))
        except KeyError:
            raise self._fault(row, cells) from None
        if beyond is not None and any(map(_plain, beyond(cells))):
            raise self._stray(row, form, cells)
        return settle_blanks(text, self.layout.inside, self.layout.trailing)

    def _columns_of(self, form: str, row: int, cells: Cells) -> tuple[Any, Any]:
        if form not in self.plans:
            return self._guessed(row, cells)
        if form not in self.columns:
            self.columns[form] = self._of_plan(form, row)
        return self.columns[form]

    def _of_plan(self, form: str, row: int) -> tuple[Any, Any]:
        items, heading = self.plans[form].items, self.heading
        if heading.items:
            missing = next((code for code in items if code not in heading.items), None)
            if missing is not None:
                raise IntakeFault("item_without_column", row, 1, item=missing, form=form)
            chosen = [heading.items[code] for code in items]
            rest = sorted(set(heading.items.values()) - set(chosen))
        else:
            if len(heading.places) < len(items):
                raise IntakeFault(
                    "too_few_places",
                    row,
                    1,
                    found=len(heading.places),
                    wanted=len(items),
                    form=form,
                )
            chosen = list(heading.places[: len(items)])
            rest = list(heading.places[len(items) :])
        return _several(chosen), _several(rest) if rest else None

    def _guessed(self, row: int, cells: Cells) -> tuple[Any, Any]:
        """A sheet without a known form: the first form all of whose neighbours are empty."""
        for form in self.plans:
            try:
                chosen, beyond = self._of_plan(form, row)
            except IntakeFault:
                continue
            if beyond is None or not any(map(_plain, beyond(cells))):
                return chosen, None
        raise IntakeFault("form_unknown", row, column_letter(self.heading.form + 1))

    def _fault(self, row: int, cells: Cells) -> IntakeFault:
        for place in self.heading.places or sorted(self.heading.items.values()):
            text = _plain(cells[place])
            try:
                self._mark(text)
            except KeyError:
                code = "formula" if text.startswith(("=", "+", "@")) else "cell_unknown"
                return IntakeFault(code, row, column_letter(place + 1), value=text[:40])
        return IntakeFault("cell_unknown", row, 1, value="")

    def _stray(self, row: int, form: str, cells: Cells) -> IntakeFault:
        mine = set(self.plans[form].items)
        named = {place: code for code, place in self.heading.items.items() if code not in mine}
        beyond = self.heading.places[len(mine) :]
        for place in sorted(named) or list(beyond):
            if _plain(cells[place]):
                item = named.get(place, str(place))
                return IntakeFault(
                    "answer_to_no_item", row, column_letter(place + 1), item=item, form=form
                )
        return IntakeFault("answer_to_no_item", row, 1, item="", form=form)


def _several(columns: Sequence[int]) -> Any:
    """A getter of these columns that always gives a tuple."""
    if len(columns) == 1:
        return lambda cells: (cells[columns[0]],)
    return itemgetter(*columns)
