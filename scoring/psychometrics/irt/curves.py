"""What a calibrated form tells about ability, and whether answers follow the curves.

Information is Fisher's. Birnbaum (1968).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_FARTHEST = 12.0


@dataclass(frozen=True)
class EmpiricalCurves:
    """Observed against modelled, in ranges of ability.

    ``theta``: (G,), mean ability in the range. ``observed``, ``expected``, ``error``: (J, G), share
    right, what the model says, and the standard error of the difference; ``n``: (J, G).
    """

    theta: Floats
    n: Floats
    observed: Floats
    expected: Floats
    error: Floats


def curve(calibration: Calibration, theta: Floats) -> Floats:
    """(J, T): chance of right at ``theta``, in the calibration's unit; NaN without parameters."""
    return _curve_and_slope(calibration, theta)[0]


def item_information(calibration: Calibration, theta: Floats) -> Floats:
    """(J, T): squared slope of the curve over P (1 - P), per squared unit of ``theta``."""
    p, slope = _curve_and_slope(calibration, theta)
    return slope**2 / np.maximum(p * (1 - p), 1e-300)


def information(calibration: Calibration, theta: Floats) -> Floats:
    """(T,): of the whole form, over the calibrated items."""
    total: Floats = np.nansum(item_information(calibration, theta), axis=0)
    return total


def ability_sem(calibration: Calibration, theta: Floats) -> Floats:
    """(T,): standard error of the maximum likelihood estimate where ability is ``theta``."""
    known = information(calibration, theta)
    return np.sqrt(divide(np.ones_like(known), known))


def raw_score_sem(calibration: Calibration, theta: Floats) -> tuple[Floats, Floats]:
    """(T,) twice: expected raw score at ``theta``, and the standard deviation around it."""
    p = curve(calibration, theta)
    return np.nansum(p, axis=0), np.sqrt(np.nansum(p * (1 - p), axis=0))


def ability_at(calibration: Calibration, raw: float) -> float:
    """The ability at which the expected raw score is ``raw``, by halving; NaN beyond its range.

    The inverse of the test characteristic curve; Kolen & Brennan (2014), 6.5.
    """
    low, high = -_FARTHEST, _FARTHEST
    ends = raw_score_sem(calibration, np.array([low, high]))[0]
    if not ends[0] < raw < ends[1]:
        return float("nan")
    for _ in range(60):
        middle = (low + high) / 2
        under = raw_score_sem(calibration, np.array([middle]))[0][0] < raw
        low, high = (middle, high) if under else (low, middle)
    return (low + high) / 2


def marginal_reliability(calibration: Calibration) -> float:
    """1 less the mean error variance over the population: mean of I / (I + 1). Green et al. (1984).

    In the unit where ability is N(0, 1).
    """
    known = information(calibration, calibration.grid.nodes * calibration.unit)
    known = known * calibration.unit**2
    return float(np.exp(calibration.grid.log_weights) @ (known / (known + 1)))


def empirical_curves(
    scored: ScoredMatrix, calibration: Calibration, groups: int = 10
) -> EmpiricalCurves:
    """Share right in ``groups`` ranges of ability that hold about equally many candidates.

    A candidate counts in every range as far as their posterior lies there, so that the shares lie
    on the curve where the model holds; groups cut by estimated ability would not (Bock & Aitkin
    1981). The error is that of a share of so many, which the spreading makes an upper bound.
    """
    grid, used = calibration.grid, calibration.used
    if not len(used):
        nothing = np.full((len(scored.items), 0), np.nan)
        return EmpiricalCurves(nothing[0], nothing, nothing, nothing, nothing)
    logs = calibration.model.logs(calibration.parameters[:, used], grid.nodes)
    counts = expectation(calibration.blocks(scored), logs, calibration.grids)
    ranges = _ranges(counts.given.sum(axis=0), groups)
    columns = (counts.given, counts.right, counts.given * np.exp(logs[0]))
    n, right, modelled = (_on_all(column @ ranges, calibration) for column in columns)
    mass = counts.given.sum(axis=0)
    theta = (mass * grid.nodes) @ ranges / (mass @ ranges) * calibration.unit
    share = divide(modelled, n)
    return EmpiricalCurves(
        theta, n, divide(right, n), share, np.sqrt(divide(share * (1 - share), n))
    )


def _ranges(mass: Floats, groups: int) -> Floats:
    """(Q, G): which nodes make up which range; ranges without a node fall away."""
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    _, member = np.unique(np.floor(middle * groups), return_inverse=True)
    return np.eye(int(member.max()) + 1)[member]


def _on_all(values: Floats, calibration: Calibration) -> Floats:
    """(J, G): figures of the calibrated items among all items."""
    result = np.full((len(calibration.items), values.shape[1]), np.nan)
    result[calibration.used] = values
    return result


def _curve_and_slope(calibration: Calibration, theta: Floats) -> tuple[Floats, Floats]:
    """(J, T) twice: c + (1 - c) s, and its derivative."""
    a, c = calibration.a[:, None], calibration.c[:, None]
    intercept = calibration.parameters[1][:, None]
    known = 0.5 * (1 + np.tanh(0.5 * (a * theta + intercept)))
    return c + (1 - c) * known, a * (1 - c) * known * (1 - known)
