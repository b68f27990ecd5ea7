"""Items with more than two credits: the generalised partial credit model. Muraki (1992).

The chance of credit m grows with exp(m a theta + d_m); the step from m - 1 to m is as likely as not
where theta = b_m = -(d_m - d_(m-1)) / a. An item of two credits is a 2PL item.

Inside, every credit above 0 is a column of its own, right where the candidate had exactly that
credit, with slope m a and intercept d_m; the columns of an item share slope and denominator.
So estimation, standard errors and persons are those of the other models.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.em import Stop
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.information import standard_errors
from scoring.psychometrics.irt.models import Expected
from scoring.psychometrics.irt.persons import Abilities, expected_a_posteriori
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores

Floats = NDArray[np.float64]
_NEWTON_STEPS, _LONGEST_STEP = 15, 1.0


@dataclass(frozen=True)
class PartialCredit:
    """The model for C columns. ``item``: of each. ``credit``: of each, its rank from 1."""

    item: NDArray[np.intp]
    credit: Floats
    name: str = "gpcm"
    parameters_per_item: int = 2

    def start(self, p: Floats) -> Floats:
        """Slope 1 for every item, and intercepts that give the observed shares."""
        none = np.maximum(1 - self._summed(p[:, None])[:, 0], 1e-3)
        return np.stack([self.credit, np.log(np.maximum(p, 1e-3) / none)])

    def chances(self, parameters: Floats, nodes: Floats) -> Floats:
        """(C, Q): chance of exactly that credit."""
        right: Floats = np.exp(self._log_chances(parameters, nodes)[0])
        return right

    def logs(self, parameters: Floats, nodes: Floats) -> tuple[Floats, Floats]:
        """(C, Q) twice: what a credit earned, or not earned, adds to the log-likelihood.

        All of an item's columns not earned add up to the log of the chance of no credit.
        """
        earned, none = self._log_chances(parameters, nodes)
        missed = np.where(self.credit[:, None] == 1, none, 0.0)
        return missed + earned - none, missed

    def gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(2, C): the slope of an item has its gradient in each of its columns."""
        surplus = expected.right - expected.given * self.chances(parameters, nodes)
        slope = self._summed((self.credit * (surplus @ nodes))[:, None])[:, 0]
        return np.stack([slope, surplus.sum(axis=1)])

    def maximise(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Newton's method, item by item; the function is concave."""
        current = parameters.copy()
        for _ in range(_NEWTON_STEPS):
            free = self.free_directions(len(self.item))
            gradient = self._plain_gradient(current, expected, nodes).ravel() @ free
            curved = self.complete_information(current, expected, nodes)
            size = 2 * len(self.item)
            whole = free.T @ curved.reshape(size, size) @ free
            whole += 1e-10 * np.eye(len(whole)) * (1 + np.trace(whole))
            step = (free @ np.linalg.solve(whole, gradient)).reshape(2, -1)
            step /= max(float(np.abs(step).max()) / _LONGEST_STEP, 1.0)
            current += step
            if np.abs(step).max() < 1e-9:
                break
        return current

    def log_prior(self, parameters: Floats) -> float:
        """No prior."""
        return 0.0

    def free_directions(self, items: int) -> Floats:
        """One column for each item's slope, one for each intercept."""
        count = len(self.item)
        slopes = int(self.item.max(initial=-1)) + 1
        directions = np.zeros((2 * count, slopes + count))
        directions[np.arange(count), self.item] = self.credit
        directions[count:, slopes:] = np.eye(count)
        return directions

    def unit(self, parameters: Floats) -> float:
        """The reported scale is the one with N(0, 1)."""
        return 1.0

    def score_weights(self, parameters: Floats, nodes: Floats) -> Floats:
        """(theta, 1) for every column."""
        shape = (len(self.item), len(nodes))
        return np.stack([np.broadcast_to(nodes, shape), np.ones(shape)])

    def curvature(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(C, 2, 2): of every column alone."""
        whole = self.complete_information(parameters, expected, nodes)
        every = np.arange(len(self.item))
        return np.asarray(whole[:, every, :, every], np.float64)

    def complete_information(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(2, C, 2, C): credits of one item exclude each other, those of two know nothing."""
        p = self.chances(parameters, nodes)
        powers = np.stack([np.ones_like(nodes), nodes, nodes**2])
        alone = (expected.given * p) @ powers.T
        size = len(self.item)
        same = self.item[:, None] == self.item
        information = np.zeros((2, size, 2, size))
        for k, m in np.ndindex(2, 2):
            power = 2 - k - m
            both = (expected.given * p * powers[power]) @ p.T
            information[k, :, m, :] = np.diag(alone[:, power]) - np.where(same, both, 0.0)
        return information

    def _plain_gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        surplus = expected.right - expected.given * self.chances(parameters, nodes)
        return np.stack([surplus @ nodes, surplus.sum(axis=1)])

    def _log_chances(self, parameters: Floats, nodes: Floats) -> tuple[Floats, Floats]:
        """(C, Q): log chance of the column's credit, and of no credit on its item."""
        logit = parameters[0][:, None] * nodes + parameters[1][:, None]
        highest = np.zeros((int(self.item.max(initial=-1)) + 1, len(nodes)))
        np.maximum.at(highest, self.item, logit)
        above = highest[self.item]
        total = np.log(self._summed(np.exp(logit - above)) + np.exp(-above)) + above
        return logit - total, -total

    def _summed(self, values: Floats) -> Floats:
        """(C, Q): every column the sum over its item's columns."""
        sums = np.zeros((int(self.item.max(initial=-1)) + 1, values.shape[1]))
        np.add.at(sums, self.item, values)
        return sums[self.item]


@dataclass(frozen=True)
class CommonSlope(PartialCredit):
    """The partial credit model of Masters (1982): slope 1, and the spread of ability free.

    Rasch's model for several credits; with items of two credits it is Rasch's model.
    """

    name: str = "pcm"

    def gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """As for the wider model, with the sum over items for the slope they share."""
        gradient = self._plain_gradient(parameters, expected, nodes)
        gradient[0] = self.credit @ gradient[0]
        return gradient

    def free_directions(self, items: int) -> Floats:
        """One column for the slope, one for each intercept."""
        count = len(self.item)
        directions = np.zeros((2 * count, 1 + count))
        directions[:count, 0] = self.credit
        directions[count:, 1:] = np.eye(count)
        return directions

    def unit(self, parameters: Floats) -> float:
        """The common slope under N(0, 1) is the spread of ability under slope 1."""
        return float(parameters[0, 0]) if parameters.shape[1] else 1.0


@dataclass(frozen=True)
class PartialCreditItem:
    """``a``: slope. ``steps``: difficulty of each step. Standard errors beside them.

    ``credits``: the credits that were seen, in order; the first is where the item starts.
    """

    item: str
    a: float
    se_a: float
    steps: tuple[float, ...]
    se_steps: tuple[float, ...]
    credits: tuple[int, ...]

    @property
    def b(self) -> float:
        """The mean of the steps: where the item lies."""
        return float(np.mean(self.steps))


@dataclass(frozen=True)
class PartialCreditCalibration:
    """``columns``: the calibration inside, one column for each credit above the lowest.

    It and ``scored_columns`` are what ``points`` take to place people by mode, likelihood or Warm's
    weight.
    """

    items: tuple[PartialCreditItem, ...]
    columns: Calibration
    scored_columns: ScoredMatrix
    findings: tuple[Finding, ...]

    def abilities(self) -> Abilities:
        """Posterior mean and standard deviation of everybody."""
        return expected_a_posteriori(self.scored_columns, self.columns)


def calibrate_partial_credit(
    scored: ScoredMatrix,
    model: type[PartialCredit] = PartialCredit,
    *,
    grid: Grid | None = None,
    stop: Stop | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    weights: Floats | None = None,
    groups: NDArray[Any] | None = None,
) -> PartialCreditCalibration:
    """Fit ``model`` to credits as they are; credits nobody had are passed over, with a finding.

    Items without variance, never administered, or outside the totals are left out, with a finding.
    """
    seen, findings = _credits_seen(scored)
    kept = [j for j in range(len(scored.items)) if len(seen[j]) > 1]
    columns, item, rank = _columns(scored, kept, seen)
    found = calibrate(
        columns,
        model(item, rank),
        grid=grid,
        stop=stop,
        progress=progress,
        weights=weights,
        groups=groups,
    )
    items: tuple[PartialCreditItem, ...] = ()
    told = found.findings
    if len(found.used):
        errors = standard_errors(columns, found)
        items = _items(scored, kept, seen, found, errors.covariance)
        told = (*told, *errors.findings)
    told = tuple(finding for finding in told if finding not in findings)
    return PartialCreditCalibration(items, found, columns, (*findings, *told))


def _credits_seen(scored: ScoredMatrix) -> tuple[list[NDArray[np.uint8]], tuple[Finding, ...]]:
    seen: list[NDArray[np.uint8]] = []
    findings = []
    for j, name in enumerate(scored.items):
        levels = np.unique(scored.credit[scored.administered[:, j], j])
        if not scored.counted[j]:
            levels = levels[:0]
        elif not len(levels):
            findings.append(Finding(FindingCode.NEVER_ADMINISTERED, name))
        elif len(levels) == 1:
            findings.append(Finding(FindingCode.NO_VARIANCE, name))
        elif len(levels) <= levels[-1] - levels[0]:
            missing = int(levels[-1] - levels[0]) + 1 - len(levels)
            findings.append(Finding(FindingCode.EMPTY_CATEGORY, name, missing))
        seen.append(levels)
    return seen, tuple(findings)


def _columns(
    scored: ScoredMatrix, kept: list[int], seen: list[NDArray[np.uint8]]
) -> tuple[ScoredMatrix, NDArray[np.intp], Floats]:
    """One column for each credit above the lowest, with the item and the rank of each."""
    table, names, item, rank = [], [], [], []
    for place, j in enumerate(kept):
        for step, credit in enumerate(seen[j][1:], start=1):
            had = (scored.credit[:, j] == credit).astype(np.uint8)
            table.append(np.where(scored.administered[:, j], had, np.uint8(NO_CREDIT)))
            names.append(f"{scored.items[j]}:{credit}")
            item.append(place)
            rank.append(float(step))
    credit_table = np.array(table, np.uint8).reshape(len(names), len(scored.persons)).T
    columns = from_scores(credit_table, persons=scored.persons, items=names)
    return columns, np.array(item, np.intp), np.array(rank)


def _items(
    scored: ScoredMatrix,
    kept: list[int],
    seen: list[NDArray[np.uint8]],
    found: Calibration,
    covariance: Floats,
) -> tuple[PartialCreditItem, ...]:
    count, result, start = len(found.items), [], 0
    tied = isinstance(found.model, CommonSlope)
    for j in kept:
        size = len(seen[j]) - 1
        a = float(found.parameters[0, start]) / found.unit
        d = np.concatenate([[0.0], found.parameters[1, start : start + size]])
        slope = a or float("nan")  # an item of no slope has no steps
        steps = -np.diff(d) / slope
        places = np.array([start, *range(count + start, count + start + size)])
        jacobian = np.zeros((size, size + 1))
        jacobian[:, 0] = 0.0 if tied else -steps / slope  # a slope of 1 by definition has no error
        jacobian[:, 1:] = (np.eye(size, k=-1) - np.eye(size)) / slope
        own = covariance[np.ix_(places, places)]
        errors = np.sqrt(np.diag(jacobian @ own @ jacobian.T))
        result.append(
            PartialCreditItem(
                item=scored.items[j],
                a=a,
                se_a=float("nan") if tied else float(np.sqrt(own[0, 0])),
                steps=tuple(map(float, steps)),
                se_steps=tuple(map(float, errors)),
                credits=tuple(map(int, seen[j])),
            )
        )
        start += size
    return tuple(result)
