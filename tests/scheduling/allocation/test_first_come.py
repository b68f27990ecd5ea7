"""What arriving first would have decided."""

import numpy as np

from scheduling.allocation.assign import assign
from scheduling.allocation.first_come import UNPLACED, first_come


def test_each_takes_the_easiest_column_left_when_he_comes(make_problem):
    problem = make_problem([[1, 5], [1, 5], [1, 9]], [1, 2])
    assert first_come(problem, np.array([2, 1, 0])).tolist() == [1, 1, 0]


def test_classes_do_not_take_places_from_each_other(make_problem):
    problem = make_problem([[1, 5], [1, 5]], [[1, 1], [1, 1]], access=[0, 1])
    assert first_come(problem, np.array([0, 1])).tolist() == [0, 0]


def test_the_last_to_come_may_find_nothing_he_can_take(make_problem):
    refused = np.array([[False, False], [False, True]])
    problem = make_problem([[1, 5], [1, 5]], [1, 1], refused=refused)
    assert first_come(problem, np.array([0, 1])).tolist() == [0, UNPLACED]
    assert assign(problem, 1).column.tolist() == [1, 0]


def test_the_plan_is_never_dearer_than_first_come(make_problem):
    rng = np.random.default_rng(1)
    problem = make_problem(rng.integers(0, 5000, (800, 8)), np.full(8, 100))
    column = first_come(problem, rng.permutation(800))
    paid = int(problem.cost[np.arange(800), column].sum())
    assert assign(problem, 1).objective < paid
