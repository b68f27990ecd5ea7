"""Ability of candidates, given calibrated items."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.expectation import posteriors
from scoring.psychometrics.keying import ScoredMatrix

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Abilities:
    """``theta``, ``error``: (N,), ability and its standard error; NaN for no calibrated item.

    ``findings``: how many are without one, and why.
    """

    persons: NDArray[Any]
    theta: Floats
    error: Floats
    findings: tuple[Finding, ...] = ()


def expected_a_posteriori(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """Mean and standard deviation of the posterior of ability. Bock & Mislevy (1982)."""
    theta, error = (np.full(len(scored.persons), np.nan) for _ in range(2))
    if not len(calibration.used):
        return Abilities(scored.persons, theta, error, (Finding(FindingCode.NOT_IDENTIFIED),))
    grid = calibration.grid
    parameters = calibration.parameters[:, calibration.used]
    logs = calibration.model.logs(parameters, grid.nodes)
    powers = np.stack([grid.nodes, grid.nodes**2], axis=1)
    for block in calibration.blocks(scored):
        own = calibration.grids[block.group]
        moments = np.concatenate([part.density @ powers for part in posteriors(block, logs, own)])
        mean = moments[:, 0]
        spread = np.sqrt(np.maximum(moments[:, 1] - mean * mean, 0.0))
        theta[block.persons], error[block.persons] = mean[block.row], spread[block.row]
    nowhere = int(np.isnan(theta).sum())
    findings = (Finding(FindingCode.PERSON_WITHOUT_ITEMS, count=nowhere),) if nowhere else ()
    return Abilities(scored.persons, theta * calibration.unit, error * calibration.unit, findings)


def empirical_reliability(abilities: Abilities) -> float:
    """Variance of posterior means over itself plus the mean squared error; NaN for fewer than two.

    Of people with an ability. Bechger, Maris, Verstralen & Béguin (2003).
    """
    known = np.isfinite(abilities.theta)
    if known.sum() < 2:
        return float("nan")
    variance = float(abilities.theta[known].var(ddof=1))
    error = float((abilities.error[known] ** 2).mean())
    return variance / (variance + error) if variance + error > 0 else float("nan")
