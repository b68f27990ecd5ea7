"""The import as an officer meets it: a file goes in; a register or a marked copy comes out."""

from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from centres.common.audit import AuditEntry
from centres.common.identity import check_digit, lookup_hash, unseal
from centres.common.sheets import read_sheet, write_csv
from scheduling.models import (
    Candidate,
    FormerName,
    Need,
    Registration,
    SeatRequest,
    Sitting,
    TakenPaper,
    Wish,
)
from tests.factories import make_centre, make_sitting

HEADER = [
    "national_number", "passport", "passport_country", "prefix", "given_name_th", "family_name_th",
    "given_name_en", "birth_date", "phone", "home_province", "wish_1", "wish_2", "needs",
    "extra_minutes", "refused_sessions", "language", "papers", "beside", "apart",
]  # fmt: skip


def number(serial: int) -> str:
    twelve = f"9{serial:011d}"
    return twelve + str(check_digit(twelve))


def person(serial: int, **changed: Any) -> list[Any]:
    plain = {
        "national_number": number(serial), "prefix": "003", "given_name_th": "สมชาย",
        "family_name_th": f"ทดสอบ{chr(0x0E01 + serial % 40)}", "birth_date": "29/02/2543",
        "phone": "812345678", "home_province": "เชียงใหม่", "wish_1": "เชียงใหม่/1",
    }  # fmt: skip
    return [(plain | changed).get(name, "") for name in HEADER]


@pytest.fixture
def sitting(db: None) -> Sitting:
    make_centre("CNX", name_th="ศูนย์สอบเชียงใหม่", name_en="Chiang Mai Centre")
    make_centre("LPG", name_th="ศูนย์สอบลำปาง", name_en="Lampang Centre")
    return make_sitting(sessions=2)


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def make(*rows: list[Any], header: list[str] | None = None, name: str = "in.xlsx") -> Path:
        if name.endswith(".csv"):
            write_csv(tmp_path / name, header or HEADER, rows)
            return tmp_path / name
        book = openpyxl.Workbook()
        for row in [header or HEADER, *rows]:
            book.active.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return make


def run(*args: Any) -> str:
    out = StringIO()
    with translation.override("en"):
        call_command("import_candidates", *args, stdout=out)
    return out.getvalue()


def refused(*args: Any) -> str:
    out = StringIO()
    with translation.override("en"), pytest.raises(CommandError) as raised:
        call_command("import_candidates", *args, stdout=out)
    return out.getvalue() + str(raised.value)


@pytest.mark.parametrize("name", ["in.xlsx", "in.csv"])
def test_a_file_in_order_is_only_written_with_commit(
    sitting: Sitting, file: Any, name: str
) -> None:
    path = file(person(1), person(2), name=name)
    assert "2 rows are in order. Nothing was written" in run(path)
    assert Registration.objects.count() == 0
    assert "Registered 2" in run(path, "--commit")
    assert Registration.objects.filter(sitting=sitting).count() == 2


def test_a_person_is_kept_sealed_findable_and_masked(sitting: Sitting, file: Any) -> None:
    run(file(person(1)), "--commit")
    candidate = Candidate.objects.get(identity_hash=lookup_hash(number(1)))
    assert unseal(candidate.identity_sealed) == number(1)
    assert candidate.identity_masked.endswith(f"{number(1)[10:12]}-{number(1)[12]}")
    assert number(1) not in str(list(Candidate.objects.values()))
    assert (candidate.prefix, candidate.sex, candidate.phone) == ("นาย", "m", "0812345678")
    assert str(candidate.birth_date) == "2000-02-29"
    wish = Wish.objects.get()
    assert (wish.rank, wish.centre.code, wish.exam_session.number) == (1, "CNX", 1)


def test_a_foreigner_needs_no_thai_number_and_no_thai_name(sitting: Sitting, file: Any) -> None:
    row = person(
        1, national_number="", passport="c01x00t47", passport_country="GBR", given_name_th="",
        family_name_th="", given_name_en="John",
    )  # fmt: skip
    run(file(row), "--commit")
    candidate = Candidate.objects.get()
    assert (candidate.identity_kind, candidate.identity_masked) == ("passport", "GBR-xxxxxxT47")


