"""How many neighbours share an exam form, and how few could: every way tried in small rooms."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.form_pairs import fewest_alike, pairs_by_direction
from scheduling.allocation.forms import form_of


def grid(rows: int, columns: int, aisle: int | None = None):
    squares = [
        (x + (aisle is not None and x >= aisle), y) for y in range(rows) for x in range(columns)
    ]
    return np.array(squares).T


def alike(x, y, label) -> int:
    return sum(same for _touching, same in pairs_by_direction(x, y, np.array(label)).values())


def test_a_checkerboard_parts_sides_and_rows_and_leaves_the_corners():
    x, y = grid(3, 4)
    found = pairs_by_direction(x, y, form_of(x, y, 2))
    assert found == {
        "side": (9, 0), "front": (8, 0), "diagonal_right": (6, 6), "diagonal_left": (6, 6),
    }  # fmt: skip


def test_an_aisle_parts_its_two_sides():
    x, y = grid(2, 4, aisle=2)
    assert pairs_by_direction(x, y, np.zeros(8, int))["side"] == (4, 4)


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=8), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_no_way_of_handing_out_forms_has_fewer(squares, forms):
    x, y = np.array(sorted(squares), np.int64).reshape(-1, 2).T
    fewest = min(alike(x, y, way) for way in product(range(forms), repeat=len(squares)))
    bound = fewest_alike(x, y, forms)
    assert bound <= fewest
    if forms == 4:
        assert bound == fewest == 0 == alike(x, y, form_of(x, y, 4))


@pytest.mark.parametrize(("rows", "columns", "bound"), [(2, 2, 2), (4, 4, 8), (2, 6, 6), (1, 9, 0)])
def test_the_bound_of_two_forms_in_full_rooms(rows, columns, bound):
    x, y = grid(rows, columns)
    assert fewest_alike(x, y, 2) == bound
