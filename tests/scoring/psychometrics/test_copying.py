import csv
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pytest

from scoring.psychometrics.agreement import Correction
from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.copying import CopyingScreen, screen_copying, weighted_tail
from scoring.psychometrics.keying import Key, score
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.tables import read_key, read_responses

# Both nearly always right: 64 of 80 alike, 62 expected, 2 wrong alike. Only where they sat tells.
OUT_OF_SIGHT = {(374, 375)}


def test_the_tail_of_a_weighted_sum_is_near_that_of_every_outcome() -> None:
    random = np.random.default_rng(2)
    p, weight = random.uniform(0.1, 0.6, 14), random.uniform(0.3, 2.0, 14)
    outcomes = np.array(list(product([0, 1], repeat=14)))
    chance = np.prod(np.where(outcomes == 1, p, 1 - p), axis=1)
    for observed in (8.0, 10.0, 12.0):
        exact = chance[outcomes @ weight >= observed].sum()
        assert weighted_tail(p, weight, observed) == pytest.approx(exact, rel=0.15)
    assert weighted_tail(p, weight, float(weight.sum())) == pytest.approx(np.prod(p))
    assert weighted_tail(p, weight, 0.0) == 1.0


def test_whoever_copied_half_or_more_is_found_among_all_pairs(
    shared_set: Callable[[str], Path],
) -> None:
    """Without knowing where people sat, all but one pair; ``test_neighbours`` finds that one."""
    folder = shared_set("sim_forensics")
    found = _screened(folder)
    reported = {tuple(sorted((int(p.first), int(p.second)))) for p in found.pairs}
    with (folder / "truth.csv").open() as file:
        planted = [row for row in csv.DictReader(file) if row["source"]]
    copied = {
        tuple(sorted((int(row["person"]), int(row["source"]))))
        for row in planted
        if float(row["share"]) >= 0.5
    }
    assert copied - reported == OUT_OF_SIGHT
    ring = {313} | {int(row["person"]) for row in planted if row["kind"] == "ring"}
    guilty = copied | set(combinations(sorted(ring), 2))
    assert len(reported - guilty) <= 1e-4 * found.looked_at


def _screened(folder: Path) -> CopyingScreen:
    matrix = read_responses(folder / "responses.csv")
    key = read_key(folder / "key.csv", matrix.items)
    scored = score(matrix, key)
    everybody = np.zeros(len(matrix.persons))
    return screen_copying(matrix, scored, count_choices(matrix, scored, key), everybody)


def test_people_who_work_alone_are_not_reported_after_correction() -> None:
    random = np.random.default_rng(3)
    items = tuple(f"i{j}" for j in range(60))
    knows = random.random((600, 60)) < 1 / (
        1 + np.exp(random.normal(0, 1, 60) - random.standard_normal((600, 1)))
    )
    wrong = random.choice([1, 2, 3], p=[0.6, 0.25, 0.15], size=knows.shape)
    codes = np.where(knows, 0, wrong).astype(np.uint8)
    codes[8, :54] = codes[7, :54]
    matrix = ResponseMatrix(codes, np.arange(600), items, tuple("ABCD"))
    key = Key.single(dict.fromkeys(items, "A"))
    scored = score(matrix, key)
    choices = count_choices(matrix, scored, key)
    for units, among in ((np.zeros(600), 179_700), (np.arange(600) // 30, 20 * 435)):
        found = screen_copying(
            matrix, scored, choices, units, level=0.01, correction=Correction.BONFERRONI
        )
        assert [pair.rows for pair in found.pairs] == [(7, 8)]
        assert found.looked_at == among
        assert found.pairs[0].p_adjusted == pytest.approx(found.pairs[0].p * among)
