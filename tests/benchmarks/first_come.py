"""What everybody at once gains over first come, first served, with the same people and places.

A country that wishes as people do: homes by registered population round the towns of 77 provinces,
three wishes among sixteen centres, mostly the nearest, with a taste of their own (Gumbel, 35 km),
and places that follow the demand, but less than in proportion, so that the most wanted centres are
short. 59,679 people, 3 % more places, distances by road as 1.25 times the straight line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from centres.common.provinces import PROVINCES
from scheduling.allocation.assign import assign
from scheduling.allocation.first_come import first_come
from scheduling.allocation.measures import Measures, measures
from scheduling.allocation.policies import least_reach, within_reach
from scheduling.allocation.problem import (
    AllocationProblem,
    Floats,
    Ints,
    Journeys,
    great_circle,
    hardship,
)
from tests.benchmarks import Row

PEOPLE = 59_679
PENALTIES = [0, 400, 900, 3000]  # 0.1 km
OTHER_TIMES = (0, 50, 120)  # of somebody's first, second and third exam session
SEED = 2570
CENTRES = (
    "Bangkok", "Nonthaburi", "Chon Buri", "Phra Nakhon Si Ayutthaya", "Nakhon Pathom", "Chiang Mai",
    "Chiang Rai", "Phitsanulok", "Nakhon Sawan", "Nakhon Ratchasima", "Khon Kaen", "Udon Thani",
    "Ubon Ratchathani", "Surat Thani", "Nakhon Si Thammarat", "Songkhla",
)  # fmt: skip


def rows() -> Iterator[Row]:
    """Total hardship, places nobody named, the longest way: five countries drawn by lot."""
    for sessions in (1, 3):
        drawn = [_Country.of(sessions, seed) for seed in range(SEED, SEED + 5)]
        yield from _beside_first_come(drawn, f"{16 * sessions} columns")


def _beside_first_come(drawn: "list[_Country]", size: str) -> Iterator[Row]:
    def total(plan: str, figure: str) -> float:
        return float(sum(getattr(getattr(one, plan), figure) for one in drawn))

    least = total("best", "total_cost") / 10
    chance = total("chance", "total_cost") / 10
    yield Row(f"total hardship, {size}", least, "km", "first come", chance, 0.88 * chance)
    unnamed = [float(sum(getattr(one, of).by_centre[0] for one in drawn))
               for of in ("best", "named_first", "chance")]  # fmt: skip
    yield Row(f"people in a centre they did not name, {size}", unnamed[0], "", "first come",
              unnamed[2])  # fmt: skip
    yield Row("the same, where that counts as 1,200 km and not 300", unnamed[1], "", "first come",
              unnamed[2], unnamed[2] / 100)  # fmt: skip
    yield Row("its total hardship, at 300 km", total("named_first", "total_cost") / 10, "km",
              "first come", chance, 0.88 * chance)  # fmt: skip
    longest = total("chance", "longest_km") / len(drawn)
    yield Row(f"mean longest way, longest first, {size}", total("near", "longest_km") / len(drawn),
              "km", "first come", longest, 0.4 * longest)  # fmt: skip
    yield Row("its total hardship", total("near", "total_cost") / 10, "km", "the least possible",
              least, 1.005 * least)  # fmt: skip


@dataclass(frozen=True)
class _Country:
    """One country: first come, the least total, unnamed centres dear, the longest way first."""

    chance: Measures
    best: Measures
    named_first: Measures
    near: Measures

    @classmethod
    def of(cls, sessions: int, seed: int) -> "_Country":
        problem, journeys = country(sessions, seed)
        unnamed = np.where(journeys.rank == 0, 9000, 0).astype(np.int32)
        dear = replace(problem, cost=problem.cost + unnamed)
        reach = least_reach(problem, journeys.distance)
        near = within_reach(problem, journeys.distance, reach)
        order = np.random.default_rng(seed).permutation(problem.people)
        plans = [assign(one, SEED).column for one in (problem, dear, near)]
        chance = first_come(problem, order)
        return cls(*[measures(problem, journeys, plan) for plan in (chance, *plans)])


def country(sessions: int, seed: int) -> tuple[AllocationProblem, Journeys]:
    """PEOPLE and sixteen centres of so many exam sessions; the places are shared evenly by time."""
    rng = np.random.default_rng(seed)
    towns = np.array([(one.latitude, one.longitude) for one in PROVINCES])
    size = np.array([one.population for one in PROVINCES], float)
    home = rng.choice(len(towns), PEOPLE, p=size / size.sum())
    spread = rng.uniform(0.12, 0.22, len(towns))[home, None]  # degrees
    homes = towns[home] + spread * rng.normal(size=(PEOPLE, 2))
    named = {one.name_en: (one.latitude, one.longitude) for one in PROVINCES}
    places = np.array([named[name] for name in CENTRES])
    road = np.rint(1.25 * great_circle(homes[:, 0], homes[:, 1], places)).astype(np.int32)
    wishes = _wishes(rng, road)
    rank = np.zeros(road.shape, np.int8)
    for wish, centre in enumerate(wishes.T, start=1):
        rank[np.arange(PEOPLE), centre] = wish
    journeys = Journeys(
        distance=road.repeat(sessions, 1),
        rank=rank.repeat(sessions, 1),
        named=rank.repeat(sessions, 1),
    )
    times = np.array(OTHER_TIMES[:sessions], np.int32)
    liked = rng.permuted(np.tile(times, (PEOPLE, 1)), axis=1)
    columns = np.arange(16 * sessions)
    problem = AllocationProblem(
        registration_ids=np.arange(PEOPLE) + 1,
        centre_ids=columns // sessions,
        session_ids=columns % sessions,
        access_classes=("standard",),
        access=np.zeros(PEOPLE, np.int64),
        cost=hardship(journeys, PENALTIES) + np.tile(liked, (1, 16)),
        capacity=_places(rng, wishes[:, 0], sessions)[None],
    )
    return problem, journeys


def _wishes(rng: np.random.Generator, road: Ints) -> Ints:
    """Three centres each, the dearest first: near, with a taste; some are drawn to the capital."""
    taste: Floats = road / 10 + rng.gumbel(0, 35, road.shape)
    taste[:, 0] -= 40 * (rng.random(len(road)) < 0.15)
    wishes: Ints = np.argsort(taste, axis=1)[:, :3]
    return wishes


def _places(rng: np.random.Generator, first: Ints, sessions: int) -> Ints:
    """Places (16 * sessions,) for 3 % more than there are people."""
    asked = np.bincount(first, minlength=16) + 0.004 * PEOPLE
    share = asked**0.7 * rng.uniform(0.85, 1.15, 16)
    each = 1.03 * PEOPLE * share / share.sum() / sessions
    return np.ceil(each).astype(np.int64).repeat(sessions)
