"""Ability as a single best value: maximum likelihood, posterior mode, Warm's weighted likelihood.

What pulls an estimate up or down is, at any one ability, a sum over items, the same for everybody
but for who answered what: a matrix product. So candidates of about one ability are taken together,
the pull on each is found exactly at a few abilities around theirs, and is followed in between as
the polynomial through them, which in so narrow a window is the pull itself to ten digits. A pattern
whose estimate lies at infinity, such as all right under maximum likelihood, has none. Standard
errors are from the observed curvature at the estimate.
"""

from collections.abc import Callable, Iterator
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
_ROWS_AT_ONCE = 4096
_ROUNDS, _LONGEST_STEP, _SETTLED = 120, 1.0, 1e-9
_FARTHEST, _FLATTEST = 12.0, 1e-8
_POINTS, _STEPS = 12, 12
# The pull is smooth to a distance of pi / a from real abilities, and Warm's to half of it: a window
# of this half width over the steepest slope keeps far inside.
_WIDTH, _GENTLE = 0.4, 2.0


@dataclass(frozen=True)
class Slopes:
    """At M abilities: the score function, information and Warm's J of n candidates, each (n, M)."""

    score: Floats
    information: Floats
    warm: Floats


@dataclass(frozen=True)
class ItemSlopes:
    """At M abilities, all (B, M). The score function of one answer x is x ``pull`` - ``expected``;
    ``information`` and ``warm`` are what an item that was given adds to either.
    """

    pull: Floats
    expected: Floats
    information: Floats
    warm: Floats

    def of(self, right: Floats, given: Floats | None) -> Slopes:
        """``right``, ``given``: (n, B); without ``given`` everybody was given everything."""
        whole = given if given is not None else np.ones((1, right.shape[1]))
        score = right @ self.pull - whole @ self.expected
        known = np.broadcast_to(np.maximum(whole @ self.information, 1e-12), score.shape)
        return Slopes(score, known, np.broadcast_to(whole @ self.warm, score.shape))


Rule: TypeAlias = Callable[[Floats, Slopes], tuple[Floats, Floats]]
Seen: TypeAlias = Callable[[Floats], ItemSlopes]


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


def slopes(theta: Floats, parameters: Floats) -> ItemSlopes:
    """``theta``: (M,). ``parameters``: (K, B), as the model's."""
    a, d = parameters[:2, :, None]
    c = 1 / (1 + np.exp(-parameters[2, :, None])) if len(parameters) > 2 else np.zeros_like(a)
    known = 0.5 * (1 + np.tanh(0.5 * (theta * a + d)))
    p = c + (1 - c) * known
    slope = a * (1 - c) * known * (1 - known)
    pull = slope / np.maximum(p * (1 - p), 1e-300)
    return ItemSlopes(
        pull=pull,
        expected=p * pull,
        information=slope * pull,
        warm=pull * a * (1 - 2 * known) * slope,
    )


def credit_slopes(theta: Floats, parameters: Floats, item: NDArray[np.intp]) -> ItemSlopes:
    """The same under the generalised partial credit model, one column for each credit above none.

    The score is the credit earned less its expectation, both times the slope; the information is
    the variance of that, Warm's J its third central moment. ``item``: (B,), of each column; what an
    item adds stands at its first.
    """
    a, d = parameters[:2, :, None]
    starts = np.unique(item, return_index=True)[1]
    logit = theta * a + d
    highest = np.maximum(np.maximum.reduceat(logit, starts, axis=0), 0.0)
    above = np.exp(logit - highest[item])
    p = above / (np.add.reduceat(above, starts, axis=0) + np.exp(-highest))[item]
    first, second, third = (np.add.reduceat(p * a**power, starts, axis=0) for power in (1, 2, 3))
    whole = np.zeros((3, *p.shape))
    whole[:, starts] = first, second - first**2, third - 3 * first * second + 2 * first**3
    return ItemSlopes(np.broadcast_to(a, p.shape), *whole)


def _slopes_of(model: ItemModel, parameters: Floats, columns: NDArray[np.intp]) -> Seen:
    """``slopes`` or ``credit_slopes`` for some columns, whichever the model asks for."""
    own = parameters[:, columns]
    if isinstance(model, PartialCredit):
        item = np.unique(model.item[columns], return_inverse=True)[1]
        return lambda theta: credit_slopes(theta, own, item)
    return lambda theta: slopes(theta, own)


