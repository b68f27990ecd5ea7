from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from scoring.psychometrics.agreement import Correction, adjusted, agreement, log_upper_tail
from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.keying import score
from scoring.psychometrics.similarity import examine_pairs, upper_tail
from scoring.psychometrics.tables import read_key, read_responses

RANDOM = np.random.default_rng(4)
RIGHT, WRONG = RANDOM.uniform(0.05, 0.5, 5), RANDOM.uniform(0.05, 0.4, 5)


def outcomes() -> dict[tuple[int, int], float]:
    """Every way five items can match right, match wrong or differ, added up."""
    table: dict[tuple[int, int], float] = {}
    for kinds in product("rwn", repeat=5):
        chance = np.prod(
            [
                {"r": r, "w": w, "n": 1 - r - w}[k]
                for k, r, w in zip(kinds, RIGHT, WRONG, strict=True)
            ]
        )
        place = kinds.count("r"), kinds.count("w")
        table[place] = table.get(place, 0.0) + float(chance)
    return table


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (2, 1), (1, 4), (5, 0), (3, 2)])
def test_exact_chances_are_those_of_every_outcome_added_up(right: int, wrong: int) -> None:
    table = outcomes()
    tails = {(r, w): sum(p for (i, k), p in table.items() if i >= r and k >= w) for r, w in table}
    found = agreement(RIGHT[None], WRONG[None], np.array([right]), np.array([wrong]))
    gbt = sum(p for (r, w), p in table.items() if r + w >= right + wrong)
    m4 = sum(p for at, p in table.items() if tails[at] <= tails[right, wrong] * (1 + 1e-9))
    assert 10 ** found.log10_gbt[0] == pytest.approx(gbt)
    assert 10 ** found.log10_m4[0] == pytest.approx(m4)


def test_logarithms_keep_their_digits_far_below_the_smallest_float() -> None:
    tail = log_upper_tail(np.full((1, 300), 0.01), np.array([300]))[0] / np.log(10)
    assert tail == pytest.approx(-600, abs=1e-6)
    chances = RANDOM.uniform(0.1, 0.9, (20, 60))
    seen = np.arange(20, 60, 2)
    np.testing.assert_allclose(
        np.exp(log_upper_tail(chances, seen)), upper_tail(chances, seen), rtol=1e-9
    )


def test_two_who_share_every_rare_mistake_have_a_chance_that_no_float_holds() -> None:
    rare = np.full((1, 200), 0.005)
    found = agreement(rare, rare, np.array([100]), np.array([100]))
    assert found.log10_m4[0] < -380
    assert np.isfinite(found.log10_m4[0])


def test_corrections_count_the_pairs_not_listed() -> None:
    p = np.array([1e-6, 1e-3, 2e-5])
    assert adjusted(p, 1000, Correction.NONE).tolist() == p.tolist()
    np.testing.assert_allclose(adjusted(p, 1000, Correction.BONFERRONI), [1e-3, 1.0, 2e-2])
    np.testing.assert_allclose(
        adjusted(p, 1000, Correction.BENJAMINI_HOCHBERG), [1e-3, 1 / 3, 1e-2]
    )


def test_by_options_shared_mistakes_weigh_more(shared_set: Callable[[str], Path]) -> None:
    folder = shared_set("sim_forensics")
    matrix = read_responses(folder / "responses.csv")
    key = read_key(folder / "key.csv", matrix.items)
    scored = score(matrix, key)
    choices = count_choices(matrix, scored, key)
    found = examine_pairs(matrix, scored, choices, [(698, 697), (0, 1)])
    assert found.log10_m4[0] < -25
    assert found.log10_m4[1] > -3
    assert found.omega[0] > 8


def test_pairs_taken_together_are_as_each_alone_over_every_count() -> None:
    random = np.random.default_rng(8)
    right = random.uniform(0.05, 0.9, (40, 60))
    wrong = (1 - right) * random.uniform(0.02, 0.3, right.shape)
    draw = random.random(right.shape)
    rights, wrongs = (
        (draw < right).sum(axis=1),
        ((draw >= right) & (draw < right + wrong)).sum(axis=1),
    )
    wrongs = np.minimum(wrongs + random.integers(0, 30, 40), 60 - rights)
    together = agreement(right, wrong, rights, wrongs).log10_m4
    for pair in range(40):
        one = slice(pair, pair + 1)
        counts = int(rights[pair]), int(wrongs[pair])
        assert together[pair] == pytest.approx(
            agreement(right[one], wrong[one], rights[one], wrongs[one]).log10_m4[0], abs=1e-9
        )
        assert together[pair] == pytest.approx(
            m4_of_all(right[pair], wrong[pair], *counts), abs=1e-8
        )


def m4_of_all(right: np.ndarray, wrong: np.ndarray, seen_right: int, seen_wrong: int) -> float:
    """M4 from the whole table of counts, item by item."""
    table = np.zeros((len(right) + 1, len(right) + 1))
    table[0, 0] = 1.0
    for one, other in zip(right, wrong, strict=True):
        more = table * (1 - one - other)
        more[1:] += table[:-1] * one
        more[:, 1:] += table[:, :-1] * other
        table = more
    tail = table[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    return float(np.log10(table[tail <= tail[seen_right, seen_wrong] * (1 + 1e-9)].sum()))
