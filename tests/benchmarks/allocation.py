"""Allocation and seating at national size, beside peers, the physical floor and first come."""

import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

import numpy as np
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import csr_array, eye_array, kron

from config.demo.country import BuildingPlan, Country, build_country
from config.demo.people import People, invent_people
from scheduling.allocation.assign import Allocation, assign, settle
from scheduling.allocation.certificate import certify
from scheduling.allocation.curve import move_curve
from scheduling.allocation.first_come import first_come
from scheduling.allocation.lottery import lottery_costs, lottery_of
from scheduling.allocation.measures import Measures, measures
from scheduling.allocation.problem import (
    AllocationProblem,
    Ints,
    Journeys,
    great_circle,
    hardship,
)
from scheduling.allocation.reallocate import TOLLS, Before, move_plans
from scheduling.allocation.rooms import OpenRooms, RoomStock, open_rooms
from scheduling.allocation.seating import Chairs, SeatingHall, same_institution_pairs
from tests.benchmarks import Row, seconds
from tests.benchmarks.allocation_large import network_flow

PENALTIES = [0, 400, 900, 3000]
OTHER_SESSION = 200
SEED = 2570


def rows() -> Iterator[Row]:
    """Every figure of allocation and seating."""
    country = build_country()
    people = invent_people(country)
    problem, journeys = nation(country, people)
    yield from _speed(problem)
    yield from _beside_network_flow(problem)
    yield from _warm(problem)
    yield from _closure(by_centre(problem))
    yield from _closure(problem)
    yield from _curve(by_centre(problem))
    yield from _fewest_rooms(country, problem)
    yield from _agreement(problem)
    yield from _quality(problem, journeys)
    yield from _seating()
    yield from _hard_seating()


def nation(country: Country, people: People) -> tuple[AllocationProblem, Journeys]:
    """Everybody of the demo and its 16 x 6 columns, as ordinary places alone."""
    sessions = 6
    places = np.array([(c.latitude, c.longitude) for c in country.centres])
    distance = great_circle(people.latitude, people.longitude, places).repeat(sessions, 1)
    rank, named = np.zeros((2, *distance.shape), np.int8)
    columns = np.arange(distance.shape[1])
    for wish in range(people.wish_centre.shape[1] - 1, -1, -1):
        here = people.wish_centre[:, [wish]] == columns // sessions
        any_time = people.wish_session[:, [wish]] == -1
        asked = here & (any_time | (people.wish_session[:, [wish]] == columns % sessions))
        named[here], rank[asked] = wish + 1, wish + 1
    journeys = Journeys(distance=distance, rank=rank, named=named)
    chairs = [
        sum(seat.is_usable and not seat.is_wheelchair for room in c.rooms for seat in room.seats)
        for c in country.centres
    ]
    problem = AllocationProblem(
        registration_ids=np.arange(len(people)) + 1,
        centre_ids=columns // sessions,
        session_ids=columns % sessions,
        access_classes=("standard",),
        access=np.zeros(len(people), np.int64),
        cost=hardship(journeys, PENALTIES, OTHER_SESSION),
        capacity=np.repeat(chairs, sessions)[None].astype(np.int64),
    )
    return problem, journeys


def _speed(problem: AllocationProblem) -> Iterator[Row]:
    people = f"{problem.people:,} x {problem.columns}"
    table = lottery_costs(problem, lottery_of(problem, SEED), np.arange(problem.people))
    floor = cpu_seconds(lambda: table.argmin(1), times=5)
    plan = assign(problem, SEED)
    took = cpu_seconds(lambda: assign(problem, SEED))
    yield Row(f"allocate {people}, CPU", took, "s", "one argmin pass", floor, goal=5)
    check = cpu_seconds(lambda: certify(problem, plan))
    yield Row(f"check the proof of {people}, CPU", check, "s", "one argmin pass", floor)
    proof = certify(problem, plan)
    yield Row("gap between cost and proven bound", proof.exact_gap, "lottery units", goal=0)
    yield Row("second plans as good (0 is none)", float(not proof.is_unique), "", goal=0)
    yield Row(f"memory of allocating {people}", megabytes(lambda: assign(problem, SEED)), "MB",
              "its cost table", problem.cost.nbytes / 2**20, goal=300)  # fmt: skip


