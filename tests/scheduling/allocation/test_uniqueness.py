"""A plan is called the only one exactly when trying every plan finds no other as good."""

from itertools import product

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from scheduling.allocation.uniqueness import free_place_moves, indifferent_moves, is_acyclic


def best_plans(cost, capacity):
    """Every plan of least cost, by trying them all."""
    people, columns = cost.shape
    fits = [
        plan
        for plan in product(range(columns), repeat=people)
        if (np.bincount(plan, minlength=columns) <= capacity).all()
    ]
    total = {plan: sum(cost[i, j] for i, j in enumerate(plan)) for plan in fits}
    return [plan for plan in fits if total[plan] == min(total.values())]


def prices_of(cost, capacity):
    """Whole prices from the dual of the linear programme."""
    people, columns = cost.shape
    once = np.kron(np.eye(people), np.ones(columns))
    places = np.tile(np.eye(columns), people)
    found = linprog(
        cost.ravel(), A_eq=once, b_eq=np.ones(people), A_ub=places, b_ub=capacity, method="highs-ds"
    )
    return np.rint(-found.ineqlin.marginals).astype(np.int64)


@given(
    st.integers(1, 5).flatmap(
        lambda people: st.lists(
            st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=people, max_size=people
        )
    ),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
)
@settings(max_examples=80, deadline=None)
def test_the_graph_and_trying_everything_agree(cost, capacity):
    table, places = np.array(cost, np.int64), np.array(capacity)
    assume(places.sum() >= len(table))
    plans = best_plans(table, places)
    column, prices = np.array(plans[0]), prices_of(table, places)
    full = np.bincount(column, minlength=3) >= places
    arcs = indifferent_moves(table + prices, column, full)
    arcs |= free_place_moves(full, prices, places)
    assert is_acyclic(arcs) == (len(plans) == 1)
