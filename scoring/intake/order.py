"""The order of the items in one exam form: columns ``place``, ``item`` and, if wanted, ``options``.

Places count from 1 without a gap. Without options, an item keeps those it has, or ABCDE.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from scoring.intake.lines import IntakeFault, column_letter, distinct

MOST_ITEMS, LONGEST_CODE, MOST_OPTIONS = 1000, 20, 12
USUAL: Final = "ABCDE"
HEADINGS: Final = {
    "place": ("place", "ข้อ", "ข้อที่"),
    "item": ("item", "ข้อสอบ", "รหัสข้อสอบ"),
    "options": ("options", "ตัวเลือก"),
}


def read_order(
    rows: Iterable[tuple[int, Sequence[Any]]], known: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Item codes with their options, in the order of the form."""
    numbered = ((row, [_plain(cell) for cell in cells]) for row, cells in rows)
    top = next(((row, cells) for row, cells in numbered if any(cells)), None)
    if top is None:
        raise IntakeFault("empty", 1, 1)
    at = _headings(*top)
    found: dict[str, str] = {}
    for row, cells in numbered:
        if not any(cells):
            continue
        cells.extend([""] * (max(at.values()) + 1 - len(cells)))
        _check_place(row, cells[at["place"]], len(found) + 1, at)
        item = _item(row, cells[at["item"]], found, at)
        found[item] = _options(row, cells, item, known, at)
    if not found:
        raise IntakeFault("empty", 1, 1)
    return list(found.items())


def _plain(cell: Any) -> str:
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else "" if cell is None else cell).strip()


def _headings(row: int, names: list[str]) -> dict[str, int]:
    folded = [name.casefold() for name in names]
    twice = distinct(folded)
    if twice:
        raise IntakeFault("heading_twice", row, column_letter(folded.index(twice) + 1), name=twice)
    found = {
        field: folded.index(name)
        for field, usual in HEADINGS.items()
        for name in usual
        if name in folded
    }
    for needed in ("place", "item"):
        if needed not in found:
            raise IntakeFault("no_column", row, 1, name=needed)
    return found


def _check_place(row: int, text: str, wanted: int, at: Mapping[str, int]) -> None:
    if text != str(wanted) or wanted > MOST_ITEMS:
        column = column_letter(at["place"] + 1)
        raise IntakeFault("order_place", row, column, value=text[:20], wanted=wanted)


def _item(row: int, code: str, found: Mapping[str, str], at: Mapping[str, int]) -> str:
    column = column_letter(at["item"] + 1)
    if not code or len(code) > LONGEST_CODE or code[0] in "=+-@":
        raise IntakeFault("order_item", row, column, value=code[:20])
    if code in found:
        raise IntakeFault("item_twice", row, column)
    return code


def _options(
    row: int, cells: Sequence[str], item: str, known: Mapping[str, str], at: Mapping[str, int]
) -> str:
    text = cells[at["options"]] if "options" in at else ""
    if not text:
        return known.get(item, USUAL)
    column = column_letter(at["options"] + 1)
    plain = text.isascii() and text.isalnum() and 2 <= len(text) <= MOST_OPTIONS
    if not plain or len(set(text)) != len(text):
        raise IntakeFault("order_options", row, column, value=text[:20])
    if known.get(item, text) != text:
        facts = {"item": item, "options": known[item], "value": text}
        raise IntakeFault("order_changed", row, column, **facts)
    return text
