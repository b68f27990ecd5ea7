"""A curve that answers while somebody drags: more plans where a step would move many people."""

import itertools
from collections.abc import Iterator, Sequence

from .assign import assign
from .problem import AllocationProblem
from .reallocate import TOLLS, Before, MovePlan, move_plan, move_plans, tolled

FINER = 8  # plans beyond the first ones
_SMALL_STEP = 0.04  # of all people between the two ends: nobody sees less while he drags


def move_curve(
    problem: AllocationProblem, before: Before, seed: int, tolls: Sequence[int] = TOLLS
) -> Iterator[MovePlan]:
    """The plans of the usual tolls, then up to FINER more, each in the middle of the widest step.

    They come in the order in which they are found. Raises InfeasibleAllocation before the first.
    """
    found: list[MovePlan] = []
    for plan in move_plans(problem, before, seed, tolls):
        found.append(plan)
        yield plan
    for _more in range(FINER):
        toll = widest_step([(plan.toll, len(plan.moved)) for plan in worth_a_look(found)])
        if toll is None:
            return
        near = min(found, key=lambda plan: abs(plan.toll - toll))
        allocation = assign(tolled(problem, before, toll), seed, warm=near.allocation)
        plan = move_plan(problem, before, allocation, toll)
        found.append(plan)
        yield plan


def worth_a_look(plans: Sequence[MovePlan]) -> list[MovePlan]:
    """The plans no other beats: none costs as little and moves fewer."""
    return [
        plan
        for plan in plans
        if not any(
            other.objective <= plan.objective and len(other.moved) < len(plan.moved)
            for other in plans
        )
    ]


def widest_step(points: Sequence[tuple[int, int]]) -> int | None:
    """The toll between the two neighbours whose plans move the most different numbers of people.

    `points` are (toll, people moved). None where every step is small, or no toll lies between.
    """
    ordered = sorted(points)
    range_of_all = abs(ordered[0][1] - ordered[-1][1])
    steps = [
        (abs(low[1] - high[1]), (low[0] + high[0]) // 2)
        for low, high in itertools.pairwise(ordered)
        if high[0] - low[0] > 1
    ]
    people, toll = max(steps, default=(0, 0), key=lambda step: (step[0], -step[1]))
    return toll if people > max(1, _SMALL_STEP * range_of_all) else None
