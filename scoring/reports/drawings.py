"""Where the marks of a report's drawings go. Geometry only; words and paint are the template's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from scoring.views.charts import Curve, Frame, option_curves, path_of


@dataclass(frozen=True)
class DrawnOption:
    """One option as `charts.option_curves` wants it: percent by group of raw score."""

    option: str
    is_key: bool
    p: float | None
    curve: Sequence[float | None]


def curves_of(
    options: Sequence[Mapping[str, Any]], shares: Mapping[str, Sequence[float | None]]
) -> list[Curve]:
    """The option curves of one item from its published rows. `shares`: by option, 0 to 1."""
    drawn = [
        DrawnOption(row["option"], row["is_key"], row["p"], _percents(shares[row["option"]]))
        for row in sorted(options, key=lambda row: (row["is_key"], row["option"]))
    ]
    return option_curves(drawn)  # type: ignore[arg-type]  # the same four names as a stored row


def _percents(shares: Sequence[float | None]) -> list[float | None]:
    return [None if share is None else 100 * share for share in shares]


HALF = Frame(48, 412, 14, 174)  # of a drawing of 420 by 210 units


@dataclass(frozen=True)
class Column:
    """One raw score in a histogram."""

    raw: int
    people: int
    x: float
    y: float
    width: float
    height: float
    passed: bool


@dataclass(frozen=True)
class Histogram:
    """Raw scores of everybody. `cut_x`: where the cut stands, if there is one."""

    columns: list[Column]
    ticks: list[tuple[int, float]]
    levels: list[tuple[int, float]]
    cut_x: float | None


def histogram(people: Sequence[int], cut: int | None = None, frame: Frame = HALF) -> Histogram:
    """One column for each raw score from 0; who reaches the cut is told apart."""
    step = (frame.right - frame.left) / max(len(people), 1)
    most = max(people, default=0) or 1
    tall = (frame.bottom - frame.top) / most
    gap = min(0.8, step / 5)
    columns = [
        Column(
            raw,
            count,
            round(frame.left + raw * step + gap / 2, 1),
            round(frame.bottom - count * tall, 1),
            round(step - gap, 1),
            round(count * tall, 1),
            cut is not None and raw >= cut,
        )
        for raw, count in enumerate(people)
        if count
    ]
    every = tick_step(len(people) - 1)
    ticks = [
        (raw, round(frame.left + (raw + 0.5) * step, 1)) for raw in range(0, len(people), every)
    ]
    levels = [
        (value, round(frame.bottom - value * tall, 1)) for value in (0, round(most / 2), most)
    ]
    cut_x = None if cut is None else round(frame.left + cut * step, 1)
    return Histogram(columns, ticks, list(dict.fromkeys(levels)), cut_x)


def rounded_up(value: float) -> float:
    """The next number that stands well at the top of an axis: 1, 2, 4, 5 or 8 times a power."""
    power = 10.0 ** floor(log10(value)) if value > 0 else 1.0
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value * 0.999)


def tick_step(highest: int) -> int:
    """A round distance between the numbers of an axis, so that about ten of them stand there."""
    for step in (1, 2, 5, 10, 20, 25, 50, 100, 200):
        if highest / step <= 12:
            return step
    return 500


@dataclass(frozen=True)
class Line:
    """One curve over raw scores or places, with its scale."""

    path: str
    ticks: list[tuple[int, float]]
    levels: list[tuple[str, float]]
    mark: tuple[float, float] | None


def line(
    values: Sequence[float | None],
    most: float,
    *,
    first: int = 0,
    mark: int | None = None,
    frame: Frame = HALF,
    unit: str = "",
) -> Line:
    """Draw values numbered from `first` against a scale from 0 to about `most`; `mark`: one."""
    most = rounded_up(most)
    scaled = [None if value is None else 100 * value / (most or 1) for value in values]
    path, _points = path_of(scaled, frame)
    every = tick_step(len(values) - 1)
    ticks = [
        (first + at, frame.x(at, len(values)))
        for at in range(len(values))
        if (first + at) % every == 0
    ]
    levels = [(f"{part * most:g}{unit}", frame.y(100 * part)) for part in (0, 0.5, 1)]
    point = None
    if mark is not None and 0 <= mark - first < len(values):
        value = scaled[mark - first]
        if value is not None:
            point = frame.x(mark - first, len(values)), frame.y(value)
    return Line(path, ticks, levels, point)
