import csv
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from scoring.psychometrics.choices import Choices, count_choices
from scoring.psychometrics.copying import screen_copying
from scoring.psychometrics.keying import Key, ScoredMatrix, score
from scoring.psychometrics.neighbours import (
    FAR_RATE,
    RATE,
    listing_level,
    pairs_within,
    weigh_neighbours,
)
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.seating import Seat
from scoring.psychometrics.tables import read_key, read_responses
from tests.scoring.psychometrics.halls import sit

Sheets = tuple[ResponseMatrix, ScoredMatrix, Choices]
SEATS = [Seat(place // 20, 0, place % 20) for place in range(600)]


def answers(copied: int = 0) -> Sheets:
    """600 people; number 8 took the first answers of number 7."""
    random = np.random.default_rng(3)
    items = tuple(f"i{j}" for j in range(60))
    knows = random.random((600, 60)) < 1 / (
        1 + np.exp(random.normal(0, 1, 60) - random.standard_normal((600, 1)))
    )
    wrong = random.choice([1, 2, 3], p=[0.6, 0.25, 0.15], size=knows.shape)
    codes = np.where(knows, 0, wrong).astype(np.uint8)
    codes[8, :copied] = codes[7, :copied]
    matrix = ResponseMatrix(codes, np.arange(600), items, tuple("ABCD"))
    key = Key.single(dict.fromkeys(items, "A"))
    scored = score(matrix, key)
    return matrix, scored, count_choices(matrix, scored, key)


def test_neighbours_are_those_of_one_room_within_reach() -> None:
    seats = [Seat("a", 0, 0), Seat("a", 0, 1), None, Seat("a", 1, 1), Seat("b", 0, 1)]
    assert pairs_within(seats, 1.0).tolist() == [[0, 1], [1, 3]]
    assert pairs_within(seats, 1.5).tolist() == [[0, 1], [0, 3], [1, 3]]
    assert pairs_within([None, None], 1.0).shape == (0, 2)


def test_who_copied_half_leads_the_list_and_honest_neighbours_are_spread_evenly() -> None:
    found = weigh_neighbours(*answers(copied=36), SEATS, seed=1)
    assert found.rows[0].tolist() == [7, 8]
    assert found.log_factor[0] > 10
    assert found.p[0] == pytest.approx(1 / (found.strangers + 1))
    honest = found.p[1:]
    assert np.quantile(honest, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.08)


def test_the_order_of_people_changes_nothing_and_one_room_has_no_strangers() -> None:
    matrix, scored, choices = answers(copied=36)
    mirrored = ResponseMatrix(
        matrix.codes[::-1], matrix.persons[::-1], matrix.items, matrix.options
    )
    key = Key.single(dict.fromkeys(matrix.items, "A"))
    again = weigh_neighbours(mirrored, score(mirrored, key), choices, SEATS[::-1], seed=1)
    plain = weigh_neighbours(matrix, scored, choices, SEATS, seed=1)
    np.testing.assert_allclose(again.log_factor, plain.log_factor, atol=1e-3)
    alone = weigh_neighbours(matrix, scored, choices, [Seat(0, 0, n) for n in range(600)], seed=1)
    assert (alone.strangers, np.isnan(alone.p).all()) == (0, True)


def test_the_level_is_what_the_budget_leaves_for_each_neighbour() -> None:
    """1,200 people of whom 4,000 pairs sat together; a nation; a handful; nobody."""
    pairs = 1200 * 1199 // 2
    assert listing_level(pairs, 4000) == pytest.approx(0.9e-4 * pairs / 4000)
    assert listing_level(pairs, 4000) * 4000 + FAR_RATE * pairs == pytest.approx(RATE * pairs)
    assert listing_level(59_679 * 59_678 // 2, 120_000) == 0.05
    assert listing_level(59_679 * 59_678 // 2, 120_000, readable=80) * 120_000 == 80
    assert listing_level(pairs, 0) == 0


def test_a_list_says_how_many_honest_neighbours_are_on_it() -> None:
    found = weigh_neighbours(*answers(), SEATS, seed=1)
    assert found.by_chance(0.05) == pytest.approx(0.05 * len(found.rows))
    for least in (-np.inf, -10.0):
        listed = len(found.up_to(0.3, least).rows)
        assert listed == pytest.approx(found.by_chance(0.3, least), abs=30)
    assert found.by_chance(0.3, least=1e9) == 0
    assert (found.up_to(1.0, least=-10.0).log_factor > -10).all()


def test_on_days_never_seen_the_budget_holds_and_most_who_copied_half_or_more_are_found() -> None:
    """Halls of several shapes with dirty honest life; the level was set before they were drawn."""
    found, budget, innocent = dict[float, list[bool]](), 0.0, 0
    for seed, shape in enumerate(SHAPES):
        hall = sit(1000 + seed, **shape)
        near = weigh_neighbours(*hall.sheets, hall.seats, seed=seed)
        listed = near.up_to(listing_level(hall.pairs, len(near.rows)))
        far = screen_copying(*hall.sheets, np.zeros(len(hall.seats)), level=FAR_RATE)
        pairs = {tuple(row) for row in listed.rows.tolist()}
        pairs |= {tuple(sorted(pair.rows)) for pair in far.pairs}
        budget += RATE * hall.pairs
        innocent += len(pairs - hall.copied.keys())
        for pair, share in hall.copied.items():
            found.setdefault(share, []).append(pair in pairs)
    power = {share: float(np.mean(seen)) for share, seen in sorted(found.items())}
    assert innocent <= budget
    assert min(power.values()) > 0.9, power
    assert np.mean([seen for every in found.values() for seen in every]) > 0.97


SHAPES = [
    {"rooms": 20, "rows": 6, "columns": 5, "items": 80},
    {"rooms": 40, "rows": 1, "columns": 30, "items": 80},
    {"rooms": 30, "rows": 5, "columns": 6, "items": 60, "copiers": 20},
    {"rooms": 12, "rows": 10, "columns": 10, "items": 120, "options": 5},
    {"rooms": 25, "rows": 5, "columns": 5, "items": 150, "options": 5},
]


def test_whoever_copied_half_or_more_is_found_where_seats_are_known(
    shared_set: Callable[[str], Path],
) -> None:
    """At 1 false alarm in 10,000 pairs: most of them are spent on those who sat side by side."""
    folder = shared_set("sim_forensics")
    sheets, seats = _forensic(folder)
    near = weigh_neighbours(*sheets, seats, seed=1)
    far = screen_copying(*sheets, np.zeros(len(seats)), level=FAR_RATE)
    near = near.up_to(listing_level(far.looked_at, len(near.rows)))
    listed = {tuple(row) for row in near.rows.tolist()}
    listed |= {tuple(sorted(pair.rows)) for pair in far.pairs}
    with (folder / "truth.csv").open() as file:
        planted = [row for row in csv.DictReader(file) if row["source"]]
    places = {
        tuple(sorted((int(row["person"]) - 1, int(row["source"]) - 1))): row for row in planted
    }
    copied = {pair for pair, row in places.items() if float(row["share"]) >= 0.5}
    assert len(copied) == 14
    assert copied <= listed
    ring = sorted(
        {place for pair, row in places.items() if row["kind"] == "ring" for place in pair}
    )
    innocent = listed - set(places) - set(combinations(ring, 2))
    assert len(innocent) <= RATE * far.looked_at


def _forensic(folder: Path) -> tuple[Sheets, list[Seat]]:
    matrix = read_responses(folder / "responses.csv")
    key = read_key(folder / "key.csv", matrix.items)
    scored = score(matrix, key)
    with (folder / "persons.csv").open() as file:
        seats = [Seat(row["room"], 0, int(row["seat"])) for row in csv.DictReader(file)]
    return (matrix, scored, count_choices(matrix, scored, key)), seats
