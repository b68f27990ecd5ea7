"""Policies over one engine keep what they promise, beside slow references."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import assign
from scheduling.allocation.certificate import certify
from scheduling.allocation.policies import (
    NEVER_CLOSED,
    certify_turns,
    in_turn,
    least_reach,
    within_reach,
)
from tests.scheduling.allocation.conftest import ProblemMaker


def all_plans(people: int, capacity: list[int]):
    for plan in itertools.product(range(len(capacity)), repeat=people):
        if all(plan.count(c) <= places for c, places in enumerate(capacity)):
            yield plan


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 5), columns=st.integers(1, 3))
def test_the_longest_way_is_the_shortest_possible_and_then_the_cost_the_least(
    make_problem: ProblemMaker, seed: int, people: int, columns: int
):
    rng = np.random.default_rng(seed)
    capacity = rng.integers(1, 4, columns)
    distance = rng.integers(0, 30, (people, columns)).astype(np.int32)
    problem = make_problem(distance + rng.integers(0, 30, distance.shape), capacity)
    plans = list(all_plans(people, capacity.tolist()))
    reach = least_reach(problem, distance)
    if not plans:
        assert reach is None
        return

    def longest(plan) -> int:
        return max(int(distance[row, here]) for row, here in enumerate(plan))

    best = min(map(longest, plans))
    cost = min(
        sum(int(problem.cost[row, here]) for row, here in enumerate(plan))
        for plan in plans
        if longest(plan) == best
    )
    near = within_reach(problem, distance, reach)
    plan = assign(near, seed)
    assert reach.found == reach.bound == best == longest(plan.column.tolist())
    assert plan.objective == cost
    assert certify(near, plan).holds


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 40), columns=st.integers(1, 5))
def test_in_turn_every_easier_column_was_closed_by_a_lower_lot(
    make_problem: ProblemMaker, seed: int, people: int, columns: int
):
    rng = np.random.default_rng(seed)
    capacity = rng.integers(0, 9, columns)
    capacity[-1] += people
    problem = make_problem(rng.integers(0, 50, (people, columns)), capacity)
    turns = in_turn(problem, seed)
    for row, here in enumerate(turns.column.tolist()):
        for other in range(columns):
            if problem.cost[row, other] < problem.cost[row, here]:
                assert turns.closed[0, other] != NEVER_CLOSED
                assert turns.closed[0, other] <= turns.lot[row]
    assert certify_turns(problem, turns.column, seed, 0).holds


def test_a_plan_out_of_turn_is_refused(make_problem: ProblemMaker):
    problem = make_problem([[0, 9], [0, 9]], [1, 1])
    turned = in_turn(problem, 4).column[::-1].copy()
    assert certify_turns(problem, turned, 4, 0).faults == ("out_of_turn",)


def test_nobody_gains_by_a_false_list_when_people_choose_in_turn(make_problem: ProblemMaker):
    rng = np.random.default_rng(3)
    cost = rng.integers(0, 50, (6, 3))
    truth = make_problem(cost, [2, 2, 2])
    honest = in_turn(truth, 9).column
    for row in range(6):
        for lie in itertools.permutations(range(3)):
            told = cost.copy()
            told[row] = lie
            got = in_turn(make_problem(told, [2, 2, 2]), 9).column[row]
            assert cost[row, got] >= cost[row, honest[row]]


def test_a_lot_depends_on_the_registration_and_the_seed_alone(make_problem: ProblemMaker):
    ids = np.array([5, 9, 2])
    first = in_turn(make_problem(np.zeros((3, 1)), [3], registration_ids=ids), 1).lot
    turned = in_turn(make_problem(np.ones((3, 1)), [3], registration_ids=ids[::-1].copy()), 1).lot
    assert first.tolist() == turned[::-1].tolist()
    other = in_turn(make_problem(np.zeros((3, 1)), [3], registration_ids=ids), 2).lot
    assert first.tolist() != other.tolist()


def test_the_longest_way_is_none_when_a_class_has_no_place(make_problem: ProblemMaker):
    problem = make_problem([[1], [1]], [[2], [0]], access=[0, 1])
    assert least_reach(problem, problem.cost) is None
    assert within_reach(problem, problem.cost, None) is problem


@pytest.mark.parametrize("places", [1, 2])
def test_whoever_finds_nothing_left_has_no_column(make_problem: ProblemMaker, places: int):
    turns = in_turn(make_problem([[0], [0], [0]], [places]), 1)
    assert (turns.column == -1).sum() == 3 - places
