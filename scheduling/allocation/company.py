"""People who sit together, among all others: one place for each group, and how good that can be.

With every group in one column the rest is a problem of transport, solved exactly. Which columns?
Prices answer: a group that sits where its joint cost and the prices of its places are least cannot
do better, and when all do, no plan with these groups costs less (weak duality). Groups that do not
are moved there and the rest is solved again; what is left after a few rounds is the gap, told as it
is: the total of the groups' differences at the last prices.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .assign import Allocation, InfeasibleAllocation, Progress, assign
from .certificate import Certificate, certify
from .lottery import NEVER
from .prices import whole_prices
from .problem import MAX_COST, AllocationProblem, Ints
from .refusals import refusing

ROUNDS = 8

Groups = Sequence[Ints]


def assign_together(
    problem: AllocationProblem, groups: Groups, seed: int, progress: Progress | None = None
) -> Allocation:
    """The best plan found in which each group, rows of the problem, has one column.

    Its objective is that of the plan, its bound that of any plan with these groups. Groups that no
    column can take together are left to sit apart. Raises InfeasibleAllocation.
    """
    free = assign(problem, seed, progress)
    groups = [group for group in groups if len(_open_columns(problem, group))]
    prices, best, bound = free.prices >> free.unit_bits, None, free.bound
    for _ in range(ROUNDS):
        columns = _cheapest(problem, groups, prices)
        try:
            found = assign(together(problem, groups, columns), seed, warm=best)
        except InfeasibleAllocation:
            if best is None:
                raise
            break
        slack, prices = company_slack(problem, groups, found.column)
        if best is None or (found.objective, slack) < (best.objective, best.objective - bound):
            best, bound = found, found.objective - slack
        if not slack or columns == _cheapest(problem, groups, prices):
            break
    return replace(best or free, bound=bound)


def together(
    problem: AllocationProblem, groups: Groups, columns: Sequence[int]
) -> AllocationProblem:
    """The same problem with every group refused everywhere but in its column."""
    flags = np.zeros((problem.people, problem.columns), bool)
    for group, column in zip(groups, columns, strict=True):
        flags[group] = True
        flags[group, column] = False
    return refusing(problem, flags) if len(groups) else problem


def as_planned(problem: AllocationProblem, groups: Groups, column: Ints) -> AllocationProblem:
    """The same problem with every group that a plan keeps together where the plan has it."""
    kept = [group for group in groups if (column[group] == column[group[0]]).all()]
    return together(problem, kept, [int(column[group[0]]) for group in kept])


def company_slack(problem: AllocationProblem, groups: Groups, column: Ints) -> tuple[int, Ints]:
    """How far below a plan's cost any plan with these groups may be, and the prices that say so.

    In cost units, 0.1 km; `column` (n,) is a best plan for its groups' places. Prices are (A, K).
    """
    kept = [group for group in groups if (column[group] == column[group[0]]).all()]
    try:
        prices = whole_prices(_as_one(problem, kept, column), column)
    except ValueError:  # no prices support the groups where they are
        prices = whole_prices(as_planned(problem, groups, column), column)
    slack = 0
    for group in kept:
        joint = _joint(problem, group, prices)
        slack += int(joint[column[group[0]]] - joint.min())
    return slack, prices


def _as_one(problem: AllocationProblem, groups: Groups, column: Ints) -> AllocationProblem:
    """Everybody of a group with an equal share of what its places cost it beyond its own, (n, K).

    Prices that support this plan of single people support that of the groups: rounded down, the
    shares of a group say no more than its joint cost. Beyond 0 by as much as a place may be easier.
    """
    cost, refused = problem.cost.copy(), np.zeros(problem.cost.shape, bool)
    if problem.refused is not None:
        refused |= problem.refused
    nowhere = np.zeros_like(problem.capacity)
    for group in groups:
        joint = _joint(problem, group, nowhere)
        share = (joint - joint[column[group[0]]]) // len(group)
        least = min(0, int(share.min()))
        cost[group] = np.minimum(share - least, MAX_COST)
        refused[group] = joint >= NEVER
    return replace(problem, cost=cost, refused=refused if refused.any() else None)


def certify_together(
    problem: AllocationProblem, groups: Groups, allocation: Allocation
) -> Certificate:
    """Check a plan with groups from scratch: no plan is better for the places the groups have.

    exact_gap, in lottery units, is what other places of the groups could save at most. It is told
    and not limited: in a small sitting one pair more or less is a large part of the whole.
    """
    proof = certify(as_planned(problem, groups, allocation.column), allocation)
    if proof.faults or proof.exact_gap:
        return proof
    slack = company_slack(problem, groups, allocation.column)[0]
    unit = 2**allocation.unit_bits
    bound = proof.objective - slack
    gap = slack * unit
    unique = proof.is_unique and not slack
    return replace(proof, bound=bound, exact_gap=gap, allowed=gap, is_unique=unique)


def _open_columns(problem: AllocationProblem, group: Ints) -> Ints:
    """Columns that none of the group refuses and that have a place for each."""
    wanted = np.bincount(problem.access[group], minlength=len(problem.capacity))
    fits = (problem.capacity >= wanted[:, None]).all(0)
    if problem.refused is not None:
        fits = fits & ~problem.refused[group].any(0)
    return np.flatnonzero(fits)


def _joint(problem: AllocationProblem, group: Ints, prices: Ints) -> Ints:
    """What each column costs the whole group, prices included, (K,)."""
    cost = problem.cost[group].sum(0, dtype=np.int64) + prices[problem.access[group]].sum(0)
    joint = np.full(problem.columns, NEVER, cost.dtype)
    fits = _open_columns(problem, group)
    joint[fits] = cost[fits]
    return joint


def _cheapest(problem: AllocationProblem, groups: Groups, prices: Ints) -> list[int]:
    """The best column of each group, the largest groups first, while there are places for them."""
    left, found = problem.capacity.copy(), [0] * len(groups)
    for at in sorted(range(len(groups)), key=lambda at: -len(groups[at])):
        group = groups[at]
        wanted = np.bincount(problem.access[group], minlength=len(left))
        joint = _joint(problem, group, prices)
        joint = np.where((left >= wanted[:, None]).all(0), joint, NEVER)
        found[at] = int(joint.argmin())
        left[:, found[at]] -= wanted
    return found
