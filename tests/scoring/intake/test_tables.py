import pytest

from scoring.intake.layout import read_layout
from scoring.intake.lines import FormPlan, IntakeFault
from scoring.intake.tables import read_csv, read_table

PLANS = {
    "A": FormPlan(("t1", "t2", "t3"), ("ABCD", "ABCD", "ABCDE")),
    "B": FormPlan(("t3", "t9"), ("ABCDE", "AB")),
}
ITEMS = "number,form,t9,t3,t2,t1\n"


def answers(text: str, layout: str = "") -> list[str]:
    read = read_csv(text.encode(), PLANS, read_layout(layout) if layout else None)
    return [line.answers for line in read.lines]


def test_answers_in_one_column_are_kept_as_they_stand() -> None:
    assert answers("number,form,answers,name\n1,A,A-*,x\n2,A, .?,y\n") == ["A-*", " .?"]


def test_columns_by_item_are_put_in_the_order_of_each_form() -> None:
    assert answers(ITEMS + "1,A,,C,B,A\n2,B,B,E,,\n") == ["ABC", "EB"]


def test_columns_by_place_are_read_in_their_order() -> None:
    assert answers("number,form,Q3,Q1,Q2\n1,A,C,A,B\n2,B,,E,B\n") == ["ABC", "EB"]


def test_blank_omitted_not_reached_double_and_illegible_stay_apart() -> None:
    row = "number,form,1,2,3\n"
    assert answers(row + "1,A,,B,\n2,A,AC,?,-\n3,A,.,*,a\n") == ["-B.", "*?-", ".*A"]


def test_a_layout_renames_headings_marks_and_forms() -> None:
    layout = """
        format = "csv"
        number = "เลขที่"
        form = "ชุด"
        answers = ["ข1", "ข2", "ข3"]
        blank = "not_administered"
        trailing_blanks = "omitted"
        [marks]
        "1" = "A"
        "9" = "illegible"
        [forms]
        "001" = "A"
    """
    text = "เลขที่;ชุด;ข1;ข2;ข3\n77;001;;1;9\n78;001;1;;\n"
    read = read_csv(text.encode("cp874"), PLANS, read_layout(layout))
    assert [(line.number, line.form, line.answers) for line in read.lines] == [
        ("77", "A", " A?"),
        ("78", "A", "A--"),
    ]


def test_thai_letters_and_thai_headings_of_an_old_encoding_are_understood() -> None:
    text = "เลขประจำตัวผู้สมัคร,ชุดข้อสอบ,คำตอบ\n1,A,กขค\n".encode("tis-620")
    read = read_csv(text, PLANS)
    assert (read.encoding, read.lines[0].answers) == ("cp874", "ABC")


def test_a_sheet_without_a_form_is_read_by_the_form_its_answers_fit() -> None:
    assert answers(ITEMS + "1,,A,B,,\n") == ["BA"]


@pytest.mark.parametrize(
    ("text", "code", "row", "column"),
    [
        ("number,answers\n1,ABC\n", "no_column", 1, "1"),
        ("number,form,answers\n1,A\n", "uneven_row", 2, "C"),
        ("number,form,answers\n1,A,ABC\n2,A,A,B\n", "uneven_row", 3, "D"),
        ("number,form,answers,form\n", "heading_twice", 1, "D"),
        ("number,form,answers\n", "empty", 0, ""),
        ("number,form,answers\n=1+1,A,ABC\n", "formula", 2, "A"),
        ("number,form,answers\n1.000203693E+09,A,ABC\n", "scientific", 2, "A"),
        ("number,form,answers\n1,A,ABC\n2,A,AB", "truncated", 3, "C"),
        ('number,form,answers\n1,A,"ABC\n', "row_unreadable", 2, "1"),
        ("number,form,1,2,3\n1,A,A,=cmd|x,C\n", "formula", 2, "D"),
        ("number,form,1,2,3\n1,A,A,yes,C\n", "cell_unknown", 2, "D"),
        ("number,form,1,3\n1,A,A,B\n", "no_column", 1, "1"),
        ("number,form,1,2\n1,A,A,B\n", "too_few_places", 2, "1"),
        ("number,form,t1,t2\n1,A,A,B\n", "item_without_column", 2, "1"),
        (ITEMS + "1,A,B,C,B,A\n", "answer_to_no_item", 2, "C"),
        (ITEMS + "1,Z,B,C,B,A\n", "form_unknown", 2, "B"),
    ],
)
def test_a_fault_is_told_with_row_and_column(text: str, code: str, row: int, column: str) -> None:
    with pytest.raises(IntakeFault) as fault:
        answers(text)
    assert (fault.value.code, fault.value.row, fault.value.column) == (code, row, column)


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"number\0form", b"", b"a,b\n\xff\xff\xff,\xdb"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(IntakeFault, match=r"not_text|empty"):
        read_csv(content, PLANS)


def test_numbers_of_a_workbook_lose_their_fraction() -> None:
    rows = [(1, ["number", "form", "answers"]), (4, [1000203693.0, "A", "ABC"])]
    line = read_table(rows, PLANS).lines[0]
    assert (line.line, line.number) == (4, "1000203693")
