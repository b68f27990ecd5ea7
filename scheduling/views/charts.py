"""Where the marks of the allocation page go: plain coordinates for inline SVG."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category

from centres.common.i18n import in_language
from centres.common.provinces import BY_CODE, PROVINCES
from centres.models import Centre
from scheduling.queries.allocations import CentreFill, Overview

CROWDED_KM = 15  # a centre whose cheapest exam session costs more than this is fought for


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    r: float


@dataclass(frozen=True)
class MapMark:
    """One centre on the map: its dot, a bar of how full it is, and its name."""

    name: str
    x: float
    y: float
    label_x: float
    label_y: float
    used: float
    tone: str
    given: int
    places: int


@dataclass(frozen=True)
class Dumbbell:
    """Asked for as a ring, given as a dot, all places as a line."""

    asked: float
    given: float
    places: float


@dataclass(frozen=True)
class Bars:
    """One class of distances: people by first come and by the plan."""

    label: str
    x: float
    before_y: float
    before_height: float
    after_y: float
    after_height: float
    before: int
    after: int


@dataclass(frozen=True)
class CentreRow:
    fill: CentreFill
    dumbbell: Dumbbell


WIDTH, HEIGHT = 330, 620
BAR = 44.0


def project(latitude: float, longitude: float) -> tuple[float, float]:
    """Degrees to the map's 330 x 620: Thailand, north up, one scale for both directions."""
    return round((longitude - 97.0) * 37.5, 1), round((20.9 - latitude) * 39.5, 1)


def land() -> list[Dot]:
    """The provinces as dots by population: the shape of the country without a border drawn."""
    dots = []
    for province in PROVINCES:
        x, y = project(province.latitude, province.longitude)
        dots.append(Dot(x, y, round(2.6 + (province.population / 1e6) ** 0.5 * 2.0, 1)))
    return dots


def marks(overview: Overview) -> list[MapMark]:
    """A mark for each centre; its label on the side where the country leaves room."""
    placed: list[tuple[float, float, float]] = []
    found = []
    names = short_names([fill.centre for fill in overview.centres])
    for fill in sorted(overview.centres, key=lambda fill: -fill.centre.latitude):
        x, y = project(fill.centre.latitude, fill.centre.longitude)
        name = names[fill.centre]
        spot = free_spot(x, y, name, placed)
        share = fill.given / fill.places if fill.places else 0.0
        found.append(
            MapMark(
                name=name,
                x=x,
                y=y,
                label_x=spot[0],
                label_y=spot[1],
                used=round(BAR * share, 1),
                tone=tone_of(fill.price_km),
                given=fill.given,
                places=fill.places,
            )
        )
    return found


def short_names(centres: Sequence[Centre]) -> dict[Centre, str]:
    """The province, which is shorter than a centre's name; the name where two share a province."""
    provinces = Counter(centre.province for centre in centres)
    found = {}
    for centre in centres:
        province = BY_CODE.get(centre.province)
        is_only = province is not None and provinces[centre.province] == 1
        found[centre] = (
            in_language(province.name_th, province.name_en) if province and is_only else centre.name
        )
    return found


def tone_of(price_km: float) -> str:
    """f2 fought for, f4 wanted, f1 enough: the classes of the legend."""
    if price_km > CROWDED_KM:
        return "f2"
    return "f4" if price_km > 0 else "f1"


def _width_of(name: str) -> float:
    """About how wide a name is set, in map units; Thai vowels above and below take no room."""
    return max(BAR, 7.2 * sum(category(letter) != "Mn" for letter in name))


def free_spot(
    x: float, y: float, name: str, placed: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """The first place near a dot where a bar with its name meets no earlier one; it is noted."""
    wide = _width_of(name)
    spots = [
        (min(max(left, 2.0), WIDTH - 2 - wide), y + dy)
        for dy in (-4, 18, -26, 40, -48, 62)
        for left in (x + 10, x - 8 - wide)
    ]
    found = next((s for s in spots if all(_apart(s, wide, other) for other in placed)), spots[0])
    placed.append((*found, wide))
    return found


def _apart(spot: tuple[float, float], wide: float, other: tuple[float, float, float]) -> bool:
    x, y, other_wide = other
    return spot[0] + wide < x or x + other_wide < spot[0] or abs(spot[1] - y) > 23


def centre_rows(overview: Overview) -> list[CentreRow]:
    """The table's rows, each with its asked-and-given marks on one scale of 4 to 114."""
    most = max((max(f.wanted, f.places) for f in overview.centres), default=1) or 1

    def at(people: int) -> float:
        return round(4 + 110 * people / most, 1)

    return [
        CentreRow(fill, Dumbbell(at(fill.wanted), at(fill.given), at(fill.places)))
        for fill in overview.centres
    ]


def distance_bars(overview: Overview) -> list[Bars]:
    """People by distance, by first come and by the plan, on a chart of 320 x 214."""
    before, after = overview.first_come["by_distance"], overview.plan["by_distance"]
    return paired_bars(overview.steps_km, before, after)


def paired_bars(steps_km: Sequence[int], before: list[int], after: list[int]) -> list[Bars]:
    """Two counts for each class of distance, on a chart of 320 x 214."""
    most = max(*before, *after, 1)
    step = 276 / max(1, len(before))
    bars = []
    for index, (low, was, now) in enumerate(zip(steps_km, before, after, strict=True)):
        heights = [round(150 * n / most, 1) for n in (was, now)]
        last = index == len(before) - 1
        label = f"{low}+" if last else f"{low}–"
        bars.append(
            Bars(label, round(42 + index * step, 1), round(174 - heights[0], 1), heights[0],
                 round(174 - heights[1], 1), heights[1], was, now)
        )  # fmt: skip
    return bars
