from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.psychometrics.scaling import Anchors, Scale, ScoreTable, round_half_up, score_table

HUNDRED = Scale(Decimal(0), Decimal(100), decimals=2, cut=Decimal(60))
PLAIN = Anchors(Decimal(0), Decimal(0), Decimal(150), Decimal(100))


def table(equated: list[float], scale: Scale = HUNDRED, anchors: Anchors = PLAIN) -> ScoreTable:
    return score_table(np.array(equated, float), anchors, scale)


def test_every_raw_score_of_the_base_form_is_worth_its_share() -> None:
    found = table(list(range(151)))
    assert found.reported(0) == Decimal("0.00")
    assert found.reported(1) == Decimal("0.67")
    assert found.reported(90) == Decimal("60.00")
    assert found.reported(150) == Decimal("100.00")
    assert found.lowest_passing == 90


def test_halves_go_up_in_decimal_not_in_binary() -> None:
    assert round_half_up(Decimal("2.675"), 2) == Decimal("2.68")
    assert round_half_up(Decimal("0.5"), 0) == 1
    assert round_half_up(Decimal("-0.5"), 0) == -1
    whole = Scale(Decimal(0), Decimal(10), decimals=0, cut=Decimal(5))
    anchors = Anchors(Decimal(0), Decimal(0), Decimal(10), Decimal(10))
    assert table([0.1 + 0.2 + 4.2, 4.4999999], whole, anchors).steps.tolist() == [5, 5]
    assert table([4.499999, 4.5], whole, anchors).steps.tolist() == [4, 5]


def test_the_cut_applies_to_the_score_as_it_is_printed() -> None:
    whole = Scale(Decimal(0), Decimal(100), decimals=0, cut=Decimal(60))
    anchors = Anchors(Decimal(0), Decimal(0), Decimal(100), Decimal(100))
    found = table([59.4, 59.5, 60.0], whole, anchors)
    assert found.passes(np.array([0, 1, 2])).tolist() == [False, True, True]
    assert found.reported(1) == 60


def test_a_dip_left_by_equating_costs_nobody_anything() -> None:
    assert table([10, 30, 29, 45]).steps.tolist() == [667, 2000, 2000, 3000]


def test_scores_stay_within_the_scale() -> None:
    assert table([-0.5, 75, 150.5]).steps.tolist() == [0, 5000, 10000]


def test_a_scale_can_run_through_any_two_points() -> None:
    scale = Scale(Decimal(200), Decimal(800), decimals=0, cut=Decimal(500))
    anchors = Anchors(Decimal(90), Decimal(500), Decimal(150), Decimal(800))
    found = table([0, 90, 120, 150], scale, anchors)
    assert found.steps.tolist() == [200, 500, 650, 800]
    assert found.unrounded[0] == 50


def test_nobody_may_pass() -> None:
    assert table([1, 2, 3]).lowest_passing is None


@given(st.lists(st.floats(-0.5, 150.5), min_size=1, max_size=30))
def test_a_higher_raw_score_is_never_worth_less(equated: list[float]) -> None:
    steps = table(equated).steps
    assert (np.diff(steps) >= 0).all()
    assert steps.min() >= 0
    assert steps.max() <= 10_000


@given(st.integers(-10_000, 10_000))
def test_a_score_that_needs_no_rounding_is_left_alone(steps: int) -> None:
    assert round_half_up(Decimal(steps).scaleb(-2), 2) == Decimal(steps).scaleb(-2)


@pytest.mark.parametrize(
    ("lowest", "highest", "cut"), [(0, 100, 101), (50, 50, 50), (0, 100, Decimal("59.995"))]
)
def test_a_scale_that_cannot_be_is_refused(lowest: int, highest: int, cut: Decimal) -> None:
    with pytest.raises(ValueError, match=r"cut score|decimals"):
        Scale(Decimal(lowest), Decimal(highest), decimals=2, cut=Decimal(cut))


def test_a_scale_that_falls_or_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="worth more"):
        Anchors(Decimal(0), Decimal(100), Decimal(150), Decimal(0))
    with pytest.raises(ValueError, match="Two different"):
        Anchors(Decimal(5), Decimal(0), Decimal(5), Decimal(9))


def test_an_equated_score_must_exist() -> None:
    with pytest.raises(ValueError, match="does not exist"):
        table([1.0, float("nan")])
