"""What each option of an item attracted: shares, correlations, and choice by ability.

Every figure comes from counts of choices by raw score (``choices``), so it is exact and does not
depend on the order of candidates. A figure that does not exist is NaN.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.choices import Choices
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option of one item. ``option_rest``: correlation of choosing it with the rest score."""

    item: str
    option: str
    is_key: bool
    n: int
    p: float
    option_total: float
    option_rest: float
    mean_total: float
    low: float
    mid: float
    high: float


@dataclass(frozen=True)
class OptionStatistics:
    """One figure per item and choice, each an array (J, K); K labels, options and then marks.

    ``p``: share of those given the item. ``low``, ``mid``, ``high``: share choosing it in each
    third of raw scores. ``lower``, ``upper``: the same in the lowest and highest 27 %.
    """

    choices: Choices
    n: NDArray[np.int64]
    p: Floats
    option_total: Floats
    option_rest: Floats
    mean_total: Floats
    low: Floats
    mid: Floats
    high: Floats
    lower: Floats
    upper: Floats

    def rows(self) -> Iterator[OptionRow]:
        """The options that were chosen by somebody or are keyed, item by item."""
        for j, k in np.argwhere(self.choices.present):
            yield OptionRow(
                item=self.choices.items[j],
                option=self.choices.labels[k],
                is_key=bool(self.choices.is_key[j, k]),
                n=int(self.n[j, k]),
                p=float(self.p[j, k]),
                option_total=float(self.option_total[j, k]),
                option_rest=float(self.option_rest[j, k]),
                mean_total=float(self.mean_total[j, k]),
                low=float(self.low[j, k]),
                mid=float(self.mid[j, k]),
                high=float(self.high[j, k]),
            )


def option_statistics(choices: Choices) -> OptionStatistics:
    """Every figure of every option, from the counts by raw score alone."""
    n = choices.n.astype(np.float64)
    score_value = np.arange(choices.counts.shape[2], dtype=np.float64)
    first = choices.counts @ score_value
    second = choices.counts @ score_value**2
    credit = choices.credit.astype(np.float64)
    rest_first = first - n * credit
    rest_second = second - 2 * credit * first + n * credit**2
    thirds = choices.third_weights()
    lower, upper = choices.extreme_weights()
    return OptionStatistics(
        choices=choices,
        n=choices.n,
        p=divide(n, n.sum(axis=1, keepdims=True)),
        option_total=_option_correlation(n, first, second),
        option_rest=_option_correlation(n, rest_first, rest_second),
        mean_total=divide(first, n),
        low=choices.share_among(thirds[0]),
        mid=choices.share_among(thirds[1]),
        high=choices.share_among(thirds[2]),
        lower=choices.share_among(lower),
        upper=choices.share_among(upper),
    )


def _option_correlation(n: Floats, first: Floats, second: Floats) -> Floats:
    """(J, K): correlation of choosing k with a score whose sums among the choosers are given."""
    people = n.sum(axis=1, keepdims=True)
    total = first.sum(axis=1, keepdims=True)
    cross = people * first - n * total
    own = people * n - n * n
    other = people * second.sum(axis=1, keepdims=True) - total * total
    return divide(cross, np.sqrt(np.maximum(own, 0)) * np.sqrt(np.maximum(other, 0)))


@dataclass(frozen=True)
class OptionCurves:
    """Choice by ability: groups of neighbouring raw scores of about equal size.

    ``n``: (G,), candidates of each group. ``mean_total``: (G,). ``share``: (J, K, G), share of the
    group choosing each option; NaN where nobody of the group was given the item.
    """

    n: NDArray[np.int64]
    mean_total: Floats
    share: Floats


def option_curves(choices: Choices, groups: int = 8) -> OptionCurves:
    """Cut raw scores into at most ``groups`` groups of about equal size; a score is never split."""
    people = max(int(choices.by_score.sum()), 1)
    rank = (np.cumsum(choices.by_score) - choices.by_score / 2) / people
    group = np.minimum((rank * groups).astype(np.int64), groups - 1)
    used = np.unique(group[choices.by_score > 0])
    member = (group == used[:, None]).astype(np.float64)
    n = member @ choices.by_score
    score_sum = member @ (choices.by_score * np.arange(len(choices.by_score)))
    share = [choices.share_among(row) for row in member]
    shape = (*choices.is_key.shape, 0)
    return OptionCurves(
        n=n.astype(np.int64),
        mean_total=divide(score_sum, n),
        share=np.stack(share, axis=2) if share else np.empty(shape),
    )
