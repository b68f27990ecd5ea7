"""Does the model fit? Residuals of answers at each candidate's posterior mean."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class ItemFit:
    """Each (J,), NaN for items without parameters; 1 is what the model expects.

    ``infit``: squared residuals over their expectation, summed before dividing. ``outfit``: the
    mean of squared standard residuals. Wright & Masters (1982). ``q3``: (J, J), correlations of
    residuals; Yen (1984). ``q3_adjusted``: less their mean over pairs; Christensen et al. (2017).
    """

    infit: Floats
    outfit: Floats
    q3: Floats

    @property
    def q3_adjusted(self) -> Floats:
        """(J, J): far from zero for two items that share more than ability."""
        pairs = self.q3[np.triu_indices(len(self.q3), 1)]
        known = pairs[np.isfinite(pairs)]
        return self.q3 - (known.mean() if len(known) else 0.0)


@dataclass
class _Sums:
    """Running sums over candidates, per item and per pair of items."""

    squared: Floats
    expected: Floats
    standard: Floats
    products: Floats
    sums: Floats
    squares: Floats
    together: Floats

    def add(self, right: Floats, given: Floats, p: Floats) -> None:
        """Some candidates more; all (n, U)."""
        residual = (right - p) * given
        spread = np.maximum(p * (1 - p), 1e-300)
        self.squared += (residual**2).sum(axis=0)
        self.expected += (spread * given).sum(axis=0)
        self.standard += (residual**2 / spread).sum(axis=0)
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
    used, items = calibration.used, len(scored.items)
    theta = expected_a_posteriori(scored, calibration).theta / calibration.unit
    known = np.flatnonzero(np.isfinite(theta))
    size = len(used)
    sums = _Sums(*np.zeros((3, size)), *np.zeros((4, size, size)))
    for start in range(0, len(known), _ROWS_AT_ONCE):
        rows = known[start : start + _ROWS_AT_ONCE]
        logs = calibration.model.logs(calibration.parameters[:, used], theta[rows])
        given = scored.administered[np.ix_(rows, used)].astype(np.float64)
        right = (scored.credit[np.ix_(rows, used)] > 0) * given
        sums.add(right, given, np.exp(logs[0]).T)
    q3 = np.full((items, items), np.nan)
    q3[np.ix_(used, used)] = sums.correlations()
    infit, outfit = (np.full(items, np.nan) for _ in range(2))
    infit[used] = divide(sums.squared, sums.expected)
    outfit[used] = divide(sums.standard, np.diag(sums.together))
    return ItemFit(infit, outfit, q3)
