"""Groups among all others: never below the bound, best for their places, nearly always the best."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import InfeasibleAllocation, assign
from scheduling.allocation.checks import violations
from scheduling.allocation.company import assign_together, certify_together


def best_by_hand(problem, groups):
    """The least total over every plan that keeps the groups and the places, by trying them all."""
    totals = []
    for way in product(range(problem.columns), repeat=problem.people):
        column = np.array(way)
        kept = all((column[group] == column[group[0]]).all() for group in groups)
        if kept and not violations(problem, column):
            totals.append(int(problem.cost[np.arange(problem.people), column].sum()))
    return min(totals, default=None)


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_no_plan_with_these_groups_is_below_the_bound_and_the_plan_is_one_of_them(
    make_problem, seed
):
    rng = np.random.default_rng(seed)
    people, columns = int(rng.integers(3, 7)), int(rng.integers(2, 4))
    refused = rng.random((people, columns)) < 0.1
    problem = make_problem(
        rng.integers(0, 50, (people, columns)), rng.integers(0, 5, columns), refused=refused
    )
    rows = rng.permutation(people)
    groups = [rows[:2]] if people < 5 else [rows[:2], rows[2:4]]
    best = best_by_hand(problem, groups)
    try:
        plan = assign_together(problem, groups, seed)
    except InfeasibleAllocation:
        return
    assert violations(problem, plan.column) == []
    if best is None:  # no plan keeps them all; whom no column takes together sits apart
        return
    assert plan.bound <= best <= plan.objective
    proof = certify_together(problem, groups, plan)
    assert proof.holds
    assert (proof.objective, proof.bound) == (plan.objective, plan.bound)


def test_pairs_among_thousands_sit_together_within_a_ten_thousandth_of_the_bound(make_problem):
    rng = np.random.default_rng(1)
    problem = make_problem(rng.integers(0, 3000, (2000, 12)), [190] * 6 + [160] * 6)
    groups = list(rng.permutation(2000)[:120].reshape(40, 3))
    plan = assign_together(problem, groups, 1)
    assert all((plan.column[group] == plan.column[group[0]]).all() for group in groups)
    assert plan.bound <= plan.objective <= plan.bound * 1.0001
    assert plan.objective >= assign(problem, 1).objective


def test_prices_move_a_pair_from_its_own_best_place_when_others_would_lose_more(make_problem):
    """Alone the pair likes the first place best, but it is worth far more to the two others."""
    problem = make_problem([[0, 10], [0, 10], [0, 900], [0, 900]], [2, 2])
    plan = assign_together(problem, [np.array([0, 1])], 1)
    assert plan.column.tolist() == [1, 1, 0, 0]
    assert plan.objective == plan.bound == 20
    worse = assign(
        make_problem(
            [[0, 10], [0, 10], [0, 900], [0, 900]],
            [2, 2],
            refused=np.array([[False, True]] * 2 + [[False, False]] * 2),
        ),
        1,
    )
    proof = certify_together(problem, [np.array([0, 1])], worse)
    assert proof.bound < proof.objective


def test_a_group_no_column_can_take_sits_apart(make_problem):
    problem = make_problem([[1, 2], [1, 2], [1, 2]], [2, 1])
    plan = assign_together(problem, [np.array([0, 1, 2])], 1)
    assert violations(problem, plan.column) == []
    with pytest.raises(InfeasibleAllocation):
        assign_together(make_problem([[1, 2], [1, 2], [1, 2]], [1, 1]), [np.array([0, 1])], 1)
