"""Centres, buildings, rooms and chairs as rows of a file: one row is one room.

The chairs of a room stand in one cell as they stand in the room, row by row from the front:
`XX_XX` is two chairs, an aisle, two chairs. X chair, W wheelchair place, M place with a magnifier,
x a chair that cannot be used, _ nothing.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from centres.common.provinces import BY_CODE
from centres.common.sheets import CellFault, Column, Sheet, Value
from centres.common.thai import ascii_digits
from centres.models import Door, SeatKind
from scheduling.actions.founding import ChairAt, PlaceRow
from scheduling.forms import cells
from scheduling.forms.cells import Fault, text_of

ROW = "/"
_KINDS = {"X": SeatKind.STANDARD, "W": SeatKind.WHEELCHAIR, "M": SeatKind.MAGNIFIER}
_WORDS = {True: "yes", False: "no"}
_YES = {"yes": True, "no": False, "y": True, "n": False, "1": True, "0": False, "ใช่": True,
        "ไม่": False, "ไม่ใช่": False, "มี": True, "ไม่มี": False}  # fmt: skip
_DOORS = {str(door.value): door.value for door in Door if door.value}
_CODE = re.compile(r"[0-9A-Za-zก-๙.\-]{1,8}")
_ROOM = re.compile(r"[0-9A-Za-zก-๙.\-]{1,12}")
MOST_SQUARES = 60  # of a room, in each direction


@dataclass(frozen=True)
class PlaceColumn:
    name: str
    note: str | Promise
    read: Callable[[str], Any]
    empty: Any = None  # what an empty cell means; None: it must be filled in
    choices: tuple[str, ...] = ()


@dataclass
class ReadPlaces:
    """What a sheet holds: rows when it has no fault, and all its faults when it has."""

    rows: list[PlaceRow] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)


def _read_code(text: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(text):
        raise Fault(_("A code is short: letters, digits, dots and hyphens, no spaces."))
    return text


def _read_yes(text: str) -> bool:
    return cells.one_of(text, _YES, _("Write yes or no."))


def _read_floor(text: str) -> int:
    plain = ascii_digits(text)
    if not re.fullmatch(r"-?\d{1,3}", plain):
        raise Fault(_("A floor is a whole number."))
    return int(plain)


def _read_degrees(text: str, *, least: float, most: float, other: tuple[float, float]) -> float:
    """Degrees inside Thailand; those of the other axis are told apart."""
    try:
        degrees = float(ascii_digits(text))
    except ValueError:
        degrees = float("nan")
    if least <= degrees <= most:
        return degrees
    if other[0] <= degrees <= other[1]:
        raise Fault(_("Latitude and longitude seem to be swapped. Latitude is 5 to 21 here."))
    raise Fault(_("This is no place in Thailand. Latitude is 5 to 21, longitude 97 to 106."))


def _read_name(text: str) -> str:
    if len(text) > 150:
        raise Fault(_("A name has at most 150 signs."))
    return text


def read_chairs(text: str) -> tuple[ChairAt, ...]:
    """Chairs from their drawing. Raises Fault."""
    rows = [row.strip() for row in re.split(r"[/\n|]", text)]
    if len(rows) > MOST_SQUARES or max(map(len, rows)) > MOST_SQUARES:
        raise Fault(_("A room has at most %(most)d rows and columns.") % {"most": MOST_SQUARES})
    chairs = []
    for y, row in enumerate(rows):
        for x, sign in enumerate(row):
            if sign in _KINDS or sign == "x":
                chairs.append(ChairAt(x, y, str(_KINDS.get(sign, SeatKind.STANDARD)), sign != "x"))
            elif sign not in "_ .-":
                raise Fault(
                    _("Row %(row)d has the sign “%(sign)s”. Draw with X, W, M, x and _.")
                    % {"row": y + 1, "sign": sign}
                )
    if not chairs:
        raise Fault(_("There is no chair in this drawing."))
    return tuple(chairs)


def drawn(chairs: Iterable[ChairAt]) -> str:
    """The drawing of these chairs, as `read_chairs` reads it."""
    at = {(chair.x, chair.y): chair for chair in chairs}
    signs = {kind: sign for sign, kind in _KINDS.items()}
    wide, high = (max((square[axis] for square in at), default=-1) + 1 for axis in (0, 1))

    def sign(x: int, y: int) -> str:
        chair = at.get((x, y))
        if chair is None:
            return "_"
        return signs[SeatKind(chair.kind)] if chair.is_usable else "x"

    return ROW.join("".join(sign(x, y) for x in range(wide)) for y in range(high))


_name = partial(PlaceColumn, read=_read_name)
COLUMNS = (
    PlaceColumn("centre_code", gettext_lazy("short code of the centre, such as C03"),
                partial(_read_code, pattern=_CODE)),
    _name("centre_th", gettext_lazy("its name in Thai")),
    _name("centre_en", gettext_lazy("its name in English"), empty=""),
    PlaceColumn("province", gettext_lazy("name or two-digit code"), cells.read_province),
    PlaceColumn("latitude", gettext_lazy("degrees, 5 to 21"),
                partial(_read_degrees, least=5, most=21, other=(97, 106))),
    PlaceColumn("longitude", gettext_lazy("degrees, 97 to 106"),
                partial(_read_degrees, least=97, most=106, other=(5, 21))),
    PlaceColumn("building_code", gettext_lazy("short code of the building"),
                partial(_read_code, pattern=_CODE)),
    _name("building_th", gettext_lazy("its name in Thai")),
    _name("building_en", gettext_lazy("its name in English"), empty=""),
    PlaceColumn("lift", gettext_lazy("has the building a lift?"), _read_yes, False, ("yes", "no")),
    PlaceColumn("room", gettext_lazy("code of the room"), partial(_read_code, pattern=_ROOM)),
    PlaceColumn("floor", gettext_lazy("a whole number"), _read_floor, 1),
    PlaceColumn("step_free", gettext_lazy("reached without a step?"), _read_yes, False,
                ("yes", "no")),
    PlaceColumn("separate", gettext_lazy("kept for people who need a room apart?"), _read_yes,
                False, ("yes", "no")),
    PlaceColumn("interpreter", gettext_lazy("kept for sign language, with an interpreter?"),
                _read_yes, False, ("yes", "no")),
    PlaceColumn("door", gettext_lazy("where the door is, seen from the seats"),
                lambda text: cells.one_of(text, _DOORS, _("There is no such place for a door.")),
                "", tuple(_DOORS)),
    PlaceColumn("in_use", gettext_lazy("is the room in use?"), _read_yes, True, ("yes", "no")),
    PlaceColumn("chairs", gettext_lazy("drawn from the front: X chair, W wheelchair place, M with "
                "a magnifier, x broken, _ nothing, / next row"), read_chairs),
)  # fmt: skip
HEADINGS = tuple(column.name for column in COLUMNS)
EXAMPLES = (
    ("C01", "ศูนย์สอบลำปาง", "Lampang Centre", "ลำปาง", "18.2888", "99.4930", "1", "อาคาร 1",
     "Building 1", "yes", "1101", "1", "yes", "no", "no", "front_left", "yes",
     "XX_XX_XX/XX_XX_XX/XX_XX_Xx"),
    ("C01", "ศูนย์สอบลำปาง", "Lampang Centre", "ลำปาง", "18.2888", "99.4930", "1", "อาคาร 1",
     "Building 1", "yes", "1190", "1", "yes", "yes", "no", "", "yes", "X_W/X_X"),
)  # fmt: skip


def template_columns() -> list[Column]:
    """The columns as a template shows them."""
    return [Column(c.name, str(c.note), c.choices) for c in COLUMNS]


def cells_of(row: PlaceRow) -> list[Value]:
    """A room as a row of the file, to be read again."""
    told = {item.name: getattr(row, item.name) for item in fields(PlaceRow)}
    told["province"] = BY_CODE[row.province].name_th if row.province in BY_CODE else row.province
    told["chairs"] = drawn(row.chairs)
    return [_WORDS[v] if isinstance(v, bool) else v for v in (told[name] for name in HEADINGS)]


def read_places(sheet: Sheet) -> ReadPlaces:
    """Check every cell; two rows must not say different things of one centre or building."""
    read = ReadPlaces()
    at = _headings(sheet, read.faults)
    if at is None:
        return read
    seen: dict[tuple[str, ...], tuple[int, tuple[Any, ...]]] = {}
    for index, row in enumerate(sheet.rows):
        if any(value is not None for value in row):
            _take(sheet.row_number(index), row, at, read, seen)
    return read


def _headings(sheet: Sheet, faults: list[CellFault]) -> dict[str, int] | None:
    at: dict[str, int] = {}
    for index, heading in enumerate(sheet.header):
        name = heading.strip().casefold()
        letter = get_column_letter(index + 1)
        if name not in HEADINGS:
            reason = _("There is no such column. The columns are: %(names)s.")
            faults.append(CellFault(sheet.first_row - 1, letter, heading,
                                    reason % {"names": ", ".join(HEADINGS)}))  # fmt: skip
        elif name in at:
            reason = _("This column is there twice. Keep one of them.")
            faults.append(CellFault(sheet.first_row - 1, letter, heading, reason))
        at.setdefault(name, index)
    for missing in [c.name for c in COLUMNS if c.empty is None and c.name not in at]:
        reason = _("The column %(name)s is missing. Add it.") % {"name": missing}
        letter = get_column_letter(len(sheet.header) + 1)
        faults.append(CellFault(sheet.first_row - 1, letter, "", reason))
    return None if faults else at


def _take(
    number: int,
    row: list[Value],
    at: dict[str, int],
    read: ReadPlaces,
    seen: dict[tuple[str, ...], tuple[int, tuple[Any, ...]]],
) -> None:
    values: dict[str, Any] = {}
    before = len(read.faults)

    def fault(name: str, reason: str) -> None:
        index = at.get(name, 0)
        value = row[index] if index < len(row) else None
        letter = get_column_letter(index + 1)
        read.faults.append(CellFault(number, letter, text_of(value), reason))

    for column in COLUMNS:
        text = text_of(row[at[column.name]]).strip() if column.name in at else ""
        try:
            if text:
                values[column.name] = column.read(text)
            elif column.empty is None:
                raise Fault(_("This cell is empty. It is needed for every room."))
            else:
                values[column.name] = column.empty
        except Fault as found:
            fault(column.name, str(found))
    if len(read.faults) > before:
        return
    values["province"] = str(values["province"])
    made = PlaceRow(**values)
    for name, key, said in _claims(made):
        first, told = seen.setdefault(key, (number, said))
        if first != number and name == "room":
            fault(name, _("This room stands in row %(row)d already.") % {"row": first})
        elif told != said:
            fault(name, _("Row %(row)d says something else of %(code)s. Make them the same.")
                  % {"row": first, "code": key[-1]})  # fmt: skip
    if len(read.faults) == before:
        read.rows.append(made)


def _claims(row: PlaceRow) -> list[tuple[str, tuple[str, ...], tuple[Any, ...]]]:
    """What a row says of its centre, its building and its room: column, key, facts."""
    centre, building = ("centre", row.centre_code), ("building", row.centre_code, row.building_code)
    return [
        ("centre_code", centre,
         (row.centre_th, row.centre_en, row.province, row.latitude, row.longitude)),
        ("building_code", building, (row.building_th, row.building_en, row.lift)),
        ("room", ("room", row.centre_code, row.building_code, row.room), ()),
    ]  # fmt: skip
