"""Ability as a single best value: maximum likelihood, posterior mode, Warm's weighted likelihood.

Fisher scoring on many candidates at once, from their posterior means. A pattern whose estimate lies
at infinity, such as all right under maximum likelihood, has none. Standard errors are from the
observed curvature at the estimate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.blocks import Block, blocks
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.persons import Abilities, expected_a_posteriori
from scoring.psychometrics.keying import ScoredMatrix

Floats = NDArray[np.float64]
_ROWS_AT_ONCE = 8192
_STEPS, _LONGEST_STEP, _SETTLED = 60, 1.0, 1e-8
_FARTHEST = 12.0
_NUDGE = 1e-4


@dataclass(frozen=True)
class Slopes:
    """At each candidate's ability, all (n,): the score function, information, and Warm's J."""

    score: Floats
    information: Floats
    warm: Floats


Rule: TypeAlias = Callable[[Floats, Slopes], tuple[Floats, Floats]]


def maximum_likelihood(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """Where the likelihood of the answers is highest. NaN where that is nowhere."""
    return _solve(scored, calibration, lambda theta, at: (at.score, at.information))


def maximum_a_posteriori(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """The mode of the posterior under N(0, 1)."""
    return _solve(scored, calibration, lambda theta, at: (at.score - theta, at.information + 1.0))


def weighted_likelihood(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """Warm (1989): the likelihood weighted so that its bias goes; finite for every pattern.

    Under the 3PL the weight is Warm's, not the root of the information (Jeffreys' prior) that some
    programs use under this name; without guessing the two are one.
    """
    return _solve(
        scored,
        calibration,
        lambda theta, at: (at.score + at.warm / (2 * at.information), at.information),
    )


def slopes(
    right: NDArray[np.uint8],
    given: NDArray[np.uint8] | None,
    theta: Floats,
    parameters: Floats,
) -> Slopes:
    """``right``, ``given``: (n, B). ``theta``: (n,). ``parameters``: (K, B), as the model's."""
    a, d = parameters[:2]
    c = 1 / (1 + np.exp(-parameters[2])) if len(parameters) > 2 else np.zeros_like(a)
    known = 0.5 * (1 + np.tanh(0.5 * (theta[:, None] * a + d)))
    p = c + (1 - c) * known
    slope = a * (1 - c) * known * (1 - known)
    spread = np.maximum(p * (1 - p), 1e-300)
    weight = slope / spread if given is None else slope / spread * given
    return Slopes(
        score=((right - p) * weight).sum(axis=1),
        information=np.maximum((slope * weight).sum(axis=1), 1e-12),
        warm=(weight * a * (1 - 2 * known) * slope).sum(axis=1),
    )


def _solve(scored: ScoredMatrix, calibration: Calibration, rule: Rule) -> Abilities:
    start = expected_a_posteriori(scored, calibration)
    theta, error = (np.full(len(scored.persons), np.nan) for _ in range(2))
    parameters = calibration.parameters[:, calibration.used]
    for block in blocks(scored, calibration.used) if len(calibration.used) else ():
        first = np.full(len(block.right), np.nan)
        first[block.row] = start.theta[block.persons] / calibration.unit
        found = np.concatenate(
            [
                _climb(block, slice(at, at + _ROWS_AT_ONCE), first, parameters, rule)
                for at in range(0, len(first), _ROWS_AT_ONCE)
            ]
        )
        theta[block.persons], error[block.persons] = found[block.row].T
    return Abilities(scored.persons, theta * calibration.unit, error * calibration.unit)


def _climb(block: Block, rows: slice, first: Floats, parameters: Floats, rule: Rule) -> Floats:
    """(n, 2): estimate and standard error of some rows of a block."""
    right, own = block.right[rows], parameters[:, block.columns]
    given = None if block.given is None else block.given[rows]
    theta = first[rows].copy()
    step, longest = np.zeros_like(theta), np.full_like(theta, _LONGEST_STEP)
    for _ in range(_STEPS):
        push, information = rule(theta, slopes(right, given, theta, own))
        longest[push * step < 0] /= 2  # turning back: the answer is between
        step = np.clip(push / information, -longest, longest)
        theta = np.clip(theta + step, -_FARTHEST, _FARTHEST)
        if np.abs(step[np.abs(theta) < _FARTHEST]).max(initial=0.0) < _SETTLED:
            break
    settled = (np.abs(theta) < _FARTHEST) & (np.abs(step) < 1e-6)
    ahead, behind = (
        rule(theta + step, slopes(right, given, theta + step, own))[0] for step in (_NUDGE, -_NUDGE)
    )
    curved = (behind - ahead) / (2 * _NUDGE)
    settled &= curved > 0
    error = 1 / np.sqrt(np.where(settled, curved, 1.0))
    return np.where(settled[:, None], np.stack([theta, error], axis=1), np.nan)
