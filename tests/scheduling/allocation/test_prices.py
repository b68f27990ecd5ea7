"""Whole prices prove a plan without its lottery, and none can prove a worse plan."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import assign
from scheduling.allocation.prices import whole_bound, whole_prices
from tests.scheduling.allocation.conftest import ProblemMaker


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), people=st.integers(1, 12), columns=st.integers(1, 5))
def test_the_bound_by_whole_prices_is_the_total_cost(
    make_problem: ProblemMaker, seed: int, people: int, columns: int
):
    rng = np.random.default_rng(seed)
    capacity = rng.integers(0, 5, columns)
    capacity[0] += people
    problem = make_problem(rng.integers(0, 9, (people, columns)), capacity)
    plan = assign(problem, seed)
    prices = whole_prices(problem, plan.column)
    assert (prices >= 0).all()
    assert whole_bound(problem, prices) == plan.objective


def test_a_plan_that_is_not_of_least_cost_has_no_prices(make_problem: ProblemMaker):
    problem = make_problem([[0, 5], [5, 0]], [1, 1])
    with pytest.raises(ValueError, match="not one of least cost"):
        whole_prices(problem, np.array([1, 0]))
