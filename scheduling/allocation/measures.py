"""What a plan means to people: how far they travel, what they wished for, how full places are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .problem import AllocationProblem, Ints, Journeys, Ranks

DISTANCE_STEPS_KM = (0, 20, 50, 100, 150, 200, 300)


@dataclass(frozen=True)
class Measures:
    """Figures of one plan.

    people, unplaced    how many there are, and how many have no column
    total_cost          of those placed, in 0.1 km
    mean_km, median_km, longest_km
    by_rank             people by the rank of their wish, [not wished for, first, second, ...]
    by_centre           people by the best rank of their centre, at whatever time; [0] not named
    by_distance         people by distance from home, in classes from DISTANCE_STEPS_KM upwards
    """

    people: int
    unplaced: int
    total_cost: int
    mean_km: float
    median_km: float
    longest_km: float
    by_rank: tuple[int, ...]
    by_centre: tuple[int, ...]
    by_distance: tuple[int, ...]


def measures(problem: AllocationProblem, journeys: Journeys, column: Ints) -> Measures:
    """Measure any plan, `column` (n,), -1 where somebody has no place."""
    rows = np.flatnonzero(column >= 0)
    km = journeys.distance[rows, column[rows]] / 10
    paid = problem.cost[rows, column[rows]]
    highest = int(max(journeys.rank.max(initial=0), journeys.named.max(initial=0)))
    edges = [*DISTANCE_STEPS_KM, np.inf]
    return Measures(
        people=problem.people,
        unplaced=problem.people - len(rows),
        total_cost=int(paid.sum(dtype=np.int64)),
        mean_km=float(km.mean()) if len(rows) else 0.0,
        median_km=float(np.median(km)) if len(rows) else 0.0,
        longest_km=float(km.max(initial=0)),
        by_rank=_by_rank(journeys.rank[rows, column[rows]], highest),
        by_centre=_by_rank(journeys.named[rows, column[rows]], highest),
        by_distance=tuple(np.histogram(km, edges)[0].tolist()),
    )


def _by_rank(rank: Ranks, highest: int) -> tuple[int, ...]:
    return tuple(np.bincount(rank, minlength=highest + 1).tolist())


def fill(problem: AllocationProblem, column: Ints) -> Ints:
    """People per access class and column, (A, K)."""
    taken = np.zeros(problem.capacity.shape, np.int64)
    placed = column >= 0
    np.add.at(taken, (problem.access[placed], column[placed]), 1)
    return taken


def wanted(journeys: Journeys, columns_of: Sequence[int] | Ints) -> dict[int, int]:
    """How many put each label first; `columns_of` (K,) is the label (a centre, say) per column."""
    labels = np.asarray(columns_of)
    return {
        int(label): int((journeys.named[:, labels == label] == 1).any(1).sum())
        for label in np.unique(labels)
    }
