"""Rooms where counting proves too little: the programme proves the rest, and finds it."""

from collections import Counter

import numpy as np
import pytest

from scheduling.allocation.fewest import fewest_pairs
from scheduling.allocation.seating import SeatingHall, neighbour_pairs, same_institution_pairs


def room(rng: np.random.Generator, make_chairs):
    """A room with an aisle or none, and some chairs missing."""
    wide, deep = rng.integers(3, 7), rng.integers(3, 6)
    missing = 0.1 * rng.integers(0, 2)
    rows = ["".join("." if rng.random() < missing else "o" for _ in range(wide))
            for _ in range(deep)]  # fmt: skip
    aisle = int(rng.integers(0, wide))
    return make_chairs([[row[:aisle] + " " + row[aisle:] for row in rows]])


def few_large(rng: np.random.Generator, people: int):
    """Institutions so large that most rooms must seat some together."""
    return np.minimum((rng.pareto(0.8, people) * 2).astype(int), 9)


@pytest.mark.parametrize("seed", range(12))
def test_every_room_is_seated_as_well_as_is_proved(make_chairs, seed):
    rng = np.random.default_rng(seed)
    chairs = room(rng, make_chairs)
    people = len(chairs.seat_ids)
    label = few_large(rng, people)
    nobody = np.zeros(people, bool)
    plan = SeatingHall(chairs).seat(label, np.zeros(people, np.int64), nobody, 2, seed)
    assert plan.pairs == plan.lower_bound == same_institution_pairs(chairs, plan.chair, label)


def test_two_institutions_that_counting_thinks_can_be_parted_cannot(make_chairs):
    """Nine chairs, four people of each of two institutions: either has room, both have not."""
    chairs = make_chairs([["ooo"] * 3])
    label = np.array([1, 1, 1, 1, 2, 2, 2, 2, 3])
    shape = SeatingHall(chairs).rooms[0]
    assert shape.fewest_pairs(label) == 0
    found = fewest_pairs(shape, label, np.ones((9, 9), bool))
    assert found.bound == same_institution_pairs(chairs, found.chair, label) == 4


def test_who_may_sit_where_is_kept(make_chairs):
    """Two of one institution who need the two chairs in front are neighbours, and it is proved."""
    chairs = make_chairs([["oo", "oo", "oo"]])
    fits = np.ones((4, 6), bool)
    fits[:2, 2:] = False
    found = fewest_pairs(SeatingHall(chairs).rooms[0], np.array([7, 7, 8, 9]), fits)
    assert (found.bound, sorted(found.chair[:2].tolist())) == (1, [0, 1])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(40))
def test_another_solver_finds_no_better_seating(make_chairs, seed):
    cp = pytest.importorskip("ortools.sat.python.cp_model")
    rng = np.random.default_rng(1000 + seed)
    chairs = room(rng, make_chairs)
    people = len(chairs.seat_ids)
    label = few_large(rng, people)
    plan = SeatingHall(chairs).seat(
        label, np.zeros(people, np.int64), np.zeros(people, bool), 2, seed
    )
    model, sizes = cp.CpModel(), Counter(label.tolist())
    sits = {(s, k): model.new_bool_var("") for s in range(people) for k in sizes}
    for s in range(people):
        model.add(sum(sits[s, k] for k in sizes) <= 1)
    for k, many in sizes.items():
        model.add(sum(sits[s, k] for s in range(people)) == many)
    pairs = []
    for a, b in neighbour_pairs(chairs).tolist():
        for k in sizes:
            pairs.append(both := model.new_bool_var(""))
            model.add(both >= sits[a, k] + sits[b, k] - 1)
    model.minimize(sum(pairs))
    solver = cp.CpSolver()
    solver.parameters.max_time_in_seconds = 20
    solver.solve(model)
    assert plan.lower_bound <= plan.pairs <= solver.objective_value
    assert plan.lower_bound >= solver.best_objective_bound
