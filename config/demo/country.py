"""The invented country's examination grounds: sixteen real cities, buildings that do not exist.

`build_country(size, seed)` is pure: the same arguments give the same centres, rooms and chairs.
How many seats a centre has follows the demand around it, but grows more slowly than the demand
does, so that the crowded places cannot seat everybody who would like them.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from centres.common.provinces import BY_CODE, PROVINCES, Province
from scheduling.actions.opening import kept_step_free

FULL_SIZE = 59_679  # people who sit
FULL_REGISTRATIONS = 63_000
FULL_ROOMS = 336
SPARE = 0.035  # ordinary places beyond one for every registration
SESSIONS = 6
EARTH_DIAMETER_KM = 12_742.0

# The province of each centre, with its name. Nine of these cities are known to have
# served this examination; the other seven are chosen so that few people live far from all of them.
GROUNDS = (
    ("10", "กรุงเทพมหานคร", "Bangkok"), ("22", "จันทบุรี", "Chanthaburi"),
    ("50", "เชียงใหม่", "Chiang Mai"), ("52", "ลำปาง", "Lampang"),
    ("40", "ขอนแก่น", "Khon Kaen"), ("34", "อุบลราชธานี", "Ubon Ratchathani"),
    ("84", "สุราษฎร์ธานี", "Surat Thani"), ("90", "สงขลา", "Songkhla"),
    ("57", "เชียงราย", "Chiang Rai"), ("65", "พิษณุโลก", "Phitsanulok"),
    ("60", "นครสวรรค์", "Nakhon Sawan"), ("30", "นครราชสีมา", "Nakhon Ratchasima"),
    ("41", "อุดรธานี", "Udon Thani"), ("73", "นครปฐม", "Nakhon Pathom"),
    ("80", "นครศรีธรรมราช", "Nakhon Si Thammarat"), ("95", "ยะลา", "Yala"),
)  # fmt: skip
BUILDINGS = (
    ("อาคารเรียนรวม", "Lecture Hall"), ("อาคารคณะครุศาสตร์", "Faculty of Education"),
    ("อาคารเฉลิมพระเกียรติ", "Jubilee Building"), ("อาคารวิทยบริการ", "Library Building"),
    ("อาคารศูนย์ภาษา", "Language Centre"), ("อาคารวิทยาศาสตร์", "Science Building"),
)  # fmt: skip
ROUNDS = (time(8, 30), time(12, 30), time(16, 30))  # Bangkok time; three rounds on each of two days
PAPER_MINUTES = 180
BANGKOK_HOURS = timedelta(hours=7)


@dataclass(frozen=True)
class SeatPlan:
    """One chair on the grid of its room; `x`, `y` from the front left corner."""

    label: str
    x: int
    y: int
    is_wheelchair: bool
    is_usable: bool


@dataclass(frozen=True)
class RoomPlan:
    """One room with its chairs; an aisle is a grid column without chairs."""

    code: str
    floor: int
    step_free: bool
    is_separate: bool
    seats: tuple[SeatPlan, ...]


@dataclass(frozen=True)
class BuildingPlan:
    """One building and its rooms."""

    code: str
    name_th: str
    name_en: str
    has_lift: bool
    rooms: tuple[RoomPlan, ...]


@dataclass(frozen=True)
class CentrePlan:
    """One centre: code `C01` to `C16`, its place, its buildings."""

    code: str
    name_th: str
    name_en: str
    province: Province
    latitude: float
    longitude: float
    buildings: tuple[BuildingPlan, ...]

    @property
    def rooms(self) -> tuple[RoomPlan, ...]:
        return tuple(room for building in self.buildings for room in building.rooms)


@dataclass(frozen=True)
class SessionPlan:
    """One exam session, numbered from 1; moments in UTC."""

    number: int
    doors_open_at: datetime
    starts_at: datetime
    doors_close_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Country:
    """Everything about the places. `size` is how many people sit."""

    size: int
    seed: int
    registrations: int
    centres: tuple[CentrePlan, ...]

    @property
    def rooms(self) -> int:
        return sum(len(centre.rooms) for centre in self.centres)

    @property
    def seats(self) -> int:
        """Usable chairs at one moment."""
        rooms = (room for centre in self.centres for room in centre.rooms)
        return sum(seat.is_usable for room in rooms for seat in room.seats)


def registrations_for(size: int) -> int:
    """How many must register so that `size` people sit, at the rate of the full examination."""
    return round(size * FULL_REGISTRATIONS / FULL_SIZE)


def build_country(size: int = FULL_SIZE, seed: int = 2570) -> Country:
    """Sixteen centres with room for `size` people's registrations over six exam sessions."""
    rng = np.random.default_rng([seed, 1])
    registrations = registrations_for(size)
    share = _capacity_shares(rng)
    places = np.maximum(4, np.ceil(share * registrations * (1 + SPARE) / SESSIONS)).astype(int)
    places += np.array([kept_step_free(int(ordinary)) for ordinary in places])
    rooms = np.maximum(1, np.rint(share * (FULL_ROOMS - 17) * size / FULL_SIZE)).astype(int)
    centres = tuple(
        _centre(rng, place, int(places[place]), int(rooms[place])) for place in range(len(GROUNDS))
    )
    return Country(size, seed, registrations, centres)


