"""Everybody to a centre and an exam session at the least total hardship: exact, with prices.

The transportation problem min sum c_ij x_ij with each candidate placed once and no column over
its places. Prices p_j >= 0 are learnt on nested samples and brought nearer to balance; everybody
goes to argmin c_ij + p_j; the small imbalance that is left is repaired by successive shortest
paths. Empty places are free people who may sit anywhere, held as counts. Access classes share no
place and are solved one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .balance import balanced
from .lottery import NEVER, REFUSED, Lottery, Words, lottery_costs, lottery_of
from .problem import AllocationProblem, Floats, Ints
from .residual import ResidualGraph
from .uniqueness import is_only_plan

Progress: TypeAlias = Callable[[int, int], None]

_SAMPLE = 4  # a sample is a quarter of its whole
_SMALL = 40  # people per column below which no sample is taken
_CHUNK = 16384  # rows per pass
_DRAWS = 8  # lotteries before a tie is accepted


@dataclass(frozen=True, eq=False, kw_only=True)
class Allocation:
    """A column for everybody and the prices that prove it.

    registration_ids  (n,) as in the problem
    column            (n,) index of the column
    prices            (A, K) scarcity price of each class and column, in lottery units
    unit_bits         one cost unit (0.1 km) is 2**unit_bits lottery units
    seed, draw        of the lottery
    objective         total cost in 0.1 km
    bound             no plan costs less, in 0.1 km; equal to the objective when it is optimal
    """

    registration_ids: Ints
    column: Ints
    prices: Ints
    unit_bits: int
    seed: int
    draw: int
    objective: int
    bound: int

    @property
    def prices_km(self) -> Floats:
        """Prices in km, (A, K): what everybody seated there would lose, at least, elsewhere."""
        km: Floats = self.prices / 2**self.unit_bits / 10
        return km


@dataclass(frozen=True)
class Shortage:
    """One access class that cannot be served.

    people   candidates who need the class
    places   places of the class, in all columns
    missing  the fewest people any plan must leave without a place
    columns  the only columns these people could still take, all full
    nowhere  registrations to whom every column with places of the class is refused; they are
             among the missing, whatever anybody else does
    """

    access_class: str
    people: int
    places: int
    missing: int
    columns: tuple[int, ...]
    nowhere: tuple[int, ...] = ()

    def __str__(self) -> str:
        """One line for a log; pages say it in their own words."""
        wanted = f"{self.people} people, {self.places} places"
        return f"{self.access_class}: {wanted}, {self.missing} missing"


class InfeasibleAllocation(Exception):
    """There is no place for some; every class that is short is named."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        """Keep the shortages and say them."""
        self.shortages = shortages
        super().__init__("; ".join(map(str, shortages)))


@dataclass(frozen=True, eq=False)
class _Solution:
    column_of: Ints
    prices: Ints
    missing: int
    stuck: tuple[int, ...]


def assign(
    problem: AllocationProblem,
    seed: int,
    progress: Progress | None = None,
    warm: Allocation | None = None,
    tickets: Words | None = None,
) -> Allocation:
    """The plan of least total cost; among equals, the one the lottery of `seed` draws.

    Should the draw leave a tie, it is drawn again. `progress(done, total)` hears of people placed.
    `warm` is a plan of nearly the same problem, of the same classes and columns: its prices are
    where the search begins. The plan is the same with and without. `tickets` are those that
    `draw_tickets` draws for this seed, where they are at hand. Raises InfeasibleAllocation
    when a class lacks places, ValueError when the seed is negative.
    """
    heard = progress or _silent
    for draw in range(_DRAWS):
        lottery = lottery_of(problem, seed, draw)
        found, is_unique = _assign_by(problem, lottery, heard, _start_of(warm, lottery), tickets)
        warm = found
        if is_unique:
            break
        heard = _silent
    return found


def _assign_by(
    problem: AllocationProblem,
    lottery: Lottery,
    progress: Progress,
    start: Ints | None,
    tickets: Words | None,
) -> tuple[Allocation, bool]:
    """The plan by one draw, and whether it is the only one as good."""
    column = np.zeros(problem.people, np.int64)
    prices = np.zeros(problem.capacity.shape, np.int64)
    shortages, bound, placed, is_unique = [], 0, 0, True
    for access, name in enumerate(problem.access_classes):
        rows, capacity = np.flatnonzero(problem.access == access), problem.capacity[access]
        table = lottery_costs(problem, lottery, rows, tickets)
        begin = None if start is None else start[access]
        heard = _offset(progress, placed, problem.people)
        solution = _solve(table, capacity, heard, begin)
        placed += len(rows)
        if solution.missing:
            shortages.append(_shortage(problem, access, name, solution))
            continue
        column[rows], prices[access] = solution.column_of, solution.prices
        bound += dual_bound(table, capacity, solution.prices)
        parts = _priced(table, solution)
        is_unique &= is_only_plan(parts, solution.column_of, solution.prices, capacity)
    if shortages:
        raise InfeasibleAllocation(tuple(shortages))
    return _allocation(problem, lottery, column, prices, bound), is_unique


def _start_of(warm: Allocation | None, lottery: Lottery) -> Ints | None:
    """The prices of another plan in the units of this lottery."""
    if warm is None:
        return None
    shift = lottery.unit_bits - warm.unit_bits
    start: Ints = warm.prices << shift if shift >= 0 else warm.prices >> -shift
    return start


def settle(table: Ints, capacity: Ints, start: Ints | None = None) -> tuple[Ints, Ints]:
    """One access class from a ready table: columns (n,) and prices (K,) of least total cost.

    `table` (n, K) whole costs >= 0, `capacity` (K,), `start` (K,) prices >= 0 to begin from. Raises
    InfeasibleAllocation when places are missing.
    """
    found = _solve(table, capacity, _silent, start)
    if found.missing:
        short = Shortage("", len(table), int(capacity.sum()), found.missing, found.stuck)
        raise InfeasibleAllocation((short,))
    return found.column_of, found.prices


def _priced(table: Ints, solution: _Solution) -> Iterator[tuple[Ints, Ints]]:
    for start in range(0, len(table), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield table[part] + solution.prices, solution.column_of[part]


def dual_bound(table: Ints, capacity: Ints, prices: Ints) -> int:
    """sum_i min_j (c_ij + p_j) - sum_j p_j capacity_j: no plan costs less, whatever prices >= 0."""
    total = 0
    for start in range(0, len(table), _CHUNK):
        total += exact_sum((table[start : start + _CHUNK] + prices).min(1))
    priced: int = sum(p * c for p, c in zip(prices.tolist(), capacity.tolist(), strict=True))
    return total - priced


def exact_sum(values: Ints) -> int:
    """The sum of int64 values without overflow: high and low halves apart."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def _allocation(
    problem: AllocationProblem, lottery: Lottery, column: Ints, prices: Ints, bound: int
) -> Allocation:
    paid = problem.cost[np.arange(problem.people), column]
    return Allocation(
        registration_ids=problem.registration_ids,
        column=column,
        prices=prices,
        unit_bits=lottery.unit_bits,
        seed=lottery.seed,
        draw=lottery.draw,
        objective=int(paid.sum(dtype=np.int64)),
        bound=bound >> lottery.unit_bits,
    )


