"""What 59,679 invented people mark on their answer sheets, and what the scanner makes of it.

The right option is chosen with probability c + (1 - c) / (1 + exp(-a (theta - b))), the three-
parameter logistic model without the constant 1.7 (Lord, 1980); whoever misses it chooses among the
distractors by a multinomial logit whose slopes depend on ability. Some leave items out, some do
not reach the end, some mark twice, and in one room one person copies from another.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from config.demo.items import FORM_CODES, OPTIONS, PER_FORM, Floats, Ints, Paper

CHUNK = 8192
OMITS, MARKS_TWICE = 0.006, 0.0012  # shares of answers
SCANNED_TWICE, NOT_BUBBLED, MISREAD = 0.0002, 0.0002, 0.00005  # shares of sheets
COPIES = 0.9
HOURS = 3.0
MARKS = np.frombuffer((OPTIONS + "-.*").encode(), np.uint8)
OMITTED, NOT_REACHED, TWICE = 5, 6, 7


@dataclass(frozen=True)
class Sitters:
    """N people present, in arrays of N: where they sat, on which form, and how they work.

    `number` holds registration numbers, `room` any number of the room session, `x` and `y` grid
    squares, `form` 0 or 1. `pace` is items an hour; `extra_minutes` the time added.
    """

    number: list[str]
    form: Ints
    room: Ints
    x: Ints
    y: Ints
    ability: Floats
    pace: Floats
    extra_minutes: Ints
    is_woman: NDArray[np.bool_]
    in_english: NDArray[np.bool_]


@dataclass(frozen=True)
class ScannedLine:
    """One sheet as the scanner read it; the form is empty where it was not bubbled.

    `stack` is the exam form of the stack in which the sheet lay.
    """

    stack: str
    number: str
    form: str
    answers: str


@dataclass(frozen=True)
class Scan:
    """All lines in the order of the feeder, and the two people of whom one copied."""

    lines: list[ScannedLine]
    copied: tuple[str, str]


def scan_sheets(
    paper: Paper, sitters: Sitters, seed: int = 2570, no_paper: Iterable[int] = ()
) -> Scan:
    """The sheets of everybody present, with the scanner's own small faults.

    `no_paper`: rows of sitters whose answers never went through a scanner.
    """
    rng = np.random.default_rng([seed, 4])
    marks = np.empty((len(sitters.number), PER_FORM), np.uint8)
    for form in (0, 1):
        rows = np.flatnonzero(sitters.form == form)
        for start in range(0, len(rows), CHUNK):
            some = rows[start : start + CHUNK]
            marks[some] = _marks(rng, paper, form, sitters, some)
    source, copier = _neighbours(sitters)
    copied = rng.random(PER_FORM) < COPIES
    marks[copier, copied] = marks[source, copied]
    text = MARKS[marks].tobytes().decode("ascii")
    lines = [
        ScannedLine(
            FORM_CODES[form], number, FORM_CODES[form], text[row * PER_FORM : (row + 1) * PER_FORM]
        )
        for row, (number, form) in enumerate(zip(sitters.number, sitters.form, strict=True))
    ]
    pair = (sitters.number[source], sitters.number[copier])
    return Scan(_through_the_feeder(rng, lines, keep={source, copier, *no_paper}), pair)


def _marks(
    rng: np.random.Generator, paper: Paper, form: int, who: Sitters, rows: Ints
) -> NDArray[np.uint8]:
    """(n, 150): codes of MARKS for these people on this form."""
    items = paper.forms[form]
    theta = who.ability[rows].astype(np.float32)[:, None]
    favour = np.outer(who.is_woman[rows], paper.favours_women[items]).astype(np.float32)
    favour -= np.outer(who.in_english[rows], paper.misleads_english[items]).astype(np.float32)
    shape = (len(rows), PER_FORM)
    a, b, c = (
        part[items].astype(np.float32)
        for part in (paper.discrimination, paper.difficulty, paper.guessing)
    )
    right = c + (1 - c) / (1 + np.exp(-(a * (theta - b) + favour)))
    knows = rng.random(shape, dtype=np.float32) < right
    marks = np.where(knows, paper.key[items], _missed(rng, paper, items, theta)).astype(np.uint8)
    marks[rng.random(shape, dtype=np.float32) < np.where(knows, OMITS / 4, OMITS * 2)] = OMITTED
    marks[rng.random(shape, dtype=np.float32) < MARKS_TWICE] = TWICE
    reached = who.pace[rows] * (HOURS + who.extra_minutes[rows] / 60)
    marks[np.arange(PER_FORM) >= reached[:, None]] = NOT_REACHED
    return marks


def _missed(
    rng: np.random.Generator, paper: Paper, items: Ints, theta: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """(n, 150): the distractor each would choose, by inverse transform over the options."""
    pull, lean = paper.pull[items].astype(np.float32), paper.lean[items].astype(np.float32)
    weight = np.empty((len(OPTIONS), len(theta), len(items)), np.float32)
    for option in range(len(OPTIONS)):
        np.exp(pull[:, option] + lean[:, option] * theta, out=weight[option])
    total = weight.cumsum(axis=0, out=weight)
    drawn = rng.random(total.shape[1:], dtype=np.float32) * total[-1]
    chosen = (drawn >= total[:-1]).sum(axis=0, dtype=np.uint8)
    # Rounding may fall on the last option where an item has none there: the last it really has.
    missed: NDArray[np.uint8] = np.minimum(chosen, _last_attractive(pull))
    return missed


def _last_attractive(pull: NDArray[np.float32]) -> NDArray[np.uint8]:
    last: NDArray[np.uint8] = (len(OPTIONS) - 1 - np.isfinite(pull[:, ::-1]).argmax(axis=1)).astype(
        np.uint8
    )
    return last


def _neighbours(who: Sitters) -> tuple[int, int]:
    """An able and an unable person with the same form, as near each other as any such two sit."""
    order = np.lexsort((who.x, who.y, who.form, who.room))
    first, second = order[:-1], order[1:]
    same = (who.room[first] == who.room[second]) & (who.form[first] == who.form[second])
    first, second = first[same], second[same]
    swap = who.ability[first] < who.ability[second]
    able, unable = np.where(swap, second, first), np.where(swap, first, second)
    apart = np.hypot(who.x[able] - who.x[unable], who.y[able] - who.y[unable])
    # The able one is near the middle, so that errors are shared too; the other well below.
    unlike = np.abs(who.ability[able] - 0.2) + np.abs(who.ability[unable] + 1.3)
    hurried = np.minimum(who.pace[able], who.pace[unable]) * HOURS < PER_FORM + 5
    best = int((unlike + 0.3 * apart + 5 * hurried).argmin())
    return int(able[best]), int(unable[best])


def _through_the_feeder(
    rng: np.random.Generator, lines: list[ScannedLine], keep: set[int]
) -> list[ScannedLine]:
    """A few sheets go through twice, a few have no form bubbled, a few numbers are misread."""
    sizes = [max(1, round(share * len(lines))) for share in (SCANNED_TWICE, NOT_BUBBLED, MISREAD)]
    drawn = [row for row in rng.permutation(len(lines)).tolist() if row not in keep]
    twice, unbubbled, misread = np.split(np.array(drawn[: sum(sizes)]), np.cumsum(sizes)[:-1])
    fed = list(lines)
    for row in unbubbled.tolist():
        fed[row] = replace(fed[row], form="")
    for row in misread.tolist():
        fed[row] = replace(fed[row], number=_misread(fed[row].number))
    return fed + [lines[row] for row in twice.tolist()]


def _misread(number: str) -> str:
    """The number with its seventh digit read one higher: its check digit no longer fits."""
    return f"{number[:6]}{(int(number[6]) + 1) % 10}{number[7:]}"


def handwritten(number: str) -> str:
    """The number that stands in ink beside the bubbles of a misread sheet."""
    return f"{number[:6]}{(int(number[6]) - 1) % 10}{number[7:]}"
