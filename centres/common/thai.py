"""Thai text, digits and dates: folding, dictionary order, the Buddhist era.

Pure functions. Text from forms, spreadsheets and PDF copies goes through `fold` before it is
compared, stored or sorted.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta, timezone

BUDDHIST_OFFSET = 543
ERA_BOUNDARY = 2400  # a year above this is Buddhist: 1857 CE and 2401 CE are equally unlikely here
BANGKOK = timezone(timedelta(hours=7), "Asia/Bangkok")

MONTHS = [
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
]
MONTHS_SHORT = [
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
]
MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["จันทร์", "อังคาร", "พุธ", "พฤหัสบดี", "ศุกร์", "เสาร์", "อาทิตย์"]
WEEKDAYS_EN = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# --- folding -----------------------------------------------------------------------------------

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_TO_DROP = dict.fromkeys(map(ord, _INVISIBLE))
_FOLDS = (
    # a tone typed before its vowel
    (re.compile(r"([\u0e48-\u0e4c]+)([\u0e31\u0e34-\u0e3a\u0e47\u0e4d])"), r"\2\1"),
    # the same mark struck twice looks like one
    (re.compile(r"([\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])\1+"), r"\1"),
    # nikhahit and sara aa are sara am, also when a tone stands between them
    (re.compile(r"\u0e4d([\u0e48-\u0e4b]?)\u0e32"), "\\1\u0e33"),
    # two sara e are one sara ae
    (re.compile("\u0e40\u0e40"), "\u0e41"),
    # sara am torn by a PDF copy: no Thai word begins with sara aa
    (re.compile(r"([ก-ฮ][\u0e48-\u0e4b]?) \u0e32"), "\\1\u0e33"),
)


# Signs that `fold` may have to change; without one, only spaces are left to settle.
_SUSPECT = re.compile(
    rf"[{_INVISIBLE}\u0e4d]|[\u0e48-\u0e4c][\u0e31\u0e34-\u0e3a\u0e47]"
    r"|([\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])\1|\u0e40\u0e40|\s\u0e32"
)


def fold(text: str) -> str:
    """One spelling for what looks the same: NFC, Thai marks in order, plain single spaces.

    NFKC is not used: it splits sara am in two. Folding twice changes nothing.
    """
    is_plain = unicodedata.is_normalized("NFC", text) and not _SUSPECT.search(text)
    if text.isascii() or is_plain:
        return " ".join(text.split())
    text = unicodedata.normalize("NFC", text.translate(_TO_DROP))
    text = " ".join(text.split())
    while (folded := _fold_once(text)) != text:
        text = folded
    return text


def _fold_once(text: str) -> str:
    for pattern, replacement in _FOLDS:
        text = pattern.sub(replacement, text)
    return unicodedata.normalize("NFC", text)


_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_TO_THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def ascii_digits(text: str) -> str:
    """Thai digits as 0-9; everything else as it was."""
    return text.translate(_THAI_DIGITS)


def thai_digits(text: str) -> str:
    """0-9 as Thai digits, for formal letters."""
    return text.translate(_TO_THAI_DIGITS)


def whole_number(text: str) -> int:
    """What up to 15 digits write; -1 for anything else, of whatever length and script."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else -1


# --- order -------------------------------------------------------------------------------------

_LEADING_VOWEL = re.compile(r"([เแโใไ])([ก-ฮ])")
_MARKS = "\u0e47-\u0e4e"
_NOT_A_LETTER = re.compile(rf"[{_MARKS}]|[^\w\s\u0e00-\u0e7f]")
_NOT_A_MARK = re.compile(rf"[^{_MARKS}]")
_LOWEST = "\u0001"  # sorts below every letter, so a word comes before the longer words it begins


