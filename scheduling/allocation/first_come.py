"""What first come, first served would have done with the same people and places."""

import numpy as np

from .lottery import REFUSED
from .problem import AllocationProblem, Ints

UNPLACED = -1


def first_come(problem: AllocationProblem, order: Ints) -> Ints:
    """Serial dictatorship: in `order`, each takes the easiest column still open to him, (n,).

    `order` is the rows by arrival. UNPLACED where nothing was left. Ties go to the first column.
    """
    left = problem.capacity.copy()
    closed = np.where(left > 0, 0, REFUSED)
    column = np.full(problem.people, UNPLACED, np.int64)
    for row in order.tolist():
        access = int(problem.access[row])
        cost = problem.cost[row] + closed[access]
        if problem.refused is not None:
            cost[problem.refused[row]] = REFUSED
        best = int(cost.argmin())
        if cost[best] >= REFUSED:
            continue
        column[row] = best
        left[access, best] -= 1
        if left[access, best] == 0:
            closed[access, best] = REFUSED
    return column
