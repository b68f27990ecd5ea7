"""Reliability by other roads than alpha: standardised, Guttman's bound, one factor, and the error.

Everything comes from one covariance matrix. Where a figure does not exist it is NaN.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_STEPS, _STILL, _LEAST_UNIQUE = 5000, 1e-10, 0.005


@dataclass(frozen=True)
class Consistency:
    """Beside alpha. ``omega``: of one common factor, McDonald (1999). ``standardised``: alpha of
    items made equally wide. ``lambda6``: Guttman (1945). ``alpha_error``: standard error of alpha,
    Duhachek & Iacobucci (2004). ``eigenvalues``: of the correlations, largest first.
    """

    omega: float
    standardised: float
    lambda6: float
    alpha_error: float
    eigenvalues: Floats


_NONE = float("nan")
NOTHING = Consistency(_NONE, _NONE, _NONE, _NONE, np.empty(0))


def consistency(covariance: Floats, people: int) -> Consistency:
    """All of them. ``covariance``: (k, k), divisor n - 1; items without variance are left out of
    what rests on correlations, for they have none.
    """
    if len(covariance) < 2 or not np.isfinite(covariance).all():
        return NOTHING
    varies = np.diag(covariance) > 0
    kept = covariance[np.ix_(varies, varies)]
    if len(kept) < 2:
        return NOTHING
    spread = np.sqrt(np.diag(kept))
    correlation = kept / np.outer(spread, spread)
    return Consistency(
        omega=omega_total(correlation, spread),
        standardised=standardised_alpha(correlation),
        lambda6=guttman_lambda6(correlation),
        alpha_error=alpha_error(covariance, people),
        eigenvalues=np.linalg.eigvalsh(correlation)[::-1],
    )


def standardised_alpha(correlation: Floats) -> float:
    """Alpha of a (k, k) correlation matrix: k / (k - 1) times 1 - k over its sum."""
    k, total = len(correlation), correlation.sum()
    return float(k / (k - 1) * (1 - k / total)) if total > 0 else float("nan")


def guttman_lambda6(correlation: Floats) -> float:
    """1 less the sum of what no regression on the other items explains, over the variance of the
    sum of standard items. Guttman (1945), the sixth bound. NaN where an item is a sum of others.
    """
    total = correlation.sum()
    if not total > 0 or np.linalg.cond(correlation) > 1e12:
        return float("nan")
    unexplained = 1 / np.diag(np.linalg.inv(correlation))
    return float(1 - unexplained.sum() / total)


def omega_total(correlation: Floats, spread: Floats) -> float:
    """Share of the score's variance that one common factor explains: (sum of loadings)² over it.

    The factor is fitted by unweighted least squares (minimal residuals, Harman & Jones 1966), and
    the loadings are put back on the scale of the items, so that the score is the raw score.
    ``correlation``: (k, k); ``spread``: (k,). NaN for fewer than three items or no fit.
    """
    if len(correlation) < 3:
        return float("nan")
    loading = _one_factor(correlation) * spread
    variance = float(spread @ correlation @ spread)
    if not (np.isfinite(loading).all() and variance > 0):
        return float("nan")
    return float(min(loading.sum() ** 2 / variance, 1.0))


def _one_factor(correlation: Floats) -> Floats:
    """(k,) loadings: each round solves every item's own least squares given the others, and goes
    half the way, so that items cannot chase each other.
    """
    values, vectors = np.linalg.eigh(correlation)
    loading = vectors[:, -1] * np.sqrt(max(values[-1], 0.0))
    loading = loading if loading.sum() >= 0 else -loading
    highest = np.sqrt(1 - _LEAST_UNIQUE)
    for _step in range(_STEPS):
        others = loading @ loading - loading**2
        if not (others > 0).all():
            break
        wanted = np.clip((correlation @ loading - loading) / others, -highest, highest)
        if np.abs(wanted - loading).max() < _STILL:
            return np.asarray(wanted, np.float64)
        loading = (loading + wanted) / 2
    return np.full(len(loading), np.nan)


def alpha_error(covariance: Floats, people: int) -> float:
    """Large-sample standard error of alpha, from the covariance of the items alone."""
    k, total = len(covariance), float(covariance.sum())
    if k < 2 or people < 2 or not total > 0:
        return float("nan")
    square = covariance @ covariance
    trace = float(np.trace(covariance))
    spread = total * (float(np.trace(square)) + trace * trace) - 2 * trace * float(square.sum())
    return float(np.sqrt(max(2 * k * k / (k - 1) ** 2 * spread / total**3, 0.0) / people))
