"""What the raw score says about ability: its distribution at every ability, and the way back.

Lord & Wingersky (1984); Thissen, Pommerich, Billeaud & Williams (1995).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.persons import Abilities
from scoring.psychometrics.keying import ScoredMatrix
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
    return graded_score_chances(_two_credits(p))


def without_each(p: Floats) -> Floats:
    """(U, U, Q): the same over all items but one, for each item left out."""
    return np.stack(list(graded_without_each(_two_credits(p))))


def graded_score_chances(items: Sequence[Floats]) -> Floats:
    """(S + 1, Q): chance of every sum of credits, from each item's (m + 1, Q), by credit.

    Thissen, Pommerich, Billeaud & Williams (1995).
    """
    return _joined(np.ones((1, items[0].shape[1])), items)


def graded_without_each(items: Sequence[Floats]) -> Iterator[Floats]:
    """(S - m + 1, Q) for each item: the same over all the others.

    Halves are joined to what lies outside them, so U items cost U log U steps, none a division.
    """
    return _leave_out(np.ones((1, items[0].shape[1])), items)


def _two_credits(p: Floats) -> list[Floats]:
    return [np.stack([1 - right, right]) for right in p]


def _leave_out(outside: Floats, items: Sequence[Floats]) -> Iterator[Floats]:
    if len(items) < 2:
        yield outside
        return
    middle = len(items) // 2
    yield from _leave_out(_joined(outside, items[middle:]), items[:middle])
    yield from _leave_out(_joined(outside, items[:middle]), items[middle:])


def _joined(scores: Floats, items: Sequence[Floats]) -> Floats:
    for one in items:
        longer = np.zeros((len(scores) + len(one) - 1, scores.shape[1]))
        for credit, chance in enumerate(one):
            longer[credit : credit + len(scores)] += scores * chance
        scores = longer
    return scores


def sum_score_eap(calibration: Calibration) -> SumScores:
    """Ability expected at each raw score, for whoever knows nothing but the score.

    In the calibration's unit. NaN for a score the model cannot give, and without any item.
    """
    if not len(calibration.used):
        return SumScores(*np.full((3, 1), np.nan))
    grid = calibration.grid
    joint = score_chances(chances(calibration, grid.nodes)) * np.exp(grid.log_weights)
    chance = joint.sum(axis=1)
    mean = divide(joint @ grid.nodes, chance)
    square = divide(joint @ grid.nodes**2, chance)
    error = np.sqrt(np.maximum(square - mean**2, 0.0))
    return SumScores(mean * calibration.unit, error * calibration.unit, chance)


def by_sum_score(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """Everybody's ability by the raw score over the calibrated items alone.

    Who was not given all of them has no such score: NaN, and a finding.
    """
    table = sum_score_eap(calibration)
    whole = scored.administered[:, calibration.used].all(axis=1) & (len(calibration.used) > 0)
    raw = (scored.credit[whole][:, calibration.used] > 0).sum(axis=1)
    theta, error = np.full((2, len(scored.persons)), np.nan)
    theta[whole], error[whole] = table.theta[raw], table.error[raw]
    lost = int((~whole).sum())
    findings = (Finding(FindingCode.INCOMPLETE_BY_DESIGN, count=lost),) if lost else ()
    return Abilities(scored.persons, theta, error, findings)
