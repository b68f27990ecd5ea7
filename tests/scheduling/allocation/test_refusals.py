"""A date somebody refuses is never his, and extra time never meets the next session."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import InfeasibleAllocation, assign
from scheduling.allocation.certificate import certify, reason
from scheduling.allocation.checks import violations
from scheduling.allocation.refusals import (
    NOTHING_AFTER,
    overruns,
    refused_sessions,
    refusing,
    spare_minutes,
)


def refuse(problem, pairs):
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return refusing(problem, refused_sessions(problem, table[:, 0], table[:, 1]))


def test_a_refused_session_is_refused_in_every_centre_and_for_nobody_else(make_problem):
    problem = make_problem(np.ones((3, 4)), [3, 3, 3, 3])
    flags = refused_sessions(problem, np.array([1, 1]), np.array([2, 9]))
    assert flags.tolist() == [[False] * 4, [False, True, False, True], [False] * 4]


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_plan_that_keeps_the_dates_is_better(make_problem, data):
    people = data.draw(st.integers(1, 5))
    cost = data.draw(st.lists(st.lists(st.integers(0, 9), min_size=4, max_size=4),
                              min_size=people, max_size=people))  # fmt: skip
    pairs = data.draw(st.lists(st.tuples(st.integers(0, people - 1), st.integers(1, 2))))
    problem = refuse(make_problem(cost, [2, 1, 1, 2]), pairs)
    kept = [
        sum(cost[row][column] for row, column in enumerate(plan))
        for plan in product(range(4), repeat=people)
        if not violations(problem, np.array(plan))
        and all(column % 2 + 1 != session for row, session in pairs for column in [plan[row]])
    ]
    if not kept:
        with pytest.raises(InfeasibleAllocation):
            assign(problem, 1)
        return
    plan = assign(problem, 1)
    assert plan.objective == min(kept)
    assert certify(problem, plan).holds


def test_whoever_refuses_every_date_is_named_with_his_class(make_problem):
    problem = refuse(make_problem(np.ones((3, 2)), [2, 2]), [(1, 1), (1, 2), (2, 1)])
    with pytest.raises(InfeasibleAllocation) as refusal:
        assign(problem, 1)
    (shortage,) = refusal.value.shortages
    assert (shortage.access_class, shortage.missing, shortage.nowhere) == ("standard", 1, (101,))


def test_a_place_of_another_class_helps_nobody_who_refuses_the_rest(make_problem):
    problem = make_problem(np.ones((2, 2)), [[1, 1], [0, 1]], access=[0, 1])
    with pytest.raises(InfeasibleAllocation) as refusal:
        assign(refuse(problem, [(1, 2)]), 1)
    assert [(s.access_class, s.nowhere) for s in refusal.value.shortages] == [
        ("wheelchair", (101,))
    ]


def test_a_refused_date_is_no_easier_column_of_a_reason(make_problem):
    problem = refuse(make_problem([[0, 50]], [1, 1]), [(0, 1)])
    assert reason(problem, assign(problem, 1), 0).has_easiest


def test_extra_time_ends_before_the_next_session_of_the_centre():
    """Two sessions of three hours a day apart by one; the second centre has the first alone."""
    centre = np.array([1, 1, 2])
    spare = spare_minutes(centre, np.array([540, 780, 540]), np.array([720, 960, 720]), turnover=15)
    assert spare.tolist() == [45, NOTHING_AFTER, NOTHING_AFTER]
    assert overruns(np.array([0, 45, 90]), spare).tolist() == [
        [False, False, False], [False, False, False], [True, False, False],
    ]  # fmt: skip


def test_sessions_closer_than_the_turnover_leave_no_minute():
    spare = spare_minutes(np.array([1, 1]), np.array([540, 725]), np.array([720, 900]), turnover=15)
    assert spare[0] == 0


def test_nothing_refused_leaves_the_problem_as_it_was(make_problem):
    problem = make_problem(np.ones((2, 2)), [1, 1])
    assert refuse(problem, []).refused is None
