"""Where the marks of a plan of moves go: the curve, the map and the bars, as plain coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduling.queries.moves import CentreChange, Change, Flow, Moves, Point
from scheduling.views.charts import Bars, Dumbbell, free_spot, paired_bars, project, short_names

STEPS_KM = (0, 20, 50, 100, 150, 200, 300)  # classes of distance, as the plan counts them
_MOST_ARROWS = 40
_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 606.0, 62.0, 216.0  # of the curve's 640 x 270


@dataclass(frozen=True)
class Arrow:
    """People on their way from one centre to another: a bent line, as wide as they are many."""

    path: str
    wide: float


@dataclass(frozen=True)
class CentreDot:
    """A centre on the map: a ring for the people before, a disc for those after."""

    row: CentreChange
    name: str
    x: float
    y: float
    before: float
    after: float
    label_x: float
    label_y: float


@dataclass(frozen=True)
class CentreRow:
    row: CentreChange
    dumbbell: Dumbbell


@dataclass(frozen=True)
class WishRow:
    """How many have a centre of this rank; 0 for a centre they did not name."""

    rank: int
    before: int
    after: int


@dataclass(frozen=True)
class Shown:
    """One plan as its page draws it. `x` and `y` are its place on the curve."""

    point: Point
    x: float
    y: float
    arrows: tuple[Arrow, ...]
    dots: tuple[CentreDot, ...]
    rows: tuple[CentreRow, ...]
    bars: list[Bars]
    wishes: tuple[WishRow, ...]


def curve_of(points: Sequence[Point]) -> list[Shown]:
    """Every plan with its place on the curve: people moved to the right, hardship upwards."""
    moved = [point.moved for point in points]
    dearest = max(point.dearer_km for point in points)
    return [
        shown_of(
            point,
            x=_between(_LEFT, _RIGHT, point.moved - min(moved), max(moved) - min(moved)),
            y=_between(_BOTTOM, _TOP, point.dearer_km, dearest),
        )
        for point in points
    ]


def line_of(curve: Sequence[Shown]) -> str:
    """The line through the plans of a curve, as points of a polyline."""
    return " ".join(f"{shown.x:g},{shown.y:g}" for shown in curve)


def shown_in(moves: Moves | None) -> Shown | None:
    """A plan of moves alone, without a curve."""
    return shown_of(moves.point, 0.0, 0.0) if moves else None


def shown_of(point: Point, x: float, y: float) -> Shown:
    """One plan with its map, its table and its bars."""
    change = point.change
    return Shown(
        point=point,
        x=x,
        y=y,
        arrows=_arrows(point.flows),
        dots=_dots(change.centres),
        rows=_rows(change.centres),
        bars=paired_bars(STEPS_KM, change.before["by_distance"], change.after["by_distance"]),
        wishes=_wishes(change),
    )


def _between(low: float, high: float, part: float, whole: float) -> float:
    return round(low + (high - low) * part / whole, 1) if whole else low


def _arrows(flows: Sequence[Flow]) -> tuple[Arrow, ...]:
    """The largest flows between two centres, bent to the side so that both ways are seen."""
    between = [flow for flow in flows if flow.former != flow.new][:_MOST_ARROWS]
    most = max((flow.people for flow in between), default=1)
    return tuple(
        Arrow(_bend(flow), round(1 + 7 * (flow.people / most) ** 0.5, 1)) for flow in between
    )


def _bend(flow: Flow) -> str:
    x1, y1 = project(flow.former.latitude, flow.former.longitude)
    x2, y2 = project(flow.new.latitude, flow.new.longitude)
    bent_x, bent_y = (x1 + x2) / 2 - (y2 - y1) / 5, (y1 + y2) / 2 + (x2 - x1) / 5
    return f"M{x1:g} {y1:g}Q{bent_x:.1f} {bent_y:.1f} {x2:g} {y2:g}"


def _dots(rows: Sequence[CentreChange]) -> tuple[CentreDot, ...]:
    most = max((max(row.before, row.after) for row in rows), default=1) or 1
    names = short_names([row.centre for row in rows])
    placed: list[tuple[float, float, float]] = []
    dots = []
    # Those that change most are named first, at the best spots; those that do not stay silent.
    for row in rows:
        x, y = project(row.centre.latitude, row.centre.longitude)
        changed = row.change != 0 or row.is_lost
        label = free_spot(x, y, f"{names[row.centre]} +0,000", placed) if changed else (0.0, 0.0)
        before, after = (_radius(people, most) for people in (row.before, row.after))
        dots.append(CentreDot(row, names[row.centre], x, y, before, after, *label))
    return tuple(dots)


def _radius(people: int, most: int) -> float:
    """Area as people; nobody has no disc."""
    return round(1.5 + 13 * (people / most) ** 0.5, 1) if people else 0.0


def _rows(rows: Sequence[CentreChange]) -> tuple[CentreRow, ...]:
    most = max((max(row.before, row.after, row.places) for row in rows), default=1) or 1

    def at(people: int) -> float:
        return round(4 + 110 * people / most, 1)

    return tuple(
        CentreRow(row, Dumbbell(at(row.before), at(row.after), at(row.places))) for row in rows
    )


def _wishes(change: Change) -> tuple[WishRow, ...]:
    pairs = zip(change.before["by_centre"], change.after["by_centre"], strict=True)
    rows = [WishRow(rank, before, after) for rank, (before, after) in enumerate(pairs)]
    return (*rows[1:], rows[0])
