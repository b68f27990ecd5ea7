"""Is the key the key? Compares every option with the keyed one by what able candidates chose.

A wrong key shows itself: those who do well on the rest of the test avoid the keyed option and
agree on another. Haladyna & Rodriguez (2013), ch. 17; Livingston (2006).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.choices import Choices

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rivals:
    """Options against keys, each array (J, K); NaN for keys, marks and options nobody chose.

    ``correlation``: of choosing the option with the rest score. ``error``: its standard error.
    ``gap``: that correlation less the key's. ``gap_error``: standard error of the gap.
    """

    correlation: Floats
    error: Floats
    gap: Floats
    gap_error: Floats

    def p_of_gap(self) -> Floats:
        """One-sided p of a gap this large if option and key discriminated alike."""
        return _upper_tail(self.gap, self.gap_error)

    def p_of_correlation(self) -> Floats:
        """One-sided p of a correlation this large if choosing the option meant nothing."""
        return _upper_tail(self.correlation, self.error)


def rivals(choices: Choices) -> Rivals:
    """Measure every option against the key of its item.

    Standard errors come from the influence of each candidate on both correlations
    (zx zy - r (zx² + zy²) / 2; Devlin, Gnanadesikan & Kettenring 1975), so that the dependence of
    the two is allowed for. A key nobody chose has a correlation of zero.
    """
    shape = choices.is_key.shape
    table = {name: np.full(shape, np.nan) for name in ("correlation", "error", "gap", "gap_error")}
    options = np.array([not label.startswith("(") for label in choices.labels])
    for j in range(shape[0]):
        chosen = np.flatnonzero(options & ~choices.is_key[j] & (choices.n[j] > 0))
        if len(chosen) and choices.is_key[j].any():
            for name, values in _item_rivals(choices, j, chosen).items():
                table[name][j, chosen] = values
    return Rivals(**table)


def _item_rivals(choices: Choices, j: int, chosen: NDArray[np.intp]) -> dict[str, Floats]:
    counts = choices.counts[j].astype(np.float64)
    people = counts.sum()
    rest = np.arange(counts.shape[1]) - choices.credit[j][:, None].astype(np.float64)
    centred = rest - (counts * rest).sum() / people
    spread = np.sqrt((counts * centred**2).sum() / people)
    picks = np.zeros((len(chosen) + 1, counts.shape[0]))
    picks[np.arange(len(chosen)), chosen] = 1.0
    picks[-1] = choices.is_key[j]
    if not spread > 0:
        return {name: np.full(len(chosen), np.nan) for name in ("correlation", "gap")}
    correlation, influence = _influences(picks, counts, centred / spread)
    difference = influence[:-1] - influence[-1]
    return {
        "correlation": correlation[:-1],
        "error": _standard_error(influence[:-1], counts),
        "gap": correlation[:-1] - correlation[-1],
        "gap_error": _standard_error(difference, counts),
    }


def _influences(picks: Floats, counts: Floats, rest: Floats) -> tuple[Floats, Floats]:
    """Correlation of each row of ``picks`` (M, K) with the standard rest score (K, T) of cells.

    Also the influence of a candidate in each cell on it, (M, K, T).
    """
    people = counts.sum()
    share = picks @ counts.sum(axis=1) / people
    spread = np.sqrt(share * (1 - share))
    varies = spread > 0
    standard = np.zeros_like(picks)
    np.divide(picks - share[:, None], spread[:, None], out=standard, where=varies[:, None])
    correlation = np.einsum("mk,kt,kt->m", standard, counts, rest) / people
    product = standard[:, :, None] * rest
    squares = standard[:, :, None] ** 2 + rest**2
    influence = product - correlation[:, None, None] / 2 * squares
    return correlation, influence * varies[:, None, None]


def _standard_error(influence: Floats, counts: Floats) -> Floats:
    people = counts.sum()
    variance = np.einsum("mkt,kt->m", influence**2, counts) / people
    error: Floats = np.sqrt(variance / people)
    return error


def _upper_tail(value: Floats, error: Floats) -> Floats:
    p = np.full(value.shape, np.nan)
    known = error > 0
    p[known] = stats.norm.sf(value[known] / error[known])
    return p
