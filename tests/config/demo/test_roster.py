import random
from datetime import date
from pathlib import Path

import pytest

from centres.common.sheets import Sheet, read_sheet, write_csv
from config.demo.country import GROUNDS, build_country
from config.demo.institutions import FACULTIES
from config.demo.people import People, invent_people
from config.demo.roster import COLUMNS, FAULTS, Row, faulty_rows, late_faculty, tidy_rows
from scheduling.forms.entries import read_entries
from scheduling.models import NeedKind
from scheduling.queries.candidates import ImportCatalogue

SEED = 2570


@pytest.fixture(scope="module")
def people() -> People:
    return invent_people(build_country(2000, SEED))


@pytest.fixture
def catalogue() -> ImportCatalogue:
    """What an import of a rehearsal sitting with six exam sessions is checked against."""
    codes = {f"c{number:02}": f"C{number:02}" for number in range(1, len(GROUNDS) + 1)}
    institutions = {
        name.casefold(): faculty.code
        for faculty in FACULTIES for name in (faculty.code, faculty.name_th)
    }  # fmt: skip
    sessions = frozenset(range(1, 7))
    return ImportCatalogue(True, date(2026, 10, 10), codes, institutions, sessions, frozenset())


def sheet(rows: list[Row], folder: Path) -> Sheet:
    write_csv(folder / "rows.csv", COLUMNS, rows)
    return read_sheet(folder / "rows.csv")


def test_untidy_spelling_is_read_as_what_it_means(
    people: People, catalogue: ImportCatalogue, tmp_path: Path
) -> None:
    everybody = list(range(len(people)))
    rows = tidy_rows(people, everybody, SEED)
    read = read_entries(sheet(rows, tmp_path), catalogue)
    assert read.faults == []
    assert [entry.birth_date for entry in read.entries] == people.birth_date
    for entry, identity in zip(read.entries, people.identity, strict=True):
        assert entry.identity in (identity, f"UTO-{identity}")
    for k, entry in enumerate(read.entries):
        assert (NeedKind.WHEELCHAIR in entry.needs) == people.wheelchair[k]
        assert entry.extra_minutes == people.extra_minutes[k]
        assert entry.given_name_th == people.given_th[k]
        assert entry.sex == ("f" if people.is_woman[k] else "m")


def test_the_rows_really_are_untidy(people: People) -> None:
    text = "\n".join(",".join(row) for row in tidy_rows(people, range(len(people)), SEED))
    for mark in ("๙", ".0,", "น.ส.", "จ.", "  ", "-"):
        assert mark in text


def test_each_planted_fault_is_one_refused_cell_and_so_is_a_person_who_stands_there_twice(
    people: People, catalogue: ImportCatalogue, tmp_path: Path
) -> None:
    late = [k for k, f in enumerate(people.faculty.tolist()) if f == late_faculty(people)]
    rows = faulty_rows(people, late, SEED)
    faults = read_entries(sheet(rows, tmp_path), catalogue).faults
    assert len(rows) == len(late) + 1
    assert len(faults) == len(FAULTS) + 1
    assert len({fault.row for fault in faults}) == len(faults)


def test_the_same_seed_writes_the_same_rows(people: People) -> None:
    some = random.Random(1).sample(range(len(people)), 50)
    assert tidy_rows(people, some, SEED) == tidy_rows(people, some, SEED)
