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
from scoring.psychometrics.seating import Seat

SEVERAL = "|"  # between the right answers of one item in a key file


def _(sentence: str) -> str:
    """Mark a sentence for translation. Whoever tells the fault translates it."""
    return sentence


class TableError(ValueError):
    """A file that cannot be used: which file, where in it, what is wrong.

    ``sentence``: with places for ``facts``, so that it can be told in another language.
    """

    def __init__(
        self, path: Path, sentence: str, row: int | None = None, column: str = "", **facts: Any
    ) -> None:
        place = "".join(
            (path.name, f", row {row}" if row else "", f", column {column}" if column else "")
        )
        super().__init__(f"{place}: {sentence % facts}")
        self.path, self.sentence, self.facts = path, sentence, facts
        self.row, self.column = row, column


@dataclass(frozen=True)
class Table:
    """A file as text: its header and its rows, each with the line it stands on."""

    path: Path
    header: list[str]
    rows: Iterator[tuple[int, list[str]]]


def read_responses(path: Path) -> ResponseMatrix:
    """A file of raw answers. A blank is an omission; any other text is an option, as it stands."""
    book = _OptionBook()
    items, persons, codes = _read_grid(path, book, _("there is no answer column beside 'person'."))
    options = tuple(sorted(book.options))
    place = {option: code for code, option in enumerate(options)}
    table = np.arange(256, dtype=np.uint8)
    table[: len(options)] = [place[option] for option in book.options]
    return ResponseMatrix(table[codes], persons, items, options)


def read_scores(path: Path) -> ScoredMatrix:
    """A file of scores, whole numbers from 0. A blank means that the item was not administered."""
    items, persons, codes = _read_grid(
        path, _ScoreBook(), _("there is no score column beside 'person'.")
    )
    return scored_from(codes, persons=persons, items=items)


def read_key(path: Path, items: Sequence[str]) -> Key:
    """A key file with the columns ``item`` and ``key``: exactly one row for each of ``items``.

    Several right answers are separated by ``|``; ``*`` gives everyone the mark, ``-`` drops the
    item. A column ``weight``, where there is one, says what an item is worth.
    """
    found = {row.item: row for row in _key_rows(path, items)}
    missing = [item for item in items if item not in found]
    if missing:
        raise TableError(
            path, _("there is no key for %(items)s."), items=", ".join(map(repr, missing))
        )
    return Key(tuple(found[item] for item in items))


def _key_rows(path: Path, items: Sequence[str]) -> Iterator[ItemKey]:
    table = _open(path)
    columns = [_column(table, name) for name in ("item", "key")]
    weight_column = _place(table, "weight")
    known, seen = set(items), set[str]()
    for row, cells in table.rows:
        item, right = (cells[column].strip() for column in columns)
        if item not in known:
            raise TableError(path, _("the answers hold no item %(item)r."), row, "item", item=item)
        if item in seen:
            raise TableError(
                path, _("the item %(item)r has a key already."), row, "item", item=item
            )
        if not right:
            raise TableError(path, _("the key of %(item)r is empty."), row, "key", item=item)
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
        fault = _("%(value)r is not a whole weight from 1 to %(most)s.")
        raise TableError(path, fault, row, "weight", value=text, most=MAX_CREDIT)
    return int(text)


def read_parts(path: Path, items: Sequence[str]) -> list[str] | None:
    """The part of the test each of ``items`` belongs to, by the column ``part`` of a key file;
    None where it has no such column.
    """
    table = _open(path)
    item_column, part_column = _column(table, "item"), _place(table, "part")
    if part_column is None:
        return None
    found = {cells[item_column].strip(): cells[part_column].strip() for _row, cells in table.rows}
    return [found.get(item, "") for item in items]


def read_groups(path: Path, column: str, persons: NDArray[Any], focal: str) -> NDArray[np.bool_]:
    """(N,): whether each of ``persons`` has the value ``focal`` in ``column`` of a person file."""
    table = _open(path)
    person_column, group_column = _column(table, "person"), _column(table, column)
    group = {
        cells[person_column].strip(): cells[group_column].strip() for _row, cells in table.rows
    }
    missing = [person for person in persons if person not in group]
    if missing:
        fault = _("%(count)s persons are missing, %(person)r first.")
        raise TableError(path, fault, count=len(missing), person=missing[0])
    if focal not in group.values():
        raise TableError(path, _("nobody has the value %(value)r."), column=column, value=focal)
    return np.array([group[person] == focal for person in persons], np.bool_)


def read_people(path: Path, columns: Sequence[str], persons: NDArray[Any]) -> list[tuple[str, ...]]:
    """For each of ``persons``, in their order, what a person file has in some columns."""
    table = _open(path)
    person_column = _column(table, "person")
    places = [_column(table, column) for column in columns]
    cells_of = {
        cells[person_column].strip(): tuple(cells[place].strip() for place in places)
        for _row, cells in table.rows
    }
    missing = [person for person in persons if person not in cells_of]
    if missing:
        fault = _("%(count)s persons are missing, %(person)r first.")
        raise TableError(path, fault, count=len(missing), person=missing[0])
    return [cells_of[person] for person in persons]


