"""A file of answers as lines, by what is in it and by the layout that comes with it."""

from pathlib import Path
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from centres.common.sheets import MAX_FILE, FileMissing, SpreadsheetTooLarge, xlsx_rows
from scoring.errors import CellUnreadable, FileUnreadable, LayoutUnreadable
from scoring.intake.fixed import read_fixed
from scoring.intake.layout import Layout, read_layout
from scoring.intake.lines import IntakeFault, Plans, ReadFile, Tell, in_silence, telling
from scoring.intake.sessions import read_sessions
from scoring.intake.tables import read_csv, read_table

MAX_WORKBOOK: Final = (
    1_000_000_000  # bytes unzipped: 59,679 rows of 150 cells are 300 to 500 million
)
MAX_LAYOUT: Final = 100_000
ZIP: Final = b"PK\x03\x04"
UTF_8_MARK: Final = b"\xef\xbb\xbf"

FAULTS: Final[dict[str, str | Promise]] = {
    "empty": _("it holds no sheet."),
    "not_text": _("this is neither text (UTF-8, TIS-620) nor a workbook."),
    "truncated": _("the file ends in the middle of a sheet. Copy it again from the scanner."),
    "row_unreadable": _("the row cannot be read (%(what)s)."),
    "uneven_row": _("the row has %(found)s cells, the heading %(wanted)s."),
    "heading_twice": _("the heading %(name)s stands there twice."),
    "no_column": _("there is no column %(name)s."),
    "formula": _("%(value)s is a formula, not a value."),
    "scientific": _("%(value)s was a long number. Format the column as text and save it again."),
    "too_many_answers": _("there are more answers than any exam form has."),
    "cell_unknown": _("%(value)s is neither an option nor a known mark."),
    "item_without_column": _("item %(item)s of exam form %(form)s has no column."),
    "too_few_places": _("exam form %(form)s has %(wanted)s items, the file %(found)s columns."),
    "answer_to_no_item": _("an answer to %(item)s, which exam form %(form)s does not hold."),
    "form_unknown": _("this exam form is not one of the sitting's, so its items are not known."),
    "row_short": _("the row has %(found)s characters, the layout says %(wanted)s."),
    "row_long": _("the row has %(found)s characters, the layout says %(wanted)s."),
    "not_json": _("this is not a JSON object. Every line is one."),
    "value_wrong": _("“%(value)s” is not what belongs there."),
    "item_unknown": _("item %(item)s was not given to this person, or is not of this exam form."),
    "item_twice": _("an item stands there twice."),
    "shown_wrong": _("“%(value)s” is not the options %(options)s in another order."),
    "part_twice": _("part %(part)s of the session begun in row %(first)s came before, otherwise."),
    "part_late": _("part %(part)s of the session begun in row %(first)s comes after a later one."),
    "session_changed": _("the session begun in row %(first)s was of another form or order."),
    "layout_not_toml": _("it is not TOML (%(what)s)."),
    "layout_entry": _("the entry %(entry)s is missing or means nothing."),
    "layout_overlap": _("two fields share column %(column)s."),
    "layout_beyond": _("%(entry)s reaches beyond the %(width)s characters of a record."),
    "layout_answers": _("it has %(found)s answers, the exam forms have %(wanted)s items."),
}


def layout_of(text: str) -> Layout | None:
    """A layout from its file; none for an empty one. LayoutUnreadable says what is wrong."""
    if not text.strip():
        return None
    if len(text) > MAX_LAYOUT:
        raise LayoutUnreadable(what=str(FAULTS["layout_entry"]) % {"entry": "…"})
    try:
        return read_layout(text)
    except IntakeFault as fault:
        raise layout_fault(fault) from fault


def read_answers(
    path: Path,
    content: bytes,
    plans: Plans,
    layout: Layout | None,
    name: str,
    tell: Tell = in_silence,
) -> ReadFile:
    """Read a file of answers. What is wrong with it is told with its row and column."""
    try:
        return _read(path, content, plans, layout, tell)
    except IntakeFault as fault:
        if fault.code.startswith("layout"):
            raise layout_fault(fault) from fault
        what = str(FAULTS[fault.code]) % fault.facts
        if not fault.row:
            raise FileUnreadable(name=name, what=what) from fault
        place = {"row": fault.row, "column": fault.column}
        raise CellUnreadable(name=name, what=what, **place) from fault


def _read(path: Path, content: bytes, plans: Plans, layout: Layout | None, tell: Tell) -> ReadFile:
    if layout is not None and layout.format == "fixed":
        return read_fixed(content, plans, layout)
    if content[:4] == ZIP:
        read = read_table(telling(xlsx_rows(path, unpacked=MAX_WORKBOOK), tell), plans, layout)
        return ReadFile(read.lines, "xlsx", "", read.columns)
    if content.removeprefix(UTF_8_MARK).lstrip()[:1] == b"{":
        return read_sessions(content, plans, tell)
    return read_csv(content, plans, layout, tell)


def layout_fault(fault: IntakeFault) -> LayoutUnreadable:
    """The same fault as a sentence."""
    facts = {"column": fault.column, **fault.facts}
    return LayoutUnreadable(what=str(FAULTS[fault.code]) % facts)


def content_of(path: Path) -> bytes:
    """The bytes of a file that is there and not too large."""
    if not path.is_file():
        raise FileMissing(name=path.name)
    if path.stat().st_size > MAX_FILE:
        raise SpreadsheetTooLarge(name=path.name)
    return path.read_bytes()
