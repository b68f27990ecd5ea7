"""Whole prices that prove a plan without drawing its lottery."""

import numpy as np

from .lottery import NEVER
from .problem import AllocationProblem, Ints

_CHUNK = 16384


def whole_prices(problem: AllocationProblem, column: Ints) -> Ints:
    """The lowest prices >= 0 in cost units (0.1 km) that support an optimal plan, (A, K).

    Anybody can check with them: sum_i min_j (c_ij + p_j) - sum_j p_j capacity_j is the total cost
    of the plan, `column` (n,), exactly. They are the shortest distances of the residual graph of
    the plan (Ahuja, Magnanti and Orlin, "Network Flows", 1993, section 9.5). Raises ValueError
    when the plan is not one of least cost: then no prices support it.
    """
    found = [
        _prices(_moves(problem, column, access), problem.columns)
        for access in range(len(problem.access_classes))
    ]
    return np.array(found, np.int64).reshape(problem.capacity.shape)


def whole_bound(problem: AllocationProblem, prices: Ints) -> int:
    """No plan costs less, whatever prices >= 0 in cost units: sum of minima less priced places."""
    total = -int((prices * problem.capacity).sum())
    for start in range(0, problem.people, _CHUNK):
        rows = slice(start, start + _CHUNK)
        total += int(_costs(problem, rows, prices[problem.access[rows]]).min(1).sum())
    return total


def _costs(problem: AllocationProblem, rows: slice, prices: Ints) -> Ints:
    table: Ints = problem.cost[rows] + prices
    if problem.refused is not None:
        table[problem.refused[rows]] = NEVER
    return table


def _moves(problem: AllocationProblem, column: Ints, access: int) -> Ints:
    """What it costs to move somebody, or an empty place, from one column to another, (K, K)."""
    mine = np.flatnonzero(problem.access == access)
    moves = np.full((problem.columns, problem.columns), NEVER, np.int64)
    for here in range(problem.columns):
        rows = mine[column[mine] == here]
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            cost = problem.cost[part].astype(np.int64)
            cost -= cost[:, [here]]
            if problem.refused is not None:
                cost[problem.refused[part]] = NEVER
            moves[here] = np.minimum(moves[here], cost.min(0))
        if len(rows) < problem.capacity[access, here]:
            moves[here] = np.minimum(moves[here], 0)
    return moves


def _prices(moves: Ints, columns: int) -> Ints:
    potential = np.zeros(columns, np.int64)
    for _ in range(columns + 1):
        lower = np.minimum(potential, (potential[:, None] + moves).min(0, initial=NEVER))
        if (lower == potential).all():
            prices: Ints = potential.max(initial=0) - potential
            return prices
        potential = lower
    raise ValueError("the plan is not one of least cost")
