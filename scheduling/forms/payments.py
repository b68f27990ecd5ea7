"""A bank's file of payments, read line by line; one fault and none of it is entered.

Headings: bank_reference, paid_at, reference, amount. `paid_at` is day and time in Thailand, of
either era; `amount` is baht with two decimals. Other columns are left alone.
"""

import re
from collections.abc import Iterable
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _t

from centres.common.sheets import CellFault, Sheet, Value, read_sheet
from centres.common.thai import ascii_digits, common_year, fold, parse_date
from scheduling.actions.fees import BankFile, BankLine
from scheduling.booking_errors import PaymentFileWrong
from scheduling.forms.cells import Fault, text_of

HEADINGS = ("bank_reference", "paid_at", "reference", "amount")
BANGKOK = ZoneInfo("Asia/Bangkok")
MOST = 2_000_000_00  # satang of one payment
_CLOCK = re.compile(r"(.+?)[ T](\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?")


def read_bank_file(path: Path, name: str = "") -> BankFile:
    """The payments in a file. Raises PaymentFileWrong, or what `read_sheet` raises."""
    sheet = read_sheet(path)
    name = name or sheet.name
    lines, faults = _lines(sheet)
    if faults:
        raise PaymentFileWrong(name=name, many=len(faults), first=str(faults[0]))
    covers_until = max(line.paid_at for line in lines)
    return BankFile(name, sheet.digest, covers_until, lines)


def _lines(sheet: Sheet) -> tuple[list[BankLine], list[CellFault]]:
    columns = {fold(heading).lower(): place for place, heading in enumerate(sheet.header)}
    missing = [heading for heading in HEADINGS if heading not in columns]
    if missing:
        reason = _t("the first line lacks the heading %(headings)s.")
        return [], [CellFault(1, "A", "", reason % {"headings": ", ".join(missing)})]
    lines: list[BankLine] = []
    faults: list[CellFault] = []
    seen: dict[str, int] = {}
    for index, row in enumerate(sheet.rows):
        if all(value is None for value in row):
            continue
        number = sheet.row_number(index)
        cells = {heading: row[columns[heading]] for heading in HEADINGS}
        line = _line(number, cells, faults, [_letter(columns[h]) for h in HEADINGS])
        if line is None:
            continue
        if line.bank_reference in seen:
            reason = _t("this number of the bank stands on row %(row)d too.")
            reason %= {"row": seen[line.bank_reference]}
            letter = _letter(columns["bank_reference"])
            faults.append(CellFault(number, letter, line.bank_reference, reason))
        seen[line.bank_reference] = number
        lines.append(line)
    return lines, faults


def _line(
    number: int, cells: dict[str, Value], faults: list[CellFault], letters: Iterable[str]
) -> BankLine | None:
    read: dict[str, Any] = {}
    for heading, letter in zip(HEADINGS, letters, strict=True):
        try:
            read[heading] = _READERS[heading](cells[heading])
        except Fault as fault:
            faults.append(CellFault(number, letter, text_of(cells[heading]), str(fault)))
    if len(read) < len(HEADINGS):
        return None
    return BankLine(number, read["bank_reference"], read["reference"], read["paid_at"],
                    read["amount"])  # fmt: skip


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else "…"


def _bank_reference(value: Value) -> str:
    text = text_of(value)
    if not 1 <= len(text) <= 60:
        raise Fault(_t("every payment has the number that the bank gave it, of at most 60 signs."))
    return text


def _reference(value: Value) -> str:
    """What the payer typed, blanks and dashes left out; an unknown one is no fault of the file."""
    return re.sub(r"[\s\-]", "", ascii_digits(text_of(value)))[:40]


def _paid_at(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value.replace(year=common_year(value.year), tzinfo=value.tzinfo or BANGKOK)
    parts = _CLOCK.fullmatch(ascii_digits(text_of(value)))
    try:
        if parts is None:
            raise ValueError
        clock = time(int(parts[2]), int(parts[3]), int(parts[4] or 0))
        return datetime.combine(parse_date(parts[1]), clock, tzinfo=BANGKOK)
    except ValueError:
        raise Fault(
            _t("write day and time, such as 14/01/2570 09:30 or 2027-01-14 09:30.")
        ) from None


def _amount(value: Value) -> int:
    """Satang. A float of a spreadsheet is taken as it is shown, never as it is stored."""
    text = repr(value) if isinstance(value, float) else text_of(value)
    try:
        baht = Decimal(ascii_digits(text).replace(",", ""))
        satang = baht * 100
        if satang != satang.to_integral_value() or not 0 < satang <= MOST:
            raise InvalidOperation
    except InvalidOperation:
        raise Fault(
            _t("write baht with at most two decimals, more than nothing, such as 330.00.")
        ) from None
    return int(satang)


_READERS = {
    "bank_reference": _bank_reference,
    "paid_at": _paid_at,
    "reference": _reference,
    "amount": _amount,
}
