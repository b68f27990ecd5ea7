"""The invented people: who they are, where they live, what they wish and need, how able they are.

`invent_people(country)` is pure and vectorised: one seed, the same people. Nobody here can be
anybody: no Thai national number begins with 9, no mobile number with 01, and mail to example.com
goes nowhere.
"""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from hashlib import sha256
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from centres.common.provinces import BY_CODE, PROVINCES
from config.demo.country import SESSIONS, Country, distances_km, ground_positions
from config.demo.institutions import FACULTIES
from config.demo.names import foreign_names, ordained_names, thai_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

WOMEN_SHARE = 0.74
LONGEST_LIST = 3
NO_WISH = -1
# Shares of all registrations. Monks, pregnant and disabled people as in the examination 2/2565.
MONKS, PREGNANT, FOREIGN, RENAMED = 223 / 57_082, 140 / 57_082, 0.004, 0.003
WHEELCHAIR, STEP_FREE, LARGE_PRINT, EXTRA_TIME, SEPARATE = 0.0004, 0.0003, 0.0004, 0.0004, 0.0003
EXTRA_MINUTES = 45
IN_ENGLISH = 0.02


@dataclass(frozen=True)
class People:
    """N registered people: lists of N, arrays (N,) or (N, 3). Person k's mail address is unique.

    `wish_centre` and `wish_session` are places in the country's lists, from 0; -1 for no wish, or
    for any exam session. `ability` is on the scale of the items; `pace` is items an hour.
    """

    prefix: list[str]
    given_th: list[str]
    family_th: list[str]
    given_en: list[str]
    family_en: list[str]
    former_family_th: list[str]  # "" for those who never changed it
    identity: list[str]
    email: list[str]
    phone: list[str]
    birth_date: list[date]
    is_woman: Flags
    is_foreign: Flags
    province: Ints
    latitude: Floats
    longitude: Floats
    faculty: Ints
    wish_centre: Ints
    wish_session: Ints
    wheelchair: Flags
    step_free: Flags
    large_print: Flags
    extra_minutes: Ints
    in_english: Flags
    separate_room: Flags
    front_row: Flags
    comes: Flags
    ability: Floats
    pace: Floats

    def __len__(self) -> int:
        return len(self.identity)

    def digest(self) -> str:
        """SHA-256 over everything, to tell whether two peoples are the same."""
        whole = sha256()
        for field in fields(self):
            value = getattr(self, field.name)
            whole.update(value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
        return whole.hexdigest()


def invent_people(country: Country) -> People:
    """Everybody who registers, of whom exactly `country.size` will come."""
    rng = np.random.default_rng([country.seed, 2])
    count = country.registrations
    groups = _groups(rng, count)
    homes = _homes(rng, count)
    faculty = _faculties(rng, homes[1])
    wishes = _wishes(rng, homes[1])
    return People(
        **_persons(rng, count, groups),
        is_foreign=groups["foreign"],
        province=homes[0],
        latitude=homes[1][:, 0],
        longitude=homes[1][:, 1],
        faculty=faculty,
        wish_centre=wishes[0],
        wish_session=wishes[1],
        wheelchair=groups["wheelchair"],
        step_free=groups["step_free"] | groups["pregnant"],
        large_print=groups["large_print"],
        extra_minutes=np.where(groups["extra_time"], EXTRA_MINUTES, 0),
        in_english=groups["foreign"] | _from_english_programmes(country.seed, count),
        separate_room=groups["separate"],
        front_row=groups["monk"] | groups["large_print"],
        comes=_chosen(rng, count, country.size),
        ability=_abilities(rng, faculty),
        pace=rng.normal(64.0, 7.5, count),
    )


def _chosen(rng: np.random.Generator, count: int, wanted: int) -> Flags:
    """(count,): exactly `wanted` of them, at random."""
    flags = np.zeros(count, bool)
    flags[rng.permutation(count)[:wanted]] = True
    return flags


def _groups(rng: np.random.Generator, count: int) -> dict[str, Flags]:
    """Who is a monk, foreign, in need of something: at least one of each however few people."""
    shares = {
        "monk": MONKS, "pregnant": PREGNANT, "foreign": FOREIGN, "renamed": RENAMED,
        "wheelchair": WHEELCHAIR, "step_free": STEP_FREE, "large_print": LARGE_PRINT,
        "extra_time": EXTRA_TIME, "separate": SEPARATE,
    }  # fmt: skip
    sizes = {name: max(1, round(share * count)) for name, share in shares.items()}
    order = rng.permutation(count)
    ends = np.cumsum(list(sizes.values()))
    flags = {}
    for (name, size), end in zip(sizes.items(), ends, strict=True):
        flags[name] = np.zeros(count, bool)
        flags[name][order[end - size : end]] = True
    return flags


def _from_english_programmes(seed: int, count: int) -> Flags:
    """(count,): Thai people who studied in English and sit the exam in it."""
    chosen: Flags = np.random.default_rng([seed, 13]).random(count) < IN_ENGLISH
    return chosen


# --- who they are --------------------------------------------------------------------------------


class _Persons(TypedDict):
    prefix: list[str]
    given_th: list[str]
    family_th: list[str]
    given_en: list[str]
    family_en: list[str]
    former_family_th: list[str]
    identity: list[str]
    email: list[str]
    phone: list[str]
    birth_date: list[date]
    is_woman: Flags


def _persons(rng: np.random.Generator, count: int, groups: dict[str, Flags]) -> _Persons:
    woman = (rng.random(count) < WOMEN_SHARE) & ~groups["monk"] | groups["pregnant"]
    names = thai_names(rng, woman)
    _rename_foreign(rng, names.__dict__, groups["foreign"])
    _rename_monks(rng, names.__dict__, groups["monk"])
    former = [""] * count
    renamed = np.flatnonzero(groups["renamed"]).tolist()
    others = thai_names(rng, woman[renamed])
    for place, family in zip(renamed, others.family_th, strict=True):
        former[place] = family
    return {
        "prefix": _prefixes(rng, woman, groups),
        "given_th": names.given_th, "family_th": names.family_th,
        "given_en": names.given_en, "family_en": names.family_en,
        "former_family_th": former,
        "identity": _identities(rng, count, groups["foreign"]),
        "email": [f"p{number:06}@example.com" for number in range(1, count + 1)],
        "phone": [f"010{number:07}" for number in rng.permutation(count).tolist()],
        "birth_date": _birth_dates(rng, count),
        "is_woman": woman,
    }  # fmt: skip


def _rename_foreign(rng: np.random.Generator, names: dict[str, list[str]], who: Flags) -> None:
    places = np.flatnonzero(who).tolist()
    foreign = foreign_names(rng, len(places))
    for field, given in names.items():
        for place, name in zip(places, getattr(foreign, field), strict=True):
            given[place] = name


def _rename_monks(rng: np.random.Generator, names: dict[str, list[str]], who: Flags) -> None:
    places = np.flatnonzero(who).tolist()
    for place, (thai, roman) in zip(places, ordained_names(rng, len(places)), strict=True):
        names["family_th"][place], names["family_en"][place] = thai, roman


def _prefixes(rng: np.random.Generator, woman: Flags, groups: dict[str, Flags]) -> list[str]:
    draw = rng.random(len(woman))
    women = np.where((draw < 0.12) | groups["pregnant"] & (draw < 0.8), "นาง", "นางสาว")
    men = np.where(draw < 0.02, "ว่าที่ร้อยตรี", "นาย")
    prefix = np.where(woman, women, men)
    prefix = np.where(woman & (draw > 0.995), "ว่าที่ร้อยตรีหญิง", prefix)
    titles: list[str] = np.where(groups["monk"], "พระ", prefix).tolist()
    return titles


def check_digits(digits: Ints) -> Ints:
    """(N,): the thirteenth digit of N Thai national numbers from their first twelve, (N, 12)."""
    weighted = (digits * np.arange(13, 1, -1)).sum(axis=1)
    last: Ints = (11 - weighted % 11) % 10
    return last


def national_numbers(serials: Ints) -> list[str]:
    """Well-formed numbers that belong to nobody: a 9, eleven digits of the serial, the check."""
    powers = 10 ** np.arange(10, -1, -1)
    digits = np.concatenate(
        [np.full((len(serials), 1), 9), serials[:, None] // powers % 10], axis=1
    )
    whole = np.concatenate([digits, check_digits(digits)[:, None]], axis=1)
    text = (whole + ord("0")).astype(np.uint8).tobytes().decode("ascii")
    return [text[start : start + 13] for start in range(0, len(text), 13)]


def _identities(rng: np.random.Generator, count: int, foreign: Flags) -> list[str]:
    # Distinct by construction: serials are a random offset in each of `count` equal slots.
    slot = 10**11 // count
    serials = np.arange(count, dtype=np.int64) * slot + rng.integers(0, slot, count)
    numbers = national_numbers(rng.permutation(serials))
    for order, place in enumerate(np.flatnonzero(foreign).tolist()):
        numbers[place] = f"ZZ{7_000_000 + order * 13:07}"
    return numbers


def _birth_dates(rng: np.random.Generator, count: int) -> list[date]:
    """Mostly last-year students of 22 to 26, with a tail of people who come late to teaching."""
    ages = 21.5 + rng.gamma(1.6, 2.4, count)
    youngest = date(2026, 6, 1)
    return [youngest - timedelta(days=int(min(age, 58.0) * 365.25)) for age in ages]


# --- where they live and studied -----------------------------------------------------------------


def _homes(rng: np.random.Generator, count: int) -> tuple[Ints, Floats]:
    """Province places (N,) by population, and home coordinates (N, 2) scattered around its town."""
    people = np.array([province.population for province in PROVINCES], float)
    towns = np.array([(province.latitude, province.longitude) for province in PROVINCES])
    province = rng.choice(len(PROVINCES), size=count, p=people / people.sum())
    spread = (0.10 + 0.10 * rng.random(len(PROVINCES)))[province]
    return province, np.round(towns[province] + rng.normal(0, 1, (count, 2)) * spread[:, None], 4)


def _faculties(rng: np.random.Generator, homes: Floats) -> Ints:
    """(N,): places in FACULTIES; near and large ones draw more (a multinomial logit)."""
    towns = [BY_CODE[faculty.province] for faculty in FACULTIES]
    where = np.array([(town.latitude, town.longitude) for town in towns])
    weight = np.log([faculty.weight for faculty in FACULTIES])
    chosen = np.empty(len(homes), np.int64)
    for start in range(0, len(homes), 8192):
        km = distances_km(homes[start : start + 8192], where)
        pull = weight - km / 60 + rng.gumbel(0, 1, km.shape)
        chosen[start : start + 8192] = pull.argmax(axis=1)
    return chosen


# --- what they wish ------------------------------------------------------------------------------


def _wishes(rng: np.random.Generator, homes: Floats) -> tuple[Ints, Ints]:
    """(N, 3) wished centres and exam sessions, best first, -1 for none or any."""
    centres = np.concatenate([
        _taste(rng, homes[start : start + 8192]).argsort(axis=1)[:, :LONGEST_LIST]
        for start in range(0, len(homes), 8192)
    ])  # fmt: skip
    length = rng.choice([1, 2, 3], size=len(homes), p=[0.08, 0.17, 0.75])
    centres[np.arange(LONGEST_LIST) >= length[:, None]] = NO_WISH
    only_bangkok = rng.random(len(homes)) < 0.01
    centres[only_bangkok, 0], centres[only_bangkok, 1:] = 0, NO_WISH
    return centres, _session_wishes(rng, centres)


def _taste(rng: np.random.Generator, homes: Floats) -> Floats:
    """Kilometres as they feel: life has accidents, and some would rather see Bangkok."""
    felt = distances_km(homes, ground_positions()) + rng.gumbel(0, 28, (len(homes), 16))
    felt[:, 0] -= 120 * (rng.random(len(homes)) < 0.06)
    elsewhere = rng.random(len(homes)) < 0.03  # studies or works far from home
    felt[elsewhere, rng.integers(0, 16, int(elsewhere.sum()))] -= 900
    return felt


def _session_wishes(rng: np.random.Generator, centres: Ints) -> Ints:
    """Four in ten name an exam session, the morning of the first day above all."""
    popular = [0.30, 0.20, 0.08, 0.22, 0.14, 0.06]
    named = rng.choice(SESSIONS, size=centres.shape, p=popular)
    cares = (rng.random(len(centres)) < 0.4)[:, None] & (centres != NO_WISH)
    chosen: Ints = np.where(cares, named, NO_WISH)
    return chosen


# --- how able they are ---------------------------------------------------------------------------


def _abilities(rng: np.random.Generator, faculty: Ints) -> Floats:
    """(N,): ability of mean 0 and SD 1; of its variance, five in a hundred are the faculty's."""
    school = rng.normal(0, 0.22, len(FACULTIES))
    ability = school[faculty] + rng.normal(0, 0.975, len(faculty))
    standard: Floats = (ability - ability.mean()) / ability.std()
    return standard