def test_needs_decide_the_kind_of_place_and_nothing_of_why_is_kept(
    sitting: Sitting, file: Any
) -> None:
    run(
        file(
            person(1, needs="รถเข็น"),
            person(2, needs="ห้องแยก, รถเข็น"),
            person(3, extra_minutes=45),
            person(4, needs="ไม่ใช้บันได"),
        ),
        "--commit",
    )
    kinds = Registration.objects.order_by("number").values_list("access_class", "extra_minutes")
    assert list(kinds) == [("wheelchair", 0), ("separate", 0), ("standard", 45), ("step_free", 0)]
    assert Need.objects.count() == 5


def test_sessions_somebody_cannot_come_to_are_kept(sitting: Sitting, file: Any) -> None:
    run(file(person(1, refused_sessions="2"), person(2)), "--commit")
    kept = Registration.objects.filter(refused_sessions__exam_session__number=2)
    assert kept.count() == 1
    assert "No exam session is left" in refused(file(person(3, refused_sessions="1, 2")))


def test_the_language_of_the_exam_is_kept_and_thai_unless_said(sitting: Sitting, file: Any) -> None:
    run(file(person(1, language="en"), person(2, language="อังกฤษ"), person(3)), "--commit")
    kept = list(Registration.objects.order_by("number").values_list("language", flat=True))
    assert kept == ["en", "en", "th"]
    assert "Write th or en" in refused(file(person(4, language="fr")))


def test_every_fault_is_listed_at_once_and_marked_in_a_copy(sitting: Sitting, file: Any) -> None:
    path = file(
        person(1, wish_1="เชียงไหม่", phone="12"),
        person(2, birth_date="29/02/2544"),
        person(3, national_number=3.1006e12),
        person(4, national_number="3.1006E+12"),
        person(5, prefix="", needs="extra_time"),
        person(6),
        person(6),
        person(7, given_name_th=""),
        person(8, national_number=""),
        person(9, passport="C01X00T47"),
        person(10, wish_2="เชียงใหม่/1"),
        person(11, national_number="1234545678789"),
    )
    said = refused(path, "--commit")
    assert Registration.objects.count() == Candidate.objects.count() == 0
    book = openpyxl.load_workbook(path.with_name("in-faults.xlsx"))
    marked = {
        cell.coordinate: cell.comment.text
        for row in book["data"].iter_rows()
        for cell in row
        if cell.comment
    }
    assert set(marked) == {
        "K2", "I2", "H3", "A4", "A5", "D6", "M6", "A8", "E9", "A10", "B11", "L12", "A13",
    }  # fmt: skip
    assert "“เชียงใหม่”" in marked["K2"]
    assert "row 7" in marked["A8"]
    assert "13 cells must be mended" in said
    assert said.count("Row ") == 13


def test_the_mended_copy_is_accepted(sitting: Sitting, file: Any) -> None:
    refused(file(person(1, wish_1="เชียงไหม่")))
    copy = file(name="empty.xlsx").with_name("in-faults.xlsx")
    book = openpyxl.load_workbook(copy)
    book["data"]["K2"] = "เชียงใหม่"
    book.save(copy)
    assert "Registered 1" in run(copy, "--commit")


@pytest.mark.parametrize(
    "written", [float(number(1)), f"{number(1)}.0", f"{number(1)[0]}.{number(1)[1:]}E+12"]
)
def test_a_number_that_excel_made_a_float_is_read(
    sitting: Sitting, file: Any, written: Any
) -> None:
    run(file(person(1, national_number=written)), "--commit")
    assert Candidate.objects.filter(identity_hash=lookup_hash(number(1))).exists()


def test_a_person_registered_before_is_named_by_row(sitting: Sitting, file: Any) -> None:
    run(file(person(1)), "--commit")
    said = refused(file(person(2), person(1)), "--commit")
    assert "Row 3, column A: This person is registered for this sitting already" in said
    assert Registration.objects.count() == 1


def test_a_person_of_an_earlier_sitting_is_the_same_person(sitting: Sitting, file: Any) -> None:
    run(file(person(1)), "--commit", "--sitting", sitting.code)
    later = make_sitting("2/2570")
    married = person(1, family_name_th="ใหม่", wish_1="เชียงใหม่")
    assert "0 new candidates, 1 known" in run(file(married), "--commit", "--sitting", later.code)
    candidate = Candidate.objects.get()
    assert candidate.family_name_th == "ใหม่"
    assert FormerName.objects.get().family_name_th == person(1)[5]
    assert candidate.registrations.count() == 2