def _solve(
    scored: ScoredMatrix, calibration: Calibration, rule_for: Callable[[Grid], Rule]
) -> Abilities:
    start = expected_a_posteriori(scored, calibration)
    theta, error = (np.full(len(scored.persons), np.nan) for _ in range(2))
    parameters = calibration.parameters[:, calibration.used]
    for block in calibration.blocks(scored) if len(calibration.used) else ():
        rule = rule_for(calibration.grids[block.group])
        seen = _slopes_of(calibration.model, parameters, block.columns)
        steepest = float(np.abs(parameters[0, block.columns]).max(initial=0.0))
        first = np.full(len(block.right), np.nan)
        first[block.row] = start.theta[block.persons] / calibration.unit
        found = _climb(block, first, seen, rule, _WIDTH / max(steepest, _GENTLE))
        theta[block.persons], error[block.persons] = found[block.row].T
    endless = int((np.isnan(theta) & np.isfinite(start.theta)).sum())
    findings = (Finding(FindingCode.NO_FINITE_ABILITY, count=endless),) if endless else ()
    return Abilities(
        persons=scored.persons,
        theta=theta * calibration.unit,
        error=error * calibration.unit,
        findings=(*start.findings, *findings),
    )


def _climb(block: Block, theta: Floats, seen: Seen, rule: Rule, width: float) -> Floats:
    """(n, 2): estimate and standard error of every row of a block, from a first guess.

    In every round a row either settles in its window or takes a step of Fisher's scoring.
    """
    theta, found = theta.copy(), np.full((len(theta), 2), np.nan)
    step, longest = np.zeros_like(theta), np.full_like(theta, _LONGEST_STEP)
    open_rows = np.arange(len(theta))
    for _ in range(_ROUNDS):
        for middle, rows in _of_about_one_ability(theta, open_rows, width):
            nodes = middle + width * _NODES
            given = None if block.given is None else block.given[rows].astype(np.float64)
            here = seen(nodes).of(block.right[rows].astype(np.float64), given)
            pull, information = rule(nodes, here)
            at = (theta[rows] - middle) / width
            root, bend = _root(pull @ _TO_POWERS, at)
            settled = (np.abs(root) <= 1) & (-bend / width > _FLATTEST)
            own = rows[settled]
            found[own, 0] = middle + width * root[settled]
            found[own, 1] = 1 / np.sqrt(-bend[settled] / width)
            nearest = np.abs(at[:, None] - _NODES).argmin(axis=1)[:, None]
            push, known = (
                np.take_along_axis(part, nearest, 1)[:, 0] for part in (pull, information)
            )
            longest[rows[push * step[rows] < 0]] /= 2  # turning back: it is in between
            step[rows] = np.clip(push / known, -longest[rows], longest[rows])
        theta[open_rows] += step[open_rows]
        going_on = np.isnan(found[open_rows, 0]) & (np.abs(theta[open_rows]) < _FARTHEST)
        open_rows = open_rows[going_on]
        if not len(open_rows):
            break
    return found


_NODES = np.cos(np.pi * (np.arange(_POINTS) + 0.5) / _POINTS)
_TO_POWERS = np.linalg.inv(np.vander(_NODES, increasing=True)).T


def _of_about_one_ability(
    theta: Floats, rows: NDArray[np.intp], width: float
) -> Iterator[tuple[float, NDArray[np.intp]]]:
    """Middles of windows half a width apart, and the rows nearest to each, not too many at once."""
    spacing = width / 2
    place = np.rint(theta[rows] / spacing).astype(np.int64)
    order = np.argsort(place, kind="stable")
    places, starts = np.unique(place[order], return_index=True)
    for middle, some in zip(places, np.split(rows[order], starts[1:]), strict=True):
        for start in range(0, len(some), _ROWS_AT_ONCE):
            yield float(middle * spacing), some[start : start + _ROWS_AT_ONCE]


def _root(powers: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Where polynomials vanish, by Newton's method, and their slope there.

    ``powers``: (n, M), coefficients from the constant up; ``at``: (n,), where to begin. A root that
    is not within the window is infinite.
    """
    at, last = at.copy(), np.full_like(at, np.inf)
    for _ in range(_STEPS):
        value, bend = _horner(powers, at)
        uphill = np.where(bend < 0, value / np.maximum(-bend, 1e-300), np.sign(value))
        last = np.clip(uphill, -0.5, 0.5)
        at = np.clip(at + last, -1.5, 1.5)
        if np.abs(last[np.abs(at) <= 1]).max(initial=0.0) < _SETTLED:
            break
    return np.where(np.abs(last) < _SETTLED, at, np.inf), _horner(powers, at)[1]


def _horner(powers: Floats, at: Floats) -> tuple[Floats, Floats]:
    """(n,): value and derivative of polynomials."""
    value, slope = np.zeros_like(at), np.zeros_like(at)
    for power in range(powers.shape[1] - 1, -1, -1):
        slope = slope * at + value
        value = value * at + powers[:, power]
    return value, slope