def by_centre(problem: AllocationProblem) -> AllocationProblem:
    """The same people with one exam session of all places: 16 columns."""
    first = np.unique(problem.centre_ids, return_index=True)[1]
    places = [
        problem.capacity[:, problem.centre_ids == c].sum(1) for c in problem.centre_ids[first]
    ]
    return replace(
        problem,
        centre_ids=problem.centre_ids[first],
        session_ids=problem.session_ids[first],
        cost=np.ascontiguousarray(problem.cost[:, first]),
        capacity=np.stack(places, 1),
    )


def _beside_network_flow(problem: AllocationProblem) -> Iterator[Row]:
    """The solver call alone, from a ready table of whole costs, beside OR-Tools if it is here."""
    if find_spec("ortools") is None:
        return
    for goal, part in ((0.5, by_centre(problem)), (0.25, problem)):
        size = f"{part.people:,} x {part.columns}"
        table = part.cost.astype(np.int64) << 20
        table += np.random.default_rng(SEED).integers(0, 2**20, table.shape)
        ours = cpu_seconds(partial(settle, table, part.capacity[0]))
        column, peer = network_flow(table, part.capacity[0])
        chosen = settle(table, part.capacity[0])[0]
        yield Row(f"settle {size}, CPU", ours, "s", "OR-Tools min-cost flow", peer, goal * peer)
        differ = float((column != chosen).sum())
        yield Row(f"people of {size} placed differently by it", differ, "", goal=0)


