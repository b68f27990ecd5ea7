"""What one cell of an import may hold, and the sentence for what it may not."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import translation

from scheduling.forms import cells
from scheduling.models import NeedKind

CENTRES = {"c03": "C03", "ศูนย์สอบเชียงใหม่": "C03", "เชียงใหม่": "C03", "ลำปาง": "C04"}
FIRST_DAY = date(2027, 1, 16)


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def wish(text: str) -> tuple[str, int | None]:
    return cells.read_wish(text, centres=CENTRES, sessions=frozenset({1, 2, 3}))


@pytest.mark.parametrize(
    ("value", "text"),
    [(3100600445635.0, "3100600445635"), (812345678, "812345678"), (" ก  ข ", "ก ข"), (None, "")],
)
def test_a_cell_is_what_the_person_meant(value: Any, text: str) -> None:
    assert cells.text_of(value) == text


@pytest.mark.parametrize(
    "written",
    [
        "3100600445635",
        "3100600445635.0",
        "3.100600445635E+12",
        "3.100600445635e12",
        "๓๑๐๐๖๐๐๔๔๕๖๓๕",
    ],
)
def test_thirteen_digits_survive_a_spreadsheet(written: str) -> None:
    assert cells.national_digits(written) == "3100600445635"


def test_digits_that_a_spreadsheet_has_lost_are_never_invented() -> None:
    with pytest.raises(cells.Fault, match="shortened"):
        cells.national_digits("3.1006E+12")


@pytest.mark.parametrize(
    ("read", "written", "meant"),
    [
        (cells.read_prefix, "003", "นาย"),
        (cells.read_prefix, "๕", "นาง"),
        (cells.read_prefix, "น.ส.", "นางสาว"),
        (cells.read_prefix, "ว่าที่ร้อยตรี", "ว่าที่ร้อยตรี"),
        (cells.read_prefix, "พระมหา", "พระมหา"),
        (cells.read_name, "ณ อยุธยา", "ณ อยุธยา"),
        (cells.read_name, "O'Connor-Núñez", "O'Connor-Núñez"),
        (cells.read_sex, "หญิง", "f"),
        (cells.read_email, "a.b@example.org", "a.b@example.org"),
        (cells.read_phone, "812345678", "0812345678"),
        (cells.read_phone, "๐๘๑-๒๓๔ ๕๖๗๘", "0812345678"),
        (cells.read_phone, "+66 81 234 5678", "0812345678"),
        (cells.read_phone, "+447700900123", "+447700900123"),
        (cells.read_province, "จ.เชียงใหม่", "50"),
        (cells.read_province, "bangkok", "10"),
        (cells.read_province, "กทม.", "10"),
        (cells.read_province, "38", "38"),
        (cells.read_needs, "รถเข็น, large_print", (NeedKind.WHEELCHAIR, NeedKind.LARGE_PRINT)),
        (cells.read_minutes, "๔๕", 45),
        (wish, "เชียงใหม่", ("C03", None)),
        (wish, "ศูนย์สอบเชียงใหม่ / 2", ("C03", 2)),
        (wish, "C03/๓", ("C03", 3)),
    ],
)
def test_what_people_write_is_understood(
    read: Callable[[str], object], written: str, meant: object
) -> None:
    assert read(written) == meant


@pytest.mark.parametrize(
    ("read", "written", "sentence"),
    [
        (cells.read_prefix, "777", "no prefix with this code"),
        (cells.read_name, "สมชาย2", "letters only"),
        (cells.read_sex, "x", "f or m"),
        (cells.read_email, "a@b", "not an e-mail"),
        (cells.read_phone, "12345", "begins with 0"),
        (cells.read_province, "เชียงไหม่", "“เชียงใหม่”"),
        (cells.read_province, "Atlantis", "no such province"),
        (cells.read_needs, "wheelchiar", "“wheelchair”"),
        (cells.read_minutes, "many", "0 to 180"),
        (cells.read_minutes, "²", "0 to 180"),
        (cells.read_minutes, "9" * 5000, "0 to 180"),
        (wish, "เชียงไหม่", "“เชียงใหม่”"),
        (wish, "เชียงใหม่/9", "no exam session 9.*1, 2, 3"),
        (wish, "ไกลโพ้น", "no such centre"),
    ],
)
def test_what_cannot_be_meant_is_said_in_one_sentence(
    read: Callable[[str], object], written: str, sentence: str
) -> None:
    with pytest.raises(cells.Fault, match=sentence):
        read(written)


@pytest.mark.parametrize(
    "value",
    [
        "29/02/2543",
        "29 ก.พ. 2543",
        date(2543, 2, 28),
        datetime(2000, 2, 29, tzinfo=UTC),
        "2000-02-29",
    ],
)
def test_a_birthday_is_read_in_either_era(value: Any) -> None:
    assert cells.read_day(value, first_day=FIRST_DAY).year == 2000


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("29/02/2544", "no such day"),
        (36585.0, "no such day"),
        ("1/1/2565", "5 years old"),
        ("1/1/1800", "227 years old"),
        ("17/1/2012", "14 years old"),
    ],
)
def test_nobody_is_born_on_an_impossible_day(value: Any, sentence: str) -> None:
    with pytest.raises(cells.Fault, match=sentence):
        cells.read_day(value, first_day=FIRST_DAY)


def test_degrees_must_lie_in_thailand() -> None:
    assert cells.read_degrees("๑๘.๗๙", least=5, most=21) == 18.79
    for written in ("51.5", "north", "nan"):
        with pytest.raises(cells.Fault, match="between 5 and 21"):
            cells.read_degrees(written, least=5, most=21)


@pytest.mark.parametrize(
    ("text", "sessions"), [("1", (1,)), ("๓, 1", (1, 3)), ("2;3", (2, 3)), ("1 และ 2", (1, 2))]
)
def test_sessions_somebody_cannot_come_to_are_a_list_of_numbers(text, sessions):
    assert cells.read_sessions(text, sessions=frozenset({1, 2, 3})) == sessions


@pytest.mark.parametrize(("text", "said"), [("7", "7"), ("x", "x"), ("1,2,3", "left")])
def test_a_session_that_is_none_or_the_last_one_is_not_refused(text, said):
    with translation.override("en"), pytest.raises(cells.Fault, match=said):
        cells.read_sessions(text, sessions=frozenset({1, 2, 3}))
