"""How many candidates of each raw score chose each option: the table behind every option figure.

Counts only, so that every figure drawn from it is exact and does not depend on the order of
candidates. One pass over the answers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.keying import Key, ScoredMatrix, credit_of_codes
from scoring.psychometrics.moments import divide
from scoring.psychometrics.responses import (
    DOUBLE_MARK,
    ILLEGIBLE,
    NOT_REACHED,
    OMITTED,
    ResponseMatrix,
)

MARK_LABELS = {
    OMITTED: "(omit)",
    NOT_REACHED: "(not reached)",
    DOUBLE_MARK: "(double mark)",
    ILLEGIBLE: "(illegible)",
}
UPPER_LOWER_SHARE = 0.27  # Kelley (1939)


@dataclass(frozen=True)
class Choices:
    """Counts of choices by raw score.

    ``counts``: int64, (J, K, T): candidates given item j who chose k and had raw score t.
    ``by_score``: (T,), how many candidates have each raw score. ``labels``: K labels, the options
    (those of the key that nobody chose included) and then the four marks. ``credit``: (J, K), what
    choice k of item j adds to the raw score. ``is_key``: (J, K).
    """

    counts: NDArray[np.int64]
    by_score: NDArray[np.int64]
    credit: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    items: tuple[str, ...]
    labels: tuple[str, ...]

    @cached_property
    def n(self) -> NDArray[np.int64]:
        """(J, K): how many chose it."""
        chosen: NDArray[np.int64] = self.counts.sum(axis=2)
        return chosen

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """(J, K): rows worth showing: chosen by somebody, or keyed."""
        shown: NDArray[np.bool_] = (self.n > 0) | self.is_key
        return shown

    def share_among(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """(J, K): share choosing each option among candidates weighted by raw score.

        ``weight``: (J, T) or (T,), from 0 to 1. NaN where nobody has weight.
        """
        shape = (self.counts.shape[0], self.counts.shape[2])
        chosen = np.einsum("jkt,jt->jk", self.counts, np.broadcast_to(weight, shape))
        return divide(chosen, chosen.sum(axis=1, keepdims=True))

    def extreme_weights(
        self, share: float = UPPER_LOWER_SHARE
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(J, T) twice: the weight of each raw score in the lowest and the highest ``share``.

        A score that straddles the border enters by the part that fits, so the result does not
        depend on who is listed first among equals.
        """
        by_score = self.counts.sum(axis=1)
        wanted = share * by_score.sum(axis=1, keepdims=True)
        below = np.cumsum(by_score, axis=1) - by_score
        above = by_score.sum(axis=1, keepdims=True) - below - by_score
        lower = np.clip(divide(wanted - below, by_score, otherwise=0.0), 0.0, 1.0)
        upper = np.clip(divide(wanted - above, by_score, otherwise=0.0), 0.0, 1.0)
        return lower, upper

    def third_weights(self) -> NDArray[np.float64]:
        """(3, T): membership of each raw score in the low, middle and high third.

        A score belongs to the third in which its middle rank falls.
        """
        people = max(int(self.by_score.sum()), 1)
        before = np.cumsum(self.by_score) - self.by_score
        rank = (before + (self.by_score + 1) / 2) / people
        thirds = np.stack([rank <= 1 / 3, (rank > 1 / 3) & (rank <= 2 / 3), rank > 2 / 3])
        return thirds.astype(np.float64)


def count_choices(matrix: ResponseMatrix, scored: ScoredMatrix, key: Key) -> Choices:
    """Count every choice of every item by raw score, in one pass over the answers."""
    item_keys = [key.by_item[item] for item in matrix.items]
    keyed = (option for item_key in item_keys for option in item_key.right)
    options = tuple(dict.fromkeys((*matrix.options, *keyed)))
    codes = [*range(len(options)), *MARK_LABELS]
    credit = credit_of_codes(item_keys, options)[:, codes].astype(np.int64)
    credit[~scored.counted] = 0
    labels = (*options, *MARK_LABELS.values())
    right = [[label in item_key.right for label in labels] for item_key in item_keys]
    return Choices(
        counts=_histogram(matrix, scored.total, codes),
        by_score=np.bincount(scored.total, minlength=1),
        credit=credit,
        is_key=np.array(right, np.bool_).reshape(credit.shape),
        items=matrix.items,
        labels=labels,
    )


def _histogram(
    matrix: ResponseMatrix, total: NDArray[np.int64], codes: list[int]
) -> NDArray[np.int64]:
    """(J, K, T) counts; the last cell of a scratch row takes the items not administered."""
    scores = int(total.max(initial=0)) + 1
    cells = len(codes) * scores
    start = np.full(256, cells, np.int32)
    start[codes] = np.arange(len(codes), dtype=np.int32) * scores
    small_total = total.astype(np.int32)
    counts = np.empty((len(matrix.items), len(codes), scores), np.int64)
    for row, column in zip(counts, np.ascontiguousarray(matrix.codes.T), strict=True):
        cell = start[column] + small_total
        row[:] = np.bincount(cell, minlength=cells)[:cells].reshape(row.shape)
    return counts
