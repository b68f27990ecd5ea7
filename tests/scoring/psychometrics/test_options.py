from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.psychometrics.choices import Choices, count_choices
from scoring.psychometrics.keying import Key, score
from scoring.psychometrics.options import option_curves, option_statistics
from scoring.psychometrics.responses import ResponseMatrix, from_strings

SHEETS = ["AAAA", "AABA", "ABAC", "BACA", "BB-D", "CA.B", "CDB*", "DDD?", "AACB", "BAAA"]


def choices_of(sheets: list[str], right: str = "AAAA") -> Choices:
    matrix = from_strings(sheets, persons=range(len(sheets)), items="abcd", options="ABCD")
    key = Key.single(dict(zip("abcd", right, strict=True)))
    return count_choices(matrix, score(matrix, key), key)


def test_options_agree_with_correlating_choices_by_hand() -> None:
    found = option_statistics(choices_of(SHEETS))
    right = np.array([[mark == "A" for mark in sheet] for sheet in SHEETS], float)
    total = right.sum(axis=1)
    for row in found.rows():
        j = "abcd".index(row.item)
        mark = {"(omit)": "-", "(not reached)": ".", "(double mark)": "*", "(illegible)": "?"}
        chose = np.array([sheet[j] == mark.get(row.option, row.option) for sheet in SHEETS], float)
        assert row.n == chose.sum()
        assert row.p == pytest.approx(chose.mean())
        assert row.mean_total == pytest.approx(total[chose == 1].mean())
        assert row.option_total == pytest.approx(np.corrcoef(chose, total)[0, 1])
        assert row.option_rest == pytest.approx(np.corrcoef(chose, total - right[:, j])[0, 1])
        assert row.is_key == (row.option == "A")


def test_a_keyed_option_nobody_chose_is_shown_all_the_same() -> None:
    rows = list(option_statistics(choices_of(["ABBB", "BABB"], "CAAA")).rows())
    keyed = [row for row in rows if row.item == "a" and row.is_key]
    assert [(row.option, row.n, row.p) for row in keyed] == [("C", 0, 0.0)]
    assert np.isnan(keyed[0].option_total)


@given(st.permutations(range(len(SHEETS))))
def test_no_figure_depends_on_who_is_listed_first(order: list[int]) -> None:
    plain = option_statistics(choices_of(SHEETS))
    mixed = option_statistics(choices_of([SHEETS[i] for i in order]))
    np.testing.assert_array_equal(plain.option_rest, mixed.option_rest)
    np.testing.assert_array_equal(plain.upper, mixed.upper)
    np.testing.assert_array_equal(plain.low, mixed.low)


def test_upper_and_lower_groups_hold_the_share_they_are_named_for() -> None:
    lower, upper = choices_of(SHEETS).extreme_weights(0.27)
    by_score = choices_of(SHEETS).by_score
    assert (lower[0] @ by_score, upper[0] @ by_score) == pytest.approx((2.7, 2.7))


def test_curves_add_up_to_everybody_in_every_group() -> None:
    random = np.random.default_rng(2)
    sheets = ["".join(row) for row in random.choice(list("ABCD-"), (300, 4), p=[0.5, *[0.125] * 4])]
    curves = option_curves(choices_of(sheets), groups=4)
    assert curves.n.sum() == 300
    np.testing.assert_allclose(curves.share.sum(axis=1), 1.0)
    assert (np.diff(curves.mean_total) > 0).all()


def test_nobody_at_all_gives_no_curves(make_matrix: Callable[..., ResponseMatrix]) -> None:
    matrix = from_strings([], persons=[], items="ab")
    key = Key.single({"a": "A", "b": "B"})
    choices = count_choices(matrix, score(matrix, key), key)
    assert option_curves(choices).share.shape[2] == 0
    assert np.isnan(option_statistics(choices).p).all()
