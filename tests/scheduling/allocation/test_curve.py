"""More plans where one step of the curve would move many people at once."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import assign
from scheduling.allocation.certificate import certify
from scheduling.allocation.curve import FINER, move_curve, widest_step
from scheduling.allocation.reallocate import TOLLS, Before, tolled


def test_the_widest_step_is_halved():
    assert widest_step([(0, 100), (50, 90), (100, 20), (2000, 10)]) == 75


def test_a_curve_of_small_steps_is_left_as_it_is():
    assert widest_step([(0, 100), (50, 100), (100, 99), (200, 99)]) is None


def test_two_tolls_with_none_between_are_not_halved():
    assert widest_step([(0, 100), (1, 0)]) is None


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_finer_plan_is_proved_and_lies_between_its_neighbours(make_problem, seed):
    rng = np.random.default_rng(seed)
    people, columns = 60, 4
    problem = make_problem(rng.integers(0, 900, (people, columns)), np.full(columns, 20))
    before = Before(column=rng.permutation(np.arange(people) % columns), kept=np.ones(people, bool))
    capacity = np.array([0, 20, 20, 20])
    before = replace(before, kept=before.column != 0)
    problem = replace(problem, capacity=capacity[None])
    plans = list(move_curve(problem, before, seed))
    assert len(TOLLS) <= len(plans) <= len(TOLLS) + FINER
    plans.sort(key=lambda plan: plan.toll)
    moved = [len(plan.moved) for plan in plans]
    assert moved == sorted(moved, reverse=True)
    for plan in plans:
        assert certify(tolled(problem, before, plan.toll), plan.allocation).holds
        alone = assign(tolled(problem, before, plan.toll), seed)
        assert (alone.column == plan.allocation.column).all()
