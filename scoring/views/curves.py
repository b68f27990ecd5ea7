"""Where the marks of model curves go: plain coordinates for inline SVG, no sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoring.queries.calibrations import FittedItem

LEFT, RIGHT, TOP, BOTTOM = 46.0, 410.0, 28.0, 252.0
REACH = 3.0  # abilities drawn, from minus this to this
STEPS = 60


def across(theta: float) -> float:
    """Where an ability lies from left to right."""
    return round(LEFT + (theta + REACH) / (2 * REACH) * (RIGHT - LEFT), 1)


def up(share: float) -> float:
    """Where a share from 0 to 1 lies from bottom to top."""
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


@dataclass(frozen=True)
class Point:
    """Some candidates of like ability: the share right seen, with 95 in 100, and expected."""

    theta: float
    people: float
    observed: float
    expected: float
    x: float
    y: float
    radius: float
    low: float
    high: float


@dataclass(frozen=True)
class ItemCurve:
    """The modelled curve of an item and what was seen, in a box of 430 by 310 units."""

    path: str
    points: list[Point]
    ticks: list[tuple[int, float]]
    levels: list[tuple[int, float]]


def item_curve(item: FittedItem) -> ItemCurve:
    """Draw one item."""
    thetas = [-REACH + 2 * REACH * step / STEPS for step in range(STEPS + 1)]
    line = " L".join(f"{across(theta)} {up(item.chance(theta))}" for theta in thetas)
    people = [point[1] for point in item.figures.points]
    most = max(people, default=1.0) or 1.0
    points = [_point(figures, most) for figures in item.figures.points]
    return ItemCurve(
        path=f"M{line}",
        points=[point for point in points if LEFT <= point.x <= RIGHT],
        ticks=[(theta, across(theta)) for theta in range(-3, 4)],
        levels=[(level, up(level / 100)) for level in (0, 25, 50, 75, 100)],
    )


def _point(figures: Sequence[float], most: float) -> Point:
    """`figures` as the calibration keeps them: ability, people, seen, expected, error."""
    theta, n, observed, expected, error = figures
    low, high = max(observed - 1.96 * error, 0.0), min(observed + 1.96 * error, 1.0)
    return Point(
        theta=theta,
        people=n,
        observed=observed,
        expected=expected,
        x=across(theta),
        y=up(observed),
        radius=round(2.5 + 2.5 * (n / most) ** 0.5, 1),
        low=up(low),
        high=up(high),
    )


@dataclass(frozen=True)
class FormCurve:
    """What a form tells about ability, the error of its estimate, and the cut between them."""

    line: str
    area: str
    error: str
    ticks: list[tuple[int, float]]
    levels: list[tuple[int, float]]
    cut_x: float | None
    cut_ends: bool


def form_curve(form: dict[str, Any]) -> FormCurve:
    """Draw the information of one form; the error is drawn so that 1 reaches the top."""
    drawn = [
        (theta, known, error)
        for theta, known, error in zip(
            form["theta"], form["information"], form["error"], strict=True
        )
        if abs(theta) <= REACH + 1e-9
    ]
    most = _round_up(max((known for _theta, known, _error in drawn), default=1.0))
    points = [f"{across(theta)} {up(known / most)}" for theta, known, _error in drawn]
    errors = [
        f"{across(theta)} {up(error)}"
        for theta, _known, error in drawn
        if error is not None and error <= 1
    ]
    cut = form["cut"]
    inside = cut is not None and abs(cut["theta"]) <= REACH
    return FormCurve(
        line="M" + " L".join(points),
        area=f"M{' L'.join(points)} L{RIGHT} {BOTTOM} L{LEFT} {BOTTOM}Z",
        error=("M" + " L".join(errors)) if errors else "",
        ticks=[(theta, across(theta)) for theta in range(-3, 4)],
        levels=[(round(most * part / 4), up(part / 4)) for part in range(5)],
        cut_x=across(cut["theta"]) if inside else None,
        cut_ends=bool(inside and cut["theta"] > 1),
    )


def _round_up(value: float) -> float:
    """The next round number of the axis: a multiple of 4 or of 20."""
    step = 4 if value <= 40 else 20
    return float(step * max(-(-value // step), 1))


def at_abilities(form: dict[str, Any], wanted: Sequence[float]) -> list[tuple[float, Any, Any]]:
    """Information and error at some abilities, for the table beside the drawing."""
    rows = zip(form["theta"], form["information"], form["error"], strict=True)
    return [row for row in rows if any(abs(row[0] - theta) < 1e-6 for theta in wanted)]
