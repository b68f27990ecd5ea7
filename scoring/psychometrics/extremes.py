"""The best against the weakest: how much more often the upper group is right than the lower."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.choices import UPPER_LOWER_SHARE
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_NOTHING: Final = np.uint8(0)


def upper_lower(scored: ScoredMatrix, share: float = UPPER_LOWER_SHARE) -> Floats:
    """(J,): mean credit over the maximum in the upper ``share`` of raw scores less that in the
    lower. Kelley (1939). NaN where one of them was not given the item.

    Equal scores at the border enter by the part that fits, so the order of candidates is nothing.
    Where not everybody was given everything, people are ranked by their mean credit.
    """
    rank_by = _rank_by(scored)
    known = np.isfinite(rank_by)
    values, place = np.unique(rank_by[known], return_inverse=True)
    if not len(values):
        return np.full(len(scored.items), np.nan)
    people = np.bincount(place)
    wanted = share * people.sum()
    below = np.cumsum(people) - people
    above = people.sum() - below - people
    rows = np.flatnonzero(known)
    lower = np.clip((wanted - below) / people, 0.0, 1.0)
    upper = np.clip((wanted - above) / people, 0.0, 1.0)
    return _mean_credit(scored, rows, upper[place]) - _mean_credit(scored, rows, lower[place])


def upper_lower_by_rank(scored: ScoredMatrix, share: float = UPPER_LOWER_SHARE) -> Floats:
    """(J,): the same between whole people, the first and last ``share`` of them rounded down, equal
    scores in the order of the file: what programs do that sort and cut. To compare with those.
    """
    order = np.argsort(scored.total, kind="stable")
    count = int(share * len(order))
    everyone = np.ones(count)
    last, first = order[len(order) - count :], order[:count]
    return _mean_credit(scored, last, everyone) - _mean_credit(scored, first, everyone)


def _rank_by(scored: ScoredMatrix) -> Floats:
    if scored.complete:
        return scored.total.astype(np.float64)
    given = (scored.administered & scored.counted).sum(axis=1)
    return divide(scored.total, given)


def _mean_credit(scored: ScoredMatrix, rows: NDArray[np.intp], weight: Floats) -> Floats:
    """(J,): weighted mean over those given the item; people of one weight are added up at once."""
    earned = np.zeros(len(scored.items))
    given = np.zeros(len(scored.items))
    for one in np.unique(weight[weight > 0]):
        own = scored.credit[rows[weight == one]]
        missing = own == NO_CREDIT
        earned += one * np.where(missing, _NOTHING, own).sum(axis=0, dtype=np.int64)
        given += one * (len(own) - missing.sum(axis=0))
    return divide(earned, given * scored.maximum)
