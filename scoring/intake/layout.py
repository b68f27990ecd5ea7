"""The layout file: how a scanner writes its sheets, said once in TOML and kept with the file.

name = "Sheet of 150 items"      # for people
format = "fixed"                 # fixed, csv or xlsx
encoding = "cp874"               # if it is not found out: utf-8, utf-16, cp874, tis-620
skip = 1                         # rows before the first sheet that are none
record = 355                     # fixed: characters of one sheet
lines = 5                        # fixed: over how many rows of equal length
number = [1, 10]                 # fixed: first column and width; csv, xlsx: the heading
form = [11, 1]
answers = [[16, 100], [120, 50]] # fixed: stretches; csv, xlsx: a heading, or a list of them
blank = "omitted"                # a blank before the last mark: omitted or not_administered
trailing_blanks = "not_reached"  # a blank after it: not_reached, omitted or not_administered
[marks]                          # what stands in the file = an option, or a word of the above
"1" = "A"
"*" = "double"
[forms]                          # what stands in the file = the exam form
"1" = "A"
"""

import codecs
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from scoring.intake.lines import (
    BLANK,
    NOT_ADMINISTERED,
    NOT_REACHED,
    OMITTED,
    WORDS,
    IntakeFault,
)

FORMATS: Final = ("fixed", "csv", "xlsx")
INSIDE: Final = {"omitted": OMITTED, "not_administered": NOT_ADMINISTERED}
TRAILING: Final = INSIDE | {"not_reached": NOT_REACHED}
KEYS: Final = {
    "name", "format", "encoding", "skip", "record", "lines", "number", "form", "answers", "blank",
    "trailing_blanks", "marks", "forms",
}  # fmt: skip
WIDEST, MOST_LINES = 5000, 100
Stretch = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """A layout as checked. `fields` of a fixed record: stretches; `headings` of a table: names."""

    format: str
    name: str = ""
    encoding: str = ""
    skip: int = 0
    record: int = 0
    lines: int = 1
    fields: Mapping[str, tuple[Stretch, ...]] = field(default_factory=dict)
    headings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inside: str = OMITTED
    trailing: str = NOT_REACHED
    marks: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)

    @property
    def row_width(self) -> int:
        """Characters of one row of a fixed record."""
        return self.record // self.lines

    @property
    def answers_width(self) -> int:
        """Answers of one sheet of a fixed record."""
        return sum(width for _start, width in self.fields["answers"])

    def form_named(self, text: str) -> str:
        """The exam form that a text in the file means."""
        return self.forms.get(text, text)


def read_layout(text: str) -> Layout:
    """Read and check a layout. IntakeFault names the entry that is wrong."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise IntakeFault("layout_not_toml", what=str(fault)) from fault
    strange = sorted(said.keys() - KEYS)
    if strange:
        raise _wrong(strange[0])
    shape = said.get("format")
    if shape not in FORMATS:
        raise _wrong("format")
    plain = {
        "format": shape,
        "name": _text(said, "name"),
        "encoding": _encoding(said),
        "skip": _count(said, "skip", 0, most=1000),
        "inside": _word(said, "blank", INSIDE, "omitted"),
        "trailing": _word(said, "trailing_blanks", TRAILING, "not_reached"),
        "marks": _marks(said),
        "forms": _forms(said),
    }
    return _fixed(said, plain) if shape == "fixed" else _table(said, plain)


def _wrong(entry: str) -> IntakeFault:
    return IntakeFault("layout_entry", entry=entry)


def _fixed(said: Mapping[str, Any], plain: dict[str, Any]) -> Layout:
    record = _count(said, "record", least=1, most=WIDEST)
    lines = _count(said, "lines", 1, least=1, most=MOST_LINES)
    if record % lines:
        raise _wrong("lines")
    fields = {name: _stretches(said, name, record) for name in ("number", "form", "answers")}
    taken = sorted(stretch for some in fields.values() for stretch in some)
    for (start, width), (after, _width) in pairwise(taken):
        if start + width > after:
            raise IntakeFault("layout_overlap", column=after)
    return Layout(**plain, record=record, lines=lines, fields=fields)


def _table(said: Mapping[str, Any], plain: dict[str, Any]) -> Layout:
    if "record" in said or "lines" in said:
        raise _wrong("record" if "record" in said else "lines")
    headings = {}
    for name in ("number", "form", "answers"):
        value = said.get(name, name)
        names = (value,) if isinstance(value, str) else value
        several = name == "answers"
        if not isinstance(names, (list, tuple)) or not names or (len(names) > 1 and not several):
            raise _wrong(name)
        if not all(isinstance(one, str) and one.strip() for one in names):
            raise _wrong(name)
        headings[name] = tuple(one.strip() for one in names)
    return Layout(**plain, headings=headings)


def _stretches(said: Mapping[str, Any], name: str, record: int) -> tuple[Stretch, ...]:
    value = said.get(name)
    if not isinstance(value, list) or not value:
        raise _wrong(name)
    some = value if isinstance(value[0], list) else [value]
    found = []
    for one in some:
        whole = isinstance(one, list) and len(one) == 2 and all(type(n) is int for n in one)
        if not whole or one[0] < 1 or one[1] < 1:
            raise _wrong(name)
        if one[0] + one[1] - 1 > record:
            raise IntakeFault("layout_beyond", column=one[0] + one[1] - 1, entry=name, width=record)
        found.append((one[0], one[1]))
    return tuple(found)


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise _wrong(name)
    return value.strip()


def _encoding(said: Mapping[str, Any]) -> str:
    name = _text(said, "encoding")
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        raise _wrong("encoding") from None


def _count(
    said: Mapping[str, Any], name: str, default: int | None = None, *, least: int = 0, most: int
) -> int:
    value = said.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise _wrong(name)
    return value


def _word(said: Mapping[str, Any], name: str, words: Mapping[str, str], default: str) -> str:
    value = said.get(name, default)
    mark = words.get(value) if isinstance(value, str) else None
    if mark is None:
        raise _wrong(name)
    return mark


def _marks(said: Mapping[str, Any]) -> dict[str, str]:
    found = said.get("marks", {})
    if not isinstance(found, dict):
        raise _wrong("marks")
    marks: dict[str, str] = {}
    for seen, meant in found.items():
        known = isinstance(meant, str) and (len(meant) == 1 or meant in WORDS)
        if not known or (said["format"] == "fixed" and len(seen) != 1):
            raise _wrong(f"marks.{seen}")
        marks[str(seen)] = WORDS[meant] if meant in WORDS else str(meant)
    return marks


def _forms(said: Mapping[str, Any]) -> dict[str, str]:
    found = said.get("forms", {})
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise _wrong("forms")
    return dict(found)


def blank_means(layout: Layout, mark: str) -> str:
    """What a space in a file of this layout is, where `marks` does not say: a blank."""
    return layout.marks.get(mark, BLANK if mark == " " else mark)
