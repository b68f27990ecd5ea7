"""Does the model fit? Residuals of answers at each candidate's posterior mean.

The variance of one answer is taken as 0.003 at least, as mirt takes it: one lucky answer where the
model is all but certain would otherwise outweigh thousands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_ROWS_AT_ONCE = 8192
LEAST_VARIANCE = float(np.sqrt(1e-5))
_WIDEST = 1.4142  # of a mean square: beyond it the cube root is no longer near normal


@dataclass(frozen=True)
class ItemFit:
    """Each (J,), NaN for items without parameters; 1 is what the model expects.

    ``infit``: squared residuals over their expectation, summed before dividing. ``outfit``: the
    mean of squared standard residuals. ``infit_z``, ``outfit_z``: the same as standard normal
    deviates. Wright & Masters (1982). ``q3``: (J, J), correlations of residuals; Yen (1984).
    ``q3_adjusted``: less their mean over pairs; Christensen et al. (2017).
    """

    infit: Floats
    outfit: Floats
    infit_z: Floats
    outfit_z: Floats
    q3: Floats

    @property
    def q3_adjusted(self) -> Floats:
        """(J, J): far from zero for two items that share more than ability."""
        pairs = self.q3[np.triu_indices(len(self.q3), 1)]
        known = pairs[np.isfinite(pairs)]
        return self.q3 - (known.mean() if len(known) else 0.0)

    def spread_over(self, used: NDArray[np.intp], items: int) -> "ItemFit":
        """The same among all ``items``, of which these are ``used``."""
        infit, outfit, infit_z, outfit_z = np.full((4, items), np.nan)
        infit[used], outfit[used] = self.infit, self.outfit
        infit_z[used], outfit_z[used] = self.infit_z, self.outfit_z
        q3 = np.full((items, items), np.nan)
        q3[np.ix_(used, used)] = self.q3
        return ItemFit(infit, outfit, infit_z, outfit_z, q3)


@dataclass(frozen=True)
class Expectation:
    """Of n answers to U items, each (n, U): mean, variance and fourth central moment of credit."""

    mean: Floats
    variance: Floats
    fourth: Floats


def of_right_and_wrong(p: Floats) -> Expectation:
    """From the chance of right."""
    variance = p * (1 - p)
    return Expectation(p, variance, variance * ((1 - p) ** 3 + p**3))


def mean_squares(
    squared: Floats, expected: Expectation, given: Floats, axis: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Infit, outfit and their deviates, over people (``axis`` 0) or over items (1)."""
    return ResidualSums.of(squared, expected, given, axis).figures()


@dataclass
class ResidualSums:
    """Running sums of what mean squares are made of."""

    squared: Floats
    variance: Floats
    standard: Floats
    given: Floats
    infit_spread: Floats
    outfit_spread: Floats

    @classmethod
    def of(
        cls, squared: Floats, expected: Expectation, given: Floats, axis: int = 0
    ) -> "ResidualSums":
        """``squared``: residuals squared, 0 where not ``given``; all (n, U)."""
        variance = np.maximum(expected.variance, LEAST_VARIANCE)
        columns = (
            squared,
            variance * given,
            squared / variance,
            given,
            (expected.fourth - variance**2) * given,
            expected.fourth / variance**2 * given,
        )
        return cls(*(column.sum(axis=axis) for column in columns))

    def __iadd__(self, more: "ResidualSums") -> "ResidualSums":
        for name, value in vars(more).items():
            setattr(self, name, getattr(self, name) + value)
        return self

    def figures(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Infit, outfit and their deviates."""
        infit = divide(self.squared, self.variance)
        outfit = divide(self.standard, self.given)
        infit_q = divide(np.sqrt(np.maximum(self.infit_spread, 0.0)), self.variance)
        outfit_q = divide(self.outfit_spread, self.given**2) - divide(
            np.ones_like(self.given), self.given
        )
        outfit_q = np.sqrt(np.maximum(outfit_q, 0.0))
        return infit, outfit, _deviate(infit, infit_q), _deviate(outfit, outfit_q)


def _deviate(mean_square: Floats, spread: Floats) -> Floats:
    """Wilson & Hilferty (1931): the cube root of a mean square is near normal."""
    q = np.minimum(spread, _WIDEST)
    return (np.cbrt(mean_square) - 1) * divide(np.full_like(q, 3.0), q) + q / 3


@dataclass
class _Products:
    """Running sums over candidates, per pair of items."""

    products: Floats
    sums: Floats
    squares: Floats
    together: Floats

    def add(self, residual: Floats, given: Floats) -> None:
        """Some candidates more; both (n, U)."""
        self.products += residual.T @ residual
        self.sums += residual.T @ given
        self.squares += (residual**2).T @ given
        self.together += given.T @ given

    def correlations(self) -> Floats:
        """(U, U): over the candidates given both items."""
        cross = self.together * self.products - self.sums * self.sums.T
        spread = np.maximum(self.together * self.squares - self.sums**2, 0.0)
        return divide(cross, np.sqrt(spread * spread.T))


def item_fit(scored: ScoredMatrix, calibration: Calibration) -> ItemFit:
    """Residuals of everybody on every calibrated item, added up in blocks of rows."""
    used = calibration.used
    theta = expected_a_posteriori(scored, calibration).theta / calibration.unit
    parameters = calibration.parameters[:, used]

    def expected(theta: Floats) -> Expectation:
        return of_right_and_wrong(np.exp(calibration.model.logs(parameters, theta)[0]).T)

    right = scored.credit[:, used] > 0
    given = scored.administered[:, used]
    return residual_fit(right, given, theta, expected).spread_over(used, len(scored.items))


def residual_fit(
    credit: NDArray[Any],
    given: NDArray[np.bool_],
    theta: Floats,
    expected: Callable[[Floats], Expectation],
) -> ItemFit:
    """Fit of U items from ``credit`` and ``given``, (N, U), at ``theta``, (N,); NaN is passed over.

    ``expected``: from abilities, (n,), to what the model expects of each.
    """
    known, size = np.flatnonzero(np.isfinite(theta)), credit.shape[1]
    sums, pairs = ResidualSums(*np.zeros((6, size))), _Products(*np.zeros((4, size, size)))
    for start in range(0, len(known), _ROWS_AT_ONCE):
        rows = known[start : start + _ROWS_AT_ONCE]
        here, told = given[rows].astype(np.float64), expected(theta[rows])
        residual = (credit[rows].astype(np.float64) - told.mean) * here
        sums += ResidualSums.of(residual**2, told, here)
        pairs.add(residual, here)
    return ItemFit(*sums.figures(), pairs.correlations())
