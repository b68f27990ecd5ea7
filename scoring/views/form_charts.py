"""Where the marks of a whole form's drawings go: groups, shared items, changed scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from scoring.queries.form_figures import NamedGroup
from scoring.reports.drawings import tick_step
from scoring.studies.forms import Drift

ROW = 26.0
LEFT, RIGHT = 190.0, 560.0


@dataclass(frozen=True)
class GroupMark:
    """One group in a row: where its mean and its interval stand."""

    name: str
    y: float
    x: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupMeans:
    """The means of all groups on one scale, with everybody's mean as a line."""

    marks: list[GroupMark]
    height: float
    bottom: float
    x_all: float
    ticks: list[tuple[int, float]]


SHOWN_GROUPS = 40


def group_means(groups: Sequence[NamedGroup], mean: float | None) -> GroupMeans | None:
    """Each group's mean with its 95 % interval; nothing where there is no spread to draw."""
    rows = [
        (group, group.figures.mean, _half(group))
        for group in groups[:SHOWN_GROUPS]
        if group.figures.mean is not None and group.figures.people > 1
    ]
    if len(rows) < 2 or mean is None:
        return None
    low = min(min(m - half for _g, m, half in rows), mean)
    high = max(max(m + half for _g, m, half in rows), mean)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return round(LEFT + (value - low) / span * (RIGHT - LEFT), 1)

    marks = [
        GroupMark(group.name, round(22 + at * ROW, 1), x(m), x(m - half), x(m + half))
        for at, (group, m, half) in enumerate(rows)
    ]
    bottom = 22 + len(rows) * ROW - 8
    step = tick_step(int(span) or 1)
    first = int(low // step + 1) * step
    ticks = [(value, x(value)) for value in range(first, int(high) + 1, step)]
    return GroupMeans(marks, bottom + 30, bottom, x(mean), ticks)


def _half(group: NamedGroup) -> float:
    return 1.96 * (group.figures.sd or 0.0) / sqrt(group.figures.people)


@dataclass(frozen=True)
class Dot:
    """One shared item: its difficulty in both forms, and whether it left the axis."""

    code: str
    x: float
    y: float
    far: bool


@dataclass(frozen=True)
class Scatter:
    """Shared items by difficulty in two forms, and the axis that ability explains."""

    dots: list[Dot]
    axis: str
    ticks: list[tuple[int, float, float]]


BOX_LEFT, BOX_RIGHT, BOX_TOP, BOX_BOTTOM = 52.0, 392.0, 16.0, 316.0
LOWEST, HIGHEST = 5.0, 21.0  # deltas: 97 % and 2 % right


def delta_scatter(drift: Drift) -> Scatter | None:
    """Draw deltas into 420 by 360 units; nothing where no axis could be laid."""
    plot = drift.plot
    if not isfinite(plot.slope):
        return None
    pairs = zip(plot.first.tolist(), plot.second.tolist(), drift.items, strict=True)
    dots = [
        Dot(item.code, _x(first), _y(second), far)
        for first, second, (item, _distance, far) in pairs
        if isfinite(first) and isfinite(second)
    ]
    ends = [(delta, plot.intercept + plot.slope * delta) for delta in (LOWEST, HIGHEST)]
    axis = " ".join(f"{'ML'[at]}{_x(x)} {_y(y)}" for at, (x, y) in enumerate(ends))
    ticks = [(delta, _x(delta), _y(delta)) for delta in range(5, 22, 4)]
    return Scatter(dots, axis, ticks)


def _x(delta: float) -> float:
    share = (min(max(delta, LOWEST), HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    return round(BOX_LEFT + share * (BOX_RIGHT - BOX_LEFT), 1)


def _y(delta: float) -> float:
    share = (min(max(delta, LOWEST - 2), HIGHEST + 2) - LOWEST) / (HIGHEST - LOWEST)
    return round(BOX_BOTTOM - share * (BOX_BOTTOM - BOX_TOP), 1)


@dataclass(frozen=True)
class StepBar:
    """People whose raw score changed by one amount."""

    step: int
    people: int
    y: float
    width: float


@dataclass(frozen=True)
class StepBars:
    """All of them, and how tall the drawing is."""

    bars: list[StepBar]
    height: float


def step_bars(moved: Mapping[int, int]) -> StepBars:
    """A bar for each change of raw score, the greatest loss first."""
    most = max(moved.values(), default=1)
    bars = [
        StepBar(step, people, round(4 + at * ROW, 1), round(max(people / most * 300, 1), 1))
        for at, (step, people) in enumerate(moved.items())
    ]
    return StepBars(bars, len(bars) * ROW + 8)
