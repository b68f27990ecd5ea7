"""Several papers without overlap, and people who sit together: no plan is below the bound."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import assign
from scheduling.allocation.packing import NoPacking, pack, packing_faults
from scheduling.allocation.packing_prices import UNIT, packing_bound
from scheduling.allocation.patterns import ANY_PAPER, NO_COLUMN, choices, columns_of
from tests.scheduling.allocation.several import country, timetable, two_days


def every_plan(found, places):
    """Every plan that keeps the places and refuses nobody, by trying them all: its total cost."""
    units = [(choice, row) for choice in found for row in range(len(choice.members))]
    for way in product(*[range(len(choice.columns)) for choice, _ in units]):
        taken = sum(choice.uses[p] for (choice, _), p in zip(units, way, strict=True))
        refused = any(choice.refused[row, p] for (choice, row), p in zip(units, way, strict=True))
        if (taken <= places).all() and not refused:
            yield sum(int(c.cost[row, p]) for (c, row), p in zip(units, way, strict=True))


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_no_plan_tried_by_hand_is_below_the_bound_and_the_gap_is_true(make_problem, seed):
    rng = np.random.default_rng(seed)
    people = int(rng.integers(1, 5))
    refused = rng.random((people, 8)) < 0.1
    problem, times, takes = two_days(
        make_problem, people, rng, rng.integers(0, 3, 8), None, refused
    )
    found = choices(problem, times, takes, problem.cost // 2, seed)
    places = problem.capacity.ravel()
    best = min(every_plan(found, places), default=None)
    if best is None:
        with pytest.raises(NoPacking):
            pack(found, places)
        return
    plan = pack(found, places)
    assert packing_faults(found, places, plan.chosen) == []
    assert plan.bound <= best <= plan.objective
    assert plan.objective - best <= 1  # people alike are told apart by lot within a unit


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_the_units_left_out_are_the_fewest(make_problem, seed):
    rng = np.random.default_rng(seed)
    refused = rng.random((4, 8)) < 0.3
    problem, times, takes = two_days(make_problem, 4, rng, rng.integers(0, 2, 8), None, refused)
    found = choices(problem, times, takes, problem.cost // 2, seed)
    places = problem.capacity.ravel()
    assume(next(every_plan(found, places), None) is None)
    with pytest.raises(NoPacking) as refusal:
        pack(found, places)
    units = [(at, choice, row) for at, choice in enumerate(found)
             for row in range(len(choice.members))]  # fmt: skip
    fewest = min(
        sum(p is None for p in way)
        for way in product(*[
            [None, *np.flatnonzero(~choice.refused[row]).tolist()] for _, choice, row in units
        ])
        if (sum((unit[1].uses[p] for unit, p in zip(units, way, strict=True) if p is not None),
                start=np.zeros(8, int)) <= places).all()
    )  # fmt: skip
    assert sum(refusal.value.missing) == fewest


def test_papers_at_the_same_time_are_never_one_pattern(make_problem):
    problem = make_problem(np.ones((1, 2)), [1, 1])
    found = choices(problem, timetable([0, 1], [0, 1]), np.ones((1, 2), bool), problem.cost, 1)
    with pytest.raises(NoPacking):
        pack(found, problem.capacity.ravel())
    later = choices(problem, timetable([0, 1], [0, 2]), np.ones((1, 2), bool), problem.cost, 1)
    assert pack(later, problem.capacity.ravel()).objective == 1  # one day, one way


def test_the_way_is_counted_once_a_day(make_problem):
    problem = make_problem([[70, 90]], [1, 1])
    journey = np.full((1, 2), 50, np.int32)
    for day, cost in (([0, 0], 110), ([0, 1], 160)):
        times = timetable([0, 1], [0, 9], day=day)
        found = choices(problem, times, np.ones((1, 2), bool), journey, 1)
        assert pack(found, problem.capacity.ravel()).objective == cost


def test_a_carer_and_his_friend_share_columns_and_each_takes_a_place_of_his_class(make_problem):
    problem = make_problem([[0, 9], [0, 9], [0, 9]], [[1, 2], [1, 1]], access=[0, 0, 1])
    times, takes = timetable([0, 0], [0, 5]), np.ones((3, 1), bool)
    found = choices(problem, times, takes, problem.cost, 1, groups=[[0, 2]])
    plan = pack(found, problem.capacity.ravel())
    assert packing_faults(found, problem.capacity.ravel(), plan.chosen) == []
    column = np.full((3, 1), NO_COLUMN)
    for choice, chosen in zip(found, plan.chosen, strict=True):
        rows, columns = columns_of(choice, chosen, 1)
        column[rows] = columns
    assert column[0] == column[2] != column[1]
    assert plan.objective == plan.bound == 9


def test_a_session_for_any_paper_serves_each(make_problem):
    problem = make_problem(np.zeros((2, 2)), [2, 2])
    times = timetable([ANY_PAPER, ANY_PAPER], [0, 5])
    found = choices(problem, times, np.ones((2, 2), bool), problem.cost, 1)
    assert [choice.columns.tolist() for choice in found] == [[[0, 1], [1, 0]]]


def test_one_paper_alone_is_the_transportation_problem(make_problem):
    rng = np.random.default_rng(5)
    problem = make_problem(rng.integers(0, 3000, (400, 12)), np.full(12, 34))
    times = timetable([0] * 12, list(range(0, 24, 2)))
    plan = pack(
        choices(problem, times, np.ones((400, 1), bool), problem.cost, 1), problem.capacity.ravel()
    )
    exact = assign(problem, 1)
    assert plan.bound <= exact.objective <= plan.objective
    assert plan.objective - exact.objective <= exact.objective * 1e-4


def test_a_region_of_several_papers_is_proved_within_a_ten_thousandth(make_problem):
    problem, found = country(make_problem, 3000, 7)
    places = problem.capacity.ravel()
    plan, again = pack(found, places), pack(found, places)
    assert packing_faults(found, places, plan.chosen) == []
    assert 0 <= plan.gap <= 1e-4
    assert -(-packing_bound(found, places, plan.prices) // UNIT) == plan.bound
    assert all((a == b).all() for a, b in zip(plan.chosen, again.chosen, strict=True))


@pytest.mark.parametrize(
    ("takes", "groups", "says"),
    [
        ([[True], [False]], [], "no paper"),
        ([[True], [True]], [[0, 1], [1]], "two groups"),
    ],
)
def test_what_nobody_can_mean_is_refused(make_problem, takes, groups, says):
    problem = make_problem(np.ones((2, 1)), [2])
    with pytest.raises(ValueError, match=says):
        choices(problem, timetable([0], [0]), np.array(takes), problem.cost, 1, groups)


def test_a_plan_that_takes_too_much_is_found_out(make_problem):
    problem = make_problem(np.ones((2, 2)), [1, 1], refused=np.array([[True, False]] * 2))
    found = choices(problem, timetable([0, 0], [0, 5]), np.ones((2, 1), bool), problem.cost, 1)
    places = problem.capacity.ravel()
    assert packing_faults(found, places, [np.array([1, 1])]) == ["over_places"]
    assert packing_faults(found, places, [np.array([0, 1])]) == ["refused_pattern"]
    assert packing_faults(found, places, [np.array([-1, 1])]) == ["no_pattern"]
