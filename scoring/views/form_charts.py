"""Where the marks of drawings about forms go: groups, shared items, changed scores, the bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from scoring.models import BlueprintRow
from scoring.queries.bank import Exposure, Plan
from scoring.queries.form_figures import NamedGroup
from scoring.reports.drawings import tick_step
from scoring.studies.forms import Drift
from scoring.views.charts import Frame, path_of

ROW = 26.0
LEFT, RIGHT = 168.0, 408.0


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


# --- the bank -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HistoryMark:
    """One time an item was given: share right and discrimination, from 0 to 1."""

    label: str
    x: float
    p_y: float | None
    r_y: float | None
    flagged: bool


@dataclass(frozen=True)
class History:
    """An item over its uses, the oldest first."""

    marks: list[HistoryMark]
    p_path: str
    r_path: str
    levels: list[tuple[str, float]]


def history(times: Sequence[Exposure]) -> History | None:
    """Draw share right and item-rest correlation into 420 by 210 units; nothing for no use."""
    if not times:
        return None
    frame = Frame(48, 392, 14, 174)
    p = [_percent(time.figures.p) for time in times]
    r = [_percent(time.figures.item_rest) for time in times]
    marks = [
        HistoryMark(
            time.run.form.code,
            frame.x(at, len(times)),
            None if p[at] is None else frame.y(p[at] or 0.0),
            None if r[at] is None else frame.y(max(r[at] or 0.0, 0.0)),
            bool(time.figures.flags),
        )
        for at, time in enumerate(times)
    ]
    above = [None if value is None else max(value, 0.0) for value in r]
    levels = [(f"{level / 100:g}", frame.y(level)) for level in (0, 50, 100)]
    return History(marks, path_of(p, frame)[0], path_of(above, frame)[0], levels)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


@dataclass(frozen=True)
class CoverageBar:
    """One form in one row of the blueprint: its count as a bar."""

    form: str
    count: int
    width: float
    y: float
    verdict: str


@dataclass(frozen=True)
class CoverageRow:
    """One competency: the band of what is wanted, and a bar for each form."""

    row: BlueprintRow
    low: float
    width: float
    bars: list[CoverageBar]
    height: float


def coverage(plan: Plan) -> list[CoverageRow]:
    """A small drawing for each row, all on one scale of 300 units."""
    scale = 290 / max(plan.highest, 1)
    drawn = []
    for one in plan.rows:
        bars = [
            CoverageBar(
                form.code, count, round(max(count * scale, 1), 1), round(3 + at * 14, 1), verdict
            )
            for at, (form, (count, verdict)) in enumerate(
                zip(plan.forms, one.verdicts, strict=True)
            )
        ]
        low = round(one.row.least * scale, 1)
        width = round((one.row.most - one.row.least) * scale + 2, 1)
        drawn.append(CoverageRow(one.row, low, width, bars, 6 + 14 * len(bars)))
    return drawn
