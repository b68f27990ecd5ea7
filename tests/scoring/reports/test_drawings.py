import pytest

from scoring.reports.drawings import HALF, curves_of, histogram, line, rounded_up, tick_step


def test_a_histogram_has_a_column_for_each_score_that_somebody_has() -> None:
    found = histogram([0, 4, 8, 0, 2], cut=2)
    assert [(bar.raw, bar.people, bar.passed) for bar in found.columns] == [
        (1, 4, False),
        (2, 8, True),
        (4, 2, True),
    ]
    tallest = max(found.columns, key=lambda bar: bar.height)
    assert (tallest.raw, tallest.y) == (2, HALF.top)
    assert all(bar.y + bar.height == pytest.approx(HALF.bottom, abs=0.2) for bar in found.columns)
    assert found.columns[0].x + found.columns[0].width <= found.cut_x <= found.columns[1].x


def test_nobody_and_one_score_draw_an_empty_frame() -> None:
    assert histogram([]).columns == []
    assert histogram([0, 0]).columns == []
    assert [value for value, _y in histogram([1]).levels] == [0, 1]


@pytest.mark.parametrize(("value", "top"), [(5.7, 8), (4.2, 5), (0.31, 0.4), (100, 100), (1, 1)])
def test_an_axis_ends_at_a_number_that_reads_well(value: float, top: float) -> None:
    assert rounded_up(value) == pytest.approx(top)
    assert rounded_up(value) >= value * 0.999


def test_a_line_breaks_where_there_is_no_figure_and_marks_the_one_asked_for() -> None:
    drawn = line([0.0, 1.0, None, 2.0], 2.0, mark=3)
    assert drawn.path.count("M") == 2
    assert drawn.mark == (HALF.right, HALF.top)
    assert line([0.0, None], 1.0, mark=1).mark is None


def test_about_ten_numbers_stand_on_an_axis() -> None:
    for highest in range(1, 700):
        assert highest / tick_step(highest) <= 12


def test_curves_of_published_rows_put_the_key_on_top() -> None:
    options = [
        {"option": "A", "is_key": True, "p": 0.6},
        {"option": "B", "is_key": False, "p": 0.4},
    ]
    drawn = curves_of(options, {"A": [0.2, 0.8], "B": [0.8, None]})
    assert [curve.label for curve in drawn] == ["B", "A"]
    assert drawn[-1].is_key
