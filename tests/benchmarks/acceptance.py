"""Accepting a plan of the whole country: for how long nobody else can write."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from django.db.transaction import Atomic

from centres.common.runs import perform
from centres.common.sheets import read_sheet, write_xlsx
from centres.models import Room
from config.demo.country import build_country
from config.demo.people import invent_people
from config.demo.roster import COLUMNS, tidy_rows
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.opening import open_rooms
from scheduling.models import Sitting
from tests.benchmarks import Row
from tests.benchmarks.imports import PEOPLE, _checked, _empty_database, _found, _write
from tests.factories import NOW


def rows() -> list[Row]:
    """The whole act beside the part of it that holds the one write lock of SQLite."""
    with tempfile.TemporaryDirectory() as folder, _empty_database():
        sitting = _registered(Path(folder) / "candidates.xlsx")
        open_rooms(sitting=sitting, rooms=Room.objects.all(), by=None, at=NOW)
        run = perform(prepare_allocation(sitting=sitting, by=None, at=NOW, seed=1))
        with _locked_for() as spans:
            began = time.perf_counter()
            accept_allocation(run=run, by=None, at=sitting.closes_at)
            whole = time.perf_counter() - began
    return [
        Row(f"accept {PEOPLE:,} seats, the proof and all", whole, "s"),
        Row("of it while nobody else can write", max(spans), "s", "the whole act", whole, goal=2.5),
    ]


def _registered(path: Path) -> Sitting:
    country = build_country()
    sitting = _found(country)
    write_xlsx(path, COLUMNS, tidy_rows(invent_people(country), range(PEOPLE), 1))
    _write(_checked(read_sheet(path), sitting), sitting)
    return sitting


@contextmanager
def _locked_for() -> Iterator[list[float]]:
    """Seconds of every outermost transaction, from its beginning to its end."""
    spans: list[float] = []
    began: list[float] = []
    enter, leave = Atomic.__enter__, Atomic.__exit__

    def entering(self: Any) -> None:
        began.append(time.perf_counter())
        enter(self)

    def leaving(self: Any, *raised: Any) -> None:
        leave(self, *raised)
        since = began.pop()
        if not began:
            spans.append(time.perf_counter() - since)

    with patch.object(Atomic, "__enter__", entering), patch.object(Atomic, "__exit__", leaving):
        yield spans