def sort_key(text: str) -> str:
    """Key that puts Thai in dictionary order; store it to sort in a database.

    Leading vowels count after their consonant; tones and other marks only where all letters are
    equal; then the text itself decides. Order of the Royal Institute dictionary and of
    ISO 14651 for Thai. Compare keys by code point (in PostgreSQL: collation "C").
    """
    text = fold(text)
    letters = _NOT_A_LETTER.sub("", _LEADING_VOWEL.sub(r"\2\1", text)).casefold()
    marks = _NOT_A_MARK.sub(" ", text)
    return f"{letters}{_LOWEST}{marks}{_LOWEST}{text}"


# --- dates and times ---------------------------------------------------------------------------

_MONTH_NUMBERS = {
    name.replace(".", "").casefold(): number
    for names in (MONTHS, MONTHS_SHORT, MONTHS_EN, [name[:3] for name in MONTHS_EN], ["", "", ""])
    for number, name in enumerate(names, start=1)
    if name
} | {"sept": 9}
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4})")
_YEAR_FIRST = re.compile(r"(\d{4})[/\-](\d{1,2})[/\-](\d{1,2})(?:[T ]00:00(?::00)?)?")
_MONTH_NAMED = re.compile(r"(\d{1,2})[ \-/]*([^\d\s/\-]+)[ \-/]*(?:(พศ|คศ|be|ce|ad)\s*)?(\d{4})")
_ERA_WORDS = re.compile(r"(พ|ค)\s*\.?\s*ศ\s*\.?")


def common_year(year: int) -> int:
    """The common-era year of a year of either era (2567 and 2024 are both 2024)."""
    return year - BUDDHIST_OFFSET if year > ERA_BOUNDARY else year


def parse_date(text: str) -> date:
    """The day that a person wrote: day first or ISO, either era, Thai digits, named months.

    The era is settled before the day is checked, so 29/02/2567 is a day though 2567 is no
    leap year. Raises ValueError for anything else, two-digit years among them.
    """
    written = ascii_digits(fold(text))
    if found := _DAY_FIRST.fullmatch(written):
        day, month, year = map(int, found.groups())
    elif found := _YEAR_FIRST.fullmatch(written):
        year, month, day = map(int, found.groups())
    else:
        day, month, year = _named_month(written)
    return date(common_year(year), month, day)


def _named_month(written: str) -> tuple[int, int, int]:
    plain = _ERA_WORDS.sub(r"\1ศ", written).replace(".", "").casefold()
    found = _MONTH_NAMED.fullmatch(plain)
    if found is None or found[2] not in _MONTH_NUMBERS:
        raise ValueError(f"not a date: {written!r}")
    return int(found[1]), _MONTH_NUMBERS[found[2]], int(found[4])


def thai_date(day: date) -> str:
    """16 ม.ค. 2570"""
    return f"{day.day} {MONTHS_SHORT[day.month - 1]} {day.year + BUDDHIST_OFFSET}"


def thai_long_date(day: date) -> str:
    """เสาร์ 16 มกราคม 2570"""
    name = WEEKDAYS[day.weekday()]
    return f"{name} {day.day} {MONTHS[day.month - 1]} {day.year + BUDDHIST_OFFSET}"


def english_date(day: date) -> str:
    """16 Jan 2027"""
    return f"{day.day} {MONTHS_EN[day.month - 1][:3]} {day.year}"


def english_long_date(day: date) -> str:
    """Saturday 16 January 2027"""
    return f"{WEEKDAYS_EN[day.weekday()]} {day.day} {MONTHS_EN[day.month - 1]} {day.year}"


def thai_time(moment: time | datetime) -> str:
    """13.00 น. The space does not break: no line begins with น."""
    return f"{moment.hour}.{moment.minute:02}\N{NO-BREAK SPACE}น."


def english_time(moment: time | datetime) -> str:
    """13:00"""
    return f"{moment.hour}:{moment.minute:02}"


def in_bangkok(moment: datetime) -> datetime:
    """The same moment on the wall clock of the examination."""
    return moment.astimezone(BANGKOK)
