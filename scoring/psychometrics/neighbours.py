"""Did people who sat together copy half or more? Their answers against those of strangers.

For a candidate and a possible source the evidence is the ratio of two marginal likelihoods of the
candidate's answers: some share from a half up was copied, or none was (Neyman & Pearson 1933, in
the model of Wollack 1997). What the candidate would have known alone is not the score that copying
raised: every ability is weighed by how common it is. How often so much evidence arises without
copying is read from pairs who sat too far apart to copy, a natural control, and so holds whatever
the model misses. Evidence for people to weigh: it cannot tell copier from source.

It is weak evidence. Only pairs that could copy are asked about, a few for each person, so that a
level is affordable at which a screen of all pairs would drown in honest ones; and so honest ones
are listed, as many as ``listing_level`` allows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from scoring.psychometrics.choices import Choices
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.responses import OMITTED, Codes, ResponseMatrix
from scoring.psychometrics.seating import Seat
from scoring.psychometrics.similarity import choice_model

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
BESIDE = 1.5  # the eight seats around one, in rows and columns
RATE, FAR_RATE, HIGHEST_LEVEL = 1e-4, 1e-5, 0.05
_SHARES = np.array([0.5, 0.6, 0.7, 0.8, 0.9])
_ABILITIES = 30
_STRANGERS = 50_000
_AT_ONCE = 2048


@dataclass(frozen=True)
class Neighbours:
    """Of P pairs, the most telling first: ``rows``, (P, 2), places in the matrix; each other (P,).

    ``log_factor``: natural logarithm of how much likelier the answers are if one of the two copied
    half or more of the other's; below zero they speak against it. ``p``: share of strangers with as
    much evidence or more, counting the pair itself. ``control``: (S,), the evidence of the
    strangers, ascending.
    """

    rows: Rows
    log_factor: Floats
    p: Floats
    control: Floats

    @property
    def strangers(self) -> int:
        """S."""
        return len(self.control)

    def up_to(self, level: float, least: float = -np.inf) -> "Neighbours":
        """Those whose ``p`` is ``level`` or less and whose ``log_factor`` is above ``least``."""
        kept = (self.p <= level) & (self.log_factor > least)
        return Neighbours(self.rows[kept], self.log_factor[kept], self.p[kept], self.control)

    def by_chance(self, level: float, least: float = -np.inf) -> float:
        """How many ``up_to`` would list if nobody copied."""
        above = len(self.control) - np.searchsorted(self.control, least, side="right")
        return len(self.rows) * min(level, float(above) / max(len(self.control), 1))


def listing_level(pairs: int, neighbours: int, readable: float = np.inf) -> float:
    """The ``p`` up to which neighbours are listed; set by three counts, before any answer is seen.

    ``pairs``: all pairs of the exam. ``neighbours``: those who sat together. Of all pairs a share
    of ``RATE`` may be listed by chance. A screen of those who sat apart spends ``FAR_RATE`` of
    it (``screen_copying`` with that level), and what is left is shared out among the neighbours:
    (RATE - FAR_RATE) pairs / neighbours. Two things bound it. Beyond ``HIGHEST_LEVEL`` a listing
    says nothing of a pair. And people read a list: with ``readable`` no more than so many honest
    pairs are expected on it. All pairs grow with the square of the people and neighbours with
    their number, so that a class is bound by the rate and a nation by its readers.
    """
    if neighbours < 1:
        return 0.0
    affordable = min((RATE - FAR_RATE) * pairs, readable) / neighbours
    return float(min(affordable, HIGHEST_LEVEL))


def weigh_neighbours(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    choices: Choices,
    seats: Sequence[Seat | None],
    *,
    seed: int,
    reach: float = BESIDE,
    units: NDArray[Any] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Neighbours:
    """Weigh every pair of one room no farther apart than ``reach`` places.

    ``seats``: (N,), None for who had none. Strangers are drawn, by ``seed``, from pairs of
    different rooms, of one unit where ``units``, (N,), say which, such as centres: a region may
    share teachers. Without a second room there are none, and no ``p``.
    """
    pairs = pairs_within(seats, reach)
    others = _strangers(seats, units, np.random.default_rng(seed))
    weigh = _Weights(matrix, scored, choices)
    every = np.vstack([pairs, others])
    both = np.empty(len(every))
    for start in range(0, len(every), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        both[some] = weigh.log_factors(every[some])
        progress(min(start + _AT_ONCE, len(every)), len(every))
    found, control = both[: len(pairs)], np.sort(both[len(pairs) :])
    above = len(control) - np.searchsorted(control, found, side="left")
    p = (above + 1) / (len(control) + 1) if len(control) else np.full(len(pairs), np.nan)
    order = np.argsort(-found, kind="stable")
    return Neighbours(pairs[order], found[order], p[order], control)


def pairs_within(seats: Sequence[Seat | None], reach: float) -> Rows:
    """(P, 2): rows of the pairs of one room at most ``reach`` apart, in rows and columns."""
    rooms: dict[str, list[int]] = {}
    for place, seat in enumerate(seats):
        if seat is not None:
            rooms.setdefault(str(seat.room), []).append(place)
    found = [np.zeros((0, 2), np.intp)]
    for members in rooms.values():
        own = np.array(members, np.intp)
        at = np.array([(seats[m].row, seats[m].column) for m in members], np.float64)  # type: ignore[union-attr]
        apart = np.hypot(*(at[:, None] - at).transpose(2, 0, 1))
        one, other = np.nonzero(np.triu(apart <= reach + 1e-9, 1))
        found.append(np.stack([own[one], own[other]], axis=1))
    return np.vstack(found)


def _strangers(
    seats: Sequence[Seat | None], units: NDArray[Any] | None, random: np.random.Generator
) -> Rows:
    """(S, 2): rows of pairs of one unit who sat in different rooms, none twice."""
    seated = np.array([place for place, seat in enumerate(seats) if seat is not None], np.intp)
    if not len(seated):
        return np.zeros((0, 2), np.intp)
    room = np.unique([str(seat.room) for seat in seats if seat is not None], return_inverse=True)[1]
    unit = np.zeros(len(seated), np.intp)
    if units is not None:
        unit = np.unique(units[seated], return_inverse=True)[1]
    order = np.argsort(unit, kind="stable")
    size = np.bincount(unit)
    start = np.cumsum(size) - size
    first = random.integers(0, len(seated), _STRANGERS)
    place = random.random(_STRANGERS) * size[unit[first]]
    second = order[start[unit[first]] + place.astype(np.intp)]
    drawn = np.sort(np.stack([first, second], axis=1), axis=1)
    drawn = np.unique(drawn[room[first] != room[second]], axis=0)
    return np.asarray(seated[drawn], np.intp)


class _Weights:
    """What each person's answers, and each answer that two share, say of abilities and shares.

    Of T abilities and S shares copied: an answer that both gave is likelier by (s + (1 - s) p) / p
    if the share s was copied, a different one by 1 - s; ``gain`` holds the logarithm of the first
    for every item and option, (J K, T S). The rest is a sum over items, hence a matrix product, in
    float32: of evidence no fourth decimal is asked.
    """

    def __init__(self, matrix: ResponseMatrix, scored: ScoredMatrix, choices: Choices) -> None:
        model = choice_model(choices).p
        level = np.unique(np.linspace(0, len(model) - 1, _ABILITIES).astype(np.intp))
        people = np.bincount(np.minimum(scored.total, len(model) - 1), minlength=len(model)) + 0.5
        common = np.add.reduceat(people, level)
        p = model[level].reshape(len(level), -1).T[:, :, None]
        self.codes, self.options = matrix.codes, np.arange(model.shape[2], dtype=np.uint8)
        gain = np.log(_SHARES / p + (1 - _SHARES)).reshape(len(p), -1)
        self.gain, self.log_p = gain.astype(np.float32), np.log(p[:, :, 0]).astype(np.float32)
        self.log_common = np.log(common / common.sum())

    def log_factors(self, pairs: Rows) -> Floats:
        """(P,): the mean of both directions' ratios, as a logarithm."""
        first, second = self.codes[pairs[:, 0]], self.codes[pairs[:, 1]]
        both = (first < OMITTED) & (second < OMITTED)
        same = both & (first == second)
        if_copied = (self._chosen(first, same) @ self.gain).astype(np.float64)
        if_copied = if_copied.reshape(len(pairs), -1, len(_SHARES))
        if_copied += ((both.sum(axis=1) - same.sum(axis=1))[:, None] * np.log1p(-_SHARES))[:, None]
        of_abilities = logsumexp(if_copied, axis=2) - np.log(len(_SHARES))
        ratios = []
        for own in (first, second):
            alone = self._chosen(own, own < OMITTED) @ self.log_p + self.log_common
            ratios.append(logsumexp(alone + of_abilities, axis=1) - logsumexp(alone, axis=1))
        return np.asarray(np.logaddexp(*ratios) - np.log(2), np.float64)

    def _chosen(self, codes: Codes, counted: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(n, J K): 1 where the option was chosen and the item counts."""
        picked = (codes[:, :, None] == self.options) & counted[:, :, None]
        return np.asarray(picked.reshape(len(codes), -1), np.float32)
