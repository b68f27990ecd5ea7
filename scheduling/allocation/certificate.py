"""The proof of a plan, checked from nothing but the published numbers, and one person's reason.

Optimal if and only if nobody could do better at the published prices, no column is over its
places, and a column with places left costs nothing (complementary slackness; equivalently the
primal and the dual objective are equal). The lottery is drawn again here; nothing is taken over
from the solver but its answer.
"""

from dataclasses import dataclass

import numpy as np

from .assign import Allocation, dual_bound, exact_sum
from .lottery import Lottery, lottery_costs, lottery_of
from .problem import AllocationProblem, Ints
from .uniqueness import is_only_plan

_CHUNK = 16384


@dataclass(frozen=True)
class Certificate:
    """What the check found.

    objective, bound  total cost and what no plan can go below, in 0.1 km
    exact_gap         objective less bound in lottery units; 0 proves the plan
    is_unique         no other plan has the same cost and the same draw
    faults            codes of what is wrong with the plan itself; empty when it is sound
    allowed           the gap that a plan of patterns may have, in its units; 0 for all others
    """

    objective: int
    bound: int
    exact_gap: int
    is_unique: bool
    faults: tuple[str, ...]
    allowed: int = 0

    @property
    def gap(self) -> int:
        """Objective less bound, in 0.1 km."""
        return self.objective - self.bound

    @property
    def holds(self) -> bool:
        """The plan is sound and no plan is better, or none by more than is allowed."""
        return not self.faults and 0 <= self.exact_gap <= self.allowed


@dataclass(frozen=True)
class Alternative:
    """A column somebody would have found easier than the one he got, and why it was not his.

    gain_km     what he would save there
    price_km    what that column costs more than his own: everybody seated there would lose at
                least this much by changing with him, and it is never less than his own gain
    """

    centre_id: int
    session_id: int
    cost_km: float
    gain_km: float
    price_km: float


@dataclass(frozen=True)
class Reason:
    """Why one person got his column: his own costs and the published prices, nothing else."""

    registration_id: int
    access_class: str
    centre_id: int
    session_id: int
    cost_km: float
    price_km: float
    easier: tuple[Alternative, ...]

    @property
    def has_easiest(self) -> bool:
        """No column would have been easier for him."""
        return not self.easier


def certify(problem: AllocationProblem, allocation: Allocation) -> Certificate:
    """Check a plan against all n rows and K columns from scratch."""
    faults = _faults(problem, allocation)
    if "misfit" in faults:
        return Certificate(0, 0, 0, False, faults)
    lottery = lottery_of(problem, allocation.seed, allocation.draw)
    if lottery.unit_bits != allocation.unit_bits:
        return Certificate(0, 0, 0, False, (*faults, "unit"))
    primal = dual = 0
    unique = True
    for access in range(len(problem.access_classes)):
        rows = np.flatnonzero(problem.access == access)
        prices, capacity = allocation.prices[access], problem.capacity[access]
        column = allocation.column[rows]
        primal += _paid(problem, lottery, rows, column)
        dual += _bound(problem, lottery, rows, prices, capacity)
        unique &= _is_unique(problem, lottery, rows, column, prices, capacity)
    paid = problem.cost[np.arange(problem.people), allocation.column]
    objective = int(paid.sum(dtype=np.int64))
    return Certificate(objective, dual >> lottery.unit_bits, primal - dual, unique, faults)


def reason(problem: AllocationProblem, allocation: Allocation, row: int) -> Reason:
    """Why the person of one row got his column, as facts that he can recompute."""
    access, column = int(problem.access[row]), int(allocation.column[row])
    prices = allocation.prices_km[access]
    cost = problem.cost[row]
    allowed = np.ones(problem.columns, bool)
    if problem.refused is not None:
        allowed = ~problem.refused[row]
    easier = np.flatnonzero(allowed & (cost < cost[column]))
    return Reason(
        registration_id=int(problem.registration_ids[row]),
        access_class=problem.access_classes[access],
        centre_id=int(problem.centre_ids[column]),
        session_id=int(problem.session_ids[column]),
        cost_km=int(cost[column]) / 10,
        price_km=float(prices[column]),
        easier=tuple(
            Alternative(
                centre_id=int(problem.centre_ids[other]),
                session_id=int(problem.session_ids[other]),
                cost_km=int(cost[other]) / 10,
                gain_km=int(cost[column] - cost[other]) / 10,
                price_km=float(prices[other] - prices[column]),
            )
            for other in easier[cost[easier].argsort(kind="stable")].tolist()
        ),
    )


def _faults(problem: AllocationProblem, allocation: Allocation) -> tuple[str, ...]:
    column, prices = allocation.column, allocation.prices
    fits = np.array_equal(allocation.registration_ids, problem.registration_ids)
    fits &= column.shape == (problem.people,) and prices.shape == problem.capacity.shape
    if not fits or (problem.people and not 0 <= column.min() <= column.max() < problem.columns):
        return ("misfit",)
    taken = np.zeros(problem.capacity.shape, np.int64)
    np.add.at(taken, (problem.access, column), 1)
    found = []
    if (taken > problem.capacity).any():
        found.append("over_capacity")
    if problem.refused is not None and problem.refused[np.arange(problem.people), column].any():
        found.append("refused_column")
    if (prices < 0).any():
        found.append("negative_price")
    if ((prices > 0) & (taken < problem.capacity)).any():
        found.append("price_where_places_are_left")
    return tuple(found)


def _paid(problem: AllocationProblem, lottery: Lottery, rows: Ints, column: Ints) -> int:
    total = 0
    for start in range(0, len(rows), _CHUNK):
        part = slice(start, start + _CHUNK)
        table = lottery_costs(problem, lottery, rows[part])
        total += exact_sum(table[np.arange(len(table)), column[part]])
    return total


def _bound(
    problem: AllocationProblem, lottery: Lottery, rows: Ints, prices: Ints, capacity: Ints
) -> int:
    total: int = -sum(p * c for p, c in zip(prices.tolist(), capacity.tolist(), strict=True))
    nothing = np.zeros_like(capacity)
    for start in range(0, len(rows), _CHUNK):
        table = lottery_costs(problem, lottery, rows[start : start + _CHUNK])
        total += dual_bound(table + prices, nothing, nothing)
    return total


def _is_unique(
    problem: AllocationProblem,
    lottery: Lottery,
    rows: Ints,
    column: Ints,
    prices: Ints,
    capacity: Ints,
) -> bool:
    starts = range(0, len(rows), _CHUNK)
    parts = (
        (lottery_costs(problem, lottery, rows[s : s + _CHUNK]) + prices, column[s : s + _CHUNK])
        for s in starts
    )
    return is_only_plan(parts, column, prices, capacity)
