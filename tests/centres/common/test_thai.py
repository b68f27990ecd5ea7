"""Thai text and dates: laws of folding, order of the dictionary, days of both eras."""

import random
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centres.common import thai

THAI_MARKS = "กขลนยเแาิี่้ำํ็์ุู \u200b\u00a0"

# Order of an independent implementation: the Unicode collation of CLDR for Thai.
DICTIONARY = """
ก กก กกา กรรม กรรมกร กรรมการ กระ กระดาษ กะ กัก กัด กับ กา ก่า ก้า กาก กาง ก่าง ก้าง กำ กิน
กี่ กึ่ง กุง กุ้ง กู กู่ เก เกง เก็ง เก่ง เก้ง เก๊ง เก๋ง เก็บ เกม เกวียน เกษตร เกษม เก่า
เก้า แก แก่ แก้ แกง แก่ง แก้ง แกว แก้ว แก๊ส โก โก้ โก๋ ใก ใกล้ ไก ไก่ ขวัญ ขวัญข้าว ขวัญใจ
ขา ข่า ขาว ข้าว เข ไข่ ไข้ ปู ปู่ ปูน เปน เป็น เป้น เปา เป่า ฤดู ฤทธิ์ ฤทัย ลา ล่า ล้า เล
เลน เล่น แล โลก ไล่ ฦา วัน สม ส้ม สมชาย สมศรี สมศักดิ์ สมหญิง สมัย สอง ส่อง เสือ เสื่อ เสื้อ
แสง แสดง โส ใส ใส่ ไส หนู หมอ หม่อ หม้อ หอง ห้อง อ อา อำ อำพัน อำไพ เอ เอก เอื้อ แอ๋ว โอ ไอ
ฮา
""".split()  # noqa: SIM905


def test_words_stand_in_the_order_of_the_dictionary() -> None:
    shuffled = random.Random(4).sample(DICTIONARY, len(DICTIONARY))
    assert sorted(shuffled, key=thai.sort_key) == DICTIONARY


def test_python_alone_would_get_the_order_wrong() -> None:
    assert sorted(DICTIONARY) != DICTIONARY


def test_a_word_stands_before_the_longer_words_it_begins() -> None:
    names = ["สมชาย ใจดี", "สม ใจดี", "สม", "สมชาย"]
    assert sorted(names, key=thai.sort_key) == ["สม", "สม ใจดี", "สมชาย", "สมชาย ใจดี"]


@given(st.text(THAI_MARKS, max_size=30))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = thai.fold(text)
    assert thai.fold(once) == once


@given(st.text(max_size=30))
def test_folding_never_loses_a_letter_of_another_script(text: str) -> None:
    def letters(of: str) -> list[str]:
        return [sign for sign in of if sign.isascii() and not sign.isspace() and sign.isprintable()]

    assert letters(thai.fold(text)) == letters(text)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("น\u0e4d\u0e49\u0e32", "น้ำ"),
        ("น\u0e49\u0e4d\u0e32", "น้ำ"),
        ("\u0e40\u0e40ก้ว", "แก้ว"),
        ("ท\u0e48\u0e35", "ที่"),
        ("ที่\u0e48", "ที่"),
        ("ล าพูน", "ลำพูน"),
        ("สม\u200bชาย\u00a0 ใจดี\ufeff", "สมชาย ใจดี"),
    ],
)
def test_what_looks_the_same_is_folded_to_one_spelling(typed: str, meant: str) -> None:
    assert typed != meant
    assert thai.fold(typed) == meant


def test_folding_keeps_sara_am_whole() -> None:
    assert thai.fold("กำ") == "ก\u0e33"


@pytest.mark.parametrize(
    "written",
    [
        "29/02/2567", "๒๙/๐๒/๒๕๖๗", "29-2-2567", "29.2.2567", "29/2/2024", "2567-02-29",
        "2024-02-29", "2024-02-29 00:00:00", "29 ก.พ. 2567", "29ก.พ.2567", "29 กุมภาพันธ์ พ.ศ. 2567",
        "29 กุมภาพันธ์ ค.ศ. 2024", "29 กพ 2567", "29 February 2024", "29 Feb 2567", "29-Feb-2024",
    ],
)  # fmt: skip
def test_a_leap_day_is_read_in_either_era(written: str) -> None:
    assert thai.parse_date(written) == date(2024, 2, 29)


@pytest.mark.parametrize(
    "written",
    ["29/02/2566", "29/02/2023", "31/04/2567", "1/13/2567", "1/1/40", "16 เดือน 2567", "", "45123"],
)
def test_a_day_that_does_not_exist_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"not a date|out of range|must be in"):
        thai.parse_date(written)


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_survives_being_written_and_read(day: date) -> None:
    buddhist = f"{day.day:02}/{day.month:02}/{day.year + 543}"
    writings = [buddhist, thai.thai_digits(buddhist), thai.thai_date(day), thai.english_date(day)]
    assert {thai.parse_date(written) for written in writings} == {day}


def test_dates_and_times_are_written_as_they_are_read_aloud() -> None:
    day = date(2027, 1, 16)
    assert thai.thai_date(day) == "16 ม.ค. 2570"
    assert thai.thai_long_date(day) == "เสาร์ 16 มกราคม 2570"
    assert thai.english_date(day) == "16 Jan 2027"
    assert thai.english_long_date(day) == "Saturday 16 January 2027"
    assert thai.thai_time(time(13, 0)) == "13.00\N{NO-BREAK SPACE}น."
    assert thai.english_time(time(8, 5)) == "8:05"


def test_the_clock_on_the_wall_is_that_of_bangkok() -> None:
    assert thai.in_bangkok(datetime(2027, 1, 16, 2, 0, tzinfo=UTC)).hour == 9


@given(st.text(THAI_MARKS, max_size=12))
def test_the_short_way_for_plain_text_folds_as_the_long_way_does(text: str) -> None:
    """A trailing zero-width sign sends any text the long way and is itself dropped."""
    assert thai.fold(text) == thai.fold(text + "\u200b")


@pytest.mark.parametrize(
    ("written", "number"),
    [("0", 0), ("045", 45), ("9" * 15, 10**15 - 1), ("9" * 16, -1), ("9" * 5000, -1)]
    + [(text, -1) for text in ("", "²", "-1", "1.0", "1e3", " 1", "٣", "๓", "none")],
)
def test_a_whole_number_is_read_or_is_none(written: str, number: int) -> None:
    assert thai.whole_number(written) == number
