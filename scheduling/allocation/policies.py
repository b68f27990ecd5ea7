"""Other ways to be fair over the same engine: the longest way first, and strictly by lot.

`within_least_reach` forbids every way longer than the longest that somebody must go, and leaves
the rest to `assign`. `in_turn` is random serial dictatorship: people choose one after another in
an order drawn by lot. Nobody can gain by a false list there, but together they pay more.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from .certificate import Certificate
from .first_come import UNPLACED, first_come
from .lottery import draw_lots
from .problem import AllocationProblem, Costs, Flags, Ints

NEVER_CLOSED = -1


@dataclass(frozen=True, eq=False)
class Turns:
    """Everybody's column in turn, and what proves it.

    column  (n,) index of the column
    lot     (n,) the lot of each, lowest first; among equal lots the lower registration
    closed  (A, K) the lot that took the last place, NEVER_CLOSED where places are left
    """

    column: Ints
    lot: Ints
    closed: Ints


def least_reach(problem: AllocationProblem, distance: Costs) -> int | None:
    """The smallest D so that everybody can have a place at most D away, in 0.1 km.

    `distance` (n, K) in 0.1 km. None when some cannot be placed at any distance. Bisection over
    whole tenths, each step one maximum flow of people of one kind to columns (the bottleneck
    assignment; Burkard, Dell'Amico and Martello, "Assignment Problems", 2009, section 6.2).
    """
    nearest = _allowed_distance(problem, distance).min(1)
    low, high = int(nearest.max(initial=0)), int(distance.max(initial=0))
    if not _all_fit(problem, distance, high):
        return None
    while low < high:
        middle = (low + high) // 2
        if _all_fit(problem, distance, middle):
            high = middle
        else:
            low = middle + 1
    return low


def within_least_reach(problem: AllocationProblem, distance: Costs) -> AllocationProblem:
    """The same problem, with every way longer than `least_reach` refused."""
    reach = least_reach(problem, distance)
    if reach is None:
        return problem
    far = distance > reach
    if problem.refused is not None:
        far |= problem.refused
    return replace(problem, refused=far)


def in_turn(problem: AllocationProblem, seed: int) -> Turns:
    """Everybody in the order of his lot takes the easiest column that is still open.

    Where nothing is left for somebody his column is -1; the caller says which class is short.
    """
    lot = draw_lots(problem, seed)
    order = np.lexsort((problem.registration_ids, lot))
    column = first_come(problem, order)
    closed = np.full(problem.capacity.shape, NEVER_CLOSED, np.int64)
    taken = np.zeros_like(closed)
    placed = column >= 0
    np.add.at(taken, (problem.access[placed], column[placed]), 1)
    np.maximum.at(closed, (problem.access[placed], column[placed]), lot[placed])
    closed[taken < problem.capacity] = NEVER_CLOSED
    closed[problem.capacity == 0] = 0
    return Turns(column, lot, closed)


def certify_turns(problem: AllocationProblem, column: Ints, seed: int, bound: int) -> Certificate:
    """Check a plan in turn from scratch: the lots are drawn again and everybody chooses again.

    `bound` is what no plan can go below, for comparison; the plan itself does not claim it.
    """
    turns = in_turn(problem, seed)
    faults = []
    if (turns.column == UNPLACED).any():
        faults.append("no_column")
    if not np.array_equal(turns.column, column):
        faults.append("out_of_turn")
    paid = problem.cost[np.arange(problem.people), column]
    return Certificate(int(paid.sum(dtype=np.int64)), bound, 0, True, tuple(faults))


def _allowed_distance(problem: AllocationProblem, distance: Costs) -> Ints:
    allowed: Ints = distance.astype(np.int64)
    allowed[(problem.capacity == 0)[problem.access]] = np.iinfo(np.int32).max
    if problem.refused is not None:
        allowed[problem.refused] = np.iinfo(np.int32).max
    return np.minimum(allowed, int(distance.max(initial=0)) + 1)


def _all_fit(problem: AllocationProblem, distance: Costs, reach: int) -> bool:
    near = distance <= reach
    if problem.refused is not None:
        near &= ~problem.refused
    return all(
        _fit(near[problem.access == access], capacity)
        for access, capacity in enumerate(problem.capacity)
    )


def _fit(near: Flags, capacity: Ints) -> bool:
    """Whether n people, `near` (n, K), fit into K columns: a maximum flow by kinds of people."""
    if not len(near):
        return True
    packed = np.ascontiguousarray(np.packbits(near, axis=1))
    kinds, first, many = np.unique(
        packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_counts=True
    )
    kind, column = np.nonzero(near[first])
    people, columns, sink = len(kinds), len(capacity), len(kinds) + len(capacity) + 1
    tail = np.concatenate([np.zeros(people, int), kind + 1, np.arange(columns) + people + 1])
    head = np.concatenate([np.arange(people) + 1, column + people + 1, np.full(columns, sink)])
    most = np.minimum(capacity, len(near))
    width = np.concatenate([many, many[kind], most]).astype(np.int32)
    graph = csr_array((width, (tail, head)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, 0, sink).flow_value) == len(near)
