from pathlib import Path

import numpy as np
import pytest

from scoring.psychometrics.responses import OMITTED
from scoring.psychometrics.tables import (
    TableError,
    read_groups,
    read_key,
    read_responses,
    read_scores,
)

GOOD = "person,one,two\np,A,B\nq,,A\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "R.csv"


def fault(file: Path, text: str | bytes, read: object = read_responses) -> str:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(TableError) as caught:
        read(file)  # type: ignore[operator]
    return str(caught.value)


def test_answers_are_read_with_labels_as_they_stand(file: Path) -> None:
    file.write_text('person,one,"two, too"\np,9,ก\n\nq,,10\n', "utf-8")
    matrix = read_responses(file)
    assert matrix.items == ("one", "two, too")
    assert matrix.persons.tolist() == ["p", "q"]
    assert matrix.options == ("10", "9", "ก")
    assert matrix.codes.tolist() == [[1, 2], [OMITTED, 0]]


def test_blanks_around_an_answer_do_not_make_it_another_answer(file: Path) -> None:
    file.write_text("person,one,two\np, A,A \nq,  ,A\n")
    assert read_responses(file).codes.tolist() == [[0, 0], [OMITTED, 0]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp874"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_thai_offices_save_is_read(
    file: Path, encoding: str, separator: str, line_end: str
) -> None:
    lines = ["person,ข้อ 1,ข้อ 2", "สมชาย,ก,ข", "สมหญิง,,ก"]
    file.write_bytes(line_end.join(lines).replace(",", separator).encode(encoding))
    matrix = read_responses(file)
    assert matrix.items == ("ข้อ 1", "ข้อ 2")
    assert matrix.persons.tolist() == ["สมชาย", "สมหญิง"]
    assert matrix.options == ("ก", "ข")


def test_scores_are_whole_numbers_and_blanks_are_not_administered(file: Path) -> None:
    file.write_text("Person,one,two,three\np,1,2.0,\nq,0,,๑\n", "utf-8")
    scored = read_scores(file)
    assert scored.credit.tolist() == [[1, 2, 255], [0, 255, 1]]
    assert scored.maximum.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "R.csv: the file is empty."),
        ("\n \n", "R.csv: the file is empty."),
        ("person,one\n", "R.csv: there is nobody below the header."),
        ("person\np\n", "R.csv, row 1: there is no answer column beside 'person'."),
        ("id,one\np,A\n", "R.csv, row 1: the first column is 'id'; it must be 'person'."),
        ("person,one,one\np,A,B\n", "R.csv, row 1, column one: the item 'one' stands there twice."),
        ("person,one,\np,A,B\n", "R.csv, row 1, column 3: the name of the item is empty."),
        (GOOD + "r,A\n", "R.csv, row 4: the row has 2 cells; the header has 3."),
        (GOOD + "r,A,B,C\n", "R.csv, row 4: the row has 4 cells; the header has 3."),
        (GOOD + "p,A,B\n", "R.csv, row 4, column person: the person 'p' is in row 2 already."),
        (GOOD + ",A,B\n", "R.csv, row 4, column person: the person is empty."),
        (GOOD + '"r,A,B', "R.csv, row 4: the row cannot be read (unexpected end of data)."),
        (b"\x00\x01\xfe", "this is not text in UTF-8 or Windows-874; save it as CSV UTF-8."),
    ],
)
def test_every_fault_of_a_file_of_answers_is_one_sentence_with_its_place(
    file: Path, text: str | bytes, sentence: str
) -> None:
    assert fault(file, text).endswith(sentence)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("x", "'x' is not a score; leave the cell empty where the item was not administered."),
        ("NA", "'NA' is not a score; leave the cell empty where the item was not administered."),
        ("-1", "'-1' is not a whole score from 0 to 250."),
        ("0.5", "'0.5' is not a whole score from 0 to 250."),
        ("nan", "'nan' is not a whole score from 0 to 250."),
        ("251", "'251' is not a whole score from 0 to 250."),
    ],
)
def test_what_is_no_score_is_named_by_row_and_column(file: Path, cell: str, sentence: str) -> None:
    found = fault(file, f"person,one,two\np,1,0\nq,0,{cell}\n", read_scores)
    assert found == f"R.csv, row 3, column two: {sentence}"


def test_free_text_is_not_taken_for_options(file: Path) -> None:
    rows = "".join(f"p{n},word{n}\n" for n in range(300))
    found = fault(file, "person,essay\n" + rows)
    assert (
        found
        == "R.csv, row 252, column essay: 'word250' is the 251st different answer of the file."
    )


def test_a_missing_file_and_a_folder_are_said_so(file: Path, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"R.csv: there is no such file\."):
        read_responses(file)
    with pytest.raises(TableError, match=r"cannot be read \("):
        read_responses(tmp_path)


def test_a_key_may_hold_several_right_answers(file: Path) -> None:
    file.write_text("item,key\ntwo,B\none,A|C\n")
    key = read_key(file, ["one", "two"])
    assert [item_key.right for item_key in key.item_keys] == [("A", "C"), ("B",)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("item,key\none,A\n", "R.csv: there is no key for 'two'."),
        ("item,key\none,A\nsix,B\n", "R.csv, row 3, column item: the answers hold no item 'six'."),
        (
            "item,key\none,A\none,B\n",
            "R.csv, row 3, column item: the item 'one' has a key already.",
        ),
        ("item,key\none,\n", "R.csv, row 2, column key: the key of 'one' is empty."),
        (
            "item,right\none,A\n",
            "R.csv, row 1: there is no column 'key'; there are 'item', 'right'.",
        ),
    ],
)
def test_every_fault_of_a_key_is_one_sentence_with_its_place(
    file: Path, text: str, sentence: str
) -> None:
    assert fault(file, text, lambda path: read_key(path, ["one", "two"])) == sentence


def test_groups_are_matched_by_person_in_any_order(file: Path) -> None:
    file.write_text("person,sex\nq,f\np,m\nr,f\n")
    persons = np.array(["p", "q"], object)
    assert read_groups(file, "sex", persons, "f").tolist() == [False, True]
    with pytest.raises(TableError, match=r"column sex: nobody has the value 'x'\."):
        read_groups(file, "sex", persons, "x")
    with pytest.raises(TableError, match=r"1 persons are missing, 'z' first\."):
        read_groups(file, "sex", np.array(["p", "z"], object), "f")
