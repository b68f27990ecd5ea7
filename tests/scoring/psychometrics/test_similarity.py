from collections.abc import Callable
from itertools import combinations, product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import poisson

from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.keying import Key, score
from scoring.psychometrics.responses import NOT_REACHED, ResponseMatrix
from scoring.psychometrics.similarity import (
    Screening,
    choice_model,
    gather_evidence,
    screen,
    upper_tail,
)
from scoring.psychometrics.tables import read_key, read_responses

ITEMS = tuple(f"i{j}" for j in range(60))
KEY = Key.single(dict.fromkeys(ITEMS, "A"))


def answers(people: int = 900, seed: int = 3) -> ResponseMatrix:
    random = np.random.default_rng(seed)
    hard = random.normal(0, 1, len(ITEMS))
    knows = random.random((people, len(ITEMS))) < 1 / (
        1 + np.exp(hard - random.standard_normal((people, 1)))
    )
    wrong = random.choice([1, 2, 3], p=[0.6, 0.25, 0.15], size=knows.shape)
    codes = np.where(knows, 0, wrong).astype(np.uint8)
    return ResponseMatrix(codes, np.arange(people), ITEMS, tuple("ABCD"))


def copied(matrix: ResponseMatrix, source: int, copier: int, items: int) -> ResponseMatrix:
    codes = matrix.codes.copy()
    codes[copier, :items] = codes[source, :items]
    return ResponseMatrix(codes, matrix.persons, matrix.items, matrix.options)


def look(matrix: ResponseMatrix, units: Any, **how: Any) -> Screening:
    scored = score(matrix, KEY)
    return screen(matrix, scored, count_choices(matrix, scored, KEY), units, **how)


def test_people_who_work_alone_are_not_reported() -> None:
    everybody = look(answers(), np.zeros(900))
    assert everybody.looked_at == comb(900, 2)
    assert everybody.pairs == ()


def test_who_copied_nine_tenths_is_found_with_the_evidence() -> None:
    found = look(copied(answers(), source=11, copier=12, items=54), np.arange(900) // 30)
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.unit) == (11, 12, 0)
    assert pair.matches >= 54
    assert pair.wrong_matches > 5
    assert pair.matches > pair.expected + 4
    assert pair.p_adjusted == pytest.approx(pair.p * found.looked_at)
    assert found.looked_at == 30 * comb(30, 2)


