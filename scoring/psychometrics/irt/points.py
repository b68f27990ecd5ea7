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

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.blocks import Block
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.models import ItemModel
from scoring.psychometrics.irt.partial_credit import PartialCredit
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
Seen: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.uint8] | None, Floats], Slopes]


def maximum_likelihood(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """Where the likelihood of the answers is highest. NaN and a finding where that is nowhere."""
    return _solve(scored, calibration, lambda _: lambda theta, at: (at.score, at.information))


def maximum_a_posteriori(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """The mode of the posterior under the population of the candidate's group."""

    def rule(population: Grid) -> Rule:
        mean, precision = population.mean, population.sd**-2
        return lambda theta, at: (
            at.score - (theta - mean) * precision,
            at.information + precision,
        )

    return _solve(scored, calibration, rule)


def weighted_likelihood(scored: ScoredMatrix, calibration: Calibration) -> Abilities:
    """Warm (1989): the likelihood weighted so that its bias goes; finite for every pattern.

    Under the 3PL the weight is Warm's, not the root of the information (Jeffreys' prior) that some
    programs use under this name; without guessing the two are one.
    """
    return _solve(
        scored,
        calibration,
        lambda _: lambda theta, at: (at.score + at.warm / (2 * at.information), at.information),
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


def credit_slopes(
    right: NDArray[np.uint8],
    given: NDArray[np.uint8] | None,
    theta: Floats,
    parameters: Floats,
    item: NDArray[np.intp],
) -> Slopes:
    """The same under the generalised partial credit model, one column for each credit above none.

    The score is the credit earned less its expectation, both times the slope; the information is
    the variance of that, Warm's J its third central moment. ``item``: (B,), of each column.
    """
    a, d = parameters[:2]
    belongs = np.eye(int(item.max(initial=-1)) + 1)[item]
    starts = np.unique(item, return_index=True)[1]
    logit = theta[:, None] * a + d
    highest = np.maximum(np.maximum.reduceat(logit, starts, axis=1), 0.0)
    above = np.exp(logit - highest[:, item])
    p = above / (above @ belongs + np.exp(-highest))[:, item]
    first, second, third = ((p * a**power) @ belongs for power in (1, 2, 3))
    spread = second - first**2
    skew = third - 3 * first * second + 2 * first**3
    if given is not None:
        whole = given[:, starts]
        first, spread, skew = first * whole, spread * whole, skew * whole
    return Slopes(
        score=right @ a - first.sum(axis=1),
        information=np.maximum(spread.sum(axis=1), 1e-12),
        warm=skew.sum(axis=1),
    )


def _slopes_of(model: ItemModel, parameters: Floats, columns: NDArray[np.intp]) -> Seen:
    """``slopes`` or ``credit_slopes`` for some columns, whichever the model asks for."""
    own = parameters[:, columns]
    if isinstance(model, PartialCredit):
        item = np.unique(model.item[columns], return_inverse=True)[1]
        return lambda right, given, theta: credit_slopes(right, given, theta, own, item)
    return lambda right, given, theta: slopes(right, given, theta, own)


def _solve(
    scored: ScoredMatrix, calibration: Calibration, rule_for: Callable[[Grid], Rule]
) -> Abilities:
    start = expected_a_posteriori(scored, calibration)
    theta, error = (np.full(len(scored.persons), np.nan) for _ in range(2))
    parameters = calibration.parameters[:, calibration.used]
    for block in calibration.blocks(scored) if len(calibration.used) else ():
        rule = rule_for(calibration.grids[block.group])
        seen = _slopes_of(calibration.model, parameters, block.columns)
        first = np.full(len(block.right), np.nan)
        first[block.row] = start.theta[block.persons] / calibration.unit
        found = np.concatenate(
            [
                _climb(block, slice(at, at + _ROWS_AT_ONCE), first, seen, rule)
                for at in range(0, len(first), _ROWS_AT_ONCE)
            ]
        )
        theta[block.persons], error[block.persons] = found[block.row].T
    endless = int((np.isnan(theta) & np.isfinite(start.theta)).sum())
    findings = (Finding(FindingCode.NO_FINITE_ABILITY, count=endless),) if endless else ()
    return Abilities(
        persons=scored.persons,
        theta=theta * calibration.unit,
        error=error * calibration.unit,
        findings=(*start.findings, *findings),
    )


def _climb(block: Block, rows: slice, first: Floats, seen: Seen, rule: Rule) -> Floats:
    """(n, 2): estimate and standard error of some rows of a block."""
    right = block.right[rows]
    given = None if block.given is None else block.given[rows]

    def at(theta: Floats, some: NDArray[np.intp]) -> tuple[Floats, Floats]:
        here = seen(right[some], None if given is None else given[some], theta)
        return rule(theta, here)

    theta, settled = _roots(first[rows].copy(), at)
    known = np.flatnonzero(settled)
    ahead, behind = (at(theta[known] + nudge, known)[0] for nudge in (_NUDGE, -_NUDGE))
    curved = (behind - ahead) / (2 * _NUDGE)
    found = np.full((len(theta), 2), np.nan)
    peaks = known[curved > 0]
    found[peaks, 0], found[peaks, 1] = theta[peaks], 1 / np.sqrt(curved[curved > 0])
    return found


def _roots(
    theta: Floats, at: Callable[[Floats, NDArray[np.intp]], tuple[Floats, Floats]]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Where the push of every row vanishes, and whether it was found; rows leave as they settle."""
    step, longest = np.zeros_like(theta), np.full_like(theta, _LONGEST_STEP)
    settled, open_rows = np.zeros(len(theta), np.bool_), np.arange(len(theta))
    for _ in range(_STEPS):
        push, information = at(theta[open_rows], open_rows)
        longest[open_rows[push * step[open_rows] < 0]] /= 2  # turning back: it is in between
        limit = longest[open_rows]
        step[open_rows] = np.clip(push / information, -limit, limit)
        theta[open_rows] += step[open_rows]
        settled[open_rows] = np.abs(step[open_rows]) < _SETTLED
        open_rows = open_rows[~settled[open_rows] & (np.abs(theta[open_rows]) < _FARTHEST)]
        if not len(open_rows):
            break
    return theta, settled
