"""Are someone's answers as odd as the model allows? Low values ask for a look, nothing more.

Easy items wrong and hard ones right can be luck, carelessness, language, foreknowledge or copying.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.fit import mean_squares, of_right_and_wrong
from scoring.psychometrics.irt.persons import Abilities
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class PersonFit:
    """Each (N,), NaN for a candidate without ability or without information.

    ``lz``: log-likelihood of the answers, standardised as if ability were known; Drasgow, Levine &
    Williams (1985). ``lz_star``: standard normal although ability is estimated; Snijders (2001).
    ``p``: chance of ``lz_star`` or less. ``u3``: 0 for a perfect Guttman pattern, 1 for its
    reverse; van der Flier (1982). ``infit``, ``outfit``: mean squares of residuals, 1 is expected;
    ``infit_z``, ``outfit_z``: the same as standard normal deviates; Wright & Masters (1982).
    """

    persons: NDArray[Any]
    lz: Floats
    lz_star: Floats
    p: Floats
    u3: Floats
    infit: Floats
    outfit: Floats
    infit_z: Floats
    outfit_z: Floats

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How many people lack a figure: all right, all wrong, or not all of the items."""
        unknown = int((~np.isfinite([self.lz_star, self.u3, self.infit, self.outfit])).any(0).sum())
        return (Finding(FindingCode.ODDNESS_UNKNOWN, count=unknown),) if unknown else ()


def person_fit(scored: ScoredMatrix, calibration: Calibration, abilities: Abilities) -> PersonFit:
    """Fit of everybody. ``abilities``: by maximum likelihood, Warm's weight or the mode for lz*.

    Snijders' correction takes the estimate as the root of the score function, with Warm's weight or
    a prior in it; what the estimate adds to the score is read off the residuals themselves.
    """
    people = len(scored.persons)
    figures = np.full((6, people), np.nan)
    theta = abilities.theta / calibration.unit
    known = np.flatnonzero(np.isfinite(theta))
    for start in range(0, len(known), _ROWS_AT_ONCE):
        rows = known[start : start + _ROWS_AT_ONCE]
        figures[:, rows] = _figures(scored, calibration, theta[rows], rows)
    lz, star, *residuals = figures
    u3 = guttman_distance(scored, calibration.used)
    return PersonFit(scored.persons, lz, star, stats.norm.cdf(star), u3, *residuals)


def _figures(
    scored: ScoredMatrix, calibration: Calibration, theta: Floats, rows: NDArray[np.intp]
) -> Floats:
    """(6, n): lz, lz*, infit, outfit and the deviates of both, of some candidates."""
    used = calibration.used
    given = scored.administered[np.ix_(rows, used)].astype(np.float64)
    right = (scored.credit[np.ix_(rows, used)] > 0) * given
    p, slope = _curves(calibration, theta)
    spread = np.maximum(p * (1 - p), 1e-300)
    residual = (right - p) * given
    logit = np.log(p / (1 - p))
    surprise = (residual * logit).sum(axis=1)
    pull = slope / spread
    weight = (
        logit
        - divide((slope * logit * given).sum(axis=1), (slope * pull * given).sum(axis=1))[:, None]
        * pull
    )
    corrected = (residual * weight).sum(axis=1)
    return np.stack(
        [
            divide(surprise, np.sqrt((logit**2 * spread * given).sum(axis=1))),
            divide(corrected, np.sqrt((weight**2 * spread * given).sum(axis=1))),
            *mean_squares(residual**2, of_right_and_wrong(p), given, axis=1),
        ]
    )


def _curves(calibration: Calibration, theta: Floats) -> tuple[Floats, Floats]:
    """(n, U) twice: chance of right, kept off 0 and 1, and its slope."""
    parameters = calibration.parameters[:, calibration.used]
    guess = calibration.c[calibration.used]
    known = 0.5 * (1 + np.tanh(0.5 * (theta[:, None] * parameters[0] + parameters[1])))
    p = np.clip(guess + (1 - guess) * known, 1e-12, 1 - 1e-12)
    return p, parameters[0] * (1 - guess) * known * (1 - known)


def guttman_distance(scored: ScoredMatrix, used: NDArray[np.intp]) -> Floats:
    """(N,): U3. NaN for all right, all wrong, or not all of the items."""
    result = np.full(len(scored.persons), np.nan)
    if not len(used):
        return result
    whole = np.flatnonzero(scored.administered[:, used].all(axis=1))
    right = scored.credit[np.ix_(whole, used)] > 0
    share = np.clip(right.mean(axis=0), 1e-12, 1 - 1e-12) if len(whole) else np.zeros(len(used))
    if not len(whole):
        return result
    easiest = np.sort(np.log(share / (1 - share)))[::-1]
    total = right.sum(axis=1)
    best = np.concatenate([[0.0], np.cumsum(easiest)])[total]
    worst = np.concatenate([[0.0], np.cumsum(easiest[::-1])])[total]
    mixed = (total > 0) & (total < len(used)) & (best - worst > 0)
    earned = right @ np.log(share / (1 - share))
    result[whole[mixed]] = ((best - earned) / np.where(mixed, best - worst, 1.0))[mixed]
    return result