def _shortage(problem: AllocationProblem, access: int, name: str, solution: _Solution) -> Shortage:
    rows = np.flatnonzero(problem.access == access)
    places = int(problem.capacity[access].sum())
    missing, stuck = solution.missing, solution.stuck
    return Shortage(name, len(rows), places, missing, stuck, _nowhere(problem, access, rows))


def _nowhere(problem: AllocationProblem, access: int, rows: Ints) -> tuple[int, ...]:
    """The registrations of a class whom no column with places may take."""
    open_columns = np.flatnonzero(problem.capacity[access])
    if problem.refused is None or not len(open_columns):
        return ()
    lost = rows[problem.refused[np.ix_(rows, open_columns)].all(1)]
    return tuple(problem.registration_ids[lost].tolist())


def _offset(progress: Progress, placed: int, total: int) -> Progress:
    def heard(done: int, _of: int) -> None:
        progress(placed + done, total)

    return heard


def _solve(table: Ints, capacity: Ints, progress: Progress, start: Ints | None = None) -> _Solution:
    """One access class: (n, K) lottery costs, (K,) places, prices to start from if known."""
    people, places = len(table), int(capacity.sum())
    hopeless = (table >= REFUSED).all(1)
    if people > places or hopeless.any():
        return _count_missing(table[~hopeless], capacity, int(hopeless.sum()))
    prices = _learn_prices(table, capacity) if start is None else start
    return _repair(table, capacity, prices, progress)


def _count_missing(table: Ints, capacity: Ints, hopeless: int) -> _Solution:
    """How many no plan can place: one more column takes those for whom places cannot suffice."""
    short = max(0, len(table) - int(capacity.sum()))
    wider = np.column_stack([table, np.zeros(len(table), np.int64)])
    more = np.append(capacity, short)
    found = _repair(wider, more, np.zeros(len(more), np.int64), _silent)
    stuck = tuple(column for column in found.stuck if column < len(capacity))
    return _Solution(found.column_of, found.prices, found.missing + short + hopeless, stuck)


