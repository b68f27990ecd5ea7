"""Importing the whole country from one workbook: reading, checking, encrypting, writing."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from django.db import transaction
from django.test.utils import setup_databases, teardown_databases
from openpyxl import load_workbook

from centres.common.bulk import insert_rows
from centres.common.sheets import Sheet, read_sheet, write_xlsx
from config.demo.country import Country, build_country, plan_sessions
from config.demo.founding import found_exam, found_places, found_sitting
from config.demo.people import invent_people
from config.demo.roster import COLUMNS, tidy_rows
from scheduling.actions.registrations import import_candidates
from scheduling.forms.entries import ReadEntries, read_entries
from scheduling.models import Candidate, Sitting
from scheduling.queries.candidates import import_catalogue
from tests.benchmarks import Row, seconds
from tests.factories import NOW

PEOPLE = 59_679
GOAL = 10  # seconds, for everything together


def rows() -> list[Row]:
    """Every step of one import, and the usual way of it beside two of them."""
    with tempfile.TemporaryDirectory() as folder, _empty_database():
        country = build_country()
        sitting = _found(country)
        path = Path(folder) / "candidates.xlsx"
        write_xlsx(path, COLUMNS, tidy_rows(invent_people(country), range(PEOPLE), 1))
        sheet = read_sheet(path)
        read = _checked(sheet, sitting)
        reading = seconds(lambda: read_sheet(path))
        checking = seconds(lambda: _checked(sheet, sitting))
        usual_reading = seconds(lambda: _read_by_openpyxl(path), times=1)
        writing = seconds(lambda: _write(read, sitting), times=1)
        people = _fresh_people()
        ours = seconds(lambda: _by_insert_rows(people))
        usual = seconds(lambda: _by_bulk_create(people), times=1)
    return [
        Row(f"read {PEOPLE} rows", reading, "s", "openpyxl, read only", usual_reading),
        Row("check every cell", checking, "s"),
        Row("encrypt and write, committed", writing, "s"),
        Row("rows of the candidates alone", ours, "s", "bulk_create", usual),
        Row("the whole import", reading + checking + writing, "s", goal=GOAL),
    ]  # fmt: skip


@contextmanager
def _empty_database() -> Iterator[None]:
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(made, verbosity=0)


def _found(country: Country) -> Sitting:
    found_places(country, at=NOW)
    sessions = plan_sessions(date(2027, 1, 16))
    opens_at = NOW - timedelta(days=60)
    return found_sitting(found_exam(), "1/2570", sessions, opens_at=opens_at, closes_at=NOW)


def _checked(sheet: Sheet, sitting: Sitting) -> ReadEntries:
    read = read_entries(sheet, import_catalogue(sitting))
    if read.faults or len(read.entries) != PEOPLE:
        raise AssertionError(read.faults[:5])
    return read


def _write(read: ReadEntries, sitting: Sitting) -> None:
    import_candidates(rows=read.entries, sitting=sitting, by=None, at=NOW)


def _read_by_openpyxl(path: Path) -> int:
    sheet = load_workbook(path, read_only=True).worksheets[0]
    return sum(1 for _row in sheet.iter_rows(values_only=True))


def _by_bulk_create(people: list[Candidate]) -> None:
    """The candidates' rows alone, made anew by Django's own means and undone."""
    with transaction.atomic():
        Candidate.objects.bulk_create(people, batch_size=5000)
        transaction.set_rollback(True)


def _by_insert_rows(people: list[Candidate]) -> None:
    """The same rows by ours."""
    fields = [field.name for field in Candidate._meta.concrete_fields if field.name != "user"]
    values = [[getattr(person, name) for name in fields] for person in people]
    with transaction.atomic():
        insert_rows(Candidate, fields, values)
        transaction.set_rollback(True)


def _fresh_people() -> list[Candidate]:
    """All candidates with other keys and other identities, so that they can be written again."""
    people = list(Candidate.objects.all())
    for person in people:
        person.pk += len(people)
        person.identity_hash = bytes(person.identity_hash)[::-1]
    return people
