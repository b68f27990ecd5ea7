from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.classical import analyse, analyse_scores
from scoring.psychometrics.dif import mantel_haenszel
from scoring.psychometrics.flags import FlagCode, Limits, Severity, flag_items
from scoring.psychometrics.keying import ItemKey, Key, ScoredMatrix, score
from scoring.psychometrics.responses import ResponseMatrix, from_strings
from scoring.psychometrics.rivals import rivals
from scoring.psychometrics.tables import read_key, read_responses

ITEMS = tuple(f"i{j}" for j in range(20))
TRUE_KEY = dict(zip(ITEMS, "ABCDABCDABCDABCDABCD", strict=True))


def answers(people: int = 800, seed: int = 7) -> ResponseMatrix:
    """Four options; whoever does not know chooses among the wrong ones at random."""
    random = np.random.default_rng(seed)
    difficulty = random.normal(0, 0.8, len(ITEMS))
    knows = random.random((people, len(ITEMS))) < 1 / (
        1 + np.exp(difficulty - 1.2 * random.standard_normal((people, 1)))
    )
    right = np.array(["ABCD".index(option) for option in TRUE_KEY.values()])
    wrong = (right + random.integers(1, 4, knows.shape)) % 4
    marks = np.array(list("ABCD"))[np.where(knows, right, wrong)]
    sheets = ["".join(row) for row in marks]
    return from_strings(sheets, persons=range(people), items=ITEMS, options="ABCD")


def alarms(matrix: ResponseMatrix, key: dict[str, str]) -> list[tuple[str, str | None]]:
    flags = flag_items(analyse(matrix, Key.single(key)))
    return [(f.item, f.suggested_key) for f in flags if f.severity is Severity.ALARM]


def test_right_keys_raise_no_alarm() -> None:
    assert alarms(answers(), TRUE_KEY) == []


@pytest.mark.parametrize("item", ["i0", "i7", "i19"])
def test_a_wrong_key_is_found_and_the_right_one_suggested(item: str) -> None:
    wrong = {"A": "C", "B": "D", "C": "A", "D": "B"}[TRUE_KEY[item]]
    assert alarms(answers(), TRUE_KEY | {item: wrong}) == [(item, TRUE_KEY[item])]


def test_a_key_that_is_no_option_at_all_is_found_too() -> None:
    assert alarms(answers(), TRUE_KEY | {"i3": "E"}) == [("i3", TRUE_KEY["i3"])]


def test_an_alarm_carries_its_evidence() -> None:
    flag = flag_items(analyse(answers(), Key.single(TRUE_KEY | {"i0": "B"})))[0]
    assert flag.code is FlagCode.WRONG_KEY
    assert flag.evidence["option_rest"] > 0 > flag.evidence["key_rest"]
    assert flag.evidence["upper_share"] > flag.evidence["upper_share_of_key"]
    assert flag.evidence["p_value"] < 1e-6
    assert 0 < flag.evidence["gap_low"] < flag.evidence["gap"]


def test_a_better_key_whose_lower_bound_is_not_above_zero_is_a_flag_and_no_alarm() -> None:
    """Too few people to be sure: the same wrong key, fifteen sheets."""
    few = answers(15)
    flags = flag_items(analyse(few, Key.single(TRUE_KEY | {"i0": "B"})))
    told = [flag for flag in flags if "gap_low" in flag.evidence]
    assert any(flag.item == "i0" for flag in told)
    for flag in told:
        assert (flag.evidence["gap_low"] > 0) == (flag.severity is Severity.ALARM)


def test_a_second_right_answer_is_told_from_a_wrong_key() -> None:
    """Three in five of those who know i0 mark D, which deserves the credit as well."""
    matrix = answers(4000)
    random = np.random.default_rng(1)
    codes = matrix.codes.copy()
    codes[(codes[:, 0] == 0) & (random.random(len(codes)) < 0.6), 0] = 3
    both = ResponseMatrix(codes, matrix.persons, matrix.items, matrix.options)
    key = Key.single(TRUE_KEY)
    found = {flag.code: flag for flag in flag_items(analyse(both, key)) if flag.item == "i0"}
    assert found[FlagCode.TWO_RIGHT_ANSWERS].suggested_key == "D"
    assert FlagCode.WRONG_KEY not in found
    mended = key.replace(ItemKey("i0", ("A", "D")))
    assert "i0" not in {flag.item for flag in flag_items(analyse(both, mended))}


