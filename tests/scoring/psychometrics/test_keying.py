from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.psychometrics.keying import (
    NO_CREDIT,
    ItemKey,
    ItemWithoutKey,
    Key,
    Rule,
    ScoredMatrix,
    score,
)
from scoring.psychometrics.responses import ResponseMatrix, from_strings

Make = Callable[..., ResponseMatrix]


def test_only_the_keyed_option_earns_credit(make_matrix: Make) -> None:
    scored = score(make_matrix("ABCDE-.*?"), Key.single({f"i{j}": "B" for j in range(9)}))
    assert scored.credit[0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert scored.total.tolist() == [1]


def test_an_item_not_administered_is_neither_right_nor_wrong(make_matrix: Make) -> None:
    scored = score(make_matrix("A ", " A"), Key.single({"i0": "A", "i1": "A"}))
    assert scored.credit.tolist() == [[1, NO_CREDIT], [NO_CREDIT, 1]]
    assert scored.total.tolist() == scored.possible.tolist() == [1, 1]
    assert not scored.complete


def test_every_rule_of_a_key(make_matrix: Make) -> None:
    key = Key(
        (
            ItemKey("i0", ("A", "C")),
            ItemKey("i1", (), Rule.EVERYONE),
            ItemKey("i2", ("B",), Rule.DROPPED),
            ItemKey("i3", ("D",), weight=3),
        )
    )
    scored = score(make_matrix("A-BD", "CABA", "BCAD", "A   "), key)
    assert scored.credit.tolist() == [
        [1, 1, 1, 3],
        [1, 1, 1, 0],
        [0, 1, 0, 3],
        [1, NO_CREDIT, NO_CREDIT, NO_CREDIT],
    ]
    assert scored.total.tolist() == [5, 2, 4, 1]
    assert scored.possible.tolist() == [5, 5, 5, 1]
    assert scored.counted.tolist() == [True, True, False, True]


def test_every_item_without_a_key_is_named(make_matrix: Make) -> None:
    with pytest.raises(ItemWithoutKey, match="No key for i1, i2"):
        score(make_matrix("ABC"), Key.single({"i0": "A"}))


def test_a_new_version_of_a_key_changes_only_what_it_names() -> None:
    key = Key.single({"a": "A", "b": "B"})
    changed = key.replace(ItemKey("b", ("B", "C")))
    assert changed.by_item["b"].right == ("B", "C")
    assert changed.by_item["a"] == key.by_item["a"]
    assert key.by_item["b"].right == ("B",)
    with pytest.raises(ItemWithoutKey):
        key.replace(ItemKey("c", ("A",)))


@pytest.mark.parametrize("weight", [0, 251])
def test_a_weight_must_fit_whole_credit(weight: int) -> None:
    with pytest.raises(ValueError, match="weight"):
        ItemKey("a", ("A",), weight=weight)


@given(
    sheets=st.lists(st.text("ABCD-.*? ", min_size=5, max_size=5), min_size=1, max_size=30),
    right=st.text("ABCD", min_size=5, max_size=5),
)
def test_scoring_agrees_with_reading_each_sheet_by_hand(sheets: list[str], right: str) -> None:
    matrix = from_strings(sheets, persons=range(len(sheets)), items="abcde", options="ABCD")
    scored = score(matrix, Key.single(dict(zip("abcde", right, strict=True))))
    by_hand = [sum(mark == key for mark, key in zip(s, right, strict=True)) for s in sheets]
    assert scored.total.tolist() == by_hand


def test_dichotomous_items_are_told_from_the_credit_given(
    make_scored: Callable[..., ScoredMatrix],
) -> None:
    scored = make_scored([[0, 0, 2, None], [1, 2, 1, 1], [None, 0, 0, 1]])
    assert scored.dichotomous.tolist() == [True, True, False, True]
    assert np.array_equal(scored.maximum, [1, 2, 2, 1])
