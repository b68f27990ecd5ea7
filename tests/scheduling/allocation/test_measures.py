"""Figures for people."""

import numpy as np

from scheduling.allocation.first_come import UNPLACED
from scheduling.allocation.measures import fill, measures, wanted
from scheduling.allocation.problem import Journeys


def test_measures_of_a_plan_worked_by_hand(make_problem):
    distance = np.array([[100, 900], [250, 1000], [3000, 60], [10, 20]], np.int32)
    rank = np.array([[1, 2], [2, 1], [0, 1], [1, 0]], np.int8)
    named = np.array([[1, 2], [1, 1], [0, 1], [1, 0]], np.int8)
    journeys = Journeys(distance=distance, rank=rank, named=named)
    problem = make_problem(distance + 5, [2, 2])
    found = measures(problem, journeys, np.array([0, 0, 1, UNPLACED]))
    assert (found.people, found.unplaced, found.total_cost) == (4, 1, 105 + 255 + 65)
    assert (found.mean_km, found.median_km, found.longest_km) == (41 / 3, 10.0, 25.0)
    assert found.by_rank == (0, 2, 1)
    assert found.by_centre == (0, 3, 0)
    assert found.by_distance == (2, 1, 0, 0, 0, 0, 0)


def test_fill_counts_people_by_class_and_column(make_problem):
    problem = make_problem(np.ones((4, 2)), [[2, 2], [1, 1]], access=[0, 0, 1, 0])
    assert fill(problem, np.array([0, 1, 1, UNPLACED])).tolist() == [[1, 1], [0, 1]]


def test_a_centre_wished_first_in_any_session_is_wanted_once():
    rank = np.array([[1, 1, 2, 2], [0, 2, 1, 0]], np.int8)
    journeys = Journeys(distance=np.zeros((2, 4), np.int32), rank=rank, named=rank)
    assert wanted(journeys, [7, 7, 8, 8]) == {7: 1, 8: 1}
