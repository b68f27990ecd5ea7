"""A key as people type it: one short word for each item.

    B      the right option            BD     B and D are both right
    *      the mark for everyone       -      dropped: counts for nobody
    B~     on trial: not scored        B=2    worth two marks

A file has the columns ``item`` (or ``place``) and ``key``, and may have ``weight``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from scoring.intake.lines import THAI_OPTIONS, FormPlan, IntakeFault, column_letter, distinct

EVERYONE, DROPPED, TRIAL = "*", "-", "~"
MAX_WEIGHT: Final = 250
WORD: Final = re.compile(r"(?P<right>\*|-|[^\s*=~-]+)(?P<trial>~)?(?:=(?P<weight>\d{1,3}))?")
Row = dict[str, Any]


def read_word(item: str, text: str, options: str) -> Row:
    """One item's key as it is stored. IntakeFault: ``key_empty``, ``key_word``, ``key_option``."""
    word = re.sub(r"[\s,;/|]+", "", text)
    if not word:
        raise IntakeFault("key_empty", item=item)
    found = WORD.fullmatch(word)
    weight = int(found["weight"] or 1) if found else 0
    if found is None or not 1 <= weight <= MAX_WEIGHT or _contradicts(found):
        raise IntakeFault("key_word", item=item, value=text.strip()[:20])
    if found["right"] == EVERYONE:
        return _row(item, [], "everyone", weight)
    if found["right"] == DROPPED:
        return _row(item, [], "dropped", weight)
    letters = sorted({_option(letter, options) for letter in found["right"]})
    strange = [letter for letter in letters if letter not in options]
    if strange:
        raise IntakeFault("key_option", item=item, value="".join(strange)[:20], options=options)
    return _row(item, letters, "unscored" if found["trial"] else "right_answers", weight)


def _contradicts(found: re.Match[str]) -> bool:
    """Marks for everyone, or none, are not on trial."""
    return bool(found["trial"]) and found["right"] in (EVERYONE, DROPPED)


def _option(letter: str, options: str) -> str:
    if letter in options:
        return letter
    upper = THAI_OPTIONS.get(letter, letter).upper()
    return upper if upper in options else letter


def _row(item: str, right: list[str], rule: str, weight: int) -> Row:
    return {"item": item, "right": right, "rule": rule, "weight": weight}


def word_of(row: Mapping[str, Any]) -> str:
    """The same key as it would be typed."""
    right = {"everyone": EVERYONE, "dropped": DROPPED}.get(row["rule"], "".join(row["right"]))
    trial = TRIAL if row["rule"] == "unscored" else ""
    return right + trial + (f"={row['weight']}" if row["weight"] != 1 else "")


def read_words(words: Mapping[str, str], plan: FormPlan) -> list[Row]:
    """The key of a form from a word for each item, in form order; every fault at its place."""
    rows = []
    for place, (item, options) in enumerate(zip(plan.items, plan.options, strict=True), 1):
        try:
            rows.append(read_word(item, words.get(item, ""), options))
        except IntakeFault as fault:
            raise IntakeFault(fault.code, place, item, **fault.facts) from None
    return rows


def read_key_rows(rows: Iterable[tuple[int, Sequence[Any]]], plan: FormPlan) -> list[Row]:
    """The key of a form from the rows of a table, the heading first."""
    numbered = ((row, [_plain(cell) for cell in cells]) for row, cells in rows)
    top = next(((row, cells) for row, cells in numbered if any(cells)), None)
    if top is None:
        raise IntakeFault("empty", 1, 1)
    at = _headings(*top)
    words: dict[str, str] = {}
    for row, cells in numbered:
        if not any(cells):
            continue
        item = _item(row, cells, at, plan)
        if item in words:
            raise IntakeFault("item_twice", row, column_letter(at["item"] + 1))
        words[item] = _checked(row, cells, at, item, plan)
    missing = [item for item in plan.items if item not in words]
    if missing:
        raise IntakeFault("key_missing", 1, 1, items=", ".join(missing[:6]), count=len(missing))
    return read_words(words, plan)


def _plain(cell: Any) -> str:
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else "" if cell is None else cell).strip()


HEADINGS: Final = {
    "item": ("item", "ข้อสอบ", "รหัสข้อสอบ"),
    "place": ("place", "ข้อ", "ข้อที่"),
    "key": ("key", "เฉลย"),
    "weight": ("weight", "น้ำหนัก"),
}


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
    for needed in ("item", "key"):
        if needed not in found and (needed == "key" or "place" not in found):
            raise IntakeFault("no_column", row, 1, name=needed)
    found.setdefault("item", found.get("place", 0))
    return found


def _item(row: int, cells: list[str], at: Mapping[str, int], plan: FormPlan) -> str:
    cells.extend([""] * (max(at.values()) + 1 - len(cells)))
    named = cells[at["item"]]
    by_place = at.get("place") == at["item"]
    if by_place and named.isascii() and named.isdigit() and 1 <= int(named) <= len(plan.items):
        return plan.items[int(named) - 1]
    if by_place or named not in plan.items:
        raise IntakeFault("key_item", row, column_letter(at["item"] + 1), item=named[:20] or "–")
    return named


def _checked(row: int, cells: list[str], at: Mapping[str, int], item: str, plan: FormPlan) -> str:
    """The word of one row, with its weight; a fault stands at its row and column."""
    word = cells[at["key"]]
    if "weight" in at and cells[at["weight"]] not in ("", "1"):
        word += f"={cells[at['weight']]}"
    try:
        read_word(item, word, plan.options[plan.items.index(item)])
    except IntakeFault as fault:
        raise IntakeFault(fault.code, row, column_letter(at["key"] + 1), **fault.facts) from None
    return word
