"""The curve from fewest moved to least distance, beside every plan tried one by one."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import InfeasibleAllocation, assign
from scheduling.allocation.certificate import certify
from scheduling.allocation.reallocate import NOWHERE, STAY, Before, move_plans, tolled
from scheduling.allocation.reseat import FREE, seat_newcomers
from tests.scheduling.allocation.conftest import ChairMaker, ProblemMaker


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 5), columns=st.integers(2, 4))
def test_one_end_moves_as_few_as_any_plan_and_the_other_costs_as_little(
    make_problem: ProblemMaker, seed: int, people: int, columns: int
):
    rng = np.random.default_rng(seed)
    problem = make_problem(rng.integers(0, 40, (people, columns)), np.full(columns, people))
    before = assign(problem, seed).column
    capacity = rng.integers(0, 3, columns)
    capacity[0] = 0
    kept = (before != 0) & (rng.random(people) < 0.8)
    after = replace(problem, capacity=capacity[None])
    plans = [
        plan
        for plan in itertools.product(range(columns), repeat=people)
        if all(plan.count(c) <= capacity[c] for c in range(columns))
    ]
    was = Before(column=before, kept=kept)
    if not plans:
        with pytest.raises(InfeasibleAllocation):
            list(move_plans(after, was, seed))
        return

    def cost(plan) -> int:
        return sum(int(problem.cost[row, here]) for row, here in enumerate(plan))

    def moved(plan) -> int:
        return sum(here != before[row] or not kept[row] for row, here in enumerate(plan))

    curve = list(move_plans(after, was, seed))
    fewest = min(map(moved, plans))
    assert curve[0].objective == min(map(cost, plans))
    assert len(curve[-1].moved) == fewest
    assert curve[-1].objective == min(cost(plan) for plan in plans if moved(plan) == fewest)
    for point in curve:
        assert certify(tolled(after, was, point.toll), point.allocation).holds
    costs, moves = [p.objective for p in curve], [len(p.moved) for p in curve]
    assert costs == sorted(costs)
    assert moves == sorted(moves, reverse=True)


def test_nobody_who_could_stay_moves_at_the_end_when_the_others_have_room(
    make_problem: ProblemMaker,
):
    rng = np.random.default_rng(1)
    problem = make_problem(rng.integers(0, 500, (300, 6)), np.full(6, 80))
    before = assign(problem, 1)
    capacity = problem.capacity.copy()
    capacity[0, 2] = 0
    was = Before(column=before.column, kept=before.column != 2)
    last = list(move_plans(replace(problem, capacity=capacity), was, 1))[-1]
    assert last.toll == STAY
    assert len(last.unasked) == 0
    assert len(last.moved) == (before.column == 2).sum()


def test_whoever_is_new_is_placed_and_counts_as_nobody_moved(make_problem: ProblemMaker):
    problem = make_problem([[0, 9], [0, 9], [9, 0]], [2, 2])
    was = Before(column=np.array([0, NOWHERE, 1]), kept=np.array([True, False, True]))
    last = list(move_plans(problem, was, 1))[-1]
    assert last.allocation.column.tolist() == [0, 0, 1]
    assert last.moved.tolist() == []


def test_a_loss_nobody_can_make_good_is_named_by_class_and_number(make_problem: ProblemMaker):
    problem = make_problem(np.zeros((5, 2)), [[2, 1], [1, 0]], access=[0, 0, 0, 0, 1])
    was = Before(column=np.zeros(5, np.int64), kept=np.zeros(5, bool))
    with pytest.raises(InfeasibleAllocation) as refused:
        next(move_plans(problem, was, 1))
    assert [(s.access_class, s.missing) for s in refused.value.shortages] == [("standard", 1)]


def test_a_warm_start_gives_the_plan_of_a_cold_one(make_problem: ProblemMaker):
    rng = np.random.default_rng(5)
    cost = rng.integers(0, 3000, (800, 6))
    first = assign(make_problem(cost, np.full(6, 140)), 2)
    cost[:8] = rng.integers(0, 3000, (8, 6))
    changed = make_problem(cost, np.full(6, 140))
    assert assign(changed, 2, warm=first).column.tolist() == assign(changed, 2).column.tolist()


def test_newcomers_take_free_chairs_away_from_their_own(make_chairs: ChairMaker):
    chairs = make_chairs([["ooooo"]])
    held = np.array([7, FREE, FREE, FREE, FREE])
    chair, _form = seat_newcomers(
        0, chairs, held, np.array([7, 8]), np.zeros(2, np.int64), np.zeros(2, bool), 2
    )
    assert chair[0] >= 2
    assert len(set(chair.tolist())) == 2
    assert 0 not in chair
