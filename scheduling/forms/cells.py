"""What one cell of an import may hold: each reader takes a cell's text and returns its meaning.

A reader raises `Fault` with a sentence for whoever must mend the cell.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import TypeVar

from django.utils.translation import gettext as _

from centres.common.provinces import PROVINCES
from centres.common.sheets import Value
from centres.common.thai import ascii_digits, common_year, fold, parse_date, whole_number
from scheduling.models import ExamLanguage, NeedKind

T = TypeVar("T")


class Fault(Exception):
    """What is wrong with one cell, as a sentence."""


# The codes of the civil registry; any other title is written out.
PREFIX_CODES = {"001": "เด็กชาย", "002": "เด็กหญิง", "003": "นาย", "004": "นางสาว", "005": "นาง"}
_PREFIXES = {
    "ด.ช.": "เด็กชาย", "ด.ญ.": "เด็กหญิง", "น.ส.": "นางสาว", "นส.": "นางสาว", "น.ส": "นางสาว",
    "ว่าที่ ร.ต.": "ว่าที่ร้อยตรี", "mr": "นาย", "mr.": "นาย", "mrs": "นาง", "mrs.": "นาง",
    "miss": "นางสาว", "ms": "นางสาว", "ms.": "นางสาว",
}  # fmt: skip
_SEX_OF_PREFIX = {"นาย": "m", "นาง": "f", "นางสาว": "f", "เด็กชาย": "m", "เด็กหญิง": "f"}
_SEXES = {"f": "f", "m": "m", "หญิง": "f", "ชาย": "m", "ญ": "f", "ช": "m", "ญ.": "f", "ช.": "m",
          "female": "f", "male": "m"}  # fmt: skip
_LANGUAGES = {"th": ExamLanguage.THAI, "ไทย": ExamLanguage.THAI, "thai": ExamLanguage.THAI,
              "en": ExamLanguage.ENGLISH, "อังกฤษ": ExamLanguage.ENGLISH,
              "english": ExamLanguage.ENGLISH}  # fmt: skip
_NEEDS = {
    "รถเข็น": NeedKind.WHEELCHAIR, "วีลแชร์": NeedKind.WHEELCHAIR, "ไม่ใช้บันได": NeedKind.STEP_FREE,
    "ชั้นล่าง": NeedKind.STEP_FREE, "อักษรใหญ่": NeedKind.LARGE_PRINT,
    "ตัวอักษรขยาย": NeedKind.LARGE_PRINT, "เวลาเพิ่ม": NeedKind.EXTRA_TIME,
    "ห้องแยก": NeedKind.SEPARATE_ROOM, "แถวหน้า": NeedKind.FRONT_ROW,
    "เครื่องขยายภาพ": NeedKind.MAGNIFIER, "แว่นขยาย": NeedKind.MAGNIFIER,
    "ล่าม": NeedKind.SIGN_LANGUAGE, "ล่ามภาษามือ": NeedKind.SIGN_LANGUAGE,
} | {kind.value: kind for kind in NeedKind}  # fmt: skip
_PROVINCES = {
    name.casefold(): province
    for province in PROVINCES
    for name in (province.code, province.name_th, province.name_en, f"จังหวัด{province.name_th}",
                 f"จ.{province.name_th}")
} | {"กรุงเทพ": PROVINCES[0], "กรุงเทพฯ": PROVINCES[0], "กทม": PROVINCES[0],
     "กทม.": PROVINCES[0]}  # fmt: skip

_SHORTENED = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0e31-\u0e4e\u0300-\u036f .'’()\-])*")
_LISTED = re.compile(r"[,;/|]|\sและ")
OLDEST, YOUNGEST = 100, 15
LONGEST_EXTRA = 180


def text_of(value: Value) -> str:
    """A cell as the person meant it: a whole number without the tail a spreadsheet gave it."""
    if isinstance(value, str):
        return fold(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def national_digits(text: str) -> str:
    """A national number as text, mended where a spreadsheet turned it into a number."""
    text = ascii_digits(text).removesuffix(".0")
    shortened = _SHORTENED.fullmatch(text)
    if shortened is None:
        return text
    whole, decimals, power = shortened[1], shortened[2] or "", int(shortened[3])
    if power == 12 and len(decimals) == 12:
        return whole + decimals
    raise Fault(
        _(
            "The spreadsheet program shortened this number and its last digits are lost. "
            "Set the column to text and write all 13 digits again."
        )
    )


def read_prefix(text: str) -> str:
    code = ascii_digits(text)
    if code.isdigit():
        try:
            return PREFIX_CODES[code.zfill(3)]
        except KeyError:
            raise Fault(_("There is no prefix with this code. Write the prefix out.")) from None
    if len(text) > 40:
        raise Fault(_("A prefix has at most 40 signs."))
    return _PREFIXES.get(text.casefold(), text)


def sex_of_prefix(prefix: str) -> str:
    """What the prefix says of the sex; nothing for ranks and monks."""
    return _SEX_OF_PREFIX.get(prefix, "")


def read_name(text: str) -> str:
    if len(text) > 100:
        raise Fault(_("A name has at most 100 signs. Keep the name alone in this cell."))
    if not _NAME.fullmatch(text):
        raise Fault(_("A name holds letters only. Remove digits and other signs."))
    return text


def read_sex(text: str) -> str:
    return one_of(text, _SEXES, _("Write f or m, หญิง or ชาย."))


def read_language(text: str) -> ExamLanguage:
    """In which language the questions are put."""
    return one_of(text, _LANGUAGES, _("Write th or en, ไทย or อังกฤษ."))


def read_day(value: Value, *, first_day: date) -> date:
    """A date of birth, of either era, of somebody who can sit on `first_day`."""
    day = _day(value)
    age = first_day.year - day.year - ((first_day.month, first_day.day) < (day.month, day.day))
    if not YOUNGEST <= age <= OLDEST:
        raise Fault(
            _("Born on that day, the candidate would be %(age)d years old. Check the year.")
            % {"age": age}
        )
    return day


def _day(value: Value) -> date:
    if isinstance(value, datetime):
        value = value.date()
    try:
        if isinstance(value, date):
            return value.replace(year=common_year(value.year))
        return parse_date(text_of(value))
    except ValueError:
        raise Fault(
            _("There is no such day. Write day/month/year, such as 29/02/2543 or 29/02/2000.")
        ) from None


def read_email(text: str) -> str:
    if len(text) > 254 or not _EMAIL.fullmatch(text):
        raise Fault(_("This is not an e-mail address. It looks like name@example.org."))
    return text


def read_phone(text: str) -> str:
    digits = re.sub(r"[\s\-().]", "", ascii_digits(text))
    if digits.startswith("+66"):
        digits = "0" + digits[3:].removeprefix("0")
    if len(digits) == 9 and digits[0] in "689":
        digits = "0" + digits  # the zero that a spreadsheet dropped
    if not re.fullmatch(r"0[0-9]{8,9}|\+[0-9]{7,15}", digits):
        raise Fault(_("A Thai phone number has 9 or 10 digits and begins with 0."))
    return digits


def read_province(text: str) -> str:
    return one_of(text, _PROVINCES, _("There is no such province.")).code


def read_code(text: str, *, known: Mapping[str, str], unknown: str) -> str:
    """The code of a centre or institution, from its code or any of its names."""
    plain = text.removeprefix("ศูนย์สอบ").strip() if text not in known else text
    return one_of(plain, known, unknown)


def read_wish(
    text: str, *, centres: Mapping[str, str], sessions: frozenset[int]
) -> tuple[str, int | None]:
    """A centre, or `centre/3` for the third exam session there."""
    place, _slash, number = text.rpartition("/") if "/" in text else (text, "", "")
    centre = read_code(place.strip(), known=centres, unknown=_("There is no such centre."))
    digits = ascii_digits(number).strip()
    if not digits:
        return centre, None
    if whole_number(digits) not in sessions:
        raise Fault(
            _(
                "This sitting has no exam session %(number)s. "
                "Write the centre, a slash and one of: %(known)s."
            )
            % {"number": number.strip(), "known": ", ".join(map(str, sorted(sessions)))}
        )
    return centre, int(digits)


def read_needs(text: str) -> tuple[NeedKind, ...]:
    """Arrangements, separated by commas, in the order of the list of arrangements."""
    words = [word.strip() for word in _LISTED.split(text) if word.strip()]
    asked = {one_of(word, _NEEDS, _("There is no such arrangement.")) for word in words}
    return tuple(kind for kind in NeedKind if kind in asked)


def read_sessions(text: str, *, sessions: frozenset[int]) -> tuple[int, ...]:
    """Exam sessions somebody cannot come to; one must be left."""
    found = set()
    for word in _LISTED.split(ascii_digits(text)):
        if word.strip() and whole_number(word.strip()) not in sessions:
            known = ", ".join(map(str, sorted(sessions)))
            raise Fault(
                _("This sitting has no exam session %(number)s. There are: %(known)s.")
                % {"number": word.strip(), "known": known}
            )
        if word.strip():
            found.add(whole_number(word.strip()))
    if found >= sessions:
        raise Fault(_("No exam session is left for this person. Leave one, or remove the row."))
    return tuple(sorted(found))


def read_papers(text: str, *, papers: frozenset[str]) -> tuple[str, ...]:
    """Codes of the papers somebody takes."""
    by_code = {code.casefold(): code for code in papers}
    words = [word.strip() for word in _LISTED.split(text) if word.strip()]
    for word in words:
        if word.casefold() not in by_code:
            known = {"code": word, "known": ", ".join(sorted(papers))}
            raise Fault(_("This sitting has no paper %(code)s. There are: %(known)s.") % known)
    return tuple(sorted({by_code[word.casefold()] for word in words}))


def read_minutes(text: str) -> int:
    minutes = whole_number(ascii_digits(text))
    if not 0 <= minutes <= LONGEST_EXTRA:
        raise Fault(
            _("Extra time is a number of minutes from 0 to %(most)d.") % {"most": LONGEST_EXTRA}
        )
    return minutes


def read_degrees(text: str, *, least: float, most: float) -> float:
    try:
        degrees = float(ascii_digits(text))
    except ValueError:
        degrees = float("nan")
    if not least <= degrees <= most:
        raise Fault(
            _("Degrees in Thailand lie between %(least)g and %(most)g here.")
            % {"least": least, "most": most}
        )
    return degrees


def province_place(code: str) -> tuple[float, float]:
    """Latitude and longitude of a province's main town."""
    province = _PROVINCES[code]
    return province.latitude, province.longitude


def one_of(text: str, known: Mapping[str, T], unknown: str) -> T:
    """What a word stands for; a near miss is named, never taken."""
    word = text.casefold()
    if word in known:
        return known[word]
    near = get_close_matches(word, known, n=1, cutoff=0.7)
    if not near:
        raise Fault(unknown)
    raise Fault(_("%(unknown)s Did you mean “%(near)s”?") % {"unknown": unknown, "near": near[0]})