def test_the_error_of_the_gap_is_the_one_resampling_shows() -> None:
    matrix, key = answers(400), Key.single(TRUE_KEY)
    told = rivals(count_choices(matrix, score(matrix, key), key))
    random, gaps = np.random.default_rng(3), []
    for _ in range(200):
        people = random.integers(0, 400, 400)
        drawn = ResponseMatrix(
            matrix.codes[people], matrix.persons[people], matrix.items, matrix.options
        )
        gaps.append(rivals(count_choices(drawn, score(drawn, key), key)).gap)
    np.testing.assert_allclose(
        np.nanmedian(told.gap_error / np.std(gaps, axis=0, ddof=1)), 1.0, atol=0.05
    )


def test_every_limit_raises_its_own_flag(make_scored: Callable[..., ScoredMatrix]) -> None:
    random = np.random.default_rng(5)
    ability = random.standard_normal((500, 1))
    slopes = [1, 1, 1, 0.1, -1, 1, *[1] * 8]
    x = (random.standard_normal((500, 14)) < ability * slopes + 0.2).astype(np.uint8)
    x[:, 5] = 1
    x[:, 0] &= (random.random(500) < 0.2).astype(np.uint8)
    flags: dict[str, set[FlagCode]] = {}
    for flag in flag_items(analyse_scores(make_scored(x)), Limits(p_lowest=0.15)):
        flags.setdefault(flag.item, set()).add(flag.code)
    assert FlagCode.TOO_HARD in flags["i0"]
    assert flags["i3"] & {FlagCode.LOW_DISCRIMINATION, FlagCode.VERY_LOW_DISCRIMINATION}
    assert FlagCode.NEGATIVE_DISCRIMINATION in flags["i4"]
    assert flags["i5"] == {FlagCode.TOO_EASY, FlagCode.NO_VARIANCE}
    assert "i1" not in flags


def test_items_left_out_by_many_are_flagged(make_matrix: Callable[..., ResponseMatrix]) -> None:
    matrix = make_matrix(*["AA-", "AB.", "BAA", "BBB", "A-."])
    codes = {
        (flag.item, flag.code)
        for flag in flag_items(analyse(matrix, Key.single({f"i{j}": "A" for j in range(3)})))
    }
    assert {("i1", FlagCode.OMITTED_OFTEN), ("i2", FlagCode.NOT_REACHED_OFTEN)} <= codes
    assert ("i0", FlagCode.OMITTED_OFTEN) not in codes


def test_an_item_of_class_c_is_flagged(make_scored: Callable[..., ScoredMatrix]) -> None:
    random = np.random.default_rng(6)
    x = (random.random((3000, 10)) < 0.5 + 0.2 * random.standard_normal((3000, 1))).astype(np.uint8)
    focal = np.arange(3000) % 2 == 0
    x[focal, 2] &= (random.random(1500) < 0.4).astype(np.uint8)
    scored = make_scored(x)
    flags = flag_items(analyse_scores(scored), difs=[mantel_haenszel(scored, focal)])
    found = [flag for flag in flags if flag.code is FlagCode.FAVOURS_A_GROUP]
    assert [flag.item for flag in found] == ["i2"]
    assert found[0].evidence["mh_delta"] < -1.5


def test_the_wrong_key_of_the_forensic_set_is_the_first_alarm(
    shared_set: Callable[[str], Any],
) -> None:
    folder = shared_set("sim_forensics")
    matrix = read_responses(folder / "responses.csv")
    first, *others = flag_items(analyse(matrix, read_key(folder / "key.csv", matrix.items)))
    assert (first.item, first.code, first.suggested_key) == ("i010", FlagCode.WRONG_KEY, "D")
    assert all(flag.severity is not Severity.ALARM for flag in others)


@pytest.mark.parametrize("name", ["hci", "gmat", "tam_mc", "irtoys_mc"])
def test_real_keys_raise_alarms_on_at_most_one_item_in_twenty(
    shared_set: Callable[[str], Any], name: str
) -> None:
    matrix = read_responses(shared_set(name) / "responses.csv")
    flags = flag_items(analyse(matrix, read_key(shared_set(name) / "key.csv", matrix.items)))
    alarms = [flag for flag in flags if flag.severity is Severity.ALARM]
    assert len({flag.item for flag in alarms}) <= len(matrix.items) / 20
    assert all(f.evidence["gap_low"] > 0 and f.evidence["p_value"] < 0.05 for f in alarms)