def _warm(problem: AllocationProblem) -> Iterator[Row]:
    """One in a hundred replaced by somebody else with other wishes."""
    rng = np.random.default_rng(SEED)
    table = lottery_costs(problem, lottery_of(problem, SEED), np.arange(problem.people))
    capacity = problem.capacity[0]
    prices = settle(table, capacity)[1]
    rows = rng.choice(problem.people, problem.people // 100, replace=False)
    donors = rng.choice(problem.people, len(rows))
    table[rows] = table[donors] + rng.integers(0, 2**20, (len(rows), problem.columns))
    floor = cpu_seconds(lambda: table.argmin(1), times=5)
    cold = cpu_seconds(lambda: settle(table, capacity))
    warm = cpu_seconds(lambda: settle(table, capacity, prices))
    yield Row("settle again after 1 % are new, CPU", warm, "s", "from nothing", cold, cold / 5)
    yield Row("settle again after 1 % are new, CPU", warm, "s", "one argmin pass", floor)
    differ = settle(table, capacity)[0] != settle(table, capacity, prices)[0]
    yield Row("people placed differently by it", float(differ.sum()), "", goal=0)


def _closed(part: AllocationProblem) -> tuple[AllocationProblem, Before]:
    """One centre of 16 is lost; the others make room for its people."""
    before = assign(part, SEED)
    lost = part.centre_ids == part.centre_ids[-1]
    capacity = part.capacity.copy()
    short = max(0, part.people - int(capacity[:, ~lost].sum()))
    capacity[:, ~lost] += -(-short // int((~lost).sum()))
    capacity[:, lost] = 0
    left = replace(part, capacity=capacity)
    return left, Before(column=before.column, kept=~lost[before.column])


def _closure(part: AllocationProblem) -> Iterator[Row]:
    left, was = _closed(part)
    tolls = [toll for toll in TOLLS if toll != TOLLS[1]]  # eight
    size = f"{part.people:,} x {part.columns}"
    curve = list(move_plans(left, was, SEED, tolls))
    took = cpu_seconds(lambda: list(move_plans(left, was, SEED, tolls)), times=2)
    yield Row(f"{len(curve)} plans after a centre is lost, {size}, CPU", took, "s", goal=2)
    unavoidable = float((~was.kept).sum())
    fewest = float(len(curve[-1].moved))
    yield Row("people moved, fewest", fewest, "", "unavoidable", unavoidable, 1.001 * unavoidable)
    yield Row("of them who could have stayed", float(len(curve[-1].unasked)), "", goal=0)
    yield Row("total hardship of moving the fewest", curve[-1].objective / 10, "km",
              "the least possible", curve[0].objective / 10)  # fmt: skip
    yield Row("people moved for the least hardship", float(len(curve[0].moved)), "",
              "unavoidable", unavoidable)  # fmt: skip


def _curve(part: AllocationProblem) -> Iterator[Row]:
    """All plans that are there while somebody drags: the usual ones and those between."""
    left, was = _closed(part)
    plans = list(move_curve(left, was, SEED))
    took = cpu_seconds(lambda: list(move_curve(left, was, SEED)), times=1)
    size = f"{part.people:,} x {part.columns}"
    yield Row(f"the finer curve of {len(plans)} plans, {size}, CPU", took, "s")


def _fewest_rooms(country: Country, problem: AllocationProblem) -> Iterator[Row]:
    """The rooms of all centres in one exam session, opened for half of those who fit."""
    stocks = [_stock(centre.buildings) for centre in country.centres]
    demand = [np.array([stock.chairs.sum() // 2, 0]) for stock in stocks]
    began = time.process_time()
    found = [open_rooms(stock, wanted, 20) for stock, wanted in zip(stocks, demand, strict=True)]
    took = time.process_time() - began
    rooms = sum(len(stock.building) for stock in stocks)
    yield Row(f"open the fewest of {rooms} rooms of {len(stocks)} centres, CPU", took, "s")
    every = sum(len(stock.building) for stock in stocks)
    yield Row("rooms opened for half the people", float(sum(one.opened.sum() for one in found)), "",
              "all rooms", float(every))  # fmt: skip
    unproved = sum(_opened_cost(one, stock) != one.bound
                   for one, stock in zip(found, stocks, strict=True))  # fmt: skip
    yield Row("centres where that is not proved the fewest", float(unproved), "", goal=0)


def _stock(buildings: Sequence[BuildingPlan]) -> RoomStock:
    """The rooms of a centre: usable ordinary chairs and wheelchair places."""
    rooms = [(at, room) for at, building in enumerate(buildings) for room in building.rooms]
    chairs = [
        [sum(seat.is_usable and seat.is_wheelchair == wheels for seat in room.seats)
         for wheels in (False, True)]
        for _at, room in rooms
    ]  # fmt: skip
    return RoomStock(
        building=np.array([at for at, _room in rooms]),
        chairs=np.array(chairs),
        serves=np.eye(2, dtype=bool),
    )


def _opened_cost(found: OpenRooms, stock: RoomStock) -> int:
    """As its bound counts: buildings first, then rooms."""
    return found.buildings * (len(stock.building) + 1) + int(found.opened.sum())


def _agreement(problem: AllocationProblem) -> Iterator[Row]:
    """A sample of 2,000 people, solved by two solvers that share nothing with ours."""
    small = sample(problem, 2000)
    plan = assign(small, SEED)
    ours = cpu_seconds(lambda: assign(small, SEED))
    seats = np.repeat(np.arange(small.columns), small.capacity[0])
    table = lottery_costs(small, lottery_of(small, SEED), np.arange(small.people))
    expanded = table[:, seats]
    peer = cpu_seconds(lambda: linear_sum_assignment(expanded), times=1)
    chosen = seats[linear_sum_assignment(expanded)[1]]
    yield Row("allocate 2,000 x 96, CPU", ours, "s", "SciPy linear_sum_assignment", peer, goal=peer)
    yield Row("people placed differently by it", float((chosen != plan.column).sum()), "", goal=0)
    began = time.process_time()
    objective = _by_highs(small)
    highs = time.process_time() - began
    yield Row("allocate 2,000 x 96, CPU", ours, "s", "SciPy HiGHS", highs, goal=highs)
    yield Row("difference from its total cost", abs(plan.objective - objective), "0.1 km", goal=0)


def _by_highs(problem: AllocationProblem) -> int:
    people, columns = problem.cost.shape
    once = csr_array(kron(eye_array(people), np.ones((1, columns))))
    places = csr_array(kron(np.ones((1, people)), eye_array(columns)))
    found = linprog(
        problem.cost.ravel(), A_eq=once, b_eq=np.ones(people), A_ub=places,
        b_ub=problem.capacity[0], method="highs",
    )  # fmt: skip
    return round(found.fun)


def _quality(problem: AllocationProblem, journeys: Journeys) -> Iterator[Row]:
    """In the demo's country; what is to be reached is measured by `first_come`."""
    order = np.random.default_rng(SEED).permutation(problem.people)
    chance = measures(problem, journeys, first_come(problem, order))
    plan = measures(problem, journeys, assign(problem, SEED).column)
    yield _beside("total hardship", plan, chance, lambda m: m.total_cost / 10, "km")
    yield _beside("mean distance", plan, chance, lambda m: m.mean_km, "km")
    yield _beside("longest distance", plan, chance, lambda m: m.longest_km, "km")
    yield _beside(
        "people in a centre they did not name", plan, chance, lambda m: m.by_centre[0], ""
    )


def _beside(
    what: str, plan: Measures, chance: Measures, of: Callable[[Measures], float], unit: str
) -> Row:
    return Row(what, of(plan), unit, "first come", of(chance))


def _seating() -> Iterator[Row]:
    """2,016 full rooms of 6 x 5, and institutions of very uneven size, the largest a quarter."""
    rng = np.random.default_rng(SEED)
    halls, people = [SeatingHall(chairs := square_rooms(42)) for _ in range(48)], 42 * 30
    institution = [np.minimum((rng.pareto(1.0, people) * 3).astype(int), 150) for _ in halls]
    nobody, ordinary = np.zeros(people, bool), np.zeros(people, np.int64)
    plans = [h.seat(i, ordinary, nobody, 2, SEED) for h, i in zip(halls, institution, strict=True)]
    took = seconds(
        lambda: [
            h.seat(i, ordinary, nobody, 2, SEED) for h, i in zip(halls, institution, strict=True)
        ]
    )
    yield Row("seat 60,480 people in 2,016 full rooms", took, "s", goal=2)
    by_number = sum(
        same_institution_pairs(chairs, np.arange(people), np.sort(i)) for i in institution
    )
    pairs, bound = sum(p.pairs for p in plans), sum(p.lower_bound for p in plans)
    yield Row("neighbours of one institution", pairs, "pairs", "in order of institution", by_number)
    yield Row("of which could be avoided, at most", pairs - bound, "pairs", goal=0)


def _hard_seating() -> Iterator[Row]:
    """60 full rooms of 6 x 5, each of so few institutions that many pairs cannot be avoided."""
    rng = np.random.default_rng(SEED)
    hall, people = SeatingHall(square_rooms(1)), 30
    drawn = [np.minimum((rng.pareto(0.8, people) * 2).astype(int), 9) for _ in range(60)]
    nobody, ordinary = np.zeros(people, bool), np.zeros(people, np.int64)
    began = time.process_time()
    plans = [hall.seat(one, ordinary, nobody, 2, SEED) for one in drawn]
    took = time.process_time() - began
    counted = sum(hall.rooms[0].fewest_pairs(one) for one in drawn)
    pairs, bound = sum(p.pairs for p in plans), sum(p.lower_bound for p in plans)
    yield Row("seat 60 rooms of few institutions, CPU", took, "s")
    yield Row("their neighbours of one institution", pairs, "pairs", "proved unavoidable", bound,
              bound)  # fmt: skip
    yield Row("proved unavoidable", bound, "pairs", "by counting alone", counted)


def square_rooms(rooms: int) -> Chairs:
    """Rooms of 6 x 5 chairs without an aisle."""
    seat = np.arange(rooms * 30)
    return Chairs(
        seat_ids=seat,
        room_ids=seat // 30,
        x=seat % 30 % 5,
        y=seat % 30 // 5,
        serves=np.ones((1, len(seat)), bool),
    )


def sample(problem: AllocationProblem, people: int) -> AllocationProblem:
    """Some people of a problem, with places in proportion."""
    rows: Ints = np.random.default_rng(SEED).choice(problem.people, people, replace=False)
    return AllocationProblem(
        registration_ids=problem.registration_ids[rows],
        centre_ids=problem.centre_ids,
        session_ids=problem.session_ids,
        access_classes=problem.access_classes,
        access=problem.access[rows],
        cost=problem.cost[rows],
        capacity=-(-problem.capacity * people // problem.people),
    )


def cpu_seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """The least processor time of a few runs."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def megabytes(work: Callable[[], Allocation]) -> float:
    """The most memory that `work` held at once, beyond what was there before."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 2**20
