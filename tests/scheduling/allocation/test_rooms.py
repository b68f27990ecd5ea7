"""The fewest buildings and rooms, beside every choice tried one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.rooms import RoomsInsufficient, RoomStock, open_rooms

SERVES = np.array([[True, False], [True, True]])  # class 0 ordinary chairs, class 1 either


def serves_all(stock: RoomStock, opened: tuple[bool, ...], demand: np.ndarray) -> bool:
    """Class 0 sits on ordinary chairs only; class 1 on whatever is left."""
    ordinary, special = stock.chairs[list(opened)].sum(0)
    return bool(demand[0] <= ordinary and demand.sum() <= ordinary + special)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), rooms=st.integers(1, 6), ratio=st.integers(1, 20))
def test_no_choice_opens_fewer_buildings_or_as_many_with_fewer_rooms(
    seed: int, rooms: int, ratio: int
):
    rng = np.random.default_rng(seed)
    stock = RoomStock(rng.integers(0, 3, rooms), rng.integers(0, 12, (rooms, 2)), SERVES)
    demand = rng.integers(0, 20, 2)
    choices = [
        opened
        for opened in itertools.product([False, True], repeat=rooms)
        if serves_all(stock, opened, demand)
    ]
    if not choices:
        with pytest.raises(RoomsInsufficient):
            open_rooms(stock, demand, ratio)
        return

    def weight(opened: tuple[bool, ...]) -> tuple[int, int]:
        return len(set(stock.building[list(opened)].tolist())), sum(opened)

    found = open_rooms(stock, demand, ratio)
    assert (found.buildings, int(found.opened.sum())) == min(map(weight, choices))
    assert found.bound == found.buildings * (rooms + 1) + found.opened.sum()
    assert found.people.sum(0).tolist() == demand.tolist()
    assert (found.people.sum(1) <= stock.chairs.sum(1)).all()
    assert (found.people[:, 0] <= stock.chairs[:, 0]).all()
    assert (found.proctors * ratio >= found.people.sum(1)).all()


def test_a_class_that_is_short_is_named_with_how_many():
    stock = RoomStock(np.array([1]), np.array([[4, 2]]), SERVES)
    with pytest.raises(RoomsInsufficient) as refused:
        open_rooms(stock, np.array([7, 0]), 10)
    assert refused.value.missing == ((0, 3),)


def test_nobody_needs_no_room():
    found = open_rooms(RoomStock(np.array([1]), np.array([[4, 2]]), SERVES), np.array([0, 0]), 10)
    assert (found.buildings, found.bound) == (0, 0)


def test_a_ratio_below_one_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        open_rooms(RoomStock(np.array([1]), np.array([[4, 2]]), SERVES), np.array([1, 0]), 0)
