"""Other ways to be fair over the same engine: the longest way first, and strictly by lot.

`least_reach` is the longest that somebody must go; with every longer way forbidden the rest is
left to `assign` and `pack`. `in_turn` is random serial dictatorship: people choose one after
another in an order drawn by lot. Nobody can gain by a false list of wishes there, but together they
pay more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from .certificate import Certificate
from .first_come import UNPLACED, first_come
from .lottery import draw_lots
from .packing import packing_faults
from .packing_kinds import is_refuted, kinds_of, left_out
from .patterns import ANY_PAPER, Choice, Timetable, choices, paid_for
from .problem import AllocationProblem, Costs, Flags, Ints
from .turns import NEVER_CLOSED, patterns_in_turn


@dataclass(frozen=True)
class Reach:
    """The shortest longest way, in 0.1 km.

    found  everybody can have a place so far away at most
    bound  no plan has a shorter longest way; equal to `found` when that is proved the shortest
    """

    found: int
    bound: int


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


def least_reach(problem: AllocationProblem, distance: Costs) -> Reach | None:
    """The smallest D so that everybody can have a place at most D away, proved.

    `distance` (n, K) in 0.1 km. None when some cannot be placed at any distance. Bisection over
    whole tenths, each step one maximum flow of people of one kind to columns (the bottleneck
    assignment; Burkard, Dell'Amico and Martello, "Assignment Problems", 2009, section 6.2).
    """
    nearest = _allowed_distance(problem, distance).min(1)
    low, high = int(nearest.max(initial=0)), int(distance.max(initial=0))
    if not _all_fit(problem, distance, high):
        return None
    least = _first(low, high, lambda reach: _all_fit(problem, distance, reach))
    return Reach(least, least)


def least_reach_of_patterns(
    problem: AllocationProblem, found: Sequence[Choice], distance: Costs
) -> Reach | None:
    """The same for people of several papers, `distance` (n, K).

    What is impossible is proved by prices in whole numbers; what is possible has been found. Places
    come whole, so that one may lie above the other, and then both are told.
    """
    places = problem.capacity.ravel()
    ways = [distance[choice.members[:, :, None], choice.columns[:, 0]].max(1) for choice in found]
    if left_out(kinds_of(found), places).any():
        return None

    def within(reach: int) -> list[Choice]:
        return [
            replace(choice, refused=choice.refused | (way > reach))
            for choice, way in zip(found, ways, strict=True)
        ]

    high = max(int(way.max(initial=0)) for way in ways)
    low = max(
        int(np.where(choice.refused, high, way).min(1).max(initial=0))
        for choice, way in zip(found, ways, strict=True)
    )
    bound = _first(low, high, lambda reach: not is_refuted(within(reach), places))
    fits = _first(bound, high, lambda reach: not left_out(kinds_of(within(reach)), places).any())
    return Reach(fits, bound)


def within_reach(
    problem: AllocationProblem, distance: Costs, reach: Reach | None
) -> AllocationProblem:
    """The same problem with every longer way refused; as it was when nobody can be placed."""
    if reach is None:
        return problem
    far = distance > reach.found
    if problem.refused is not None:
        far |= problem.refused
    return replace(problem, refused=far)


def in_turn(problem: AllocationProblem, seed: int) -> Turns:
    """Everybody in the order of his lot takes the easiest column that leaves all others one.

    Where there is no plan for everybody the last find nothing, -1; the caller says who is short.
    """
    lot = draw_lots(problem, seed)
    order = np.lexsort((problem.registration_ids, lot))
    column = first_come(problem, order)
    if (column == UNPLACED).any():
        column = _leaving_others_one(problem, seed, column)
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


def certify_pattern_turns(
    problem: AllocationProblem,
    found: Sequence[Choice],
    chosen: Sequence[Ints],
    seed: int,
    bound: int,
) -> Certificate:
    """The same for a plan of several papers, `chosen` as from `chosen_by`."""
    faults = packing_faults(found, problem.capacity.ravel(), chosen)
    turns = patterns_in_turn(problem, found, seed)
    if turns is None or any(
        (ours != theirs).any() for ours, theirs in zip(turns.chosen, chosen, strict=True)
    ):
        faults.append("out_of_turn")
    objective = 0 if "no_pattern" in faults else paid_for(found, chosen)
    return Certificate(objective, bound, 0, True, tuple(faults))


def _leaving_others_one(problem: AllocationProblem, seed: int, otherwise: Ints) -> Ints:
    """Everybody in turn where some can sit in few columns only: each column as a pattern."""
    at_once = np.zeros(problem.columns, np.int64)
    paper = np.full(problem.columns, ANY_PAPER)
    times = Timetable(paper=paper, day=at_once, starts=at_once, ends=at_once)
    one = np.ones((problem.people, 1), bool)
    found = choices(problem, times, one, np.zeros_like(problem.cost), seed)
    turns = patterns_in_turn(problem, found, seed)
    if turns is None:
        return otherwise
    column = np.empty(problem.people, np.int64)
    for choice, chosen in zip(found, turns.chosen, strict=True):
        column[choice.members[:, 0]] = choice.columns[chosen, 0]
    return column


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest number of a range that holds, when all above it do and the last does."""
    if holds(low):
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


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
