"""Answers that agree more than ability explains: evidence for people to weigh, never a verdict.

Two candidates who work alone still agree: on easy items because both are right, on hard ones
because both fall for the same distractor. How often is known from what everybody of their score
chose. A pair is measured against that, first roughly for all pairs of a room or a centre (the
omega of Wollack 1997, in its nominal form), then exactly for the few that stand out (the
generalized binomial test of van der Linden & Sotaridona 2006).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.agreement import Agreement, agreement
from scoring.psychometrics.choices import Choices
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide
from scoring.psychometrics.responses import OMITTED, Codes, ResponseMatrix

Floats = NDArray[np.float64]
_ROWS_AT_ONCE, _PAIRS_AT_ONCE = 1024, 2**23


@dataclass(frozen=True)
class Pair:
    """Two candidates of one unit whose answers agree too often.

    ``items``: answered by both. ``matches``: same option. ``wrong_matches``: same wrong option.
    ``expected``: matches if both worked alone. ``z``: the excess in standard deviations. ``p``:
    exact chance of so many matches or more. ``p_adjusted``: after Bonferroni for all pairs looked
    at. ``rows``: places of the two in the matrix.
    """

    first: Any
    second: Any
    unit: Any
    rows: tuple[int, int]
    items: int
    matches: int
    wrong_matches: int
    expected: float
    z: float
    p: float
    p_adjusted: float


@dataclass(frozen=True)
class Screening:
    """Pairs that remain after correction, the most striking first, and how many were looked at."""

    pairs: tuple[Pair, ...]
    looked_at: int
    examined: int


@dataclass(frozen=True)
class ChoiceModel:
    """``p``: (T, J, K), chance that a candidate of raw score t who answers item j chooses k.

    ``credit``: (J, K), what option k of item j adds to the raw score.
    """

    p: Floats
    credit: NDArray[np.int64]

    def match_chances(self, first: int, second: int) -> Floats:
        """(J,): chance that candidates of two raw scores choose the same option of each item."""
        chances: Floats = np.einsum("jk,jk->j", self.p[first], self.p[second])
        return chances

    def levels(self, matrix: ResponseMatrix, scored: ScoredMatrix) -> NDArray[np.intp]:
        """(N,): raw score, 0 to T - 1, that a candidate would have had with every item answered.

        That raw score whose people earn, of what they earn on all items, as much on those which the
        candidate answered as he did; his own where he answered all. Two able candidates whose time
        ran out have low scores, and by these would be expected to agree as seldom as weak ones do.
        """
        expected = np.einsum("tjk,jk->jt", self.p, self.credit)
        whole = expected.sum(axis=0)
        share = divide(expected * np.arange(len(self.p)), whole, otherwise=0.0).astype(np.float32)
        level = np.empty(len(matrix.codes), np.intp)
        for start in range(0, len(level), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            known = (matrix.codes[rows] < OMITTED) | (scored.credit[rows] > 0)
            given = (known & scored.administered[rows]).astype(np.float32)
            level[rows] = np.abs(given @ share - scored.total[rows, None]).argmin(axis=1)
        return level


def choice_model(choices: Choices, prior: float = 2.0) -> ChoiceModel:
    """Smooth the observed choices over neighbouring raw scores with a normal kernel.

    The bandwidth is Silverman's; ``prior`` candidates with everybody's choices are added at every
    score, so that no choice is impossible.
    """
    options = [k for k, label in enumerate(choices.labels) if not label.startswith("(")]
    counts = choices.counts[:, options, :].astype(np.float64)
    score = np.arange(counts.shape[2])
    kernel = np.exp(-0.5 * ((score[:, None] - score) / _bandwidth(choices)) ** 2)
    nearby = np.einsum("jks,st->tjk", counts, kernel, optimize=True)
    everybody = counts.sum(axis=2) + 0.5
    everybody /= everybody.sum(axis=1, keepdims=True)
    nearby += prior * everybody
    return ChoiceModel(nearby / nearby.sum(axis=2, keepdims=True), choices.credit[:, options])


def _bandwidth(choices: Choices) -> float:
    people = max(float(choices.by_score.sum()), 1.0)
    score = np.arange(len(choices.by_score))
    mean = choices.by_score @ score / people
    spread = np.sqrt(choices.by_score @ (score - mean) ** 2 / people)
    return float(max(1.06 * spread * people**-0.2, 0.5))


def screen(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    choices: Choices,
    units: NDArray[Any],
    *,
    rough: float = 4.0,
    level: float = 0.05,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Screening:
    """Look at every pair of candidates who share a unit: a room session, or a whole centre.

    ``units``: (N,). Pairs whose rough excess reaches ``rough`` standard deviations are examined
    exactly; those below ``level`` after correction for all pairs looked at are reported. One exam
    form at a time: the items must be the same.
    """
    model = choice_model(choices)
    names, member = np.unique(units, return_inverse=True)
    order = np.argsort(member, kind="stable")
    groups = np.split(order, np.cumsum(np.bincount(member, minlength=len(names)))[:-1])
    table = _Expectations(model)
    level_of = model.levels(matrix, scored)
    looked_at, raised = 0, list[tuple[int, int, int]]()
    for place, group in enumerate(groups):
        looked_at += len(group) * (len(group) - 1) // 2
        raised += [
            (place, *rows) for rows in _rough_pairs(matrix.codes, level_of, table, group, rough)
        ]
        progress(place + 1, len(groups))
    pairs = [
        _examine(matrix, scored, (model, level_of), names[g], (i, k), looked_at)
        for g, i, k in raised
    ]
    kept = sorted((pair for pair in pairs if pair.p_adjusted < level), key=lambda pair: pair.p)
    return Screening(tuple(kept), looked_at, len(raised))


class _Expectations:
    """Mean and variance of the matches of two raw scores over all items, looked up by score."""

    def __init__(self, model: ChoiceModel) -> None:
        scores, items, options = model.p.shape
        flat = model.p.reshape(scores, -1)
        self.mean = (flat @ flat.T).astype(np.float32)
        squares = np.zeros((scores, scores))
        for j in range(items):
            squares += (model.p[:, j] @ model.p[:, j].T) ** 2
        self.variance = (self.mean - squares).astype(np.float32)
        self.items, self.options = items, options


def _rough_pairs(
    codes: Codes,
    level_of: NDArray[np.intp],
    table: _Expectations,
    group: NDArray[np.intp],
    rough: float,
) -> Iterator[tuple[int, int]]:
    """Rows of the pairs of a unit that agree too often, by matrix products in blocks."""
    if len(group) < 2:
        return
    chosen = _one_hot(codes[group], table.options)
    answered = (codes[group] < OMITTED).astype(np.float32)
    scores = level_of[group]
    height = max(min(_ROWS_AT_ONCE, _PAIRS_AT_ONCE // max(len(group), 1)), 64)
    for start in range(0, len(group), height):
        rows = slice(start, start + height)
        share = answered[rows] @ answered[start:].T / table.items
        where = np.ix_(scores[rows], scores[start:])
        excess = chosen[rows] @ chosen[start:].T - table.mean[where] * share
        striking = excess >= rough * np.sqrt(table.variance[where] * share)
        striking &= (excess > 0) & (
            np.arange(start, len(group)) > np.arange(start, start + len(excess))[:, None]
        )
        for i, k in np.argwhere(striking):
            yield int(group[start + i]), int(group[start + k])


def _one_hot(codes: Codes, options: int) -> NDArray[np.float32]:
    """(n, J K): 1 where the option was chosen."""
    chosen = codes[:, :, None] == np.arange(options, dtype=np.uint8)
    flat = chosen.reshape(len(codes), -1)
    return np.asarray(flat, np.float32)


def _examine(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    expecting: tuple[ChoiceModel, NDArray[np.intp]],
    unit: Any,
    rows: tuple[int, int],
    looked_at: int,
) -> Pair:
    first, second = (matrix.codes[row] for row in rows)
    both = (first < OMITTED) & (second < OMITTED)
    same = both & (first == second)
    wrong = same & (scored.credit[rows[0]] == 0)
    model, level_of = expecting
    chances = model.match_chances(*(int(level_of[row]) for row in rows))[both]
    expected = float(chances.sum())
    spread = float(np.sqrt((chances * (1 - chances)).sum()))
    p = float(upper_tail(chances[None, :], np.array([same.sum()]))[0])
    return Pair(
        first=matrix.persons[rows[0]],
        second=matrix.persons[rows[1]],
        unit=unit,
        rows=rows,
        items=int(both.sum()),
        matches=int(same.sum()),
        wrong_matches=int(wrong.sum()),
        expected=expected,
        z=(int(same.sum()) - expected) / spread if spread > 0 else 0.0,
        p=p,
        p_adjusted=min(p * looked_at, 1.0),
    )


@dataclass(frozen=True)
class Evidence:
    """Of P pairs, each (P,): what was seen, what was to be expected, and the exact tests.

    ``items``: answered by both. ``matches``, ``wrong``: same option, same wrong option; and how
    many of each if both worked alone. ``chances``: the smaller of the two exact chances, doubled
    because there are two, as natural logarithms; 0 is certainty.
    """

    items: NDArray[np.int64]
    matches: NDArray[np.int64]
    wrong: NDArray[np.int64]
    expected: Floats
    expected_wrong: Floats
    exact: Agreement

    @property
    def chances(self) -> Floats:
        smaller = np.minimum(self.exact.log10_gbt, self.exact.log10_m4)
        chances: Floats = np.minimum(smaller * np.log(10.0) + np.log(2.0), 0.0)
        return chances


def examine_pairs(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    choices: Choices,
    pairs: Sequence[tuple[int, int]],
) -> Agreement:
    """Omega, generalized binomial and M4 of some pairs of rows, by the options they chose."""
    return gather_evidence(matrix, scored, choices, pairs).exact


def gather_evidence(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    choices: Choices,
    pairs: Sequence[tuple[int, int]],
) -> Evidence:
    """The same with what was seen and expected."""
    model = choice_model(choices)
    level_of = model.levels(matrix, scored)
    rows = np.array(pairs, np.intp).reshape(-1, 2)
    first, second = matrix.codes[rows[:, 0]], matrix.codes[rows[:, 1]]
    both = (first < OMITTED) & (second < OMITTED)
    same = both & (first == second)
    credited = scored.credit[rows[:, 0]] > 0
    keyed = _credited(choices)
    match, right = np.zeros(both.shape), np.zeros(both.shape)
    for place, (i, k) in enumerate(rows):
        together = model.p[level_of[i]] * model.p[level_of[k]]
        match[place], right[place] = together.sum(axis=1), (together * keyed).sum(axis=1)
    right, wrong = right * both, (match - right) * both
    seen = (same & credited).sum(axis=1), (same & ~credited).sum(axis=1)
    return Evidence(
        items=both.sum(axis=1),
        matches=same.sum(axis=1),
        wrong=seen[1],
        expected=(right + wrong).sum(axis=1),
        expected_wrong=wrong.sum(axis=1),
        exact=agreement(right, wrong, *seen),
    )


def _credited(choices: Choices) -> NDArray[np.bool_]:
    """(J, K): options that earn something, among those of ``choice_model``."""
    options = [k for k, label in enumerate(choices.labels) if not label.startswith("(")]
    return choices.is_key[:, options]


def upper_tail(chances: Floats, observed: NDArray[np.int64]) -> Floats:
    """(P,): chance of ``observed`` successes or more in independent trials of unequal chance.

    ``chances``: (P, J). The whole distribution is built by convolution; every term is positive, so
    even a chance of 1e-200 keeps its digits.
    """
    pairs, trials = chances.shape
    mass = np.zeros((pairs, trials + 1))
    mass[:, 0] = 1.0
    for j in range(trials):
        hit = chances[:, j, None]
        mass[:, 1 : j + 2] = mass[:, 1 : j + 2] * (1 - hit) + mass[:, : j + 1] * hit
        mass[:, 0] *= 1 - hit[:, 0]
    within = np.arange(trials + 1) >= observed[:, None]
    tail: Floats = np.where(within, mass, 0.0).sum(axis=1)
    return tail
