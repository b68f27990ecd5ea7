"""What a finished allocation says about itself: figures for pages, reports and appeals."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scheduling.allocation.certificate import Certificate
from scheduling.allocation.first_come import UNPLACED, first_come
from scheduling.allocation.measures import DISTANCE_STEPS_KM, fill, measures, wanted
from scheduling.allocation.plan import Plan
from scheduling.allocation.problem import Ints
from scheduling.allocation.turns import first_come_patterns
from scheduling.arrays.people import ACCESS
from scheduling.arrays.sitting import SittingArrays


def summary_of(arrays: SittingArrays, plan: Plan, proof: Certificate) -> dict[str, Any]:
    """Everything the pages of a run show, as JSON; keys of rows are primary keys."""
    problem, column = arrays.problem, plan.allocation.column
    people, journeys, first = arrays.by_person(column)
    chance = chance_of(arrays)
    return {
        "unit_bits": plan.allocation.unit_bits,
        "draw": plan.allocation.draw,
        "people": people.people,
        "entries": problem.people,
        "places": int(problem.capacity.sum()),
        "is_unique": proof.is_unique,
        "exact_gap": proof.exact_gap,
        "steps_km": list(DISTANCE_STEPS_KM),
        "plan": asdict(measures(people, journeys, first))
        | {"total_cost": int(arrays.paid(column).sum())},
        "first_come": asdict(measures(people, journeys, chance.column))
        | {"total_cost": chance.total_cost},
        "seating": {
            "rooms": _rooms_used(arrays, plan),
            "pairs": plan.pairs,
            "lower_bound": plan.lower_bound,
            "protected": list(plan.protected),
        },
        "unkept": [
            [lost.kind, *(arrays.numbers[list(lost.rows)].tolist())] for lost in plan.unkept
        ],
        "asked": sum(
            map(len, (arrays.requests.together, arrays.requests.apart, arrays.requests.fixed))
        ),
        "needs": _needs(arrays, plan),
        "centres": _centres(arrays, plan),
        "reach": arrays.reach and {
            "km": arrays.reach.found / 10, "bound_km": arrays.reach.bound / 10,
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Chance:
    """First come, first served: the column of each person, -1 without, and the cost of all."""

    column: Ints
    total_cost: int


def chance_of(arrays: SittingArrays) -> Chance:
    """What would have come of the order in which people sent their wishes."""
    if arrays.papers is None:
        problem = arrays.problem
        column = first_come(problem, arrays.arrival)
        placed = np.flatnonzero(column >= 0)
        return Chance(column, int(problem.cost[placed, column[placed]].sum(dtype=np.int64)))
    papers = arrays.papers
    found = papers.choices(0)
    places, columns = papers.problem.capacity.ravel(), papers.problem.columns
    pattern = first_come_patterns(found, places, columns, papers.arrival)
    column, total = np.full(papers.problem.people, UNPLACED, np.int64), 0
    for choice in found:
        chosen = pattern[choice.members[:, 0]]
        units = np.flatnonzero(chosen >= 0)
        total += int(choice.cost[units, chosen[units]].sum(dtype=np.int64))
        column[choice.members[units]] = choice.columns[chosen[units], :1]
    return Chance(column, total)


def _rooms_used(arrays: SittingArrays, plan: Plan) -> int:
    used = {
        (index, int(room))
        for index, chairs in enumerate(arrays.chairs)
        for room in np.unique(chairs.room_ids[plan.chair[plan.allocation.column == index]])
    }
    return len(used)


def _needs(arrays: SittingArrays, plan: Plan) -> list[dict[str, Any]]:
    taken = fill(arrays.problem, plan.allocation.column).sum(1)
    places = arrays.problem.capacity.sum(1)
    return [
        {"access_class": name, "people": int(taken[index]), "places": int(places[index])}
        for index, name in enumerate(ACCESS)
    ]


def _centres(arrays: SittingArrays, plan: Plan) -> list[dict[str, Any]]:
    """For each centre: how many put it first, got it, at what price, from how far, and when."""
    journeys = arrays.papers.journeys if arrays.papers else arrays.journeys
    first = wanted(journeys, arrays.centre_keys)
    return [_centre(arrays, plan, centre, first[centre]) for centre in first]


def _centre(arrays: SittingArrays, plan: Plan, centre: int, first: int) -> dict[str, Any]:
    columns = np.flatnonzero(arrays.centre_keys == centre)
    column = plan.allocation.column
    filled, capacity = fill(arrays.problem, column), arrays.problem.capacity
    taken, places, left = filled.sum(0), capacity.sum(0), (capacity - filled)[0]
    price = plan.allocation.prices_km[0]
    rows = np.flatnonzero(np.isin(column, columns))
    people = len(np.unique(arrays.registration_keys[rows]))
    km = arrays.journeys.distance[rows, column[rows]] / 10
    return {
        "centre": centre,
        "wanted": first,
        "given": people,
        "places": int(places[columns].sum()),
        "left": int(left[columns].sum()),
        "price_km": round(float(price[columns].min()), 1),
        "mean_km": round(float(km.mean()), 1) if len(rows) else 0.0,
        "sessions": [
            {
                "exam_session": int(arrays.session_keys[index]),
                "given": int(taken[index]),
                "places": int(places[index]),
                "left": int(left[index]),
                "price_km": round(float(price[index]), 1),
            }
            for index in columns.tolist()
        ],
    }