def read_seats(path: Path, persons: NDArray[Any]) -> list[Seat]:
    """Where each of ``persons`` sat: ``room`` with ``row`` and ``column``, or with ``seat``, its
    place in the one row of the room. Whole numbers, one seat apart.
    """
    single = _place(_open(path), "row") is None and _place(_open(path), "seat") is not None
    cells = read_people(path, ("room", "seat") if single else ("room", "row", "column"), persons)
    try:
        places = [[int(number) for number in ("0", *numbers)[-2:]] for _room, *numbers in cells]
    except ValueError:
        raise TableError(path, _("row and column, or seat, are whole numbers.")) from None
    return [Seat(room, *place) for (room, *_rest), place in zip(cells, places, strict=True)]


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
            fault = _("%(value)r is the %(count)sst different answer of the file.")
            raise _Refused(fault, value=plain, count=_MOST_OPTIONS + 1)
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
        fault = _(
            "%(value)r is not a score; leave the cell empty where the item was not administered."
        )
        raise _Refused(fault, value=text) from None
    if not 0 <= value <= MAX_CREDIT or value != int(value):
        fault = _("%(value)r is not a whole score from 0 to %(most)s.")
        raise _Refused(fault, value=text, most=MAX_CREDIT)
    return int(value)


class _Refused(Exception):
    """A cell that cannot be read: a sentence and its facts."""

    def __init__(self, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence, self.facts = sentence, facts


def _read_grid(
    path: Path, book: dict[str, int], without: str
) -> tuple[tuple[str, ...], NDArray[Any], Codes]:
    table = _open(path)
    items = _items(table, without)
    persons, grid = dict[str, int](), bytearray()
    for row, cells in table.rows:
        person = cells[0].strip()
        if not person:
            raise TableError(path, _("the person is empty."), row, "person")
        if person in persons:
            fault = _("the person %(person)r is in row %(first)s already.")
            raise TableError(path, fault, row, "person", person=person, first=persons[person])
        persons[person] = row
        try:
            grid += bytes(map(book.__getitem__, cells[1:]))
        except _Refused:
            _refuse_cell(table, row, cells, book.__getitem__)
    if not persons:
        raise TableError(path, _("there is nobody below the header."))
    codes = np.frombuffer(bytes(grid), np.uint8).reshape(len(persons), len(items))
    return items, np.array(list(persons), object), codes


def _refuse_cell(table: Table, row: int, cells: list[str], read: Callable[[str], int]) -> None:
    for column, cell in zip(table.header[1:], cells[1:], strict=True):
        try:
            read(cell)
        except _Refused as refused:
            raise TableError(table.path, refused.sentence, row, column, **refused.facts) from None


def _items(table: Table, without: str) -> tuple[str, ...]:
    first, *items = table.header
    if first.casefold() != "person":
        fault = _("the first column is %(name)r; it must be 'person'.")
        raise TableError(table.path, fault, 1, name=first)
    if not items:
        raise TableError(table.path, without, 1)
    seen = set[str]()
    for number, item in enumerate(items, start=2):
        if not item:
            raise TableError(table.path, _("the name of the item is empty."), 1, str(number))
        if item in seen:
            raise TableError(
                table.path, _("the item %(item)r stands there twice."), 1, item, item=item
            )
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
    fault = _("there is no column %(name)r; there are %(found)s.")
    raise TableError(table.path, fault, 1, name=name, found=found)


def _open(path: Path) -> Table:
    text = _text(path)
    first_line = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=first_line.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = next((cells for cells in reader if any(map(str.strip, cells))), None)
    except csv.Error as error:
        fault = _("the header cannot be read (%(what)s).")
        raise TableError(path, fault, 1, what=error) from None
    if header is None:
        raise TableError(path, _("the file is empty."))
    return Table(path, [cell.strip() for cell in header], _rows(path, reader, len(header)))


def _rows(path: Path, reader: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            fault = _("the row cannot be read (%(what)s).")
            raise TableError(path, fault, reader.line_num, what=error) from None
        if cells is None:
            return
        if len(cells) == width:
            yield reader.line_num, cells
        elif any(map(str.strip, cells)):
            fault = _("the row has %(found)s cells; the header has %(wanted)s.")
            raise TableError(path, fault, reader.line_num, found=len(cells), wanted=width)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise TableError(path, _("there is no such file.")) from None
    except OSError as error:
        fault = _("the file cannot be read (%(what)s).")
        raise TableError(path, fault, what=error.strerror) from None
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise TableError(path, _("this is not text in UTF-8 or Windows-874; save it as CSV UTF-8."))


def _encodings(raw: bytes) -> tuple[str, ...]:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    return ("utf-8-sig", "cp874")
