"""Plans that are more than transport: several papers for one person, and company, with the gap."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from config.demo.country import build_country
from config.demo.people import invent_people
from scheduling.allocation.assign import assign
from scheduling.allocation.company import assign_together
from scheduling.allocation.packing import Packing, pack, packing_faults
from scheduling.allocation.patterns import Choice, Timetable, choices, paid_for
from scheduling.allocation.policies import least_reach_of_patterns, within_reach
from scheduling.allocation.problem import AllocationProblem, Costs, Flags, Journeys
from scheduling.allocation.turns import patterns_in_turn
from tests.benchmarks import Row
from tests.benchmarks.allocation import SEED, cpu_seconds, nation


def rows() -> Iterator[Row]:
    """Several papers, then pairs who sit together."""
    country = build_country()
    problem, journeys = nation(country, invent_people(country))
    yield from _several_papers(problem, journeys)
    yield from _company(problem)


def _several_papers(problem: AllocationProblem, journeys: Journeys) -> Iterator[Row]:
    """20,000 people, half with two papers and half with three, each paper in two of six sessions.

    Every centre has five places in a hundred more than its share of those who take the paper.
    """
    rng = np.random.default_rng(SEED)
    rows = rng.choice(problem.people, 20_000, replace=False)
    takes = np.ones((len(rows), 3), bool)
    takes[rng.random(len(rows)) < 0.5, rng.integers(0, 3)] = False
    session = problem.session_ids
    share = problem.capacity[0] / problem.capacity[0, session == 0].sum() / 2
    part = replace(
        problem,
        registration_ids=problem.registration_ids[rows],
        access=problem.access[rows],
        cost=problem.cost[rows],
        capacity=np.ceil(1.05 * share * takes.sum(0)[session % 3]).astype(np.int64)[None],
    )
    times = Timetable(
        paper=session % 3, day=session // 3, starts=session * 300, ends=session * 300 + 180
    )
    found = choices(part, times, takes, journeys.distance[rows], SEED)
    places = part.capacity.ravel()
    plan = pack(found, places)
    took = cpu_seconds(lambda: pack(found, places), times=1)
    people = f"{part.people:,} people x 2 or 3 papers x {part.columns} columns"
    yield Row(f"pack {people}, CPU", took, "s")
    yield Row("faults of its plan", float(len(packing_faults(found, places, plan.chosen))), "",
              goal=0)  # fmt: skip
    yield Row("gap to its proven bound", 100 * plan.gap, "%", goal=0.01)
    yield from _other_rules(part, found, times, takes, journeys.distance[rows], plan)


def _other_rules(
    part: AllocationProblem,
    found: list[Choice],
    times: Timetable,
    takes: Flags,
    distance: Costs,
    least: Packing,
) -> Iterator[Row]:
    """The same people in turn, and with the longest way first."""
    began = time.process_time()
    turns = patterns_in_turn(part, found, SEED)
    took = time.process_time() - began
    assert turns is not None
    yield Row("in turn, CPU", took, "s")
    yield Row("total hardship in turn", paid_for(found, turns.chosen) / 10, "km", "the least",
              least.objective / 10)  # fmt: skip
    began = time.process_time()
    reach = least_reach_of_patterns(part, found, distance)
    took = time.process_time() - began
    assert reach is not None
    yield Row("the shortest longest way, CPU", took, "s")
    yield Row("the shortest longest way", reach.found / 10, "km", "proved", reach.bound / 10)
    near = choices(within_reach(part, distance, reach), times, takes, distance, SEED)
    began = time.process_time()
    plan = pack(near, part.capacity.ravel())
    yield Row("pack within it, CPU", time.process_time() - began, "s")
    yield Row("gap to its proven bound", 100 * plan.gap, "%", goal=0.01)


def _company(problem: AllocationProblem) -> Iterator[Row]:
    """One person in a hundred sits beside somebody else, wherever both live."""
    rows = np.random.default_rng(SEED).permutation(problem.people)[: problem.people // 100]
    groups = list(rows[: len(rows) // 2 * 2].reshape(-1, 2))
    began = time.process_time()
    plan = assign_together(problem, groups, SEED)
    took = time.process_time() - began
    yield Row(f"allocate with {len(groups)} pairs together, CPU", took, "s")
    gap = 100 * (plan.objective - plan.bound) / plan.objective
    yield Row("gap to what no plan with these pairs goes below", gap, "%", goal=0.01)
    yield Row("total hardship with them", plan.objective / 10, "km", "without",
              assign(problem, SEED).objective / 10)  # fmt: skip