def test_numbers_are_unique_and_never_begin_with_zero(sitting: Sitting, file: Any) -> None:
    run(file(person(1), person(2)), "--commit")
    run(file(person(3)), "--commit")
    numbers = sorted(Registration.objects.values_list("number", flat=True))
    assert len(set(numbers)) == 3
    assert not any(one.startswith("0") for one in numbers)


def test_an_invented_number_is_refused_outside_rehearsals(sitting: Sitting, file: Any) -> None:
    sitting.is_rehearsal = False
    sitting.save()
    assert "No real national number begins with 9" in refused(file(person(1)))


def test_an_import_leaves_one_audit_entry_with_the_digest_of_its_file(
    sitting: Sitting, file: Any
) -> None:
    path = file(person(1), person(2))
    run(path, "--commit")
    entry = AuditEntry.objects.get(verb="import_candidates")
    assert entry.facts["digest"] == read_sheet(path).digest
    assert entry.facts["registrations"] == 2
    assert number(1) not in str(entry.facts)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ([*HEADER, "shoe_size"], "Row 1, column T: There is no such column."),
        ([*HEADER, "phon"], "Did you mean “phone”?"),
        ([*HEADER, "phone"], "column is there twice"),
        ([*HEADER, "คำนำหน้า"], "column is there twice"),
        ([name for name in HEADER if name != "birth_date"], "birth_date (วันเกิด) is missing"),
        ([name for name in HEADER if "n" not in name[:1] and "passport" not in name],
         "national_number (เลขประจำตัวประชาชน) is missing"),
    ],
)  # fmt: skip
def test_wrong_headings_are_said_clearly(
    sitting: Sitting, file: Any, header: list[str], said: str
) -> None:
    assert said in refused(file(["x"] * len(header), header=header))


def test_thai_headings_are_as_good_as_english_ones(sitting: Sitting, file: Any) -> None:
    thai = dict(zip(HEADER, HEADER, strict=True)) | {
        "national_number": "เลขประจำตัวประชาชน", "birth_date": "วันเกิด", "wish_1": "อันดับ 1",
    }  # fmt: skip
    assert "1 row is in order" in run(file(person(1), header=list(thai.values())))


def test_a_wrong_file_or_sitting_is_one_sentence(sitting: Sitting, tmp_path: Path) -> None:
    (tmp_path / "photo.xlsx").write_bytes(b"\xff\xd8\xff\xe0\x00JFIF")
    assert "is not a spreadsheet" in refused(tmp_path / "photo.xlsx")
    assert "There is no file" in refused(tmp_path / "nowhere.xlsx")
    assert "Known: 1/2570" in refused(tmp_path / "x.xlsx", "--sitting", "9/9999")
    assert "Name a file" in refused()


def test_the_template_is_a_file_that_can_be_imported(sitting: Sitting, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    make_centre("BKK", name_th="ศูนย์สอบกรุงเทพมหานคร", name_en="Bangkok Centre")
    run("--template", path)
    assert "2 rows are in order" in run(path)


def test_papers_and_company_come_with_the_file_and_a_pair_is_kept_once(
    sitting: Sitting, file: Any
) -> None:
    run(file(person(9), name="before.xlsx"), "--commit")
    rows = [
        person(1, papers="p1", beside=f"{number(2)[:1]}-{number(2)[1:]}"),
        person(2, beside=number(1), apart=number(9)),
        person(3),
    ]
    run(file(*rows), "--commit")
    asked = SeatRequest.objects.order_by("kind")
    who = {r.pk: unseal(bytes(r.candidate.identity_sealed)) for r in Registration.objects.all()}
    assert [(one.kind, {who[one.registration_id], who[one.other_id]}) for one in asked] == [
        ("apart", {number(2), number(9)}), ("together", {number(1), number(2)}),
    ]  # fmt: skip
    taken = TakenPaper.objects.get()
    assert (who[taken.registration_id], taken.paper.code) == (number(1), "P1")


def test_company_that_nobody_knows_and_papers_that_are_not_there_are_told(
    sitting: Sitting, file: Any
) -> None:
    rows = [
        person(1, beside=number(77)),
        person(2, apart=number(2)),
        person(3, papers="P1, P9"),
    ]
    told = refused(file(*rows), "--commit")
    assert "Somebody of this number is neither in the file nor registered" in told
    assert "Nobody sits beside or apart from himself" in told
    assert "This sitting has no paper P9. There are: P1." in told
    assert not Registration.objects.exists()
