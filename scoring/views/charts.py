"""Where the marks of scoring's drawings go: plain coordinates for inline SVG, no sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.models import OptionStatistic
from scoring.queries.results import Outcomes

LABEL_GAP = 18.0
STYLES = (("c1", "d2"), ("c3", "d3"), ("c4", "d4"), ("c5", "d2"), ("c1", "d3"), ("c3", "d4"))


@dataclass(frozen=True)
class Curve:
    """One line of a drawing: its path, its points, and where its label stands."""

    label: str
    path: str
    points: list[tuple[float, float]]
    colour: str
    dash: str
    is_key: bool
    label_y: float


@dataclass(frozen=True)
class Frame:
    """The rectangle that figures are drawn into."""

    left: float
    right: float
    top: float
    bottom: float

    def x(self, place: int, count: int) -> float:
        step = (self.right - self.left) / max(count - 1, 1)
        return round(self.left + place * step, 1)

    def y(self, percent: float) -> float:
        return round(self.bottom - percent / 100 * (self.bottom - self.top), 1)


BIG = Frame(46, 346, 28, 252)
SMALL = Frame(3, 93, 2, 30)


def path_of(values: Sequence[float | None], frame: Frame) -> tuple[str, list[tuple[float, float]]]:
    """The path of one line; it breaks where there is no figure."""
    parts: list[str] = []
    points: list[tuple[float, float]] = []
    pen_down = False
    for place, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        point = frame.x(place, len(values)), frame.y(value)
        parts.append(f"{'L' if pen_down else 'M'}{point[0]} {point[1]}")
        points.append(point)
        pen_down = True
    return " ".join(parts), points


def option_curves(options: Sequence[OptionStatistic], frame: Frame = BIG) -> list[Curve]:
    """A line for every option worth drawing: letters always, marks above two per cent."""
    shown = [
        option
        for option in options
        if option.curve and (len(option.option) == 1 or (option.p or 0) > 0.02)
    ]
    ends = pushed_apart([_end(option.curve, frame) for option in shown])
    curves = []
    styles = iter(STYLES * 3)
    for option, label_y in zip(shown, ends, strict=True):
        path, points = path_of(option.curve, frame)
        colour, dash = ("c2", "") if option.is_key else next(styles)
        curves.append(Curve(option.option, path, points, colour, dash, option.is_key, label_y))
    return sorted(curves, key=lambda curve: curve.is_key)


def _end(values: Sequence[float | None], frame: Frame) -> float:
    known = [value for value in values if value is not None]
    return frame.y(known[-1] if known else 0.0) + 5


def pushed_apart(wanted: Sequence[float], gap: float = LABEL_GAP) -> list[float]:
    """Labels as near to where they belong as they can stand without touching, in the same order."""
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    placed = [0.0] * len(wanted)
    lowest = float("-inf")
    for place in order:
        lowest = max(wanted[place], lowest + gap)
        placed[place] = round(lowest, 1)
    over = (placed[order[-1]] - (BIG.bottom + 6)) if order else 0.0
    if over > 0:
        ceiling = BIG.bottom + 6
        for place in reversed(order):
            placed[place] = round(min(placed[place], ceiling), 1)
            ceiling = placed[place] - gap
    return placed


@dataclass(frozen=True)
class Spark:
    """The curves of one item at the size of a table row."""

    others: list[str]
    rival: str
    key: str


def spark(options: Sequence[OptionStatistic], suggested: str) -> Spark:
    """Key thick, distractors thin, the rival that behaves like a key dashed."""
    others, rival, key = [], "", ""
    for option in options:
        path, _points = path_of(option.curve, SMALL)
        if option.is_key:
            key = path
        elif option.option == suggested:
            rival = path
        elif len(option.option) == 1:
            others.append(path)
    return Spark(others, rival, key)


@dataclass(frozen=True)
class Bar:
    """One column of a distribution."""

    score: int
    people: int
    x: float
    y: float
    width: float
    height: float
    passed: bool


@dataclass(frozen=True)
class Distribution:
    """Reported scores of everybody, with the cut between two columns."""

    bars: list[Bar]
    cut_x: float
    ticks: list[tuple[int, float]]
    levels: list[tuple[int, float]]


def distribution(rows: Sequence[tuple[int, int]], *, low: int, high: int, cut: int) -> Distribution:
    """Draw (score, people) pairs into 732 x 144 units; one column for each reported score."""
    left, right, top, bottom = 52.0, 784.0, 34.0, 178.0
    step = (right - left) / (high - low + 1)
    most = max((people for _score, people in rows), default=1) or 1
    scale = (bottom - top) / most
    bars = [
        Bar(
            score,
            people,
            round(left + (score - low) * step + 0.4, 1),
            round(bottom - people * scale, 1),
            round(step - 0.8, 1),
            round(people * scale, 1),
            score >= cut,
        )
        for score, people in rows
    ]
    ticks = [
        (score, round(left + (score - low + 0.5) * step, 1))
        for score in range(low, high + 1)
        if score % 10 == 0
    ]
    half = most // 2
    levels = [(value, round(bottom - value * scale, 1)) for value in (0, half, most)]
    return Distribution(bars, round(left + (cut - low) * step, 1), ticks, levels)


@dataclass(frozen=True)
class NearCut:
    """Twelve columns around the cut, for one remedy."""

    bars: list[Bar]
    cut_x: float


def near_cut(rows: Sequence[tuple[int, int]], cut: int) -> NearCut:
    """Draw people by score around the cut into 226 x 44 units, all remedies to one scale."""
    most = max((people for _score, people in rows), default=1) or 1
    bars = []
    for place, (score, people) in enumerate(rows):
        height = round(people / most * 44, 1)
        x = 12.0 + place * 19
        bars.append(Bar(score, people, x, round(98 - height, 1), 16, height, score >= cut))
    below = sum(score < cut for score, _people in rows)
    return NearCut(bars, round(12 + below * 19 - 1.5, 1))


@dataclass(frozen=True)
class Share:
    """One piece of the bar of outcomes."""

    style: str
    x: float
    width: float


def outcome_shares(counted: Outcomes) -> list[Share]:
    """The bar of everybody: scored, absent, held, lost; 800 units wide."""
    total = max(counted.seats, 1)
    pieces = (
        ("f1", counted.scored),
        ("f6", counted.absent),
        ("f5", counted.held),
        ("f2", max(counted.lost, 0)),
    )
    shares, x = [], 0.0
    for style, people in pieces:
        width = round(people / total * 800, 2)
        if people:
            shares.append(Share(style, round(x, 2), max(width - 1, 1.0)))
        x += width
    return shares
