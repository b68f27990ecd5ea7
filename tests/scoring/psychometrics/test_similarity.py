from collections.abc import Callable
from itertools import combinations, product
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.keying import Key, score
from scoring.psychometrics.responses import NOT_REACHED, ResponseMatrix
from scoring.psychometrics.similarity import Screening, choice_model, screen, upper_tail
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
