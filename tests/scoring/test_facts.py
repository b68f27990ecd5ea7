import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.facts import ABSENT, HELD, SCORED, Edition, Mark, PaperFacts, Personal, Result
from tests.factories import NOW

PAPER = PaperFacts("วิชาครู", "Teaching", 20, 100, 60, 57_861, 39_276)


def result(*marks: Mark) -> Result:
    edition = Edition("ครั้งที่ 1", "Sitting 1", 1, NOW, "", (PAPER,) * len(marks))
    return Result(edition, Personal("ก", "K", marks))


@given(st.text(), st.text(), st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=4))
def test_what_a_person_is_told_comes_back_from_the_book_as_it_went_in(
    name_th: str, name_en: str, given_marks: list[tuple[int, bool]]
) -> None:
    marks = tuple(Mark(SCORED, score, score, score, passed) for score, passed in given_marks)
    personal = Personal(name_th, name_en, marks)
    assert Personal.from_bytes(personal.to_bytes()) == personal


@pytest.mark.parametrize(
    ("marks", "verdict"),
    [
        ([Mark(SCORED, 60, 56, 64, True)], "passed"),
        ([Mark(SCORED, 59, 55, 63, False)], "not_passed"),
        ([Mark(SCORED, 60, 56, 64, True), Mark(SCORED, 59, 55, 63, False)], "not_passed"),
        ([Mark(SCORED, 60, 56, 64, True), Mark(ABSENT)], "not_passed"),
        ([Mark(ABSENT), Mark(ABSENT)], "absent"),
        ([Mark(SCORED, 60, 56, 64, True), Mark(HELD)], "held"),
    ],
)
def test_the_verdict_over_all_papers(marks: list[Mark], verdict: str) -> None:
    assert result(*marks).verdict == verdict


def test_the_drawing_runs_from_the_lowest_score_to_the_highest() -> None:
    (low,) = result(Mark(SCORED, 20, 20, 24, False)).papers
    (high,) = result(Mark(SCORED, 100, 96, 100, True)).papers
    assert (low.x_score, high.x_score) == (8.0, 332.0)
    assert low.x_cut == 170.0
    assert low.margin == 40
    assert (low.x_label, high.x_label) == (45.0, 295.0)


def test_the_pass_rate_is_that_of_those_with_a_score() -> None:
    assert round(PAPER.pass_rate, 1) == 67.9
    assert PaperFacts("", "", 0, 100, 60, 0, 0).pass_rate == 0
