from hypothesis import given
from hypothesis import strategies as st

from scoring.models import OptionStatistic
from scoring.queries.results import Outcomes
from scoring.views import charts


def option(letter: str, curve: list[float | None], *, is_key: bool = False) -> OptionStatistic:
    return OptionStatistic(option=letter, curve=curve, is_key=is_key, p=0.2)


def test_a_curve_runs_from_the_left_edge_to_the_right_and_upwards() -> None:
    (curve,) = charts.option_curves([option("A", [0.0, 50.0, 100.0], is_key=True)])
    assert curve.points == [(46.0, 252.0), (196.0, 140.0), (346.0, 28.0)]
    assert curve.path == "M46.0 252.0 L196.0 140.0 L346.0 28.0"


def test_a_curve_breaks_where_there_is_no_figure() -> None:
    path, points = charts.path_of([10.0, None, 20.0, 30.0], charts.BIG)
    assert path.count("M") == 2
    assert len(points) == 3


def test_the_key_is_drawn_last_and_thickest() -> None:
    drawn = charts.option_curves([option("A", [1.0, 2.0], is_key=True), option("B", [3.0, 4.0])])
    assert [curve.label for curve in drawn] == ["B", "A"]
    assert drawn[-1].is_key


def test_rare_marks_are_not_drawn() -> None:
    rare = option("(omit)", [0.1, 0.1])
    rare.p = 0.01
    assert charts.option_curves([rare, option("A", [1.0, 2.0])])[0].label == "A"
    rare.p = 0.05
    assert len(charts.option_curves([rare, option("A", [1.0, 2.0])])) == 2


@given(st.lists(st.floats(20, 252), min_size=1, max_size=7))
def test_labels_never_touch_and_keep_their_order(wanted: list[float]) -> None:
    placed = charts.pushed_apart(wanted)
    for first, second in zip(sorted(placed), sorted(placed)[1:], strict=False):
        assert second - first >= charts.LABEL_GAP - 0.11
    ranks = sorted(range(len(wanted)), key=lambda n: wanted[n])
    assert [placed[n] for n in ranks] == sorted(placed)


def test_the_columns_of_a_distribution_stand_on_their_scores() -> None:
    drawing = charts.distribution([(0, 5), (60, 10), (100, 1)], low=0, high=100, cut=60)
    assert [bar.passed for bar in drawing.bars] == [False, True, True]
    assert drawing.bars[1].height == 144
    assert drawing.bars[0].height == 72
    assert drawing.bars[1].x > drawing.cut_x - 1
    assert drawing.bars[0].x + drawing.bars[0].width < drawing.cut_x
    assert [score for score, _x in drawing.ticks] == list(range(0, 101, 10))


def test_an_empty_distribution_is_an_empty_drawing() -> None:
    assert charts.distribution([], low=0, high=100, cut=60).bars == []


def test_the_bar_of_outcomes_is_as_wide_as_everybody() -> None:
    counted = Outcomes(seats=1000, scored=900, absent=90, held=10, passed=600)
    shares = charts.outcome_shares(counted)
    assert len(shares) == 3
    assert shares[0].width == 719
    assert shares[-1].x + shares[-1].width <= 800
    assert counted.lost == 0
    assert counted.failed == 300


def test_near_the_cut_the_line_stands_between_fail_and_pass() -> None:
    drawing = charts.near_cut([(58, 4), (59, 2), (60, 8), (61, 6)], 60)
    failed = [bar for bar in drawing.bars if not bar.passed]
    passed = [bar for bar in drawing.bars if bar.passed]
    assert max(bar.x + bar.width for bar in failed) <= drawing.cut_x
    assert drawing.cut_x <= min(bar.x for bar in passed)
