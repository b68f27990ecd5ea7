"""People enter a sitting the way real ones do: in files, checked cell by cell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from centres.common.sheets import CellFault, Sheet, read_sheet, write_csv, write_returned
from centres.models import User
from config.demo.people import People
from config.demo.roster import COLUMNS, Row, faulty_rows, late_faculty, tidy_rows
from scheduling.actions.registrations import import_candidates
from scheduling.forms.entries import read_entries
from scheduling.models import Registration, Sitting
from scheduling.queries.candidates import import_catalogue


class RosterRefused(Exception):
    """The import found faults in a file that should have none: the demo's own mistake."""


def register_everybody(
    sitting: Sitting, people: People, folder: Path, *, seed: int, by: User, at: datetime
) -> list[CellFault]:
    """Register all of them: most in one file; one faculty's file is refused, mended, taken.

    Returns the faults for which that file was sent back.
    """
    late = people.faculty == late_faculty(people)
    if not Registration.objects.filter(sitting=sitting).exists():
        prompt = np.flatnonzero(~late).tolist()
        _take(sitting, tidy_rows(people, prompt, seed), folder / "registrations.csv", by, at)
    tardy = np.flatnonzero(late).tolist()
    if Registration.objects.filter(sitting=sitting).count() < len(people):
        faults = _send_back(sitting, faulty_rows(people, tardy, seed), folder)
        mended = tidy_rows(people, tardy, seed)
        _take(sitting, mended, folder / "registrations-late-mended.csv", by, at)
        return faults
    nobody_yet = replace(import_catalogue(sitting), registered=frozenset())
    return read_entries(read_sheet(folder / "registrations-late.csv"), nobody_yet).faults


def register(
    sitting: Sitting, people: People, places: Sequence[int], file: Path, *,
    seed: int, by: User, at: datetime, papers: Sequence[str] = (),
) -> None:  # fmt: skip
    """Register these people for a sitting, unless somebody is registered for it already."""
    if not Registration.objects.filter(sitting=sitting).exists():
        _take(sitting, tidy_rows(people, places, seed, papers), file, by, at)


def _take(sitting: Sitting, rows: list[Row], file: Path, by: User, at: datetime) -> None:
    sheet = _sheet(rows, file)
    read = read_entries(sheet, import_catalogue(sitting))
    if read.faults:
        raise RosterRefused(
            f"{len(read.faults)} faults in {file.name}; the first: {read.faults[0]}"
        )
    import_candidates(rows=read.entries, sitting=sitting, by=by, at=at, digest=sheet.digest)


def _send_back(sitting: Sitting, rows: list[Row], folder: Path) -> list[CellFault]:
    sheet = _sheet(rows, folder / "registrations-late.csv")
    faults = read_entries(sheet, import_catalogue(sitting)).faults
    write_returned(folder / "registrations-late-returned.xlsx", sheet, faults)
    return faults


def _sheet(rows: list[Row], file: Path) -> Sheet:
    write_csv(file, COLUMNS, rows)
    return read_sheet(file)
