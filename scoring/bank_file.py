"""The item bank and its blueprint as spreadsheets: columns out, checked rows in, faults by cell."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from centres.common.sheets import CellFault, Sheet, read_sheet
from scoring.actions.items import NewItem

LETTERS: Final = "ABCDEFGH"
ITEM_FIELDS: Final = (
    "code", "standard_th", "standard_en", "competency_th", "competency_en",
    "text_th", "text_en", "options",
)  # fmt: skip
READ_ONLY: Final = ("forms", "given_to", "p", "r", "analysis")  # written, never read back
LONGEST: Final = {"code": 20, "text_th": 5000, "text_en": 5000, "options": 12}
LONGEST_NAME: Final = 120
BLUEPRINT_FIELDS: Final = (
    "standard_th", "standard_en", "competency_th", "competency_en", "least", "most",
)  # fmt: skip
MOST_ITEMS: Final = 500

T = TypeVar("T")


@dataclass(frozen=True)
class NewCell:
    """One row of a blueprint as it is entered."""

    standard_th: str
    standard_en: str
    competency_th: str
    competency_en: str
    least: int
    most: int


@dataclass(frozen=True)
class Read(Generic[T]):
    """What a file holds, or what is wrong in it. With a fault nothing of it is taken."""

    rows: list[T]
    faults: list[CellFault]
    digest: str


def read_items(path: Path) -> Read[NewItem]:
    """Items of a bank: the columns of `ITEM_FIELDS` by their headings, others are not looked at."""
    return _read(path, ITEM_FIELDS, ("code", "options"), _item, lambda item: item.code)


def read_blueprint(path: Path) -> Read[NewCell]:
    """A blueprint: the columns of `BLUEPRINT_FIELDS` by their headings."""
    needed = ("standard_th", "competency_th", "least", "most")
    return _read(
        path, BLUEPRINT_FIELDS, needed, _cell, lambda row: (row.standard_th, row.competency_th)
    )


class _Fault(Exception):
    """A cell that cannot be taken: which field, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name, self.reason = name, reason


def _read(
    path: Path,
    fields: Sequence[str],
    needed: Sequence[str],
    make: Callable[[dict[str, str]], T],
    name_of: Callable[[T], Any],
) -> Read[T]:
    sheet = read_sheet(path)
    places = {name.strip().casefold(): at for at, name in enumerate(sheet.header)}
    missing = [name for name in needed if name not in places]
    if missing:
        reason = _("The headings lack: %(names)s.") % {"names": ", ".join(missing)}
        return Read([], [CellFault(sheet.first_row - 1, "A", "", reason)], sheet.digest)
    rows: list[T] = []
    faults: list[CellFault] = []
    seen: dict[Any, int] = {}
    for index, row in enumerate(sheet.rows):
        if not any(value not in (None, "") for value in row):
            continue
        cells = {name: _text(row[places[name]]) for name in fields if name in places}
        try:
            made = make(cells)
            first = seen.setdefault(name_of(made), sheet.row_number(index))
            if first != sheet.row_number(index):
                said = _("This stands in row %(row)s already.") % {"row": first}
                raise _Fault(needed[0], said)
            rows.append(made)
        except _Fault as fault:
            faults.append(_placed(sheet, index, places, cells, fault))
    if faults:
        return Read([], faults, sheet.digest)
    return Read(rows, [], sheet.digest)


def _placed(
    sheet: Sheet, index: int, places: dict[str, int], cells: dict[str, str], fault: _Fault
) -> CellFault:
    letter = get_column_letter(places.get(fault.name, 0) + 1)
    return CellFault(sheet.row_number(index), letter, cells.get(fault.name, ""), fault.reason)


def _text(value: Any) -> str:
    """A cell as text; a whole number without its point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _item(cells: dict[str, str]) -> NewItem:
    for name, text in cells.items():
        longest = LONGEST.get(name, LONGEST_NAME)
        if len(text) > longest:
            raise _Fault(name, _("Longer than %(longest)s characters.") % {"longest": longest})
    if not cells["code"]:
        raise _Fault("code", _("The item has no code."))
    options = cells["options"].upper().replace(",", "").replace(" ", "")
    if not (2 <= len(options) <= len(LETTERS)) or options != LETTERS[: len(options)]:
        reason = _("The options are letters from A in order, such as ABCD.")
        raise _Fault("options", reason)
    return NewItem(**{name: cells.get(name, "") for name in ITEM_FIELDS} | {"options": options})


def _cell(cells: dict[str, str]) -> NewCell:
    for name in ("standard_th", "competency_th"):
        if not cells[name]:
            raise _Fault(name, _("This cell must not be empty."))
    for name, text in cells.items():
        if name not in ("least", "most") and len(text) > LONGEST_NAME:
            raise _Fault(name, _("Longer than %(longest)s characters.") % {"longest": LONGEST_NAME})
    least, most = (_count(name, cells[name]) for name in ("least", "most"))
    if least > most:
        raise _Fault("least", _("At least %(least)s is more than at most %(most)s.") % cells)
    names = {name: cells.get(name, "") for name in BLUEPRINT_FIELDS[:4]}
    return NewCell(**names, least=least, most=most)


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_ITEMS):
        reason = _("A whole number of items from 0 to %(most)s belongs here.")
        raise _Fault(name, reason % {"most": MOST_ITEMS})
    return int(text)


def item_rows(rows: Iterable[Any]) -> Iterable[list[Any]]:
    """The rows of a bank as written: what can be read back, then what is for the reader."""
    for row in rows:
        item = row.item
        yield [
            *(getattr(item, name) for name in ITEM_FIELDS),
            " ".join(row.forms),
            row.given_to,
            row.p,
            row.r,
            row.last.run_id if row.last else None,
        ]
