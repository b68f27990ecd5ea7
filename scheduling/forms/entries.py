"""The rows of an import, from a sheet to entries: every fault of every cell, all at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from centres.common.errors import DomainError
from centres.common.identity import (
    lookup_hash,
    national_number,
    passport_number,
    rehearsal_number,
)
from centres.common.sheets import CellFault, Column, Sheet, Value
from scheduling.actions.registrations import MOST_WISHES, Entry
from scheduling.forms import cells, company
from scheduling.forms.cells import Fault, text_of
from scheduling.models import ExamLanguage, IdentityKind, NeedKind
from scheduling.queries.candidates import ImportCatalogue

Reader = Callable[[Value], Any]
WISHES = tuple(f"wish_{rank}" for rank in range(1, MOST_WISHES + 1))


@dataclass(frozen=True)
class ImportColumn:
    """One column of an import file: its two headings and what to write there."""

    name: str
    thai: str
    note: str | Promise
    is_required: bool = False
    choices: tuple[str, ...] = ()


COLUMNS = (
    ImportColumn("national_number", "เลขประจำตัวประชาชน", gettext_lazy("13 digits; or a passport")),
    ImportColumn("passport", "หนังสือเดินทาง", gettext_lazy("for people without a Thai number")),
    ImportColumn("passport_country", "ประเทศ", gettext_lazy("three letters, such as GBR")),
    ImportColumn("prefix", "คำนำหน้า", gettext_lazy("written out, or 003, 004, 005"), True),
    ImportColumn("given_name_th", "ชื่อ", gettext_lazy("in Thai; or the English one")),
    ImportColumn(
        "family_name_th", "นามสกุล", gettext_lazy("in Thai; empty for those who have none")
    ),
    ImportColumn("given_name_en", "ชื่ออังกฤษ", gettext_lazy("as in the passport")),
    ImportColumn("family_name_en", "นามสกุลอังกฤษ", gettext_lazy("as in the passport")),
    ImportColumn("former_family_name_th", "นามสกุลเดิม", gettext_lazy("where it was changed")),
    ImportColumn("sex", "เพศ", gettext_lazy("f or m; empty: from the prefix"), choices=("f", "m")),
    ImportColumn("birth_date", "วันเกิด", gettext_lazy("day/month/year, either era"), True),
    ImportColumn("email", "อีเมล", gettext_lazy("one address")),
    ImportColumn("phone", "โทรศัพท์", gettext_lazy("9 or 10 digits")),
    ImportColumn("institution", "สถาบัน", gettext_lazy("code or name, as in the list")),
    ImportColumn("home_province", "จังหวัด", gettext_lazy("name or two-digit code"), True),
    ImportColumn("home_latitude", "ละติจูด", gettext_lazy("degrees; empty: the province's town")),
    ImportColumn("home_longitude", "ลองจิจูด", gettext_lazy("degrees; empty: the province's town")),
    *(
        ImportColumn(name, f"อันดับ {rank}", gettext_lazy("centre, or centre/exam session"))
        for rank, name in enumerate(WISHES, start=1)
    ),
    ImportColumn(
        "needs",
        "ความต้องการ",
        gettext_lazy("arrangements, separated by commas; never a diagnosis"),
        choices=tuple(kind.value for kind in NeedKind),
    ),
    ImportColumn("extra_minutes", "เวลาเพิ่ม (นาที)", gettext_lazy("minutes of extra time")),
    ImportColumn(
        "refused_sessions",
        "รอบที่เข้าไม่ได้",
        gettext_lazy("numbers of exam sessions, separated by commas; never why"),
    ),
    ImportColumn(
        "language", "ภาษาที่ใช้สอบ", gettext_lazy("th or en; empty: th"), choices=("th", "en")
    ),
    ImportColumn(
        "papers",
        "วิชาที่สอบ",
        gettext_lazy("codes of the papers taken, separated by commas; empty: all"),
    ),
    ImportColumn(
        "beside",
        "นั่งข้าง",
        gettext_lazy("numbers (identity or passport) of people to sit beside, separated by commas"),
    ),
    ImportColumn(
        "apart",
        "ไม่ให้อยู่ห้องเดียวกับ",
        gettext_lazy("numbers (identity or passport) of people not to sit in one room with"),
    ),
)
EXAMPLES = (
    ("9123456789010", "", "", "นางสาว", "ขวัญข้าว", "ทองเนื้อดี", "Khwankhao", "Thongnuedee", "", "f",
     "29/02/2543", "khwankhao@example.org", "0812345678", "", "เชียงใหม่", "", "", "เชียงใหม่/1",
     "ลำปาง", "", "", "", "", "", "", "", "", "", ""),
    ("", "C01X00T47", "GBR", "นาย", "", "", "John", "Smith", "", "m", "1998-07-05",
     "john@example.org", "+447700900123", "", "Bangkok", "", "", "Bangkok", "", "", "", "",
     "large_print, extra_time", "45", "2", "en", "", "", "9123456789010"),
)  # fmt: skip


def template_columns() -> list[Column]:
    """The columns as a template shows them."""
    return [Column(c.name, f"{c.thai}: {c.note}", c.choices) for c in COLUMNS]


@dataclass
class ReadEntries:
    """What a sheet holds: entries when it has no fault, and all its faults when it has."""

    entries: list[Entry] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)


def read_entries(sheet: Sheet, catalogue: ImportCatalogue) -> ReadEntries:
    """Check every cell of the sheet against the catalogue."""
    read = ReadEntries()
    plan, complete = _plan(sheet, catalogue, read.faults)
    if complete:
        reading = _Reading(catalogue, plan, len(sheet.header), read)
        for index, row in enumerate(sheet.rows):
            if any(value is not None for value in row):
                reading.take(sheet.row_number(index), row)
        known = catalogue.registered
        read.faults += company.unknown_company(reading.company, reading.seen, known)
    return read


# --- headings ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Planned:
    index: int
    name: str
    letter: str
    read: Reader
    is_required: bool


def _plan(
    sheet: Sheet, catalogue: ImportCatalogue, faults: list[CellFault]
) -> tuple[list[_Planned], bool]:
    """Which reader takes which cell; False when a column is missing that no row can do without."""
    named = {heading.casefold(): c for c in COLUMNS for heading in (c.name, c.thai)}
    readers = _readers(catalogue)
    heading_row = sheet.first_row - 1
    plan: dict[str, _Planned] = {}
    for index, heading in enumerate(sheet.header):
        letter = get_column_letter(index + 1)
        try:
            column = _column(heading, named, plan)
        except Fault as fault:
            faults.append(CellFault(heading_row, letter, heading, str(fault)))
            continue
        plan[column.name] = _Planned(
            index, column.name, letter, readers[column.name], column.is_required
        )
    missing = [c for c in COLUMNS if c.is_required and c.name not in plan]
    if not {"national_number", "passport"} & set(plan):
        missing.insert(0, COLUMNS[0])
    beyond = len(sheet.header) + 1
    for place, column in enumerate(missing):
        reason = _("The column %(name)s (%(thai)s) is missing. Add it.")
        reason %= {"name": column.name, "thai": column.thai}
        faults.append(CellFault(heading_row, get_column_letter(beyond + place), "", reason))
    return list(plan.values()), not missing


def _column(
    heading: str, named: dict[str, ImportColumn], plan: dict[str, _Planned]
) -> ImportColumn:
    if not heading:
        raise Fault(_("This column has no heading. Name it or remove it."))
    column = cells.one_of(heading, named, _("There is no such column."))
    if column.name in plan:
        raise Fault(_("This column is there twice. Keep one of them."))
    return column


# --- cells -------------------------------------------------------------------------------------


def _readers(catalogue: ImportCatalogue) -> dict[str, Reader]:
    """One reader for each column. Columns whose values come again and again are remembered."""
    number = rehearsal_number if catalogue.is_rehearsal else national_number
    wish = partial(cells.read_wish, centres=catalogue.centres, sessions=catalogue.sessions)
    no_institution = _("There is no such institution in the list.")
    institution = partial(cells.read_code, known=catalogue.institutions, unknown=no_institution)
    name = _remembered(_of_text(cells.read_name))
    return {
        "national_number": lambda value: number(cells.national_digits(text_of(value))),
        "passport": text_of,
        "passport_country": text_of,
        "prefix": _remembered(_of_text(cells.read_prefix)),
        "given_name_th": name,
        "family_name_th": name,
        "given_name_en": name,
        "family_name_en": name,
        "former_family_name_th": name,
        "sex": _remembered(_of_text(cells.read_sex)),
        "birth_date": _remembered(partial(cells.read_day, first_day=catalogue.first_day)),
        "email": _of_text(cells.read_email),
        "phone": _of_text(cells.read_phone),
        "institution": _remembered(_of_text(institution)),
        "home_province": _remembered(_of_text(cells.read_province)),
        "home_latitude": _of_text(partial(cells.read_degrees, least=5, most=21)),
        "home_longitude": _of_text(partial(cells.read_degrees, least=97, most=106)),
        **dict.fromkeys(WISHES, _remembered(_of_text(wish))),
        "needs": _remembered(_of_text(cells.read_needs)),
        "extra_minutes": _remembered(_of_text(cells.read_minutes)),
        "language": _remembered(_of_text(cells.read_language)),
        "papers": _remembered(_of_text(partial(cells.read_papers, papers=catalogue.papers))),
        **dict.fromkeys(company.COLUMNS, _of_text(company.read_numbers)),
        "refused_sessions": _remembered(
            _of_text(partial(cells.read_sessions, sessions=catalogue.sessions))
        ),
    }


def _of_text(read: Callable[[str], Any]) -> Reader:
    return lambda value: read(text_of(value))


def _remembered(read: Reader) -> Reader:
    known: dict[Value, Any] = {}

    def again(value: Value) -> Any:
        try:
            return known[value]
        except KeyError:
            known[value] = read(value)
            return known[value]

    return again


# --- rows --------------------------------------------------------------------------------------

Found = Iterator[tuple[str, Exception]]  # a column and what is wrong there


class _Reading:
    """Takes the rows of one sheet in order, remembering whom it has seen."""

    def __init__(
        self, catalogue: ImportCatalogue, plan: list[_Planned], width: int, read: ReadEntries
    ) -> None:
        self.catalogue = catalogue
        self.plan = plan
        self.width = width
        self.read = read
        self.by_name = {planned.name: planned for planned in plan}
        self.seen: dict[str, int] = {}
        self.company: list[company.Named] = []

    def take(self, number: int, row: list[Value]) -> None:
        """Read one row: into an entry, or into its faults."""
        before = len(self.read.faults)
        values, broken = self._cells(number, row)
        checks = (_names(values, broken), _places(values), _extra_time(values))
        own = self._identity(number, values, broken)
        for column, fault in chain(own, *checks, self._company(number, values)):
            planned = self.by_name.get(column, self.plan[0])
            self._fault(number, planned.letter, row[planned.index], fault)
        if len(self.read.faults) == before:
            self.read.entries.append(_entry(values))

    def _cells(self, number: int, row: list[Value]) -> tuple[dict[str, Any], set[str]]:
        """The meaning of each filled cell, and the columns whose cell has none."""
        values: dict[str, Any] = {}
        broken: set[str] = set()
        for planned in self.plan:
            value = row[planned.index]
            try:
                if value is not None and value != "":
                    values[planned.name] = planned.read(value)
                elif planned.is_required:
                    raise Fault(_("This cell is empty. It is needed for everybody."))
            except (Fault, DomainError) as fault:
                broken.add(planned.name)
                self._fault(number, planned.letter, value, fault)
        for index in range(self.width, len(row)):
            beyond = Fault(_("This cell stands beyond the last heading. Remove it."))
            self._fault(number, get_column_letter(index + 1), row[index], beyond)
        return values, broken

    def _fault(self, number: int, letter: str, value: Value, fault: Exception) -> None:
        self.read.faults.append(CellFault(number, letter, text_of(value), str(fault)))

    def _identity(self, number: int, values: dict[str, Any], broken: set[str]) -> Found:
        """One document, of nobody in an earlier row and nobody registered already."""
        national, passport = "national_number" in values, "passport" in values
        if broken & {"national_number", "passport"}:
            return
        if national == passport:
            many = _("Fill in the national number or the passport, not both.")
            none = _("There is no national number and no passport. One of them is needed.")
            yield "passport" if national else "national_number", Fault(many if national else none)
            return
        column = "national_number" if national else "passport"
        try:
            if passport:
                country = values.get("passport_country", "")
                values["passport"] = passport_number(values["passport"], country)
            self._claim(values[column], number)
        except (Fault, DomainError) as fault:
            yield column, fault

    def _company(self, number: int, values: dict[str, Any]) -> Found:
        """Others than himself; whether they are known is asked when all rows are read."""
        own = values.get("national_number") or values.get("passport") or ""
        for column in company.COLUMNS:
            others = values.get(column, ())
            try:
                company.refuse_himself(own, others)
            except Fault as fault:
                yield column, fault
            if others:
                self.company.append((number, self.by_name[column].letter, own, others))

    def _claim(self, identity: str, number: int) -> None:
        first = self.seen.setdefault(identity, number)
        if first != number:
            raise Fault(_("This is the same person as in row %(row)d.") % {"row": first})
        if self.catalogue.registered and lookup_hash(identity) in self.catalogue.registered:
            raise Fault(_("This person is registered for this sitting already. Remove the row."))


def _names(values: dict[str, Any], broken: set[str]) -> Found:
    given = {"given_name_th", "given_name_en"}
    if not given & (set(values) | broken):
        yield "given_name_th", Fault(_("There is no given name, Thai or English. One is needed."))


def _places(values: dict[str, Any]) -> Found:
    seen: set[tuple[str, int | None]] = set()
    for column in WISHES:
        wish = values.get(column)
        if wish in seen:
            yield column, Fault(_("This wish is the same as an earlier one. Keep the first."))
        elif wish is not None:
            seen.add(wish)
    if ("home_latitude" in values) != ("home_longitude" in values):
        alone = "home_latitude" if "home_latitude" in values else "home_longitude"
        yield alone, Fault(_("Latitude and longitude go together. Fill in both or none."))


def _extra_time(values: dict[str, Any]) -> Found:
    asked = NeedKind.EXTRA_TIME in values.get("needs", ())
    minutes = values.get("extra_minutes", 0)
    if asked and not minutes:
        yield "needs", Fault(_("Extra time needs a number of minutes in the column extra_minutes."))
    elif minutes and not asked:
        values["needs"] = (*values.get("needs", ()), NeedKind.EXTRA_TIME)


def _entry(values: dict[str, Any]) -> Entry:
    national = "national_number" in values
    latitude, longitude = cells.province_place(values["home_province"])
    return Entry(
        identity_kind=IdentityKind.NATIONAL if national else IdentityKind.PASSPORT,
        identity=values["national_number" if national else "passport"],
        prefix=values["prefix"],
        given_name_th=values.get("given_name_th", ""),
        family_name_th=values.get("family_name_th", ""),
        given_name_en=values.get("given_name_en", ""),
        family_name_en=values.get("family_name_en", ""),
        former_family_name_th=values.get("former_family_name_th", ""),
        sex=values.get("sex") or cells.sex_of_prefix(values["prefix"]),
        birth_date=values["birth_date"],
        email=values.get("email", ""),
        phone=values.get("phone", ""),
        institution=values.get("institution", ""),
        home_province=values["home_province"],
        home_latitude=values.get("home_latitude", latitude),
        home_longitude=values.get("home_longitude", longitude),
        wishes=tuple(values[column] for column in WISHES if column in values),
        needs=values.get("needs", ()),
        extra_minutes=values.get("extra_minutes", 0),
        refused_sessions=values.get("refused_sessions", ()),
        papers=values.get("papers", ()),
        beside=values.get("beside", ()),
        apart=values.get("apart", ()),
        language=values.get("language", ExamLanguage.THAI),
    )
