"""The table of a plan that anybody may check: costs, places and prices, and nobody's name.

Each line has a name that only its candidate can tell, from the data key and the registration
number. Costs are those beyond the line's own easiest place, so that no distance from anybody's home
stands in the table; the least of each are told as one sum. Whoever has the table can solve the
problem anew by whatever means, or add up the proof by hand.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from scheduling.allocation.company import as_planned
from scheduling.allocation.prices import whole_prices
from scheduling.allocation.problem import MAX_COST, AllocationProblem, Ints
from scheduling.arrays.columns import Columns
from scheduling.arrays.published_patterns import PublishedPatterns, read_patterns, write_patterns
from scheduling.arrays.published_rows import MADE, line_name, read_rows, write_rows
from scheduling.arrays.sitting import SittingArrays
from scheduling.errors import TableBroken
from scheduling.models import AllocationLine, AllocationRun, Rule

PEOPLE, PLACES, ABOUT = "people.csv", "places.csv", "about.json"
FOLDER = "published"  # of the data directory
MOST_BYTES = 2_000_000_000  # unpacked


def table_path(run: AllocationRun) -> Path:
    """Where the table of a run is kept until it is published, and after."""
    return Path(settings.DATA_DIR) / FOLDER / f"plan-{run.pk}.zip"


def save_table(run: AllocationRun, arrays: SittingArrays, column: Ints) -> str:
    """Write the table of a plan beside the database; its SHA-256."""
    path = table_path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as table:
        if arrays.papers is None:
            problem = as_planned(arrays.problem, arrays.groups, column)
            arrays = replace(arrays, problem=problem)
            codes = _codes(run)
            write_rows(table, PLACES, _places(run, arrays, column, codes))
            write_rows(table, PEOPLE, _people(run, arrays, column, codes))
            told = _about(run) | _least_told(run, int(_least(arrays.problem).sum()))
            if arrays.groups:  # the table has each group where it sits; the bound is that of all
                told |= {"bound": run.objective, "bound_of_all_groups": run.bound}
        else:
            least, told = write_patterns(table, run, arrays, column)
            told = _about(run) | _least_told(run, least) | told
        about = json.dumps(told, indent=1, ensure_ascii=False)
        table.writestr(zipfile.ZipInfo(ABOUT, MADE), about)
    half.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _codes(run: AllocationRun) -> list[str]:
    """Every column by its centre's code and the number of its exam session."""
    columns = Columns(run.sitting)
    numbers = columns.session_numbers.tolist()
    return [f"{c}/{n}" for c, n in zip(columns.centre_codes, numbers, strict=True)]


def _people(
    run: AllocationRun, arrays: SittingArrays, column: Ints, codes: list[str]
) -> Iterator[list[Any]]:
    problem = arrays.problem
    yield ["line", "class", "place", *codes]
    names = [line_name(run, number) for number in problem.registration_ids.tolist()]
    least = _least(problem).tolist()
    for row in sorted(range(len(names)), key=names.__getitem__):
        beyond: list[Any] = (problem.cost[row] - least[row]).tolist()
        if problem.refused is not None:
            beyond = [
                "" if no else cost
                for cost, no in zip(beyond, problem.refused[row].tolist(), strict=True)
            ]
        access = problem.access_classes[int(problem.access[row])]
        yield [names[row], access, codes[int(column[row])], *beyond]


def _least(problem: AllocationProblem) -> Ints:
    """What the easiest place that he may have costs each, (n,)."""
    cost = problem.cost.astype(np.int64)
    if problem.refused is not None:
        cost[problem.refused] = MAX_COST
    least: Ints = cost.min(1)
    return least


def _places(
    run: AllocationRun, arrays: SittingArrays, column: Ints, codes: list[str]
) -> Iterator[list[Any]]:
    problem = arrays.problem
    unpriced = run.parameters.get("rule") in (Rule.IN_TURN, Rule.BY_HAND)
    prices = None if unpriced else whole_prices(problem, column)
    yield ["class", "place", "capacity", "price"]
    for access, name in enumerate(problem.access_classes):
        for place, code in enumerate(codes):
            price = "" if prices is None else int(prices[access, place])
            yield [name, code, int(problem.capacity[access, place]), price]


