import pytest

from scoring.intake.fixed import read_fixed
from scoring.intake.layout import read_layout
from scoring.intake.lines import FormPlan, IntakeFault

PLANS = {"A": FormPlan(("a", "b", "c", "d", "e"), ("ABCDE",) * 5)}
LAYOUT = read_layout(
    """
    format = "fixed"
    record = 30
    number = [1, 10]
    form = [11, 1]
    answers = [[21, 3], [26, 2]]
    [marks]
    "1" = "A"
    "2" = "B"
    "#" = "double"
    [forms]
    "1" = "A"
    """
)


def record(number: str = "1000203693", form: str = "1", answers: str = "12#1?") -> str:
    """Thai words stand between the fields, one byte a letter in the old encoding."""
    return f"{number}{form}ครูสมใจ  {answers[:3]}ok{answers[3:]}end"


def test_every_field_is_read_at_its_columns() -> None:
    read = read_fixed(f"{record()}\r\n{record()}\r\n".encode(), PLANS, LAYOUT)
    assert [(line.line, line.number, line.form, line.answers) for line in read.lines] == [
        (1, "1000203693", "A", "AB*A?"),
        (2, "1000203693", "A", "AB*A?"),
    ]


def test_thai_of_the_old_encoding_keeps_its_columns() -> None:
    read = read_fixed(record().encode("cp874"), PLANS, LAYOUT)
    assert read.encoding == "cp874"
    assert read.lines[0].answers == "AB*A?"


def test_a_blank_before_the_last_mark_is_left_out_and_after_it_not_reached() -> None:
    read = read_fixed(record(answers=" 1 2 ").encode(), PLANS, LAYOUT)
    assert read.lines[0].answers == "-A-B."


def test_a_record_may_be_cut_into_rows_of_equal_length() -> None:
    layout = read_layout(
        'format = "fixed"\nrecord = 30\nlines = 3\nnumber = [1, 10]\nform = [11, 1]\n'
        'answers = [21, 5]\n[forms]\n"1" = "A"\n'
    )
    rows = "1000203693\n1         \nABCDE     \n" * 2
    read = read_fixed(rows.encode(), PLANS, layout)
    assert [(line.line, line.answers) for line in read.lines] == [(1, "ABCDE"), (4, "ABCDE")]
    with pytest.raises(IntakeFault) as fault:
        read_fixed(rows[:50].encode(), PLANS, layout)
    assert (fault.value.code, fault.value.row) == ("row_short", 5)


@pytest.mark.parametrize(
    ("text", "code", "row", "column"),
    [
        (record() + "\n" + record()[:17], "row_short", 2, "18"),
        (record() + "\n" + "x" * 355, "row_long", 2, "31"),
        ("", "empty", 0, ""),
        (record("=HYPERLIN("), "formula", 1, "1"),
    ],
)
def test_a_wrong_record_is_told_with_row_and_column(
    text: str, code: str, row: int, column: str
) -> None:
    with pytest.raises(IntakeFault) as fault:
        read_fixed(text.encode(), PLANS, LAYOUT)
    assert (fault.value.code, fault.value.row, fault.value.column) == (code, row, column)


def test_a_layout_of_another_exam_is_refused_before_a_row_is_read() -> None:
    other = {"A": FormPlan(("a", "b"), ("AB", "AB"))}
    with pytest.raises(IntakeFault) as fault:
        read_fixed(record().encode(), other, LAYOUT)
    assert fault.value.facts == {"found": 5, "wanted": "2"}


def test_a_shorter_form_leaves_the_rest_of_the_sheet_empty() -> None:
    plans = PLANS | {"B": FormPlan(("a", "c", "e"), ("ABCDE",) * 3)}
    read = read_fixed(record(form="B", answers="21   ").encode(), plans, LAYOUT)
    assert read.lines[0].answers == "BA."
    too_many = read_fixed(record(form="B", answers="21 1 ").encode(), plans, LAYOUT)
    assert too_many.lines[0].answers == "BA-A."
