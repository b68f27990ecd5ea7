"""Small countries of several papers, for the tests of patterns."""

import numpy as np

from scheduling.allocation.patterns import Timetable, choices


def timetable(paper, starts, day=None, length=2):
    start = np.array(starts)
    days = np.zeros(len(start), np.int64) if day is None else np.array(day)
    return Timetable(paper=np.array(paper), day=days, starts=start, ends=start + length)


def two_days(make_problem, people, rng, capacity, access=None, refused=None):
    """Two centres with two sessions of each of two papers, and people who take one or both."""
    problem = make_problem(
        rng.integers(0, 60, (people, 8)), capacity, access=access, refused=refused
    )
    object.__setattr__(problem, "centre_ids", np.repeat([1, 2], 4))
    object.__setattr__(problem, "session_ids", np.tile([1, 2, 3, 4], 2))
    takes = np.ones((people, 2), bool)
    takes[rng.random(people) < 0.3, 1] = False
    times = timetable([0, 1, 0, 1] * 2, [0, 1, 2, 4] * 2, day=[0, 0, 1, 1] * 2)
    return problem, times, takes


def country(make_problem, people: int, seed: int, spare: float = 1.05, refuse: float = 0.0):
    """Two or three papers of two sessions each; eight centres hold five in a hundred more.

    A share `refuse` can come on the first day alone.
    """
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0, 600, (8, 2))
    home = centre[rng.choice(8, people, p=rng.dirichlet(np.full(8, 4)))]
    home = home + rng.normal(0, 60, (people, 2))
    km = np.hypot(*(home[:, None] - centre).transpose(2, 0, 1)).repeat(6, 1)
    journey = np.rint(10 * km).astype(np.int32)
    takes = np.ones((people, 3), bool)
    takes[rng.random(people) < 0.5, rng.integers(0, 3)] = False
    share = rng.dirichlet(np.full(8, 20)).repeat(6) / 2
    columns = np.arange(48)
    capacity = np.ceil(spare * share * takes.sum(0)[columns % 3]).astype(np.int64)
    cost = journey + rng.choice([0, 200, 400], (people, 48))
    refused = (rng.random(people) < refuse)[:, None] & (columns % 6 >= 3)
    problem = make_problem(cost, capacity, refused=refused if refuse else None)
    object.__setattr__(problem, "centre_ids", columns // 6)
    object.__setattr__(problem, "session_ids", columns % 6)
    times = timetable(columns % 3, columns % 6 * 3, day=columns % 6 // 3)
    return problem, choices(problem, times, takes, journey, seed)