def _about(run: AllocationRun) -> dict[str, Any]:
    return {
        "sitting": run.sitting.code, "plan": run.pk, "rule": run.parameters.get("rule"),
        "unit": "0.1 km", "people": AllocationLine.objects.filter(run=run).values("registration")
        .distinct().count(),
        "objective": run.objective, "bound": run.bound,
        "seed": str(run.seed), "seed_commitment": run.seed_commitment,
        "input_digest": run.input_digest, "plan_digest": run.digest,
    }  # fmt: skip


def _least_told(run: AllocationRun, least: int) -> dict[str, int]:
    return {"sum_of_least_costs": least, "objective_beyond": (run.objective or 0) - least}


@dataclass(frozen=True)
class TablesKept:
    """Files of accepted plans beside the database: as accepted, missing, or changed since."""

    whole: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]


def tables_kept() -> TablesKept:
    """Look at the file of every accepted plan that has one."""
    whole, missing, changed = 0, [], []
    for run in AllocationRun.objects.exclude(table_digest="").order_by("pk"):
        path = table_path(run)
        if not path.is_file():
            missing.append(path.name)
        elif hashlib.sha256(path.read_bytes()).hexdigest() != run.table_digest:
            changed.append(path.name)
        else:
            whole += 1
    return TablesKept(whole, tuple(missing), tuple(changed))


# --- reading, without a database -----------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PublishedTable:
    """A published table as arrays. `prices` (A, K) in cost units, None for a plan in turn."""

    problem: AllocationProblem
    lines: tuple[str, ...]
    codes: tuple[str, ...]
    column: Ints
    prices: Ints | None
    about: dict[str, Any]


def read_table(path: Path) -> PublishedTable | PublishedPatterns:
    """Read a published table, of one paper or several. Raises TableBroken, which says where."""
    try:
        with zipfile.ZipFile(path) as table:
            if sum(member.file_size for member in table.infolist()) > MOST_BYTES:
                raise TableBroken(name=path.name, where=PEOPLE)
            about = json.loads(table.read(ABOUT))
            if "choices" in about:
                return read_patterns(table, about)
            return _read(about, read_rows(table, PLACES), read_rows(table, PEOPLE))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, StopIteration) as error:
        raise TableBroken(name=path.name, where=str(error)) from error


def _read(
    about: dict[str, Any], places: Iterator[list[str]], people: Iterator[list[str]]
) -> PublishedTable:
    next(places)
    told = list(places)
    classes = list(dict.fromkeys(row[0] for row in told))
    codes = list(dict.fromkeys(row[1] for row in told))
    at = {code: place for place, code in enumerate(codes)}
    capacity, prices = np.zeros((2, len(classes), len(codes)), np.int64)
    for name, code, many, price in told:
        capacity[classes.index(name), at[code]] = int(many)
        prices[classes.index(name), at[code]] = int(price or 0)
    header = next(people)
    if header[3:] != codes:
        raise ValueError(f"{PEOPLE}: the headings are not the places of {PLACES}")
    lines, access, column, cost, refused = [], [], [], [], []
    for line, name, code, *beyond in people:
        if len(beyond) != len(codes):
            raise ValueError(f"{PEOPLE}: line {line} has {len(beyond)} costs, not {len(codes)}")
        lines.append(line)
        access.append(classes.index(name))
        column.append(at[code])
        refused.append(np.array([value == "" for value in beyond]))
        cost.append(np.array([int(value or 0) for value in beyond], np.int32))
    lost = np.array(refused).reshape(-1, len(codes))
    return PublishedTable(
        problem=AllocationProblem(
            registration_ids=np.arange(len(lines)),
            centre_ids=np.arange(len(codes)),
            session_ids=np.zeros(len(codes), np.int64),
            access_classes=tuple(classes),
            access=np.array(access, np.int64),
            cost=np.array(cost, np.int32).reshape(-1, len(codes)),
            capacity=capacity,
            refused=lost if lost.any() else None,
        ),
        lines=tuple(lines),
        codes=tuple(codes),
        column=np.array(column, np.int64),
        prices=None if any(row[3] == "" for row in told) else prices,
        about=about,
    )
