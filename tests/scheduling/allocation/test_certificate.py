"""A proof that holds for the best plan and for nothing else; a reason anybody can recompute."""

from dataclasses import replace

import numpy as np
import pytest

from scheduling.allocation.assign import assign
from scheduling.allocation.certificate import certify, reason


@pytest.fixture
def crowded(make_problem):
    """Six people who all live nearest to the first column, which holds two."""
    cost = [[10 * i, 100 + 7 * i, 300] for i in range(6)]
    return make_problem(cost, [2, 2, 4])


def test_the_best_plan_is_proved(crowded):
    proof = certify(crowded, assign(crowded, 1))
    assert (proof.holds, proof.gap, proof.exact_gap, proof.faults) == (True, 0, 0, ())


def test_two_people_exchanged_break_the_proof(crowded):
    plan = assign(crowded, 1)
    column = plan.column.copy()
    column[[0, 5]] = column[[5, 0]]
    assert column[0] != column[5]
    assert not certify(crowded, replace(plan, column=column)).holds


def test_other_prices_break_the_proof(crowded):
    plan = assign(crowded, 1)
    assert not certify(crowded, replace(plan, prices=plan.prices * 0)).holds


def test_another_seed_breaks_the_proof(make_problem):
    problem = make_problem(np.zeros((30, 3)), [10, 10, 10])
    assert not certify(problem, replace(assign(problem, 1), seed=2)).holds
    assert not certify(problem, replace(assign(problem, 1), draw=1)).holds


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda p: replace(p, column=np.zeros_like(p.column)), "over_capacity"),
        (lambda p: replace(p, column=p.column[:-1]), "misfit"),
        (lambda p: replace(p, column=p.column + 9), "misfit"),
        (lambda p: replace(p, prices=-1 - p.prices), "negative_price"),
        (lambda p: replace(p, prices=p.prices + 1), "price_where_places_are_left"),
    ],
)
def test_an_unsound_plan_is_named(crowded, change, fault):
    assert fault in certify(crowded, change(assign(crowded, 1))).faults


def test_a_refused_column_is_a_fault(make_problem):
    open_to_all = make_problem([[5, 9]], [1, 1])
    closed = make_problem([[5, 9]], [1, 1], refused=np.array([[True, False]]))
    assert "refused_column" in certify(closed, assign(open_to_all, 1)).faults


def test_the_price_of_a_full_place_is_what_the_last_admitted_would_lose(make_problem):
    """Three people, one place near: the nearest two lose 20 and 60 km by going, the third 90."""
    problem = make_problem([[100, 300], [100, 700], [100, 1000]], [1, 9])
    plan = assign(problem, 1)
    assert plan.column.tolist() == [1, 1, 0]
    assert plan.prices_km[0, 0] == pytest.approx(60, abs=0.1)
    assert plan.prices_km[0, 1] == 0


def test_a_reason_names_the_easier_places_and_what_they_cost(make_problem):
    problem = make_problem([[100, 300], [100, 700], [100, 1000]], [1, 9])
    why = reason(problem, assign(problem, 1), 0)
    assert (why.registration_id, why.centre_id, why.session_id) == (100, 1, 2)
    assert (why.cost_km, why.has_easiest) == (30.0, False)
    (easier,) = why.easier
    assert (easier.centre_id, easier.session_id, easier.cost_km) == (1, 1, 10.0)
    assert easier.gain_km == pytest.approx(20)
    assert easier.price_km == pytest.approx(60, abs=0.1)


def test_nobody_gains_more_than_the_price_says(make_problem):
    rng = np.random.default_rng(4)
    problem = make_problem(rng.integers(0, 3000, (500, 6)), [60, 70, 80, 90, 100, 110])
    plan = assign(problem, 1)
    for row in range(500):
        for other in reason(problem, plan, row).easier:
            assert other.gain_km <= other.price_km + 0.1


def test_whoever_has_his_easiest_place_is_told_so(crowded):
    plan = assign(crowded, 1)
    first = int(np.flatnonzero(plan.column == 0)[0])
    assert reason(crowded, plan, first).has_easiest


def test_a_refused_place_is_no_alternative(make_problem):
    problem = make_problem([[5, 90]], [1, 1], refused=np.array([[True, False]]))
    assert reason(problem, assign(problem, 1), 0).has_easiest
