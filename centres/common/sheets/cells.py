"""What a sheet is, one cell's fault, and what is refused about a whole file."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError

Value: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | None


class FileMissing(DomainError):
    code = "file_missing"
    status = 400
    sentence = _("There is no file %(name)s. Check the name and the folder.")


class NotASpreadsheet(DomainError):
    code = "not_a_spreadsheet"
    status = 400
    sentence = _("%(name)s is not a spreadsheet we read. Save it as .xlsx or .csv and send that.")


class SpreadsheetEmpty(DomainError):
    code = "spreadsheet_empty"
    status = 400
    sentence = _("%(name)s has no rows under its headings. Was another sheet meant to come first?")


class SpreadsheetTooLarge(DomainError):
    code = "spreadsheet_too_large"
    status = 400
    sentence = _(
        "%(name)s unpacks to more than we accept. Keep one sheet of plain rows and send it again."
    )


class SpreadsheetHasFormula(DomainError):
    code = "spreadsheet_has_formula"
    status = 400
    sentence = _(
        "%(name)s, cell %(cell)s: a formula, not a value. Paste the cells as values and send it"
        " again."
    )


class SpreadsheetBroken(DomainError):
    code = "spreadsheet_broken"
    status = 400
    sentence = _("%(name)s is damaged. Open it in a spreadsheet program, save it anew, send that.")


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong in one cell. `row` counts from 1 as spreadsheets do; `column` is its letter."""

    row: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        where = _t("Row %(row)d, column %(column)s: %(reason)s")
        return where % {"row": self.row, "column": self.column, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The first sheet of a file: headings, then rows of equal length. An empty cell is None."""

    name: str
    header: tuple[str, ...]
    rows: list[list[Value]] = field(repr=False)
    first_row: int  # the number, in the file, of rows[0]
    digest: str  # SHA-256 of the file

    def row_number(self, index: int) -> int:
        """The number that the spreadsheet shows beside rows[index]."""
        return self.first_row + index


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a template: its heading, what to write there, and the words it accepts."""

    name: str
    note: str
    choices: tuple[str, ...] = ()
    width: int = 18
