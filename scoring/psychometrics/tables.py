"""Plain CSV files in: answers, scores, keys and groups. Every fault is one sentence with its place.

The first column of a file of answers or scores is ``person``, every other header an item. UTF-8
with or without a byte order mark, UTF-16 with one, and Windows-874 are read; a comma, a semicolon
or a tab may separate.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.keying import MAX_CREDIT, NO_CREDIT, ItemKey, Key, Rule, ScoredMatrix
from scoring.psychometrics.keying import from_scores as scored_from
from scoring.psychometrics.responses import MAX_OPTIONS, OMITTED, Codes, ResponseMatrix

SEVERAL = "|"  # between the right answers of one item in a key file


class TableError(ValueError):
    """A file that cannot be used: which file, where in it, what is wrong."""

    def __init__(self, path: Path, fault: str, row: int | None = None, column: str = "") -> None:
        place = "".join(
            (path.name, f", row {row}" if row else "", f", column {column}" if column else "")
        )
        super().__init__(f"{place}: {fault}")
        self.path, self.fault, self.row, self.column = path, fault, row, column


@dataclass(frozen=True)
class Table:
    """A file as text: its header and its rows, each with the line it stands on."""

    path: Path
    header: list[str]
    rows: Iterator[tuple[int, list[str]]]


def read_responses(path: Path) -> ResponseMatrix:
    """A file of raw answers. A blank is an omission; any other text is an option, as it stands."""
    book = _OptionBook()
    items, persons, codes = _read_grid(path, book, "answer")
    options = tuple(sorted(book.options))
    place = {option: code for code, option in enumerate(options)}
    table = np.arange(256, dtype=np.uint8)
    table[: len(options)] = [place[option] for option in book.options]
    return ResponseMatrix(table[codes], persons, items, options)


def read_scores(path: Path) -> ScoredMatrix:
    """A file of scores, whole numbers from 0. A blank means that the item was not administered."""
    items, persons, codes = _read_grid(path, _ScoreBook(), "score")
    return scored_from(codes, persons=persons, items=items)


def read_key(path: Path, items: Sequence[str]) -> Key:
    """A key file with the columns ``item`` and ``key``: exactly one row for each of ``items``.

    Several right answers are separated by ``|``; ``*`` gives everyone the mark, ``-`` drops the
    item. A column ``weight``, where there is one, says what an item is worth.
    """
    found = {row.item: row for row in _key_rows(path, items)}
    missing = [item for item in items if item not in found]
    if missing:
        raise TableError(path, f"there is no key for {', '.join(map(repr, missing))}.")
    return Key(tuple(found[item] for item in items))


def _key_rows(path: Path, items: Sequence[str]) -> Iterator[ItemKey]:
    table = _open(path)
    columns = [_column(table, name) for name in ("item", "key")]
    weight_column = _place(table, "weight")
    known, seen = set(items), set[str]()
    for row, cells in table.rows:
        item, right = (cells[column].strip() for column in columns)
        if item not in known:
            raise TableError(path, f"the answers hold no item {item!r}.", row, "item")
        if item in seen:
            raise TableError(path, f"the item {item!r} has a key already.", row, "item")
        if not right:
            raise TableError(path, f"the key of {item!r} is empty.", row, "key")
        seen.add(item)
        weight = 1 if weight_column is None else _weight(path, row, cells[weight_column].strip())
        yield _item_key(item, right, weight)


def _item_key(item: str, right: str, weight: int) -> ItemKey:
    if right in _RULES:
        return ItemKey(item, (), _RULES[right], weight)
    return ItemKey(item, tuple(part.strip() for part in right.split(SEVERAL)), weight=weight)


_RULES = {"*": Rule.EVERYONE, "-": Rule.DROPPED}


def _weight(path: Path, row: int, text: str) -> int:
    if not text:
        return 1
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_CREDIT):
        fault = f"{text!r} is not a whole weight from 1 to {MAX_CREDIT}."
        raise TableError(path, fault, row, "weight")
    return int(text)


def read_parts(path: Path, items: Sequence[str]) -> list[str] | None:
    """The part of the test each of ``items`` belongs to, by the column ``part`` of a key file;
    None where it has no such column.
    """
    table = _open(path)
    item_column, part_column = _column(table, "item"), _place(table, "part")
    if part_column is None:
        return None
    found = {cells[item_column].strip(): cells[part_column].strip() for _, cells in table.rows}
    return [found.get(item, "") for item in items]


def read_groups(path: Path, column: str, persons: NDArray[Any], focal: str) -> NDArray[np.bool_]:
    """(N,): whether each of ``persons`` has the value ``focal`` in ``column`` of a person file."""
    table = _open(path)
    person_column, group_column = _column(table, "person"), _column(table, column)
    group = {cells[person_column].strip(): cells[group_column].strip() for _, cells in table.rows}
    missing = [person for person in persons if person not in group]
    if missing:
        raise TableError(path, f"{len(missing)} persons are missing, {missing[0]!r} first.")
    if focal not in group.values():
        raise TableError(path, f"nobody has the value {focal!r}.", column=column)
    return np.array([group[person] == focal for person in persons], np.bool_)


def read_people(path: Path, columns: Sequence[str], persons: NDArray[Any]) -> list[tuple[str, ...]]:
    """For each of ``persons``, in their order, what a person file has in some columns."""
    table = _open(path)
    person_column = _column(table, "person")
    places = [_column(table, column) for column in columns]
    cells_of = {
        cells[person_column].strip(): tuple(cells[place].strip() for place in places)
        for _, cells in table.rows
    }
    missing = [person for person in persons if person not in cells_of]
    if missing:
        raise TableError(path, f"{len(missing)} persons are missing, {missing[0]!r} first.")
    return [cells_of[person] for person in persons]


class _OptionBook(dict[str, int]):
    """Gives every new text the next code; blanks are omissions."""

    def __init__(self) -> None:
        super().__init__({"": OMITTED})
        self.options: list[str] = []

    def __missing__(self, text: str) -> int:
        plain = text.strip()
        if plain in self:
            code = self[plain]
        elif len(self.options) >= _MOST_OPTIONS:
            raise _Refused(f"{plain!r} is the {_MOST_OPTIONS + 1}st different answer of the file.")
        else:
            code = self[plain] = len(self.options)
            self.options.append(plain)
        self[text] = code
        return code


_MOST_OPTIONS = MAX_OPTIONS - 1


class _ScoreBook(dict[str, int]):
    """Reads a whole number once for each way it is written; blanks are not administered."""

    def __init__(self) -> None:
        super().__init__({"": NO_CREDIT})

    def __missing__(self, text: str) -> int:
        plain = text.strip()
        value = self[plain] = NO_CREDIT if not plain else _score(plain)
        self[text] = value
        return value


def _score(text: str) -> int:
    try:
        value = float(text)
    except ValueError:
        raise _Refused(
            f"{text!r} is not a score; leave the cell empty where the item was not administered."
        ) from None
    if not 0 <= value <= MAX_CREDIT or value != int(value):
        raise _Refused(f"{text!r} is not a whole score from 0 to {MAX_CREDIT}.")
    return int(value)


class _Refused(Exception):
    """A cell that cannot be read."""


def _read_grid(
    path: Path, book: dict[str, int], what: str
) -> tuple[tuple[str, ...], NDArray[Any], Codes]:
    table = _open(path)
    items = _items(table, what)
    persons, grid = dict[str, int](), bytearray()
    for row, cells in table.rows:
        person = cells[0].strip()
        if not person:
            raise TableError(path, "the person is empty.", row, "person")
        if person in persons:
            raise TableError(
                path, f"the person {person!r} is in row {persons[person]} already.", row, "person"
            )
        persons[person] = row
        try:
            grid += bytes(map(book.__getitem__, cells[1:]))
        except _Refused:
            _refuse_cell(table, row, cells, book.__getitem__)
    if not persons:
        raise TableError(path, "there is nobody below the header.")
    codes = np.frombuffer(bytes(grid), np.uint8).reshape(len(persons), len(items))
    return items, np.array(list(persons), object), codes


def _refuse_cell(table: Table, row: int, cells: list[str], read: Callable[[str], int]) -> None:
    for column, cell in zip(table.header[1:], cells[1:], strict=True):
        try:
            read(cell)
        except _Refused as refused:
            raise TableError(table.path, str(refused), row, column) from None


def _items(table: Table, what: str) -> tuple[str, ...]:
    first, *items = table.header
    if first.casefold() != "person":
        fault = f"the first column is {first!r}; it must be 'person'."
        raise TableError(table.path, fault, 1)
    if not items:
        raise TableError(table.path, f"there is no {what} column beside 'person'.", 1)
    seen = set[str]()
    for number, item in enumerate(items, start=2):
        if not item:
            raise TableError(table.path, "the name of the item is empty.", 1, str(number))
        if item in seen:
            raise TableError(table.path, f"the item {item!r} stands there twice.", 1, item)
        seen.add(item)
    return tuple(items)


def _place(table: Table, name: str) -> int | None:
    for place, heading in enumerate(table.header):
        if heading.casefold() == name.casefold():
            return place
    return None


def _column(table: Table, name: str) -> int:
    place = _place(table, name)
    if place is not None:
        return place
    found = ", ".join(map(repr, table.header))
    raise TableError(table.path, f"there is no column {name!r}; there are {found}.", 1)


def _open(path: Path) -> Table:
    text = _text(path)
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=first_line.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = next((cells for cells in reader if any(map(str.strip, cells))), None)
    except csv.Error as error:
        raise TableError(path, f"the header cannot be read ({error}).", 1) from None
    if header is None:
        raise TableError(path, "the file is empty.")
    return Table(path, [cell.strip() for cell in header], _rows(path, reader, len(header)))


def _rows(path: Path, reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            fault = f"the row cannot be read ({error})."
            raise TableError(path, fault, reader.line_num) from None
        if cells is None:
            return
        if len(cells) == width:
            yield reader.line_num, cells
        elif any(map(str.strip, cells)):
            fault = f"the row has {len(cells)} cells; the header has {width}."
            raise TableError(path, fault, reader.line_num)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise TableError(path, "there is no such file.") from None
    except OSError as error:
        raise TableError(path, f"the file cannot be read ({error.strerror}).") from None
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError(path, "this is not text in UTF-8 or Windows-874; save it as CSV UTF-8.")


def _encodings(raw: bytes) -> tuple[str, ...]:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    return ("utf-8-sig", "cp874")
