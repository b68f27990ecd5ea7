"""The published table of a plan of several papers: what everybody could choose, and chose.

`people-1.csv`, `people-2.csv`, ... hold people who take the same papers with the same kinds of
places; a line that stands for several people sits together. Their costs are those of whole
patterns, beyond each line's easiest. `sessions.csv` says when each place is, so that anybody sees
that no pattern overlaps; `places.csv` has capacities and prices in 1/4096 of 0.1 km.
"""

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from scheduling.allocation.entries import chosen_by
from scheduling.allocation.packing_prices import UNIT
from scheduling.allocation.patterns import Choice
from scheduling.allocation.problem import MAX_COST, Flags, Ints
from scheduling.arrays.columns import Columns
from scheduling.arrays.published_rows import line_name, read_rows, write_rows
from scheduling.arrays.sitting import SittingArrays
from scheduling.models import AllocationRun, Rule

SESSIONS, PLACES = "sessions.csv", "places.csv"


@dataclass(frozen=True, eq=False)
class PublishedPatterns:
    """A published table of several papers as arrays.

    choices  what each line could choose, at costs beyond its easiest pattern
    chosen   for each choice (m,) the pattern of every line, -1 where it is none of them
    places   (C,) of every class and column
    prices   (C,) in 1/UNIT of 0.1 km, None for a plan in turn
    faults   patterns that are at two centres or overlap in time, as they are written
    """

    choices: tuple[Choice, ...]
    chosen: tuple[Ints, ...]
    places: Ints
    prices: Ints | None
    faults: tuple[str, ...]
    about: dict[str, Any]


def write_patterns(
    table: zipfile.ZipFile, run: AllocationRun, arrays: SittingArrays, column: Ints
) -> tuple[int, dict[str, Any]]:
    """Write the members of a plan; the sum of the least costs, and what is told of the choices."""
    papers, columns = arrays.papers, Columns(run.sitting)
    if papers is None:
        raise ValueError("a plan of one paper has no patterns")
    numbers = columns.session_numbers.tolist()
    codes = [f"{c}/{n}" for c, n in zip(columns.centre_codes, numbers, strict=True)]
    write_rows(table, SESSIONS, _sessions(columns, codes))
    write_rows(table, PLACES, _places(run, arrays, codes))
    found = papers.choices(run.seed)
    chosen = chosen_by(found, papers.entries, column)
    least, told = 0, []
    for at, (choice, patterns) in enumerate(zip(found, chosen, strict=True), start=1):
        cost = np.where(choice.refused, MAX_COST * 8, choice.cost.astype(np.int64))
        easiest = cost.min(1)
        least += int(easiest.sum())
        numbers = papers.problem.registration_ids[choice.members]
        rows = _people(run, choice, patterns, cost - easiest[:, None], numbers, codes)
        write_rows(table, f"people-{at}.csv", rows)
        told.append(
            {
                "papers": [columns.paper_codes[paper] for paper in choice.papers.tolist()],
                "classes": [papers.problem.access_classes[access] for access in choice.classes],
            }
        )
    return least, {"choices": told, "unit_of_prices": f"1/{UNIT} of 0.1 km"}


def _sessions(columns: Columns, codes: Sequence[str]) -> Iterator[list[Any]]:
    yield ["place", "centre", "paper", "day", "starts", "ends"]
    for at, code in enumerate(codes):
        yield [
            code, columns.centre_codes[at], columns.paper_codes[columns.paper[at]],
            int(columns.day[at]), int(columns.starts[at]), int(columns.ends[at]),
        ]  # fmt: skip


def _places(run: AllocationRun, arrays: SittingArrays, codes: Sequence[str]) -> Iterator[list[Any]]:
    at = {label: column for column, label in enumerate(arrays.labels)}
    units = {
        (row["access_class"], at[row["centre"], row["exam_session"]]): row["units"]
        for row in run.prices
    }
    is_priced = run.parameters.get("rule") != Rule.IN_TURN
    yield ["class", "place", "capacity", "price"]
    for access, name in enumerate(arrays.problem.access_classes):
        for column, code in enumerate(codes):
            capacity = int(arrays.problem.capacity[access, column])
            yield [name, code, capacity, units.get((name, column), 0) if is_priced else ""]


