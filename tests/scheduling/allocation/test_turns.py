"""People of several papers choose in turn: as if every plan for everybody had been written down."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.lottery import draw_lots
from scheduling.allocation.packing import pack, packing_faults
from scheduling.allocation.packing_kinds import is_refuted, kinds_of, left_out
from scheduling.allocation.patterns import choices, paid_for
from scheduling.allocation.policies import (
    certify_pattern_turns,
    in_turn,
    least_reach_of_patterns,
    within_reach,
)
from scheduling.allocation.turns import NEVER_CLOSED, first_come_patterns, patterns_in_turn
from tests.scheduling.allocation.several import country, timetable, two_days


def every_plan(found, places):
    """Every plan for everybody, as a pattern of each unit in the order of the choices."""
    units = [(choice, row) for choice in found for row in range(len(choice.members))]
    for way in product(*[np.flatnonzero(~choice.refused[row]).tolist() for choice, row in units]):
        if (sum(c.uses[p] for (c, _), p in zip(units, way, strict=True)) <= places).all():
            yield way


def dictated(problem, found, seed, plans):
    """One after another strikes out the plans that do not give him the easiest of what is left."""
    units = [(choice, row) for choice in found for row in range(len(choice.members))]
    lots = draw_lots(problem, seed)
    lead = [
        min(choice.members[row].tolist(), key=lambda one: problem.registration_ids[one])
        for choice, row in units
    ]
    for place in sorted(range(len(units)), key=lambda unit: lots[lead[unit]]):
        choice, row = units[place]
        best = min((int(choice.cost[row, plan[place]]), plan[place]) for plan in plans)[1]
        plans = [plan for plan in plans if plan[place] == best]
    (only,) = plans
    return list(only)


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_each_takes_the_easiest_that_leaves_all_others_a_plan(make_problem, seed):
    rng = np.random.default_rng(seed)
    people = int(rng.integers(1, 5))
    refused = rng.random((people, 8)) < 0.2
    problem, times, takes = two_days(
        make_problem, people, rng, rng.integers(0, 3, 8), None, refused
    )
    if people > 2:  # a pair that sits together takes the same papers
        takes[1] = takes[0]
    groups = [[0, 1]] if people > 2 else []
    found = choices(problem, times, takes, problem.cost // 2, seed, groups)
    plans = list(every_plan(found, problem.capacity.ravel()))
    turns = patterns_in_turn(problem, found, seed)
    if not plans:
        assert turns is None
        return
    assert np.concatenate(turns.chosen).tolist() == dictated(problem, found, seed, plans)
    proof = certify_pattern_turns(problem, found, turns.chosen, seed, 0)
    assert proof.holds
    assert proof.objective == paid_for(found, turns.chosen)


def test_a_plan_out_of_turn_or_with_nothing_for_somebody_is_refused(make_problem):
    problem = make_problem([[0, 9], [0, 9]], [1, 1])
    found = choices(problem, timetable([0, 0], [0, 5]), np.ones((2, 1), bool), problem.cost, 1)
    (chosen,) = patterns_in_turn(problem, found, 4).chosen
    proof = certify_pattern_turns(problem, found, [chosen[::-1].copy()], 4, 0)
    assert proof.faults == ("out_of_turn",)
    proof = certify_pattern_turns(problem, found, [np.array([0, -1])], 4, 0)
    assert proof.faults == ("no_pattern", "out_of_turn")


@pytest.mark.parametrize("seed", range(4))
def test_a_region_in_turn_is_explained_by_lower_lots_or_by_those_who_need_the_place(
    make_problem, seed
):
    """2,500 people in blocks; some can come on one day only, and hardly any place is to spare."""
    problem, found = country(make_problem, 2500, seed, spare=1.0, refuse=0.05)
    places = problem.capacity.ravel()
    turns = patterns_in_turn(problem, found, seed)
    assert packing_faults(found, places, turns.chosen) == []
    kinds, kept = kinds_of(found), 0
    lots = np.concatenate(turns.lot)
    patterns = [p for chosen in turns.chosen for p in chosen.tolist()]
    units = [(at, row) for at, choice in enumerate(found) for row in range(len(choice.members))]
    line = np.argsort(lots, kind="stable").tolist()
    left, many = places.copy(), kinds.many.copy()
    for place in line:
        at, row = units[place]
        choice, mine = found[at], patterns[place]
        would = np.flatnonzero((choice.cost[row] < choice.cost[row, mine]) & ~choice.refused[row])
        many[kinds.of[at][row]] -= 1
        for other in would.tolist():
            full = choice.uses[other] > left
            if full.any():
                closed = turns.closed[full]
                assert ((closed != NEVER_CLOSED) & (closed <= lots[place])).all()
            elif kept < 12:  # the others could not all be placed
                kept += 1
                others = kinds.__class__(**{**vars(kinds), "many": many})
                assert left_out(others, left - choice.uses[other]).any()
        left -= choice.uses[mine]
    assert (left >= 0).all()


def test_by_arrival_whoever_comes_too_late_goes_without(make_problem):
    problem = make_problem([[0, 9], [1, 9], [2, 9]], [1, 1])
    found = choices(problem, timetable([0, 0], [0, 5]), np.ones((3, 1), bool), problem.cost, 1)
    order = np.array([2, 0, 1])
    assert first_come_patterns(found, np.array([1, 1]), 2, order).tolist() == [1, -1, 0]


def test_with_one_paper_too_a_place_is_left_for_whoever_can_sit_nowhere_else(make_problem):
    refused = np.array([[False, True], [False, False], [False, False]])
    problem = make_problem([[5, 0], [0, 5], [0, 5]], [1, 2], refused=refused)
    for seed in range(20):
        assert in_turn(problem, seed).column.tolist() == [0, 1, 1]
    none = make_problem([[5, 0], [0, 5], [0, 5]], [1, 1], refused=refused)
    assert (in_turn(none, 1).column == -1).sum() >= 1


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_longest_way_is_the_shortest_any_plan_has_and_then_the_cost_is_least(
    make_problem, seed
):
    rng = np.random.default_rng(seed)
    people = int(rng.integers(1, 5))
    problem, times, takes = two_days(make_problem, people, rng, rng.integers(0, 3, 8))
    distance = rng.integers(0, 40, (people, 2)).repeat(4, 1).astype(np.int32)
    found = choices(problem, times, takes, distance, seed)
    places = problem.capacity.ravel()
    plans = list(every_plan(found, places))
    reach = least_reach_of_patterns(problem, found, distance)
    if not plans:
        assert reach is None
        assert within_reach(problem, distance, reach) is problem
        return
    units = [(choice, row) for choice in found for row in range(len(choice.members))]

    def longest(plan):
        return max(
            int(distance[choice.members[row, 0], choice.columns[p, 0]])
            for (choice, row), p in zip(units, plan, strict=True)
        )

    best = min(map(longest, plans))
    assert reach.bound <= reach.found == best
    cost = min(
        sum(int(choice.cost[row, p]) for (choice, row), p in zip(units, plan, strict=True))
        for plan in plans
        if longest(plan) == best
    )
    near = choices(within_reach(problem, distance, reach), times, takes, distance, seed)
    packed = pack(near, places)
    assert packed.bound <= cost <= packed.objective <= cost + 1
    assert longest(np.concatenate(packed.chosen).tolist()) == best


def test_what_prices_refute_is_impossible_and_most_of_what_is_impossible_they_refute(make_problem):
    refuted = impossible = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        refused = rng.random((4, 8)) < 0.15
        problem, times, takes = two_days(make_problem, 4, rng, rng.integers(0, 3, 8), None, refused)
        found = choices(problem, times, takes, problem.cost, seed)
        places = problem.capacity.ravel()
        if any(choice.refused.all(1).any() for choice in found):
            continue
        none = next(every_plan(found, places), None) is None
        impossible += none
        if is_refuted(found, places):
            refuted += 1
            assert none
    assert refuted > 0.8 * impossible > 8
