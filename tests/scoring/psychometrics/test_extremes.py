from collections.abc import Callable

import numpy as np
import pytest

from scoring.psychometrics.extremes import upper_lower, upper_lower_by_rank
from scoring.psychometrics.keying import ScoredMatrix, from_scores

Scored = Callable[..., ScoredMatrix]


def people(count: int = 300, items: int = 9) -> np.ndarray:
    random = np.random.default_rng(3)
    ability = random.standard_normal((count, 1))
    return (random.standard_normal((count, items)) < ability).astype(np.uint8)


def test_groups_of_whole_people_agree_with_sorting_by_hand(make_scored: Scored) -> None:
    rows = [[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    found = upper_lower(make_scored(rows), share=0.25)
    assert found.tolist() == [1, 1, 1, 1]
    assert upper_lower(make_scored(rows), share=0.5).tolist() == [0.5, 1, 1, 0.5]


def test_equal_scores_at_the_border_enter_by_the_part_that_fits(make_scored: Scored) -> None:
    """A quarter of eight is two: one with two marks, and half of each of two with one mark."""
    rows = [[1, 1], [1, 0], [0, 1], *[[0, 0]] * 5]
    assert upper_lower(make_scored(rows), share=0.25).tolist() == [0.75, 0.75]


def test_only_the_figure_of_other_programs_depends_on_who_is_listed_first() -> None:
    x = people()
    order = np.random.default_rng(1).permutation(len(x))
    names = [f"i{j}" for j in range(x.shape[1])]
    plain = from_scores(x, persons=np.arange(len(x)), items=names)
    mixed = from_scores(x[order], persons=order, items=names)
    np.testing.assert_allclose(upper_lower(plain), upper_lower(mixed), rtol=1e-12)
    assert not np.allclose(upper_lower_by_rank(plain), upper_lower_by_rank(mixed))
    np.testing.assert_allclose(upper_lower(plain), upper_lower_by_rank(plain), atol=0.08)


def test_who_was_not_given_an_item_is_not_counted_in_it(make_scored: Scored) -> None:
    rows = [[1, None], [1, 1], [0, 0], [0, None]]
    assert upper_lower(make_scored(rows), share=0.5).tolist() == [1, 1]
    assert np.isnan(upper_lower(make_scored([[1, None], [0, None]]))[1])


def test_nobody_gives_no_figure_and_no_warning() -> None:
    nobody = from_scores(np.zeros((0, 3), np.uint8), persons=[], items="abc")
    assert np.isnan(upper_lower(nobody)).all()
    assert np.isnan(upper_lower_by_rank(nobody)).all()
    assert upper_lower(nobody).shape == (3,)


@pytest.mark.parametrize("share", [0.1, 0.27, 0.5])
def test_it_lies_between_minus_one_and_one(make_scored: Scored, share: float) -> None:
    found = upper_lower(make_scored(people()), share)
    assert ((found >= -1) & (found <= 1)).all()