def test_only_pairs_who_share_a_unit_are_looked_at() -> None:
    matrix = copied(answers(), source=11, copier=500, items=54)
    assert look(matrix, np.arange(900) // 30).pairs == ()
    assert [pair.rows for pair in look(matrix, np.zeros(900)).pairs] == [(11, 500)]


def test_the_rough_look_misses_nobody_the_exact_one_would_report() -> None:
    matrix = copied(answers(40), source=3, copier=4, items=50)
    units = np.zeros(40)
    assert look(matrix, units).pairs == look(matrix, units, rough=0.0).pairs


def test_what_neither_chose_is_no_agreement() -> None:
    matrix = answers(40)
    codes = matrix.codes.copy()
    codes[8, :10] = codes[7, :10]
    codes[[7, 8], 10:] = NOT_REACHED
    idle = ResponseMatrix(codes, matrix.persons, matrix.items, matrix.options)
    pairs = look(idle, np.zeros(40), rough=0.0, level=2.0).pairs
    both = next(pair for pair in pairs if pair.rows == (7, 8))
    assert both.items == 10
    assert both.matches == 10


def test_the_tail_of_unequal_chances_is_that_of_every_outcome_added_up() -> None:
    chances = np.array([0.9, 0.2, 0.5, 0.35, 0.6])
    for observed in range(7):
        slow = sum(
            float(np.prod(np.where(outcome, chances, 1 - chances)))
            for outcome in product([0, 1], repeat=5)
            if sum(outcome) >= observed
        )
        assert upper_tail(chances[None], np.array([observed]))[0] == pytest.approx(slow)


def test_the_tail_keeps_its_digits_where_it_is_tiny() -> None:
    tail = upper_tail(np.full((1, 150), 0.01), np.array([150]))[0]
    assert tail == pytest.approx(1e-300, rel=1e-9)


def test_chances_of_choices_add_up_and_nothing_is_impossible() -> None:
    matrix = answers(300)
    model = choice_model(count_choices(matrix, score(matrix, KEY), KEY))
    np.testing.assert_allclose(model.p.sum(axis=2), 1.0)
    assert (model.p > 0).all()


def test_progress_is_told_unit_by_unit() -> None:
    told: list[tuple[int, int]] = []
    look(answers(90), np.arange(90) // 30, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_neighbours_who_copied_most_are_found_in_the_forensic_set(
    shared_set: Callable[[str], Path],
) -> None:
    folder = shared_set("sim_forensics")
    matrix = read_responses(folder / "responses.csv")
    key = read_key(folder / "key.csv", matrix.items)
    scored = score(matrix, key)
    rooms = np.arange(1200) // 30
    found = screen(matrix, scored, count_choices(matrix, scored, key), rooms)
    truth = [line.split(",") for line in (folder / "truth.csv").read_text().split()[1:]]
    guilty = {frozenset(row[:2]): float(row[3]) for row in truth if row[2] == "neighbour"}
    caught = {frozenset((pair.first, pair.second)) for pair in found.pairs}
    assert caught <= guilty.keys()
    assert {pair for pair, share in guilty.items() if share >= 0.7} <= caught
    assert len(list(combinations(range(30), 2))) * 40 == found.looked_at


def out_of_time(people: int, seed: int, share: float = 0.1) -> ResponseMatrix:
    """People who work alone; to some of them, whatever they know, the end came too early."""
    matrix, random = answers(people, seed), np.random.default_rng(seed + 1)
    codes, places = matrix.codes.copy(), np.arange(len(ITEMS))
    reached = np.where(random.random(people) < share, random.integers(15, 60, people), 60)
    codes[places >= reached[:, None]] = NOT_REACHED
    return ResponseMatrix(codes, matrix.persons, matrix.items, matrix.options)


def chances_of(matrix: ResponseMatrix, rough: float = 4.0) -> tuple[np.ndarray, int]:
    """Exact chances of the pairs that stood out, and how many pairs there are."""
    found = look(matrix, np.zeros(len(matrix.persons)), rough=rough, level=np.inf)
    scored = score(matrix, KEY)
    rows = [pair.rows for pair in found.pairs]
    evidence = gather_evidence(matrix, scored, count_choices(matrix, scored, KEY), rows)
    return np.exp(evidence.chances), found.looked_at


def test_two_able_people_whose_time_ran_out_are_expected_to_agree_as_able_people_do() -> None:
    """By their raw scores, which are those of weak people, they would agree far too often."""
    matrix = answers(2000)
    scored = score(matrix, KEY)
    best = np.argsort(-scored.total, kind="stable")[:2]
    codes = matrix.codes.copy()
    codes[best, 30:] = NOT_REACHED
    cut = ResponseMatrix(codes, matrix.persons, matrix.items, matrix.options)
    rescored = score(cut, KEY)
    model = choice_model(count_choices(cut, rescored, KEY))
    level, raw = model.levels(cut, rescored)[best], rescored.total[best]
    assert (raw <= 30).all()
    assert (np.abs(level - scored.total[best]) <= 5).all()
    same = int((codes[best[0], :30] == codes[best[1], :30]).sum())
    by_raw, by_level = (
        model.match_chances(int(first), int(second))[None, :30] for first, second in (raw, level)
    )
    assert upper_tail(by_raw, np.array([same]))[0] < 1e-5
    assert upper_tail(by_level, np.array([same]))[0] > 1e-3


@pytest.mark.parametrize("seed", [5, 6])
def test_honest_pairs_stand_out_no_more_often_than_their_chance_says(seed: int) -> None:
    chances, looked_at = chances_of(out_of_time(2000, seed))
    for level in (1e-5, 1e-6):
        assert (chances < level).sum() <= poisson.ppf(0.999, level * looked_at)
    assert not (chances * looked_at < 0.01).any()


@pytest.mark.soak
def test_at_most_one_honest_population_in_a_hundred_has_a_pair_listed() -> None:
    """60 times 12,497,500 pairs at the level of the application."""
    alarms = 0
    for seed in range(60):
        chances, looked_at = chances_of(out_of_time(5000, 100 + seed), rough=5.0)
        alarms += bool((chances * looked_at < 0.01).any())
    assert alarms <= poisson.ppf(0.999, 60 * 0.01)
