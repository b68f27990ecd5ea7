"""After a loss or a late arrival: plans from fewest people moved to least distance.

Whoever leaves a place he could keep pays a toll on top of his cost. A toll of nothing gives the
plan of least hardship; a toll beyond every journey moves nobody who need not move; those between
make a curve, and a person chooses. Each point is proved like any other plan, for its own costs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .assign import Allocation, assign
from .lottery import draw_tickets
from .problem import AllocationProblem, Flags, Ints

NOWHERE = -1
STAY = 2_000_000  # 0.1 km; no journey outweighs it
TOLLS = (0, 50, 100, 200, 400, 800, 1600, 3200, STAY)


@dataclass(frozen=True, eq=False, kw_only=True)
class Before:
    """Where people were.

    column  (n,) the column each had, NOWHERE for whoever is new
    kept    (n,) true where he could stay; false where his place is lost or no longer fits him
    """

    column: Ints
    kept: Flags


@dataclass(frozen=True, eq=False, kw_only=True)
class MovePlan:
    """One point of the curve.

    toll        0.1 km that a move must save
    allocation  of the problem with the toll, with its proof
    objective   total cost without the toll, in 0.1 km
    moved       rows that had a column and now have another, or lost their place in it
    unasked     those of them who could have stayed
    """

    toll: int
    allocation: Allocation
    objective: int
    moved: Ints
    unasked: Ints


def tolled(problem: AllocationProblem, before: Before, toll: int) -> AllocationProblem:
    """The same problem with a toll for leaving a place that could be kept. Raises ValueError."""
    cost = problem.cost.copy()
    stay = np.flatnonzero(before.kept)
    cost[stay] += np.int32(toll)
    cost[stay, before.column[stay]] -= np.int32(toll)
    return replace(problem, cost=cost)


def move_plans(
    problem: AllocationProblem,
    before: Before,
    seed: int,
    tolls: Sequence[int] = TOLLS,
) -> Iterator[MovePlan]:
    """A plan for each toll, in their order; each begins where the one before ended.

    Raises InfeasibleAllocation, which names every class that is short and by how many places,
    before there is any plan.
    """
    warm: Allocation | None = None
    drawn = draw_tickets(problem, seed, np.arange(problem.people))
    for toll in tolls:
        warm = assign(tolled(problem, before, toll), seed, warm=warm, tickets=drawn)
        yield move_plan(problem, before, warm, toll)


def move_plan(
    problem: AllocationProblem, before: Before, allocation: Allocation, toll: int
) -> MovePlan:
    """What one plan means beside where people were."""
    column = allocation.column
    paid = problem.cost[np.arange(problem.people), column]
    had = before.column != NOWHERE
    changed = (column != before.column) | ~before.kept
    return MovePlan(
        toll=toll,
        allocation=allocation,
        objective=int(paid.sum(dtype=np.int64)),
        moved=np.flatnonzero(had & changed),
        unasked=np.flatnonzero(before.kept & changed),
    )
