"""The files in which the invented people are registered, as untidy as such files are.

Everything in `tidy_rows` means one thing and is read as that, whatever its spelling: Thai digits,
hyphens, a float's tail, dates of two eras. `faulty_rows` adds what must be refused: one fault of
each kind, and a person who stands in the file twice.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import repeat

import numpy as np

from centres.common.provinces import PROVINCES
from centres.common.thai import MONTHS_SHORT, thai_digits
from config.demo.institutions import FACULTIES
from config.demo.people import NO_WISH, People

COLUMNS = (
    "national_number", "passport", "passport_country", "prefix",
    "given_name_th", "family_name_th", "given_name_en", "family_name_en", "former_family_name_th",
    "sex", "birth_date", "email", "phone", "institution",
    "home_province", "home_latitude", "home_longitude",
    "wish_1", "wish_2", "wish_3", "needs", "extra_minutes", "language", "papers",
)  # fmt: skip
LATE_SHARE = 0.025  # of all rows: one faculty that sends its file by itself, with faults

Row = list[str]


def late_faculty(people: People) -> int:
    """The place of the faculty whose share of all people is nearest to LATE_SHARE."""
    sizes = np.bincount(people.faculty, minlength=len(FACULTIES))
    return int(np.abs(sizes - LATE_SHARE * len(people)).argmin())


def tidy_rows(
    people: People, places: Sequence[int], seed: int, papers: Sequence[str] = ()
) -> list[Row]:
    """Rows of these people that an import must understand as they are; `papers` each takes."""
    rng = np.random.default_rng([seed, 7])
    draws = rng.random((len(people), 6))
    return [
        _row(people, k, draws[k].tolist(), taken)
        for k, taken in zip(places, papers or repeat(""), strict=False)
    ]


def _row(people: People, k: int, draw: list[float], papers: str) -> Row:
    number, passport = (
        ("", people.identity[k]) if people.is_foreign[k] else (people.identity[k], "")
    )
    wishes = [
        _wish(int(people.wish_centre[k, r]), int(people.wish_session[k, r])) for r in range(3)
    ]
    return [
        _number(number, draw[0]), passport, "UTO" if passport else "",
        _prefix(people.prefix[k], draw[1]),
        _typed(people.given_th[k], draw[2]), _typed(people.family_th[k], draw[3]),
        people.given_en[k], people.family_en[k], people.former_family_th[k],
        "f" if people.is_woman[k] else "m",
        _day(people.birth_date[k], draw[4]),
        people.email[k], people.phone[k],
        _institution(int(people.faculty[k]), draw[5]),
        _province(int(people.province[k]), draw[5]),
        str(people.latitude[k]), str(people.longitude[k]),
        *wishes,
        _needs(people, k), str(people.extra_minutes[k] or ""), "en" if people.in_english[k] else "",
        papers,
    ]  # fmt: skip


def _number(number: str, draw: float) -> str:
    if not number or draw > 0.06:
        return number
    if draw < 0.01:
        return thai_digits(number)
    if draw < 0.02:
        return f"{number}.0"  # what a spreadsheet makes of a long number
    return f"{number[0]}-{number[1:5]}-{number[5:10]}-{number[10:12]}-{number[12]}"


def _prefix(prefix: str, draw: float) -> str:
    if prefix == "นางสาว" and draw < 0.2:
        return "น.ส."
    return "003" if prefix == "นาย" and draw < 0.05 else prefix


def _typed(name: str, draw: float) -> str:
    """A name with a stray space, or with sara am in its two halves."""
    if draw < 0.005:
        return f"  {name} "
    return name.replace("ำ", "ํา") if draw < 0.4 else name


def _day(day: date, draw: float) -> str:
    buddhist = day.year + 543
    if draw < 0.8:
        return f"{day:%d/%m}/{buddhist}"
    if draw < 0.88:
        return day.isoformat()
    written = f"{day.day} {MONTHS_SHORT[day.month - 1]} {buddhist}"
    return written if draw < 0.95 else thai_digits(written)


def _institution(place: int, draw: float) -> str:
    faculty = FACULTIES[place]
    return faculty.name_th if draw < 0.1 else faculty.code


def _province(place: int, draw: float) -> str:
    province = PROVINCES[place]
    if draw < 0.6:
        return province.name_th
    return province.code if draw < 0.8 else f"จ.{province.name_th}"


def _wish(centre: int, session: int) -> str:
    if centre == NO_WISH:
        return ""
    return f"C{centre + 1:02}" if session == NO_WISH else f"C{centre + 1:02}/{session + 1}"


def _needs(people: People, k: int) -> str:
    asked = {
        "wheelchair": people.wheelchair[k],
        "step_free": people.step_free[k],
        "large_print": people.large_print[k],
        "extra_time": people.extra_minutes[k],
        "separate_room": people.separate_room[k],
        "front_row": people.front_row[k],
    }
    return ", ".join(need for need, asks in asked.items() if asks)


# --- what must be refused ------------------------------------------------------------------------


def _spoil(column: str, how: Callable[[str], str]) -> Callable[[Row], None]:
    place = COLUMNS.index(column)

    def spoil(row: Row) -> None:
        row[place] = how(row[place])

    return spoil


FAULTS: tuple[Callable[[Row], None], ...] = (
    _spoil("national_number", lambda number: f"{number[:12]}{(int(number[12]) + 1) % 10}"),
    _spoil("national_number", lambda number: f"{number[0]}.{number[1:6]}E+12"),
    _spoil("national_number", lambda number: number[:12]),
    _spoil("birth_date", lambda _day: "31/02/2544"),
    _spoil("birth_date", lambda _day: "12/05/44"),
    _spoil("prefix", lambda _prefix: ""),
    _spoil("home_province", lambda _province: "เชียงไหม่"),
    _spoil("institution", lambda _code: "RU99"),
    _spoil("email", lambda email: email.replace("@", " at ")),
    _spoil("wish_1", lambda _wish: "ภูเก็ต"),
    _spoil("wish_1", lambda wish: f"{wish.split('/', maxsplit=1)[0]}/9"),
    _spoil("needs", lambda _needs: "ตั้งครรภ์ 7 เดือน"),  # a reason, where an arrangement is asked for
)


def faulty_rows(people: People, places: Sequence[int], seed: int) -> list[Row]:
    """The tidy rows with one fault of each kind spread over them, and one row twice."""
    rows = tidy_rows(people, places, seed)
    plain = [r for r, k in enumerate(places) if not people.is_foreign[k]]
    rng = np.random.default_rng([seed, 8])
    chosen = rng.choice(plain, min(len(FAULTS) + 1, len(plain)), replace=False).tolist()
    twice = chosen.pop()
    repeated = list(rows[twice])
    for row, spoil in zip(chosen, FAULTS, strict=False):
        rows[row][0] = people.identity[places[row]]
        spoil(rows[row])
    return [*rows, repeated]