def _people(
    run: AllocationRun, choice: Choice, chosen: Ints, beyond: Ints, numbers: Ints,
    codes: Sequence[str],
) -> Iterator[list[Any]]:  # fmt: skip
    named = ["+".join(codes[column] for column in way) for way in choice.columns.tolist()]
    yield ["line", "place", *named]
    lines = ["+".join(line_name(run, number) for number in unit) for unit in numbers.tolist()]
    for unit in sorted(range(len(lines)), key=lines.__getitem__):
        costs = zip(beyond[unit].tolist(), choice.refused[unit].tolist(), strict=True)
        yield [
            lines[unit], named[int(chosen[unit])], *["" if no else cost for cost, no in costs]
        ]  # fmt: skip


# --- reading, without a database -----------------------------------------------------------------


def read_patterns(table: zipfile.ZipFile, about: dict[str, Any]) -> PublishedPatterns:
    """Read the members back. Raises ValueError or KeyError, which say where."""
    sessions = list(read_rows(table, SESSIONS))[1:]
    codes = [row[0] for row in sessions]
    told = list(read_rows(table, PLACES))[1:]
    classes = list(dict.fromkeys(row[0] for row in told))
    if [row[1] for row in told] != codes * len(classes):
        raise ValueError(f"{PLACES}: the places are not those of {SESSIONS}, class by class")
    centre = np.unique([row[1] for row in sessions], return_inverse=True)[1]
    found, chosen, broken = [], [], []
    for at, kind in enumerate(about["choices"], start=1):
        rows = read_rows(table, f"people-{at}.csv")
        ways = next(rows)[2:]
        columns = np.array([[codes.index(c) for c in way.split("+")] for way in ways], np.int64)
        columns = columns.reshape(len(ways), len(kind["papers"]))
        broken += [
            way
            for way, row in zip(ways, columns.tolist(), strict=True)
            if not _is_sound([sessions[column] for column in row], kind["papers"])
        ]
        access = tuple(classes.index(name) for name in kind["classes"])
        choice, taken = _read_choice(rows, ways, columns, access, centre, len(classes))
        found.append(choice)
        chosen.append(taken)
    return PublishedPatterns(
        choices=tuple(found),
        chosen=tuple(chosen),
        places=np.array([int(row[2]) for row in told], np.int64),
        prices=None
        if any(row[3] == "" for row in told)
        else np.array([int(row[3]) for row in told], np.int64),
        faults=tuple(broken),
        about=about,
    )


def _is_sound(rows: list[list[str]], papers: list[str]) -> bool:
    """The right papers, at one centre, one after another."""
    times = sorted((int(row[4]), int(row[5])) for row in rows)
    apart = all(ends <= starts for (_, ends), (starts, _) in pairwise(times))
    return apart and len({row[1] for row in rows}) == 1 and [row[2] for row in rows] == papers


def _read_choice(
    rows: Iterator[list[str]],
    ways: list[str],
    columns: Ints,
    access: tuple[int, ...],
    centre: Ints,
    classes: int,
) -> tuple[Choice, Ints]:
    at = {way: pattern for pattern, way in enumerate(ways)}
    lines, costs, chosen = 0, [], []
    for _line, place, *beyond in rows:
        if len(beyond) != len(ways):
            raise ValueError(f"line {_line} has {len(beyond)} costs, not {len(ways)}")
        lines += 1
        chosen.append(at.get(place, -1))
        costs.append([-1 if cost == "" else int(cost) for cost in beyond])
    cost = np.array(costs, np.int32).reshape(lines, len(ways))
    refused: Flags = cost < 0
    uses = np.zeros((len(ways), classes, len(centre)), np.int64)
    for one in access:
        for paper in range(columns.shape[1]):
            uses[np.arange(len(ways)), one, columns[:, paper]] += 1
    return Choice(
        members=np.arange(lines * len(access)).reshape(lines, len(access)),
        classes=access,
        papers=np.arange(columns.shape[1]),
        columns=columns,
        centre=np.unique(centre[columns[:, 0]], return_inverse=True)[1],
        uses=uses.reshape(len(ways), -1),
        cost=np.maximum(cost, 0),
        refused=refused,
        lot=np.zeros((lines, len(ways)), np.uint8),
    ), np.array(chosen, np.int64)
