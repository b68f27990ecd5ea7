"""Who may have copied from whom: agreement weighed by how telling each shared answer is.

To share a right answer to an easy item says nothing, to share a rare mistake much. For a candidate
and a possible source, every shared answer adds the log of how much likelier it is if the candidate
copied ``share`` of the answers (Neyman & Pearson 1933, applied to the model of Wollack 1997), by
the chance that someone of the candidate's score chooses what the source chose. Evidence for people
to weigh; it cannot tell copier from source, nor copying from sitting in the same class, and two
candidates who are nearly always right share nothing that tells.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.agreement import Correction, adjusted
from scoring.psychometrics.choices import Choices
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.responses import OMITTED, ResponseMatrix
from scoring.psychometrics.similarity import choice_model

Floats = NDArray[np.float64]
_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Likeness:
    """Two candidates of a unit. ``rows``: their places in the matrix.

    ``weight``: weighed agreement in standard deviations, the mean of both directions. ``p``: the
    larger of the two directions' chances of so much or more (Lugannani & Rice 1980).
    ``p_adjusted``: after correction.
    """

    first: Any
    second: Any
    unit: Any
    rows: tuple[int, int]
    weight: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class CopyingScreen:
    """The pairs reported, the most striking first, and how many were looked at."""

    pairs: tuple[Likeness, ...]
    looked_at: int


def screen_copying(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    choices: Choices,
    units: NDArray[Any],
    *,
    share: float = 0.5,
    rough: float = 4.0,
    level: float = 1e-4,
    correction: Correction = Correction.NONE,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CopyingScreen:
    """Look at every pair who share a unit; report those whose corrected chance is below ``level``.

    Without correction ``level`` is the share of honest pairs that are reported all the same; with
    Bonferroni's it is the chance of reporting any.
    """
    table = _Tables(matrix, scored, choices, share)
    names, member = np.unique(units, return_inverse=True)
    found: list[tuple[int, int, int, float]] = []
    looked_at = 0
    for unit in range(len(names)):
        group = np.flatnonzero(member == unit)
        looked_at += len(group) * (len(group) - 1) // 2
        found += [(unit, *pair) for pair in _striking(table, group, rough)]
        progress(unit + 1, len(names))
    p = np.array([table.chance(i, k) for _, i, k, _ in found])
    pairs = [
        Likeness(
            first=matrix.persons[i],
            second=matrix.persons[k],
            unit=names[unit],
            rows=(i, k),
            weight=weight,
            p=float(alone),
            p_adjusted=float(corrected),
        )
        for (unit, i, k, weight), alone, corrected in zip(
            found, p, adjusted(p, looked_at, correction), strict=True
        )
        if corrected < level
    ]
    return CopyingScreen(tuple(sorted(pairs, key=lambda pair: (pair.p, -pair.weight))), looked_at)


class _Tables:
    """By raw score: chance of every choice, and the weight of sharing it."""

    def __init__(
        self, matrix: ResponseMatrix, scored: ScoredMatrix, choices: Choices, share: float
    ) -> None:
        model = choice_model(choices)
        self.p = model.p
        self.log_ratio = np.log1p(share / (1 - share) / self.p)
        self.codes, self.level = matrix.codes, model.levels(matrix, scored)
        options = np.arange(self.p.shape[2], dtype=np.uint8)
        self._options = options

    def chosen(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """(n, J K): 1 where the option was chosen."""
        picked = (self.codes[rows][:, :, None] == self._options).reshape(len(rows), -1)
        return np.asarray(picked, np.float32)

    def weights(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], ...]:
        """(n, J K) twice: of a candidate's score, the mean and variance of sharing each choice."""
        p, weight = self.p[self.level[rows]], self.log_ratio[self.level[rows]]
        shape = (len(rows), -1)
        mean, variance = p * weight, p * (1 - p) * weight**2
        flat = (weight, mean, variance)
        return tuple(part.reshape(shape).astype(np.float32) for part in flat)

    def chance(self, i: int, k: int) -> float:
        """The larger chance of the two directions."""
        return max(self._directed(i, k), self._directed(k, i))

    def _directed(self, copier: int, source: int) -> float:
        own, other = self.codes[copier], self.codes[source]
        both = np.flatnonzero((own < OMITTED) & (other < OMITTED))
        score, choice = self.level[copier], other[both]
        p, weight = self.p[score, both, choice], self.log_ratio[score, both, choice]
        return weighted_tail(p, weight, float(weight[own[both] == choice].sum()))


def _striking(
    table: _Tables, group: NDArray[np.intp], rough: float
) -> Iterator[tuple[int, int, float]]:
    """Pairs of a unit whose weighed agreement, the mean of both directions, is high."""
    chosen, answered = table.chosen(group), table.codes[group] < OMITTED
    given = np.repeat(answered, table.p.shape[2], axis=1).astype(np.float32)
    weight, mean, variance = table.weights(group)
    shared, expected, spread = chosen * weight, given * mean, given * variance
    for start in range(0, len(group), _ROWS_AT_ONCE):
        rows, later = slice(start, start + _ROWS_AT_ONCE), slice(start, None)
        there = (shared[rows] - expected[rows]) @ chosen[later].T
        back = chosen[rows] @ (shared[later] - expected[later]).T
        there /= np.sqrt(np.maximum(spread[rows] @ chosen[later].T, 1e-12))
        back /= np.sqrt(np.maximum(chosen[rows] @ spread[later].T, 1e-12))
        excess = (there + back) / 2
        places = np.arange(start, len(group))
        excess[places <= np.arange(start, start + len(excess))[:, None]] = -np.inf
        for i, k in np.argwhere(excess >= rough):
            yield int(group[start + i]), int(group[start + k]), float(excess[i, k])


def weighted_tail(p: Floats, weight: Floats, observed: float) -> float:
    """Chance that independent trials of chance ``p`` earn ``observed`` or more of their weights.

    Lugannani & Rice (1980), to a few hundredths of itself far out; all (J,), weights positive.
    """
    if observed <= float(p @ weight):
        return 1.0
    if observed >= float(weight.sum()) - 1e-9:
        return float(np.exp(np.log(p).sum()))
    low, high = 0.0, 1.0
    while _earned(p, weight, high)[0] < observed and high < 1e3:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _earned(p, weight, middle)[0] < observed else (low, middle)
    _, curved, cumulant = _earned(p, weight, high)
    root = np.sqrt(max(2 * (high * observed - cumulant), 0.0))
    other = high * np.sqrt(curved)
    if root < 1e-4:
        return 0.5
    tail = stats.norm.sf(root) + stats.norm.pdf(root) * (1 / other - 1 / root)
    return float(np.clip(tail, 0.0, 1.0))


def _earned(p: Floats, weight: Floats, tilt: float) -> tuple[float, float, float]:
    """Mean and variance of the sum under the tilt, and its cumulant generating function."""
    log_scale = np.logaddexp(np.log1p(-p), np.log(p) + tilt * weight)
    hit = np.exp(np.log(p) + tilt * weight - log_scale)
    mean, variance = float(hit @ weight), float((hit * (1 - hit)) @ weight**2)
    return mean, variance, float(log_scale.sum())
