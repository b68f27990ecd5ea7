"""Answers in every format, and files that must not get in."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.utils import translation

from centres.common.sheets import (
    NotASpreadsheet,
    SpreadsheetBroken,
    SpreadsheetHasFormula,
    SpreadsheetTooLarge,
    unpacking,
    write_xlsx,
)
from scoring.actions.responses import ingest_response_file
from scoring.errors import (
    CellUnreadable,
    CountDiffers,
    FileTakenBefore,
    FileUnreadable,
    LayoutDoesNotFit,
    LayoutUnreadable,
)
from scoring.models import AnswerSheet, FormItem, ResponseException, ResponseFile
from tests.factories import NOW
from tests.scoring.conftest import ITEMS, Sat

LAYOUT = f"""
format = "fixed"
record = 355
number = [1, 10]
form = [11, 1]
answers = [40, {ITEMS}]
"""


def take_in(sat: Sat, content: bytes, **options: object) -> ResponseFile:
    path = sat.folder / "answers"
    path.write_bytes(content)
    return ingest_response_file(
        sitting=sat.sitting,
        path=path,
        by=sat.examiner,
        at=NOW,
        **options,  # type: ignore[arg-type]
    )


def stored(sat: Sat) -> dict[str, tuple[str, str]]:
    rows = AnswerSheet.objects.values_list("registration__number", "form__code", "answers")
    return {number: (form, answers) for number, form, answers in rows}


def workbook(sat: Sat) -> bytes:
    path = sat.folder / "wide.xlsx"
    header = ["number", "form", *map(str, range(1, ITEMS + 1))]
    write_xlsx(path, header, [(number, form, *answers) for number, form, answers in sat.rows()])
    return path.read_bytes()


def fixed(sat: Sat) -> bytes:
    rows = [f"{number}{form}{'ชื่อผู้สอบ':<28}{answers}" for number, form, answers in sat.rows()]
    return "\r\n".join(f"{row:<355}" for row in rows).encode("cp874")


def sessions(sat: Sat) -> bytes:
    """Options turned round on every screen, items met from the last to the first."""
    lines = []
    for number, form, answers in sat.rows():
        places = FormItem.objects.filter(form__code=form).order_by("-position")
        codes = list(places.values_list("item__code", flat=True))
        responses = [
            {"item": code, "shown": "EDCBA", "chosen": 5 - "ABCDE".index(mark)}
            for code, mark in zip(codes, reversed(answers), strict=True)
        ]
        lines.append({"number": number, "form": form, "order": codes, "responses": responses})
    return "\n".join(map(json.dumps, lines)).encode()


@pytest.mark.parametrize("shape", ["xlsx", "fixed", "jsonl"])
def test_every_format_gives_the_same_sheets(sat: Sat, shape: str) -> None:
    make = {"xlsx": workbook, "fixed": fixed, "jsonl": sessions}[shape]
    file = take_in(sat, make(sat), layout=LAYOUT if shape == "fixed" else "", expected=23)
    assert (file.format, file.lines, file.sheets) == (shape, 23, 23)
    assert stored(sat) == sat.sheets


def test_a_file_of_the_old_thai_encoding_is_read_and_says_so(sat: Sat) -> None:
    rows = "".join(f"{n},{form},{answers},สมใจ\n" for n, form, answers in sat.rows())
    file = take_in(sat, f"number,form,answers,ชื่อ\n{rows}".encode("tis-620"))
    assert (file.encoding, file.sheets) == ("cp874", 23)


def test_a_sheet_without_a_single_mark_waits_for_a_person(sat: Sat) -> None:
    (number, form, _answers), *rest = sat.rows()
    sat.ingest([(number, form, "-" * ITEMS), *rest])
    assert ResponseException.objects.get().kind == "nothing_marked"


def refused(sat: Sat, error: type[Exception], content: bytes, **options: object) -> str:
    with translation.override("en"), pytest.raises(error) as refusal:
        take_in(sat, content, **options)
    assert not AnswerSheet.objects.exists()
    assert not ResponseFile.objects.exists()
    with translation.override("en"):
        return str(refusal.value)


def test_a_355_column_record_with_the_wrong_layout_is_told_by_row_and_column(sat: Sat) -> None:
    short = LAYOUT.replace("355", "150")
    assert "row 1, column 151" in refused(sat, CellUnreadable, fixed(sat), layout=short)
    shifted = LAYOUT.replace("[1, 10]", "[2, 9]").replace("[11, 1]", "[1, 1]")
    said = refused(sat, LayoutDoesNotFit, fixed(sat), layout=shifted)
    assert "row 1, column 1" in said
    assert "23 of 23" in said
    other = LAYOUT.replace(f"[40, {ITEMS}]", "[40, 150]")
    assert "150 answers" in refused(sat, LayoutUnreadable, fixed(sat), layout=other)


def test_a_file_of_another_sitting_is_not_taken_for_exceptions(sat: Sat) -> None:
    rows = "".join(f"{1000000000 + n},A,{'A' * ITEMS}\n" for n in range(30))
    said = refused(sat, LayoutDoesNotFit, f"number,form,answers\n{rows}".encode())
    assert "30 of 30" in said


def test_a_truncated_file_is_recognised_in_every_format(sat: Sat) -> None:
    rows = "".join(",".join(row) + "\n" for row in sat.rows())
    plain = f"number,form,answers\n{rows}".encode()
    assert "row 24, column C" in refused(sat, CellUnreadable, plain[:-5])
    assert "row 24, column B" in refused(sat, CellUnreadable, plain[: -ITEMS - 4])
    assert "row 23" in refused(sat, CellUnreadable, fixed(sat)[:-9], layout=LAYOUT)
    assert "row 23" in refused(sat, CellUnreadable, sessions(sat)[:-9])
    refused(sat, SpreadsheetBroken, workbook(sat)[:-900])
    assert "23 sheets" in refused(sat, CountDiffers, plain, expected=24)


def test_bombs_and_formulas_stay_outside(sat: Sat) -> None:
    said = refused(sat, CellUnreadable, b"number,form,answers\n=HYPERLINK(1),A,ABC\n")
    assert "row 2, column A" in said
    sheet = b'<worksheet><sheetData><row r="3"><c r="B3"><f>1+1</f><v>2</v></c></row></sheetData>'
    whole = sheet + b"</worksheet>"
    assert "cell B3" in refused(sat, SpreadsheetHasFormula, rebuilt(workbook(sat), whole))
    far = b'<worksheet><sheetData><row r="1"><c r="A1"/><c r="XFD1048576"/></row></sheetData>'
    refused(sat, SpreadsheetTooLarge, rebuilt(workbook(sat), far + b"</worksheet>"))
    refused(sat, SpreadsheetBroken, rebuilt(workbook(sat), sheet.replace(b"<f>1+1</f>", b"")))
    refused(sat, NotASpreadsheet, rebuilt(workbook(sat), whole, leave="xl/workbook.xml"))
    refused(sat, FileUnreadable, b"%PDF-1.7 something")


def test_a_workbook_that_is_refused_is_called_by_the_name_it_was_sent_under(sat: Sat) -> None:
    broken = workbook(sat)[:-900]
    said = refused(sat, SpreadsheetBroken, broken, name="room 5.xlsx")
    assert said.startswith("room 5.xlsx is damaged")


def rebuilt(content: bytes, sheet: bytes, leave: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if name != leave:
                is_sheet = name.startswith("xl/worksheets/")
                new.writestr(name, sheet if is_sheet else old.read(name))
    return made.getvalue()


def test_a_long_workbook_is_read_in_pieces_as_it_would_be_whole(
    sat: Sat, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "long.xlsx"
    write_xlsx(path, ["a", "b"], [(str(n), None if n % 3 else "x") for n in range(300)])
    whole = list(unpacking.xlsx_rows(path, unpacked=unpacking.MAX_UNPACKED))
    monkeypatch.setattr(unpacking, "CHUNK", 1000)
    monkeypatch.setattr(unpacking, "BLOCK", 2000)
    pieces = list(unpacking.xlsx_rows(path, unpacked=unpacking.MAX_UNPACKED))
    assert [(number, row[0]) for number, row in pieces] == [(n, r[0]) for n, r in whole]
    assert len(pieces) == 301


def test_the_same_file_is_recognised_under_another_name(sat: Sat) -> None:
    content = workbook(sat)
    take_in(sat, content)
    with pytest.raises(FileTakenBefore):
        take_in(sat, content, name="again.xlsx")
