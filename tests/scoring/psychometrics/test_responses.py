from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.psychometrics.responses import (
    DOUBLE_MARK,
    ILLEGIBLE,
    NOT_ADMINISTERED,
    NOT_REACHED,
    OMITTED,
    ResponseMatrix,
    SheetLengthWrong,
    UnknownMark,
    concatenate,
    from_strings,
    to_strings,
)


def test_each_mark_keeps_its_own_code(make_matrix: Callable[..., ResponseMatrix]) -> None:
    codes = make_matrix("AE-.*? ").codes[0]
    marks = [OMITTED, NOT_REACHED, DOUBLE_MARK, ILLEGIBLE, NOT_ADMINISTERED]
    assert codes.tolist() == [0, 4, *marks]


@given(st.lists(st.text("ABCDE-.*? ", min_size=7, max_size=7), max_size=20))
def test_sheets_come_back_as_they_were_stored(sheets: list[str]) -> None:
    matrix = from_strings(sheets, persons=range(len(sheets)), items="abcdefg")
    assert to_strings(matrix) == sheets


def test_thai_option_letters_are_read_too() -> None:
    matrix = from_strings(["กข-ง", "คก?."], persons=[1, 2], items="abcd", options="กขคง")
    assert matrix.codes[:, :2].tolist() == [[0, 1], [2, 0]]
    assert to_strings(matrix) == ["กข-ง", "คก?."]


def test_a_sheet_of_the_wrong_length_is_named(make_matrix: Callable[..., ResponseMatrix]) -> None:
    with pytest.raises(SheetLengthWrong, match="Sheet 2 has 2 marks; the exam form has 3 items"):
        make_matrix("ABC", "AB", "ABC")


def test_an_unknown_mark_is_named_by_sheet_and_item(
    make_matrix: Callable[..., ResponseMatrix],
) -> None:
    with pytest.raises(UnknownMark, match=r"Sheet 2, item 3: the mark 'X'"):
        make_matrix("ABC", "ABX")


def test_labels_must_fit_the_codes() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        ResponseMatrix(np.zeros((2, 2), np.uint8), np.arange(3), ("a", "b"), ("A",))
    with pytest.raises(ValueError, match="same name"):
        ResponseMatrix(np.zeros((2, 2), np.uint8), np.arange(2), ("a", "a"), ("A",))


def test_shares_of_a_mark_leave_out_those_not_given_the_item(
    make_matrix: Callable[..., ResponseMatrix],
) -> None:
    shares = make_matrix("A- ", "-- ", "A  ").share_marked(OMITTED)
    assert shares[:2].tolist() == [pytest.approx(1 / 3), 1.0]
    assert np.isnan(shares[2])


def test_two_forms_become_one_matrix_over_all_their_items() -> None:
    x = from_strings(["AB"], persons=["p"], items=["one", "two"], options="AB")
    y = from_strings(["CB", "-A"], persons=["q", "r"], items=["two", "three"], options="BCA")
    both = concatenate([x, y])
    assert both.items == ("one", "two", "three")
    assert to_strings(both) == ["AB ", " CB", " -A"]
