"""Spreadsheets: what is read, what is refused, what goes back to the sender."""

import hashlib
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from centres.common import sheets
from centres.common.sheets import reading

THAI_ROWS = [["ชื่อ", "จังหวัด"], ["ขวัญข้าว", "เชียงใหม่"], ["น้ำฝน", "ลำพูน"]]


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    def make(*rows: list[object], name: str = "in.xlsx") -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return make


def rebuilt(source: Path, target: Path, sheet_xml: bytes) -> Path:
    """The same workbook with another first sheet."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            is_sheet = name == "xl/worksheets/sheet1.xml"
            new.writestr(name, sheet_xml if is_sheet else old.read(name))
    return target


def test_a_workbook_is_read_with_its_row_numbers(workbook: Callable[..., Path]) -> None:
    path = workbook(
        ["name", "born", "number"], ["ขวัญข้าว", date(2001, 2, 28), 3100600445635], [], ["น้ำฝน"]
    )
    sheet = sheets.read_sheet(path)
    assert sheet.header == ("name", "born", "number")
    assert sheet.rows[0] == ["ขวัญข้าว", date(2001, 2, 28), 3100600445635.0]
    assert sheet.rows[1:] == [[None, None, None], ["น้ำฝน", None, None]]
    assert [sheet.row_number(index) for index in range(3)] == [2, 3, 4]


def test_empty_rows_above_the_headings_are_counted(workbook: Callable[..., Path]) -> None:
    sheet = sheets.read_sheet(workbook([], [None], ["name"], ["a"]))
    assert (sheet.header, sheet.row_number(0)) == (("name",), 4)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp874"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_text_file_is_read_in_every_usual_encoding(
    tmp_path: Path, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in THAI_ROWS).encode(encoding))
    sheet = sheets.read_sheet(path)
    assert [list(sheet.header), *sheet.rows] == THAI_ROWS


def test_a_value_beyond_the_headings_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,b\n1,2,3\n")
    assert sheets.read_sheet(path).rows == [["1", "2", "3"]]


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("photo.xlsx", b"\xff\xd8\xff\xe0\x00\x10JFIF", sheets.NotASpreadsheet),
        ("letter.csv", b"%PDF-1.7 ...", sheets.NotASpreadsheet),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", sheets.NotASpreadsheet),
        ("empty.csv", b"", sheets.SpreadsheetEmpty),
        ("blank.csv", b"\n\n,,\n", sheets.SpreadsheetEmpty),
        ("headings.csv", b"name,number\n", sheets.SpreadsheetEmpty),
        ("torn.xlsx", b"PK\x03\x04 and then nothing", sheets.SpreadsheetBroken),
    ],
)
def test_every_wrong_file_has_its_own_sentence(
    tmp_path: Path, name: str, content: bytes, error: type[Exception]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=r".*") as raised:
        sheets.read_sheet(tmp_path / name)
    assert name in str(raised.value)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(sheets.FileMissing):
        sheets.read_sheet(tmp_path / "nowhere.xlsx")


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(sheets.NotASpreadsheet):
        sheets.read_sheet(path)


def test_a_torn_workbook_is_refused(workbook: Callable[..., Path]) -> None:
    path = workbook(["a"], ["b"])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(sheets.SpreadsheetBroken):
        sheets.read_sheet(path)


def test_a_compression_bomb_is_refused_before_it_is_parsed(
    workbook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED", 5_000_000)
    bomb = rebuilt(workbook(["a"], ["b"]), tmp_path / "bomb.xlsx", b"A" * 6_000_000)
    assert bomb.stat().st_size < 50_000
    with pytest.raises(sheets.SpreadsheetTooLarge):
        sheets.read_sheet(bomb)


def test_a_bomb_whose_header_lies_about_its_size_is_refused(
    workbook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_UNPACKED", 5_000_000)
    bomb = rebuilt(workbook(["a"], ["b"]), tmp_path / "liar.xlsx", b"A" * 6_000_000)
    honest = (6_000_000).to_bytes(4, "little")
    bomb.write_bytes(bomb.read_bytes().replace(honest, (600).to_bytes(4, "little")))
    with zipfile.ZipFile(bomb) as archive:
        assert sum(member.file_size for member in archive.infolist()) < 100_000
    with pytest.raises(sheets.SpreadsheetTooLarge):
        sheets.read_sheet(bomb)


@pytest.mark.parametrize("far", [b"XFD1048576", b"ZZ100000"])
def test_two_cells_far_apart_are_refused_before_room_is_made_between_them(
    workbook: Callable[..., Path], tmp_path: Path, far: bytes
) -> None:
    xml = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row><c r="' + far + b'"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    path = rebuilt(workbook(["a"], ["b"]), tmp_path / "far.xlsx", xml)
    with pytest.raises(sheets.SpreadsheetTooLarge):
        sheets.read_sheet(path)


def test_entities_are_never_expanded(workbook: Callable[..., Path], tmp_path: Path) -> None:
    xml = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "hahaha">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="str"><v>name</v></c></row>'
        b'<row r="2"><c r="A2" t="str"><v>&a;</v></c></row></sheetData></worksheet>'
    )
    path = rebuilt(workbook(["a"], ["b"]), tmp_path / "entity.xlsx", xml)
    with pytest.raises(sheets.SpreadsheetBroken):
        sheets.read_sheet(path)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])), min_size=1))
def test_no_text_we_write_becomes_a_formula(tmp_path: Path, texts: list[str]) -> None:
    risky = [sign + text for text in texts for sign in ("=", "+", "-", "@", "")]
    sheets.write_xlsx(tmp_path / "out.xlsx", ["text"], [[text] for text in risky])
    column = openpyxl.load_workbook(tmp_path / "out.xlsx").active["A"][1:]
    assert "f" not in {cell.data_type for cell in column}
    assert [cell.value or "" for cell in column] == risky
    assert all(cell.quotePrefix for cell in column if str(cell.value).startswith("="))


def test_text_in_a_csv_is_no_formula_either(tmp_path: Path) -> None:
    sheets.write_csv(tmp_path / "out.csv", ["a", "b"], [["=1+1", -5], ["+66", "ขวัญ"]])
    assert (tmp_path / "out.csv").read_text("utf-8-sig") == "a,b\n'=1+1,-5\n'+66,ขวัญ\n"


def test_the_returned_copy_shows_each_fault_in_its_cell(
    workbook: Callable[..., Path], tmp_path: Path
) -> None:
    sheet = sheets.read_sheet(workbook(["name", "centre"], ["@evil()", "เชียงไหม่"], ["ก", 5]))
    faults = [
        sheets.CellFault(2, "B", "เชียงไหม่", "no such centre"),
        sheets.CellFault(3, "B", "5", "no such centre either"),
    ]
    sheets.write_returned(tmp_path / "back.xlsx", sheet, faults)
    book = openpyxl.load_workbook(tmp_path / "back.xlsx")
    data = book["data"]
    assert data["B2"].comment.text == "no such centre"
    assert data["B2"].fill.start_color.rgb == data["B3"].fill.start_color.rgb == "FFFFD9D9"
    assert data["A2"].data_type == "s"
    assert data["A3"].comment is None
    assert [[cell.value for cell in row] for row in book["faults"].iter_rows(min_row=2)] == [
        [2, "B", "เชียงไหม่", "no such centre"],
        [3, "B", "5", "no such centre either"],
    ]


def test_the_returned_copy_can_be_imported_as_it_is(
    workbook: Callable[..., Path], tmp_path: Path
) -> None:
    sheet = sheets.read_sheet(
        workbook([], ["name", "n", "day"], ["-1", 5, date(2024, 2, 29)], ["x", None, None])
    )
    fault = sheets.CellFault(3, "A", "-1", "why")
    sheets.write_returned(tmp_path / "back.xlsx", sheet, [fault])
    again = sheets.read_sheet(tmp_path / "back.xlsx")
    assert (again.header, again.rows, again.first_row) == (
        sheet.header,
        sheet.rows,
        sheet.first_row,
    )


def test_a_template_has_locked_headings_and_open_text_cells(tmp_path: Path) -> None:
    columns = [
        sheets.Column("number", "13 digits"),
        sheets.Column("needs", "one of these", ("wheelchair", "large_print")),
    ]
    path = tmp_path / "template.xlsx"
    sheets.write_template(path, columns, [["3100600445635", "wheelchair"]])
    sheet = openpyxl.load_workbook(path)["data"]
    assert sheet.protection.sheet
    assert sheet["A1"].protection.locked
    assert not sheet["A2"].protection.locked
    assert sheet["A2"].number_format == "@"
    assert sheet.data_validations.dataValidation[0].formula1 == '"wheelchair,large_print"'
    assert sheets.read_sheet(path).rows == [["3100600445635", "wheelchair"]]


def test_a_fault_says_where_it_is() -> None:
    fault = sheets.CellFault(118, "D", "เชียงไหม่", "no such centre")
    assert "118" in str(fault)
    assert "D" in str(fault)
    assert "no such centre" in str(fault)


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"a\n1\n")
    assert sheets.read_sheet(path).digest == hashlib.sha256(b"a\n1\n").hexdigest()
