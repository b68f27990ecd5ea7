import numpy as np
import pytest

from scheduling.allocation.assign import dual_bound, exact_sum, settle
from scheduling.allocation.balance import balanced
from scheduling.allocation.lottery import REFUSED
from scheduling.allocation.problem import Ints


def crowd(seed: int, people: int = 9000, columns: int = 6) -> tuple[Ints, Ints]:
    """Costs with a lottery below them, and places for two in a hundred more than there are."""
    rng = np.random.default_rng(seed)
    km = 50 * rng.random(columns) + rng.exponential(100, (people, columns))
    table = (np.rint(10 * km).astype(np.int64) << 20) + rng.integers(0, 2**20, km.shape)
    share = rng.uniform(0.5, 1.5, columns)
    return table, np.ceil(1.02 * people * share / share.sum()).astype(np.int64)


def too_many(table: Ints, capacity: Ints, prices: Ints) -> int:
    chosen = np.bincount((table + prices).argmin(1), minlength=len(capacity))
    return int(np.maximum(chosen - capacity, 0).sum())


def is_proved(table: Ints, capacity: Ints, start: Ints | None = None) -> bool:
    column, prices = settle(table, capacity, start)
    assert (np.bincount(column, minlength=len(capacity)) <= capacity).all()
    paid = exact_sum(table[np.arange(len(table)), column])
    return paid == dual_bound(table, capacity, prices)


@pytest.mark.parametrize("seed", range(5))
def test_prices_a_little_off_are_brought_so_near_that_hardly_anybody_must_be_moved(
    seed: int,
) -> None:
    table, capacity = crowd(seed)
    right = settle(table, capacity)[1]
    off = np.maximum(0, right + np.random.default_rng(seed).integers(-(2**27), 2**27, len(right)))
    before, after = (too_many(table, capacity, p) for p in (off, balanced(table, capacity, off)))
    assert before > 100
    assert after < before / 5


@pytest.mark.parametrize("seed", range(5))
def test_prices_far_off_are_never_made_worse_and_the_plan_is_proved_all_the_same(seed: int) -> None:
    table, capacity = crowd(seed)
    wild = np.random.default_rng(seed).integers(0, 2**34, len(capacity))
    assert too_many(table, capacity, balanced(table, capacity, wild)) <= too_many(
        table, capacity, wild
    )
    assert is_proved(table, capacity, wild)


def test_people_who_may_sit_in_one_place_alone_waver_nowhere() -> None:
    table, capacity = crowd(1)
    table[:1000, 1:] = REFUSED
    capacity[0] = max(capacity[0], 1100)
    assert is_proved(table, capacity)


@pytest.mark.parametrize("seed", range(12))
def test_where_almost_everybody_has_one_place_alone_prices_stay_prices(seed: int) -> None:
    """More want a column than it has places, and nothing that is charged sends them elsewhere."""
    rng = np.random.default_rng(seed)
    table, capacity = crowd(seed, people=4000, columns=4)
    refused = rng.random(table.shape) < (0.8, 0.95, 0.99)[seed % 3]
    refused[np.arange(4000), rng.choice(4, 4000, p=[0.7, 0.1, 0.1, 0.1])] = False
    table[refused] = REFUSED
    start = rng.integers(1, 2**45, 4)
    with np.errstate(all="raise"):
        prices = balanced(table, capacity, start)
    assert (prices >= 0).all()
    assert (prices < REFUSED // 16).all()
    assert too_many(table, capacity, prices) <= too_many(table, capacity, start)


def test_a_target_refused_to_almost_everybody_fills_no_endless_queue() -> None:
    table, capacity = crowd(2)
    table[20:, 0] = REFUSED
    capacity[0], capacity[1:] = 5, capacity[1:] + capacity[0]
    assert is_proved(table, capacity)
    assert (settle(table, capacity)[0][20:] != 0).all()


def test_few_people_and_no_prices_are_left_as_they_are() -> None:
    table, capacity = crowd(1, people=600)
    prices = np.arange(len(capacity))
    assert balanced(table, capacity, prices) is prices
    table, capacity = crowd(1)
    nothing = np.zeros_like(capacity)
    assert balanced(table, capacity, nothing) is nothing
