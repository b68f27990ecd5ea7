import pytest

from scoring.intake.layout import read_layout
from scoring.intake.lines import IntakeFault

FIXED = """
format = "fixed"
record = 355
number = [1, 10]
form = [11, 1]
answers = [[40, 100], [200, 50]]
"""


def test_a_layout_says_where_every_field_stands() -> None:
    layout = read_layout(FIXED + 'lines = 5\n[marks]\n"1" = "A"\n"*" = "double"\n')
    assert layout.fields["answers"] == ((40, 100), (200, 50))
    assert (layout.answers_width, layout.row_width) == (150, 71)
    assert layout.marks == {"1": "A", "*": "*"}


@pytest.mark.parametrize(
    ("change", "code", "entry"),
    [
        ('format = "punched"', "layout_entry", "format"),
        ("record = 0", "layout_entry", "record"),
        ("record = true", "layout_entry", "record"),
        ("number = [1]", "layout_entry", "number"),
        ("number = [0, 10]", "layout_entry", "number"),
        ("number = [350, 10]", "layout_beyond", "number"),
        ("lines = 4", "layout_entry", "lines"),
        ('colour = "green"', "layout_entry", "colour"),
        ('encoding = "klingon"', "layout_entry", "encoding"),
        ('blank = "wrong"', "layout_entry", "blank"),
        ('[marks]\n"1" = "Apple"', "layout_entry", "marks.1"),
        ('[marks]\n"12" = "A"', "layout_entry", "marks.12"),
        ("forms = 3", "layout_entry", "forms"),
    ],
)
def test_a_wrong_entry_is_named(change: str, code: str, entry: str) -> None:
    name = change.split(" =")[0]
    kept = [line for line in FIXED.splitlines() if not line.startswith(f"{name} =")]
    with pytest.raises(IntakeFault) as fault:
        read_layout("\n".join([*kept, change]))
    assert (fault.value.code, fault.value.facts["entry"]) == (code, entry)


def test_two_fields_never_share_a_column() -> None:
    with pytest.raises(IntakeFault) as fault:
        read_layout(FIXED.replace("form = [11, 1]", "form = [10, 1]"))
    assert (fault.value.code, fault.value.column) == ("layout_overlap", "10")


def test_what_is_no_toml_says_the_line() -> None:
    with pytest.raises(IntakeFault, match="line 1"):
        read_layout("format: fixed")
