"""Several papers for one candidate, and people who belong together: choices of several places.

A *pattern* is a centre and one exam session for each paper somebody takes, none of which overlap.
Candidates of the same papers choose among the same patterns; a group sits in the same columns.
Each place of a class and column is a *cell*; a pattern takes one in each of its columns for every
member. This is no transportation problem any more: `packing` solves it with a proven bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .lottery import draw_tickets
from .problem import AllocationProblem, Costs, Flags, Ints

Lots: TypeAlias = NDArray[np.uint8]

ANY_PAPER = -1
NO_COLUMN = -1


@dataclass(frozen=True, eq=False, kw_only=True)
class Timetable:
    """What the K columns of a problem are in time, and which paper is sat in each.

    paper         (K,) index 0..Q-1 of the paper, or ANY_PAPER
    day           (K,) label of the day
    starts, ends  (K,) minutes on one clock
    """

    paper: Ints
    day: Ints
    starts: Ints
    ends: Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Choice:
    """m units that choose among the same P patterns of L papers.

    members  (m, g) rows of the problem that sit together; g = 1 for whoever sits alone
    classes  (g,) the access class of each member
    papers   (L,) the papers they take
    columns  (P, L) the column of each paper
    centre   (P,) label of the centre; patterns of one centre stand together
    uses     (P, C) places each pattern takes of every cell, C = A * K
    cost     (m, P) hardship of the whole unit in 0.1 km
    refused  (m, P) true where a member cannot sit
    lot      (m, P) drawn below the cost unit, so that people alike are told apart by lot
    """

    members: Ints
    classes: tuple[int, ...]
    papers: Ints
    columns: Ints
    centre: Ints
    uses: Ints
    cost: Costs
    refused: Flags
    lot: Lots


def choices(
    problem: AllocationProblem,
    timetable: Timetable,
    takes: Flags,
    journey: Costs,
    seed: int,
    groups: Iterable[Iterable[int]] = (),
) -> list[Choice]:
    """Everybody's patterns. `takes` (n, Q) the papers of each, `groups` rows that sit together.

    Hardship: the sum of `problem.cost` over the columns, with the way, `journey` (n, K) in 0.1 km,
    counted once a day. A group pays for all its members. Raises ValueError when somebody takes no
    paper, stands in two groups, or a group does not take the same papers.
    """
    units = _units(problem, takes, groups)
    made = {}
    found = []
    for (papers, classes), members in sorted(units.items()):
        if papers not in made:
            made[papers] = _patterns(problem.centre_ids, timetable, papers)
        rows = np.array(members, np.int64)
        found.append(
            _choice(problem, timetable, journey, seed, rows, papers, classes, made[papers])
        )
    return found


def columns_of(choice: Choice, chosen: Ints, papers: int) -> tuple[Ints, Ints]:
    """Rows (m * g,) and their column of every paper (m * g, Q), NO_COLUMN for papers not taken."""
    columns = np.full((len(chosen), papers), NO_COLUMN, np.int64)
    columns[:, choice.papers] = choice.columns[chosen]
    return choice.members.ravel(), columns.repeat(choice.members.shape[1], 0)


def paid_for(choices: Sequence[Choice], chosen: Sequence[Ints]) -> int:
    """What a plan of patterns costs in all, in 0.1 km; `chosen` for each choice (m,)."""
    return sum(
        int(choice.cost[np.arange(len(pattern)), pattern].sum(dtype=np.int64))
        for choice, pattern in zip(choices, chosen, strict=True)
    )


Papers = tuple[int, ...]
Classes = tuple[int, ...]


def _units(
    problem: AllocationProblem, takes: Flags, groups: Iterable[Iterable[int]]
) -> dict[tuple[Papers, Classes], list[list[int]]]:
    """Units by the papers and access classes of their members, in the order of their rows."""
    if not takes.any(1).all():
        raise ValueError("somebody takes no paper")
    together = [sorted(group, key=lambda row: (int(problem.access[row]), row)) for group in groups]
    grouped = [row for group in together for row in group]
    if len(set(grouped)) < len(grouped):
        raise ValueError("somebody stands in two groups")
    alone = np.ones(problem.people, bool)
    alone[grouped] = False
    units: dict[tuple[Papers, Classes], list[list[int]]] = defaultdict(list)
    papers_of = [tuple(np.flatnonzero(row).tolist()) for row in takes]
    for unit in [*together, *([row] for row in np.flatnonzero(alone).tolist())]:
        papers = {papers_of[row] for row in unit}
        if len(papers) > 1:
            raise ValueError(f"rows {unit} sit together but do not take the same papers")
        units[papers.pop(), tuple(problem.access[unit].tolist())].append(unit)
    return units


def _patterns(centre_ids: Ints, timetable: Timetable, papers: Papers) -> Ints:
    """Every way to sit all papers at one centre, (P, L), none at the same time."""
    found: list[tuple[int, ...]] = []
    for centre in np.unique(centre_ids).tolist():
        here = centre_ids == centre
        offers = [
            np.flatnonzero(here & ((timetable.paper == paper) | (timetable.paper == ANY_PAPER)))
            for paper in papers
        ]
        ways = product(*[offer.tolist() for offer in offers])
        found += [way for way in ways if _apart(timetable, way)]
    return np.array(found, np.int64).reshape(-1, len(papers))


def _apart(timetable: Timetable, columns: tuple[int, ...]) -> bool:
    times = sorted((timetable.starts[c], timetable.ends[c]) for c in columns)
    return all(ends <= starts for (_, ends), (starts, _) in pairwise(times))


def _choice(
    problem: AllocationProblem,
    timetable: Timetable,
    journey: Costs,
    seed: int,
    members: Ints,
    papers: Papers,
    classes: Classes,
    columns: Ints,
) -> Choice:
    units, patterns = len(members), len(columns)
    uses = np.zeros((patterns, *problem.capacity.shape), np.int64)
    cost = np.zeros((units, patterns), np.int32)
    refused = np.zeros((units, patterns), bool)
    again = _days_again(timetable.day, columns)
    for place, access in enumerate(classes):
        rows = members[:, [place]]
        for paper in range(len(papers)):
            column = columns[:, paper]
            uses[np.arange(patterns), access, column] += 1
            cost += problem.cost[rows, column]
            cost -= np.where(again[:, paper], journey[rows, column], 0)
            if problem.refused is not None:
                refused |= problem.refused[rows, column]
    uses = uses.reshape(patterns, problem.capacity.size)
    refused |= (uses > problem.capacity.ravel()).any(1)
    return Choice(
        members=members,
        classes=classes,
        papers=np.array(papers, np.int64),
        columns=columns,
        centre=np.unique(problem.centre_ids[columns[:, 0]], return_inverse=True)[1],
        uses=uses,
        cost=cost,
        refused=refused,
        lot=_lots(problem, seed, members[:, 0], columns),
    )


def _lots(problem: AllocationProblem, seed: int, rows: Ints, columns: Ints) -> Lots:
    """A lot of eight bits for each unit and pattern, from the seed and their labels alone."""
    tickets = draw_tickets(problem, seed, rows)
    lot = np.zeros((len(rows), len(columns)), np.uint64)
    for paper in range(columns.shape[1]):
        lot += tickets[:, columns[:, paper]] * np.uint64(2 * paper + 1)
    return (lot >> np.uint64(56)).astype(np.uint8)


def _days_again(day: Ints, columns: Ints) -> Flags:
    """Where a paper is sat on a day on which an earlier one of the pattern is already, (P, L)."""
    again = np.zeros(columns.shape, bool)
    for paper in range(1, columns.shape[1]):
        again[:, paper] = (day[columns[:, :paper]] == day[columns[:, [paper]]]).any(1)
    return again
