"""A plan as rows of a file: one row is one registration and its chair, as the workbook shows it."""

from dataclasses import dataclass, field
from functools import partial

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from centres.common.sheets import CellFault, Sheet, Value
from centres.common.thai import ascii_digits, fold
from scheduling.forms.cells import Fault, text_of
from scheduling.queries.plan_files import PlanCatalogue, PlanLine

# As `plan_load` writes them; the others it writes are for people to read.
HEADINGS: dict[str, Promise] = {
    "registration": gettext_lazy("Registration number"),
    "centre": gettext_lazy("Centre"),
    "session": gettext_lazy("Exam session"),
    "building": gettext_lazy("Building"),
    "room": gettext_lazy("Room"),
    "seat": gettext_lazy("Seat"),
}


@dataclass
class ReadPlan:
    """What a sheet holds: a line for each row when it has no fault, and all its faults."""

    lines: list[PlanLine] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)


def read_plan(sheet: Sheet, catalogue: PlanCatalogue) -> ReadPlan:
    """Check every cell against the sitting: who is registered, which rooms and chairs there are."""
    read = ReadPlan()
    at = _columns(sheet, read.faults)
    if read.faults:
        return read
    seen: dict[int, int] = {}
    for index, row in enumerate(sheet.rows):
        if any(value is not None for value in row):
            number = sheet.row_number(index)
            _take(
                read, catalogue, seen, number, {name: row[place] for name, place in at.items()}, at
            )
    missing = sorted(set(catalogue.registrations) - {f"{n:010d}" for n in seen})
    if missing and not read.faults:
        reason = _(
            "%(many)d registered people are not in the file: %(numbers)s. Add a row for each."
        )
        named = ", ".join(missing[:10]) + ("…" if len(missing) > 10 else "")
        reason %= {"many": len(missing), "numbers": named}
        read.faults.append(CellFault(sheet.first_row - 1, "A", "", reason))
    return read


def _columns(sheet: Sheet, faults: list[CellFault]) -> dict[str, int]:
    """Where each heading stands, in Thai or English."""
    known: dict[str, str] = {}
    for language in ("th", "en"):
        with translation.override(language):
            known |= {fold(str(heading)).casefold(): name for name, heading in HEADINGS.items()}
    at: dict[str, int] = {}
    for index, heading in enumerate(sheet.header):
        name = known.get(fold(heading).casefold())
        if name is not None:
            at.setdefault(name, index)
    for place, name in enumerate(name for name in HEADINGS if name not in at):
        reason = _("The column “%(name)s” is missing. Load the plan again and edit that file.")
        letter = get_column_letter(len(sheet.header) + 1 + place)
        reason %= {"name": HEADINGS[name]}
        faults.append(CellFault(sheet.first_row - 1, letter, "", reason))
    return at


def _take(
    read: ReadPlan,
    catalogue: PlanCatalogue,
    seen: dict[int, int],
    row: int,
    values: dict[str, Value],
    at: dict[str, int],
) -> None:
    text = {name: text_of(value).strip() for name, value in values.items()}
    fault = partial(_fault, read, row, values, at)
    digits = ascii_digits(text["registration"]).replace(" ", "").replace("-", "").zfill(10)
    person = catalogue.registrations.get(digits)
    if person is None:
        return fault("registration", _("Nobody of this sitting has this registration number."))
    first = seen.setdefault(int(digits), row)
    if first != row:
        said = _("This registration stands in row %(row)d already. Keep one of the rows.")
        return fault("registration", said % {"row": first})
    centre = catalogue.centres.get(fold(text["centre"]).casefold())
    if centre is None:
        return fault("centre", _("There is no such centre in this sitting."))
    session = catalogue.sessions.get(ascii_digits(text["session"]))
    if session is None:
        return fault("session", _("This sitting has no such exam session."))
    room = catalogue.rooms.get((centre, text["building"], text["room"]))
    if room is None or (room, session) not in catalogue.used:
        return fault("room", _("This room is not used in this exam session of this centre."))
    seat = catalogue.seats.get((room, text["seat"].upper()))
    if seat is None:
        return fault("seat", _("This room has no such chair, or it cannot be used."))
    read.lines.append(PlanLine(row, person, centre, session, seat))
    return None


def _fault(
    read: ReadPlan, row: int, values: dict[str, Value], at: dict[str, int], name: str, reason: str
) -> None:
    letter = get_column_letter(at[name] + 1)
    read.faults.append(CellFault(row, letter, text_of(values[name]), str(Fault(reason))))
