"""What the raw score says about ability: its distribution at every ability, and the way back.

Lord & Wingersky (1984); Thissen, Pommerich, Billeaud & Williams (1995).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SumScores:
    """For raw scores 0 to U over the U calibrated items, each (U + 1,).

    ``theta``, ``error``: mean and standard deviation of ability among those with the score.
    ``chance``: how often the model expects the score.
    """

    theta: Floats
    error: Floats
    chance: Floats


def chances(calibration: Calibration, nodes: Floats) -> Floats:
    """(U, Q): chance of right of every calibrated item at ``nodes``, where ability is N(0, 1)."""
    parameters = calibration.parameters[:, calibration.used]
    right: Floats = np.exp(calibration.model.logs(parameters, nodes)[0])
    return right


def score_chances(p: Floats) -> Floats:
    """(U + 1, Q): chance of every raw score at every node, from ``p``, (U, Q), item by item."""
    return _joined(np.ones((1, p.shape[1])), p)


def without_each(p: Floats) -> Floats:
    """(U, U, Q): the same over all items but one, for each item left out.

    Halves are joined to what lies outside them, so U items cost U log U steps, none a division.
    """
    return np.stack(list(_leave_out(np.ones((1, p.shape[1])), p)))


def _leave_out(outside: Floats, p: Floats) -> Iterator[Floats]:
    if len(p) < 2:
        yield outside
        return
    middle = len(p) // 2
    yield from _leave_out(_joined(outside, p[middle:]), p[:middle])
    yield from _leave_out(_joined(outside, p[:middle]), p[middle:])


def _joined(scores: Floats, p: Floats) -> Floats:
    for right in p:
        longer = np.zeros((len(scores) + 1, scores.shape[1]))
        longer[:-1] = scores * (1 - right)
        longer[1:] += scores * right
        scores = longer
    return scores


def sum_score_eap(calibration: Calibration) -> SumScores:
    """Ability expected at each raw score, for whoever knows nothing but the score.

    In the calibration's unit. NaN for a score the model cannot give.
    """
    grid = calibration.grid
    joint = score_chances(chances(calibration, grid.nodes)) * np.exp(grid.log_weights)
    chance = joint.sum(axis=1)
    mean = divide(joint @ grid.nodes, chance)
    square = divide(joint @ grid.nodes**2, chance)
    error = np.sqrt(np.maximum(square - mean**2, 0.0))
    return SumScores(mean * calibration.unit, error * calibration.unit, chance)