def plan_sessions(first_day: date) -> tuple[SessionPlan, ...]:
    """Six exam sessions over two days. Doors open 45 minutes before a start, close 30 after."""
    plans = []
    for number in range(SESSIONS):
        day = first_day + timedelta(days=number // len(ROUNDS))
        start = datetime.combine(day, ROUNDS[number % len(ROUNDS)], UTC) - BANGKOK_HOURS
        plans.append(session_at(number + 1, start))
    return tuple(plans)


def session_at(number: int, start: datetime) -> SessionPlan:
    """The exam session that starts at `start`."""
    return SessionPlan(
        number,
        doors_open_at=start - timedelta(minutes=45),
        starts_at=start,
        doors_close_at=start + timedelta(minutes=30),
        ends_at=start + timedelta(minutes=PAPER_MINUTES),
    )


def ground_positions() -> NDArray[np.float64]:
    """(16, 2): latitude and longitude of the centres' towns, in degrees."""
    towns = [BY_CODE[code] for code, _th, _en in GROUNDS]
    return np.array([(town.latitude, town.longitude) for town in towns])


def distances_km(here: NDArray[np.float64], there: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, M): great-circle kilometres between N and M points given in degrees (haversine)."""
    a, b = np.radians(here)[:, None], np.radians(there)[None]
    half = np.sin((b - a) / 2) ** 2
    chord = half[..., 0] + np.cos(a[..., 0]) * np.cos(b[..., 0]) * half[..., 1]
    km: NDArray[np.float64] = EARTH_DIAMETER_KM * np.arcsin(np.sqrt(chord))
    return km


def _capacity_shares(rng: np.random.Generator) -> NDArray[np.float64]:
    """(16,): share of all places, by the people who live nearest, dampened and jittered."""
    towns = np.array([(province.latitude, province.longitude) for province in PROVINCES])
    people = np.array([province.population for province in PROVINCES], float)
    nearest = distances_km(towns, ground_positions()).argmin(axis=1)
    demand = np.bincount(nearest, people, len(GROUNDS))
    share = demand**0.85 * rng.uniform(0.92, 1.08, len(GROUNDS))
    normal: NDArray[np.float64] = share / share.sum()
    return normal


def _centre(rng: np.random.Generator, place: int, places: int, rooms: int) -> CentrePlan:
    code, name_th, name_en = GROUNDS[place]
    town = BY_CODE[code]
    shift = rng.normal(0, 0.02, 2)
    return CentrePlan(
        f"C{place + 1:02}",
        f"ศูนย์สอบ{name_th}",
        f"{name_en} Centre",
        town,
        round(town.latitude + float(shift[0]), 5),
        round(town.longitude + float(shift[1]), 5),
        _buildings(rng, places, rooms),
    )


def _buildings(rng: np.random.Generator, places: int, rooms: int) -> tuple[BuildingPlan, ...]:
    """Buildings of up to twelve rooms; the first also has the centre's small separate rooms."""
    sizes = _room_sizes(rng, places, rooms)
    groups = np.array_split(np.arange(rooms), -(-rooms // 12))
    separate = 1 + rooms // 30
    return tuple(
        _building(rng, number, [sizes[room] for room in group], separate if number == 1 else 0)
        for number, group in enumerate(groups, start=1)
    )


def _room_sizes(rng: np.random.Generator, places: int, rooms: int) -> list[int]:
    """Ordinary chairs per room: uneven, adding up to `places`."""
    weights = rng.uniform(0.82, 1.18, rooms)
    ends = np.rint(np.cumsum(weights) / weights.sum() * places).astype(int)
    return [int(size) for size in np.diff(ends, prepend=0)]


def _building(
    rng: np.random.Generator, number: int, sizes: list[int], separate: int
) -> BuildingPlan:
    has_lift = bool(rng.random() < 0.4)
    per_floor = 3
    plans = [
        _room(
            rng,
            code=f"{number}{1 + order // per_floor}{1 + order % per_floor:02}",
            floor=1 + order // per_floor,
            step_free=has_lift or order < per_floor,
            places=places,
        )
        for order, places in enumerate(sizes)
    ]
    plans += [_separate_room(f"{number}1{90 + order}") for order in range(separate)]
    name_th, name_en = BUILDINGS[(number - 1) % len(BUILDINGS)]
    return BuildingPlan(str(number), f"{name_th} {number}", f"{name_en} {number}", has_lift,
                        tuple(plans))  # fmt: skip


def _separate_room(code: str) -> RoomPlan:
    """A small room near the door of the building, for people who must sit apart."""
    seats = [SeatPlan(_label(y, n), x, y, is_wheelchair=False, is_usable=True)
             for y in (0, 2) for n, x in enumerate((0, 2))]  # fmt: skip
    return RoomPlan(code, 1, step_free=True, is_separate=True, seats=tuple(seats))


def _room(
    rng: np.random.Generator, *, code: str, floor: int, step_free: bool, places: int
) -> RoomPlan:
    """Chairs in blocks of two or three with aisles between; a wheelchair place where there is no
    step, at the aisle of the front row; now and then a broken chair, which is one chair more."""
    columns = _columns(rng, places)
    broken = int(rng.random() < 0.3)
    wanted = places + broken
    squares = [(x, y) for y in range(-(-wanted // len(columns))) for x in columns][:wanted]
    wheels = (columns[-1] + 2, 0) if step_free and code.endswith("01") else None
    is_broken = set(rng.choice(len(squares), broken, replace=False).tolist())
    seats = [
        SeatPlan(_label(y, columns.index(x)), x, y, False, order not in is_broken)
        for order, (x, y) in enumerate(squares)
    ]
    if wheels:
        seats.append(SeatPlan(_label(0, len(columns)), *wheels, True, True))
    return RoomPlan(code, floor, step_free, False, tuple(seats))


def _columns(rng: np.random.Generator, places: int) -> list[int]:
    """Grid columns that hold chairs, for a room about as deep as it is wide."""
    wide = max(2, min(8, round(places**0.5 + float(rng.uniform(-0.7, 0.7)))))
    block = 3 if wide % 3 == 0 and rng.random() < 0.5 else 2
    return [chair + chair // block for chair in range(wide)]


def _label(row: int, chair: int) -> str:
    """`A1` is the front left chair."""
    return f"{chr(ord('A') + row)}{chair + 1}"
