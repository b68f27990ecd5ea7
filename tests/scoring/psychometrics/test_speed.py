from collections.abc import Callable

import numpy as np
import pytest

from scoring.psychometrics.keying import Key, score
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.speed import Speededness, speededness

Matrix = Callable[..., ResponseMatrix]


def measured(matrix: ResponseMatrix) -> Speededness:
    key = Key.single(dict.fromkeys(matrix.items, "A"))
    return speededness(matrix, score(matrix, key))


def test_how_far_people_came_is_counted_place_by_place(make_matrix: Matrix) -> None:
    found = measured(make_matrix("AAAA", "ABA.", "AB..", "-A*."))
    assert found.reached.tolist() == [1, 1, 0.75, 0.25]
    assert (found.finished, found.got_most, found.place) == (0.25, 0.75, 2)
    assert found.quotient == pytest.approx(4 / 8)
    assert found.variance_ratio == pytest.approx(np.var([0, 1, 2, 1]) / np.var([0, 2, 3, 3]))
    assert found.is_speeded


def test_an_omission_is_not_a_place_not_reached(make_matrix: Matrix) -> None:
    found = measured(make_matrix("A---", "AB--", "AAAA"))
    assert found.finished == 1
    assert found.quotient == 0
    assert not found.is_speeded


def test_where_nobody_lost_anything_there_is_no_ratio(make_matrix: Matrix) -> None:
    found = measured(make_matrix("AAAA", "AAAA"))
    assert np.isnan([found.quotient, found.variance_ratio]).all()
