"""The plan is the best there is, the same for every exact solver, and the same every time."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import block_array, eye_array, kron

from config.demo.country import build_country
from config.demo.people import invent_people
from scheduling.allocation.assign import InfeasibleAllocation, assign
from scheduling.allocation.certificate import certify
from scheduling.allocation.checks import violations
from scheduling.allocation.lottery import lottery_costs, lottery_of
from scheduling.allocation.problem import AllocationProblem
from tests.benchmarks.allocation import nation


@st.composite
def small_instances(draw):
    """Up to five people, four columns, two classes, some columns refused; not always feasible."""
    people, columns = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    row = st.lists(st.integers(0, 6), min_size=columns, max_size=columns)
    cost = draw(st.lists(row, min_size=people, max_size=people))
    capacity = draw(st.lists(st.lists(st.integers(0, 4), min_size=columns, max_size=columns),
                             min_size=2, max_size=2))  # fmt: skip
    access = draw(st.lists(st.integers(0, 1), min_size=people, max_size=people))
    refusal = st.lists(st.integers(0, 4).map(lambda n: n == 0), min_size=columns, max_size=columns)
    refused = draw(st.lists(refusal, min_size=people, max_size=people))
    return cost, capacity, access, np.array(refused, bool)


def every_plan(problem: AllocationProblem):
    """Every plan without a violation, by trying them all."""
    for plan in product(range(problem.columns), repeat=problem.people):
        column = np.array(plan)
        if not violations(problem, column):
            yield column


def ticketed(problem: AllocationProblem, seed: int):
    return lottery_costs(problem, lottery_of(problem, seed), np.arange(problem.people))


def country(make_problem, people: int, columns: int, seed: int, spare: float = 0.03):
    """People scattered on a map round places of unequal size, most of them wanting the middle."""
    rng = np.random.default_rng(seed)
    home, place = rng.normal(0, 300, (people, 2)), rng.normal(0, 250, (columns // 2, 2))
    km = np.hypot(*(home[:, None] - place[None]).transpose(2, 0, 1)).repeat(2, 1)
    cost = np.rint(10 * km).astype(np.int32) + rng.choice([0, 400, 900], (people, columns))
    weight = rng.uniform(0.5, 1.5, columns)
    capacity = np.ceil(people * (1 + spare) * weight / weight.sum()).astype(np.int64)
    return make_problem(cost, capacity)


@given(small_instances(), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_no_plan_tried_by_hand_is_better(make_problem, instance, seed):
    problem = make_problem(*instance)
    table, rows = ticketed(problem, seed), np.arange(problem.people)
    best = min((int(table[rows, c].sum()) for c in every_plan(problem)), default=None)
    if best is None:
        with pytest.raises(InfeasibleAllocation):
            assign(problem, seed)
        return
    plan = assign(problem, seed)
    assert violations(problem, plan.column) == []
    assert int(table[rows, plan.column].sum()) == best
    assert certify(problem, plan).holds


@given(small_instances())
@settings(max_examples=100, deadline=None)
def test_the_shortage_named_is_the_fewest_that_must_go_without(make_problem, instance):
    problem = make_problem(*instance)
    try:
        assign(problem, 1)
        short = {}
    except InfeasibleAllocation as refusal:
        short = {s.access_class: s.missing for s in refusal.shortages}
    for access, name in enumerate(problem.access_classes):
        rows = np.flatnonzero(problem.access == access)
        seats = np.repeat(np.arange(problem.columns), problem.capacity[access])
        unfit = problem.refused[rows][:, seats].astype(int)
        matched = linear_sum_assignment(unfit) if unfit.size else ([], [])
        placed = int((unfit[matched] == 0).sum()) if unfit.size else 0
        assert short.get(name, 0) == len(rows) - placed


def test_two_exact_solvers_agree_person_for_person(make_problem):
    problem = country(make_problem, 240, 8, seed=5)
    plan = assign(problem, 2026)
    seats = np.repeat(np.arange(8), problem.capacity[0])
    _, chosen = linear_sum_assignment(ticketed(problem, 2026)[:, seats])
    assert (plan.column == seats[chosen]).all()
    assert certify(problem, plan).is_unique


@pytest.mark.parametrize("seed", range(6))
def test_two_exact_solvers_agree_where_most_columns_are_refused(make_problem, seed):
    """Everybody may sit in three columns or more of twelve, and every place is needed."""
    rng = np.random.default_rng(seed)
    whole = country(make_problem, 360, 12, seed=seed, spare=0)
    refused = rng.random(whole.cost.shape) < 0.7
    home = np.repeat(np.arange(12), whole.capacity[0])[:360]
    refused[np.arange(360), rng.permutation(home)] = False
    problem = make_problem(whole.cost, whole.capacity, refused=refused)
    plan = assign(problem, seed)
    seats = np.repeat(np.arange(12), problem.capacity[0])
    _, chosen = linear_sum_assignment(ticketed(problem, seed)[:, seats].astype(float))
    assert certify(problem, plan).holds
    paid = problem.cost[np.arange(360), seats[chosen]].sum()
    assert plan.objective == paid


def test_the_linear_programme_of_highs_has_the_same_objective(make_problem):
    problem = country(make_problem, 1200, 12, seed=6)
    plan = assign(problem, 1)
    people, columns = problem.cost.shape
    once = kron(eye_array(people), np.ones((1, columns)))
    places = kron(np.ones((1, people)), eye_array(columns))
    found = linprog(
        problem.cost.ravel(),
        A_eq=block_array([[once]]).tocsr(),
        b_eq=np.ones(people),
        A_ub=places.tocsr(),
        b_ub=problem.capacity[0],
        method="highs",
    )
    assert plan.objective == plan.bound == round(found.fun)


def test_the_order_of_the_rows_changes_nothing(make_problem):
    problem = country(make_problem, 3000, 16, seed=7)
    shuffled = np.random.default_rng(1).permutation(3000)
    same = make_problem(
        problem.cost[shuffled],
        problem.capacity,
        registration_ids=problem.registration_ids[shuffled],
    )
    here, there = assign(problem, 3), assign(same, 3)
    assert (here.column[shuffled] == there.column).all()
    assert (here.prices == there.prices).all()


def test_one_more_place_never_makes_the_plan_dearer(make_problem):
    problem = country(make_problem, 400, 8, seed=8, spare=0)
    before = assign(problem, 1)
    for column in range(8):
        capacity = problem.capacity.copy()
        capacity[0, column] += 1
        after = assign(make_problem(problem.cost, capacity), 1)
        saving = before.objective - after.objective
        assert 0 <= saving <= np.ceil(before.prices_km[0, column] * 10)


def test_a_column_with_places_left_costs_nothing(make_problem):
    problem = country(make_problem, 2000, 16, seed=9, spare=0.1)
    plan = assign(problem, 1)
    left = problem.capacity[0] - np.bincount(plan.column, minlength=16)
    assert (left > 0).any()
    assert (plan.prices[0, left > 0] == 0).all()


def test_nobody_would_be_better_off_at_the_published_prices(make_problem):
    problem = country(make_problem, 2000, 16, seed=10)
    plan = assign(problem, 1)
    priced = ticketed(problem, 1) + plan.prices[0]
    assert (priced[np.arange(2000), plan.column] == priced.min(1)).all()


def test_the_same_seed_draws_the_same_plan_and_another_seed_costs_the_same(make_problem):
    problem = make_problem(np.full((40, 4), 120), [10, 10, 10, 10])
    first, again, other = assign(problem, 1), assign(problem, 1), assign(problem, 2)
    assert (first.column == again.column).all()
    assert (first.column != other.column).any()
    assert first.objective == other.objective == 40 * 120


def test_equal_costs_are_drawn_by_lot_and_not_by_row(make_problem):
    problem = make_problem(np.tile([0, 100], (2000, 1)), [1000, 1000])
    lucky = assign(problem, 5).column == 0
    assert 430 < lucky[:1000].sum() < 570


def test_a_seed_may_be_of_any_size(make_problem):
    problem = make_problem([[1, 2], [1, 2]], [1, 1])
    assert certify(problem, assign(problem, 2**255 + 19)).holds
    with pytest.raises(ValueError, match="not negative"):
        assign(problem, -1)


def test_one_person_and_one_place(make_problem):
    plan = assign(make_problem([[37]], [1]), 1)
    assert (plan.column.tolist(), plan.objective, plan.bound) == ([0], 37, 37)


def test_nobody_at_all_is_a_plan_too(make_problem):
    plan = assign(make_problem(np.zeros((0, 3)), [1, 1, 1]), 1)
    assert (len(plan.column), plan.objective) == (0, 0)


def test_a_country_full_to_the_last_place(make_problem):
    problem = country(make_problem, 960, 16, seed=11)
    exact = make_problem(problem.cost, np.full(16, 60))
    plan = assign(exact, 1)
    assert (np.bincount(plan.column, minlength=16) == 60).all()
    assert certify(exact, plan).holds


def test_standard_people_never_take_a_wheelchair_place(make_problem):
    cost = [[0, 500], [0, 500], [0, 500]]
    plan = assign(make_problem(cost, [[1, 2], [1, 0]], access=[0, 0, 1]), 1)
    assert sorted(plan.column[:2].tolist()) == [0, 1]
    assert plan.column[2] == 0


def test_a_refused_column_is_never_given(make_problem):
    refused = np.array([[True, False], [False, False]])
    plan = assign(make_problem([[0, 900], [0, 900]], [1, 1], refused=refused), 1)
    assert plan.column.tolist() == [1, 0]


def test_a_shortage_names_the_class_the_number_and_where(make_problem):
    problem = make_problem(np.ones((5, 2)), [[2, 0], [0, 1]], access=[0, 0, 0, 1, 1])
    with pytest.raises(InfeasibleAllocation) as refusal:
        assign(problem, 1)
    standard, wheelchair = refusal.value.shortages
    assert (standard.access_class, standard.people, standard.places, standard.missing) == (
        "standard", 3, 2, 1,
    )  # fmt: skip
    assert (wheelchair.access_class, wheelchair.missing) == ("wheelchair", 1)
    assert "standard: 3 people, 2 places, 1 missing" in str(refusal.value)


def test_a_shortage_in_one_corner_is_found_though_places_are_left_elsewhere(make_problem):
    refused = np.array([[False, True]] * 3)
    with pytest.raises(InfeasibleAllocation) as refusal:
        assign(make_problem(np.ones((3, 2)), [2, 5], refused=refused), 1)
    (shortage,) = refusal.value.shortages
    assert (shortage.missing, shortage.columns) == (1, (0,))


def test_progress_ends_with_everybody_placed(make_problem):
    heard: list[tuple[int, int]] = []
    problem = make_problem(np.ones((6, 2)), [[3, 3], [1, 1]], access=[0, 0, 0, 0, 1, 1])
    assign(problem, 1, lambda done, total: heard.append((done, total)))
    assert heard[-1] == (6, 6)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_whole_region_is_solved_with_its_proof(make_problem, seed):
    problem = country(make_problem, 12_000, 32, seed=seed)
    plan = assign(problem, seed)
    proof = certify(problem, plan)
    assert proof.holds
    assert (proof.gap, proof.is_unique) == (0, True)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"capacity": np.array([[1, -1]])}, "negative"),
        ({"cost": np.array([[1, 2]], np.int32)}, "cost is"),
        ({"registration_ids": np.array([7, 7])}, "two rows"),
        ({"session_ids": np.array([1, 1]), "centre_ids": np.array([1, 1])}, "stands twice"),
        ({"cost": np.array([[1, 2], [3, -4]], np.int32)}, "cost is negative"),
        ({"access": np.array([0, 1])}, "no name"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(broken, says):
    good = {
        "registration_ids": np.array([1, 2]),
        "centre_ids": np.array([1, 2]),
        "session_ids": np.array([1, 1]),
        "access_classes": ("standard",),
        "access": np.array([0, 0]),
        "cost": np.array([[1, 2], [3, 4]], np.int32),
        "capacity": np.array([[1, 1]]),
    }
    with pytest.raises(ValueError, match=says):
        AllocationProblem(**good | broken)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_the_whole_country_is_solved_with_its_proof(seed):
    problem, _journeys = nation(country_of := build_country(seed=seed), invent_people(country_of))
    plan = assign(problem, seed)
    proof = certify(problem, plan)
    assert (proof.holds, proof.is_unique, plan.objective) == (True, True, plan.bound)
    assert violations(problem, plan.column) == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_a_thousand_people_are_placed_as_another_solver_places_them(make_problem, seed):
    problem = country(make_problem, 1000, 12, seed=seed)
    plan = assign(problem, seed)
    seats = np.repeat(np.arange(12), problem.capacity[0])
    _, chosen = linear_sum_assignment(ticketed(problem, seed)[:, seats])
    assert (plan.column == seats[chosen]).all()
