"""Did people who sat together copy half or more? Their answers against those of strangers.

For a candidate and a possible source the evidence is the ratio of two marginal likelihoods of the
candidate's answers: some share from a half up was copied, or none was (Neyman & Pearson 1933, in
the model of Wollack 1997). What the candidate would have known alone is not the score that copying
raised: every ability is weighed by how common it is. How often so much evidence arises without
copying is read from pairs who sat too far apart to copy, a natural control, and so holds whatever
the model misses. Evidence for people to weigh: it cannot tell copier from source.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from scoring.psychometrics.choices import Choices
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.responses import OMITTED, ResponseMatrix
from scoring.psychometrics.seating import Seat
from scoring.psychometrics.similarity import choice_model

Floats = NDArray[np.float64]
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9)
_ABILITIES = 30
_STRANGERS = 50_000


@dataclass(frozen=True)
class Neighbours:
    """Of P pairs: ``rows``, (P, 2), their places in the matrix; each other (P,).

    ``log_factor``: natural logarithm of how much likelier the answers are if one of the two copied
    half or more of the other's; below zero they speak against it. ``p``: share of strangers with as
    much evidence or more, counting the pair itself. ``strangers``: how many pairs that is a share
    of.
    """

    rows: NDArray[np.intp]
    log_factor: Floats
    p: Floats
    strangers: int


def weigh_neighbours(
    matrix: ResponseMatrix,
    scored: ScoredMatrix,
    choices: Choices,
    seats: Sequence[Seat | None],
    *,
    seed: int,
    reach: float = 1.0,
) -> Neighbours:
    """Weigh every pair of one room no farther apart than ``reach`` places.

    ``seats``: (N,), None for who had none. Strangers are drawn, by ``seed``, from pairs of
    different rooms; without a second room there are none, and no ``p``.
    """
    pairs = pairs_within(seats, reach)
    others = _strangers(seats, np.random.default_rng(seed))
    both = _log_factors(matrix, scored, choices, np.vstack([pairs, others]))
    found, control = both[: len(pairs)], np.sort(both[len(pairs) :])
    above = len(control) - np.searchsorted(control, found, side="left")
    p = (above + 1) / (len(control) + 1) if len(control) else np.full(len(pairs), np.nan)
    order = np.argsort(-found, kind="stable")
    return Neighbours(pairs[order], found[order], p[order], len(control))


def pairs_within(seats: Sequence[Seat | None], reach: float) -> NDArray[np.intp]:
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


def _strangers(seats: Sequence[Seat | None], random: np.random.Generator) -> NDArray[np.intp]:
    """(S, 2): rows of pairs who sat in different rooms, none twice."""
    seated = np.array([place for place, seat in enumerate(seats) if seat is not None], np.intp)
    names = [str(seat.room) for seat in seats if seat is not None]
    room = np.unique(names, return_inverse=True)[1] if names else np.zeros(0, np.intp)
    if len(np.unique(room)) < 2:
        return np.zeros((0, 2), np.intp)
    drawn = np.sort(random.integers(0, len(seated), (_STRANGERS, 2)), axis=1)
    drawn = np.unique(drawn[room[drawn[:, 0]] != room[drawn[:, 1]]], axis=0)
    return seated[drawn]


def _log_factors(
    matrix: ResponseMatrix, scored: ScoredMatrix, choices: Choices, pairs: NDArray[np.intp]
) -> Floats:
    """(P,): the mean of both directions' ratios, as a logarithm."""
    if not len(pairs):
        return np.zeros(0)
    model = choice_model(choices).p
    scores = np.unique(np.linspace(0, len(model) - 1, _ABILITIES).astype(np.intp))
    common = np.bincount(np.minimum(scored.total, len(model) - 1), minlength=len(model)) + 0.5
    weight = np.add.reduceat(common, scores)
    tables = np.log(model[scores]), np.log(weight / weight.sum())
    both = np.empty((2, len(pairs)))
    for way, directed in enumerate((pairs, pairs[:, ::-1])):
        order = np.argsort(directed[:, 0], kind="stable")
        copiers, starts = np.unique(directed[order, 0], return_index=True)
        for copier, places in zip(copiers, np.split(order, starts[1:]), strict=True):
            both[way, places] = _directed(
                matrix.codes[copier], matrix.codes[directed[places, 1]], *tables
            )
    return np.asarray(np.logaddexp(*both) - np.log(2), np.float64)


def _directed(
    own: NDArray[np.uint8], sources: NDArray[np.uint8], chosen: Floats, weight: Floats
) -> Floats:
    """(S,): of one candidate and S possible sources. ``chosen``: (T, J, K), log of each choice."""
    given = np.flatnonzero(own < OMITTED)
    alone = chosen[:, given, own[given]]
    shared = (sources[:, given] == own[given]).astype(np.float64)
    answered = (sources[:, given] < OMITTED).astype(np.float64)
    nothing = logsumexp(alone.sum(axis=1) + weight)
    copied = []
    for share in _SHARES:
        hit = np.logaddexp(np.log(share), np.log1p(-share) + alone) - alone
        missed = np.full_like(alone, np.log1p(-share))  # copied it would have been the same
        gain = shared @ hit.T + (answered - shared) @ missed.T
        copied.append(logsumexp(gain + alone.sum(axis=1) + weight, axis=1))
    return np.asarray(logsumexp(copied, axis=0) - np.log(len(_SHARES)) - nothing, np.float64)
