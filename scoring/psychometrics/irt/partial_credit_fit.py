"""Do items of several credits follow the partial credit model? Residuals, and counts by raw score.

The same figures as for right and wrong (``fit``, ``item_chi2``), over credits in their rank: a
credit nobody had does not count as a step.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.fit import Expectation, ItemFit, residual_fit
from scoring.psychometrics.irt.item_chi2 import ItemChiSquares, chi_squares
from scoring.psychometrics.irt.partial_credit import PartialCreditCalibration
from scoring.psychometrics.irt.sums import graded_score_chances, graded_without_each
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]


def partial_credit_item_fit(scored: ScoredMatrix, found: PartialCreditCalibration) -> ItemFit:
    """Infit, outfit and Q3 of all J items of ``scored`` at posterior means; NaN if not calibrated.

    The residual of an answer is its rank less the rank expected. Muraki (1993); Wright & Masters
    (1982); Yen (1984).
    """
    ranks, given = _ranks(scored, found)
    theta = found.abilities().theta / found.columns.unit
    place = _places(scored, found)
    fit = residual_fit(ranks, given, theta, lambda some: _expected(found, some))
    return fit.spread_over(place, len(scored.items))


def partial_credit_s_x2(scored: ScoredMatrix, found: PartialCreditCalibration) -> ItemChiSquares:
    """S-X2 of all J items, from candidates given all calibrated items. Kang & Chen (2008)."""
    ranks, given = _ranks(scored, found)
    place, whole = _places(scored, found), np.flatnonzero(given.all(axis=1))
    if not len(place) or not len(whole):
        told = (Finding(FindingCode.NO_PERSONS),) if len(place) else ()
        return replace(chi_squares(scored.items, (), (), 0), findings=told)
    grid = found.columns.grid
    weight = np.exp(grid.log_weights)
    chances = credit_chances(found, grid.nodes)
    own = ranks[whole]
    total = own.sum(axis=1, dtype=np.int64)
    every = graded_score_chances(chances) @ weight
    people = np.bincount(total, minlength=len(every)).astype(np.float64)
    tables = [
        (
            int(place[u]),
            people[1:-1, None] * _shares(others, chances[u] * weight, every)[1:-1],
            _counts(own[:, u], total, len(chances[u]), len(every))[1:-1],
        )
        for u, others in enumerate(graded_without_each(chances))
    ]
    costs = [len(one) for one in chances]  # a slope and a step for each credit above the lowest
    return chi_squares(scored.items, tables, costs, len(whole))


def credit_chances(found: PartialCreditCalibration, theta: Floats) -> list[Floats]:
    """(m + 1, T) of each calibrated item: chance of every rank of credit.

    ``theta``: (T,), where ability is N(0, 1).
    """
    columns = found.columns
    p = columns.model.chances(columns.parameters[:, columns.used], theta)
    result, start = [], 0
    for item in found.items:
        above = p[start : start + len(item.steps)]
        result.append(np.vstack([1 - above.sum(axis=0), above]))
        start += len(item.steps)
    return result


def partial_credit_information(found: PartialCreditCalibration, theta: Floats) -> Floats:
    """(T,): Fisher information of the whole form at ``theta``, in the calibration's unit.

    Squared slope times the variance of the credit, added over items. Donoghue (1994).
    """
    slopes = np.array([item.a for item in found.items])
    return slopes**2 @ _expected(found, theta / found.columns.unit).variance.T


def partial_credit_reliability(found: PartialCreditCalibration) -> float:
    """Marginal reliability: mean of I / (I + 1) where ability is N(0, 1). Green et al. (1984)."""
    grid, unit = found.columns.grid, found.columns.unit
    if not found.items:
        return float("nan")
    known = partial_credit_information(found, grid.nodes * unit) * unit**2
    return float(np.exp(grid.log_weights) @ (known / (known + 1)))


def _expected(found: PartialCreditCalibration, theta: Floats) -> Expectation:
    """(n, U) of everything, where ability is N(0, 1)."""
    means, variances, fourths = [], [], []
    for chance in credit_chances(found, theta):
        rank = np.arange(len(chance), dtype=np.float64)
        mean = rank @ chance
        around = rank[:, None] - mean
        means.append(mean)
        variances.append((around**2 * chance).sum(axis=0))
        fourths.append((around**4 * chance).sum(axis=0))
    return Expectation(*(_as_columns(rows, theta) for rows in (means, variances, fourths)))


def _as_columns(rows: Sequence[Floats], theta: Floats) -> Floats:
    return np.array(rows, np.float64).reshape(len(rows), len(theta)).T


def _places(scored: ScoredMatrix, found: PartialCreditCalibration) -> NDArray[np.intp]:
    """(U,): where the calibrated items stand among those of ``scored``."""
    return np.array([scored.items.index(item.item) for item in found.items], np.intp)


def _ranks(
    scored: ScoredMatrix, found: PartialCreditCalibration
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """(N, U) twice: rank of every credit among those seen, and who was given what."""
    place = _places(scored, found)
    ranks = [
        np.searchsorted(item.credits, scored.credit[:, j]).clip(0, len(item.credits) - 1)
        for j, item in zip(place, found.items, strict=True)
    ]
    shape = (len(found.items), len(scored.persons))
    return np.array(ranks, np.uint8).reshape(shape).T, scored.administered[:, place]


def _shares(others: Floats, own: Floats, every: Floats) -> Floats:
    """(S + 1, m + 1): chance of each credit among candidates of a raw score."""
    joint = np.zeros((len(every), len(own)))
    for credit, chance in enumerate(own):
        joint[credit : credit + len(others), credit] = others @ chance
    return divide(joint, every[:, None], otherwise=0.0)  # a score beyond what floats hold


def _counts(ranks: NDArray[np.uint8], total: NDArray[np.int64], kinds: int, scores: int) -> Floats:
    cells = np.bincount(total * kinds + ranks, minlength=scores * kinds)
    return cells.reshape(scores, kinds).astype(np.float64)
