"""Costs are made as published: kilometres, then the penalty of the wish."""

import numpy as np
import pytest

from scheduling.allocation.problem import Journeys, great_circle, hardship


def test_bangkok_to_chiang_mai_is_583_km():
    """Geographical mile posts: 13.7563 N 100.5018 E to 18.7883 N 98.9853 E is 583 km."""
    km = great_circle(np.array([13.7563]), np.array([100.5018]), np.array([[18.7883, 98.9853]]))
    assert km[0, 0] / 10 == pytest.approx(583, abs=2)


def test_a_degree_of_latitude_is_111_195_metres():
    km = great_circle(np.array([10.0]), np.array([100.0]), np.array([[11.0, 100.0]]))
    assert km[0, 0] == round(10 * np.pi * 6371.0088 / 180)


def test_home_is_at_no_distance_from_home():
    assert great_circle(np.array([7.0]), np.array([100.4]), np.array([[7.0, 100.4]]))[0, 0] == 0


def test_each_rank_of_wish_pays_its_own_penalty_and_no_wish_the_last():
    rank = np.array([[1, 2, 3, 0, 4]], np.int8)
    journeys = Journeys(distance=np.full((1, 5), 70, np.int32), rank=rank, named=rank)
    cost = hardship(journeys, [0, 400, 900, 3000])
    assert cost.tolist() == [[70, 470, 970, 3070, 3070]]


def test_a_wished_centre_at_another_time_is_dearer_than_asked_but_dearer_still_elsewhere():
    """Wishes: first the centre in its session 2, second the same centre in session 3."""
    rank, named = np.array([[0, 1, 2, 0]], np.int8), np.array([[1, 1, 1, 0]], np.int8)
    journeys = Journeys(distance=np.full((1, 4), 70, np.int32), rank=rank, named=named)
    cost = hardship(journeys, [0, 400, 900, 3000], other_session=200)
    assert cost.tolist() == [[270, 70, 270, 3070]]


@pytest.mark.parametrize("penalties", [[], [0, -1]])
def test_penalties_that_make_no_sense_are_refused(penalties):
    rank = np.ones((1, 1), np.int8)
    journeys = Journeys(distance=np.zeros((1, 1), np.int32), rank=rank, named=rank)
    with pytest.raises(ValueError, match="penalty"):
        hardship(journeys, penalties)