def _learn_prices(table: Ints, capacity: Ints) -> Ints:
    """Prices to start from: those of a sample a quarter as large, with places in proportion."""
    people, columns = table.shape
    if people <= _SMALL * columns:
        return np.zeros(columns, np.int64)
    size = max(people // _SAMPLE, min(people // 2, _SMALL * columns))
    rows = np.sort(np.random.default_rng(size).choice(people, size, replace=False))
    sample = np.ascontiguousarray(table[rows])
    fewer = _in_proportion(capacity, size, people)
    return _repair(sample, fewer, _learn_prices(sample, fewer), _silent).prices


def _in_proportion(capacity: Ints, size: int, people: int) -> Ints:
    """Places for a sample: floor(capacity * size / people), then the largest remainders."""
    exact = capacity * size
    fewer = exact // people
    wanted = max(-(-int(exact.sum()) // people), size)
    order = np.argsort(-(exact % people), kind="stable")
    fewer[order[: wanted - int(fewer.sum())]] += 1
    return fewer


def _silent(_done: int, _total: int) -> None: ...


def _repair(table: Ints, capacity: Ints, prices: Ints, progress: Progress) -> _Solution:
    """From everybody at argmin c + p to no column over its places, by shortest paths."""
    people, columns = table.shape
    prices = balanced(table, capacity, prices)
    column_of = _cheapest_columns(table, prices)
    count = np.bincount(column_of, minlength=columns)
    count += (spare := _spread_places(count, capacity, prices))
    graph = ResidualGraph(table, column_of, spare)
    while len(over := np.flatnonzero(count > capacity)):
        distance, before = graph.shortest_from(over)
        if not _augment_all(graph, count, capacity, distance, before):
            break
        progress(people - int(np.maximum(count - capacity, 0).sum()), people)
    missing = int(np.maximum(count - capacity, 0).sum())
    stuck = tuple(np.flatnonzero(distance < NEVER // 2).tolist()) if missing else ()
    progress(people, people)
    return _Solution(column_of, graph.prices(), missing, stuck)


def _augment_all(
    graph: ResidualGraph, count: Ints, capacity: Ints, distance: Ints, before: Ints
) -> int:
    """Augment along every path of one search that is still shortest; returns how many there were.

    Moving somebody along an arc that is tight for the distances leaves them optimal potentials,
    so as many paths as stay tight may be used before searching again, whatever they share.
    """
    under = np.flatnonzero((count < capacity) & (distance < NEVER // 2))
    parent = before.tolist()
    closed: set[int] = set()  # columns no tight path comes to any more
    paths = 0
    for last in under[distance[under].argsort(kind="stable")].tolist():
        path = _path_to(last, parent, closed)
        while path and count[last] < capacity[last]:
            first, here, there = path[0], path[:-1], path[1:]
            loose = (graph.move[here, there] != distance[there] - distance[here]).nonzero()[0]
            if len(loose) or count[first] <= capacity[first]:
                closed.add(there[loose[0]] if len(loose) else first)
                break
            surplus, room = count[first] - capacity[first], capacity[last] - count[last]
            units = graph.augment(path, int(surplus), int(room))
            count[first] -= units
            count[last] += units
            paths += 1
    return paths


def _path_to(column: int, parent: list[int], closed: set[int]) -> list[int]:
    """The columns on the way to one, from the source; none when a closed one lies on it."""
    path = [column]
    while column not in closed:
        column = parent[column]
        if column < 0:
            return path[::-1]
        path.append(column)
    return []


def _cheapest_columns(table: Ints, prices: Ints) -> Ints:
    best = np.empty(len(table), np.int64)
    for start in range(0, len(table), _CHUNK):
        best[start : start + _CHUNK] = (table[start : start + _CHUNK] + prices).argmin(1)
    return best


def _spread_places(count: Ints, capacity: Ints, prices: Ints) -> Ints:
    """Put the empty places, in all sum(capacity) - sum(count), on columns of the lowest price."""
    left = int(capacity.sum() - count.sum())
    spare = np.zeros_like(count)
    cheapest = np.flatnonzero(prices == prices.min())
    for column in cheapest.tolist():
        spare[column] = min(left, max(0, int(capacity[column] - count[column])))
        left -= int(spare[column])
    spare[cheapest[0]] += left
    return spare
