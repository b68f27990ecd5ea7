"""Standard errors from the exact observed information. Louis (1982); Oakes (1999).

The information of the data is the expected complete information, less the expected square of the
complete score, plus the square of its expectation. For the 2PL the middle term needs only the
moments of ability, so ten matrix products replace a sum over nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.blocks import Block
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.expectation import Posterior, expectation, posteriors
from scoring.psychometrics.irt.models import TwoParameter
from scoring.psychometrics.irt.populations import population_information
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StandardErrors:
    """Standard errors of a, b and c, each (J,), NaN where there is none.

    ``covariance``: (K U, K U), of the U calibrated items' parameters as the model holds them, all
    items' first parameter before all items' second; zero for items held fixed. ``populations``:
    (G, 2), of mean and standard deviation, NaN where they were not estimated.
    """

    a: Floats
    b: Floats
    c: Floats
    covariance: Floats
    findings: tuple[Finding, ...]
    populations: Floats = field(default_factory=lambda: np.full((1, 2), np.nan))


def standard_errors(scored: ScoredMatrix, calibration: Calibration) -> StandardErrors:
    """Invert the observed information; carry it to a and b by the delta method.

    Information that is not positive definite gives NaN and a finding.
    """
    data = calibration.blocks(scored)
    free = _free(calibration)
    information = full_information(data, calibration)
    items = calibration.parameters[:, calibration.used].size
    try:
        np.linalg.cholesky(free.T @ information @ free)
        covariance = free @ np.linalg.inv(free.T @ information @ free) @ free.T
    except np.linalg.LinAlgError:
        unknown = np.full((items, items), np.nan)
        return _carried(calibration, unknown, (Finding(FindingCode.SINGULAR_INFORMATION),))
    found = _carried(calibration, covariance[:items, :items], ())
    return replace(found, populations=_population_errors(calibration, covariance[items:, items:]))


def _free(calibration: Calibration) -> Floats:
    """How item parameters, and means and standard deviations, move with what was estimated."""
    kinds, count = len(calibration.parameters), len(calibration.used)
    directions = calibration.model.free_directions(count)
    held = np.isin(calibration.used, calibration.fixed)
    if held.any():
        directions = directions[:, ~np.tile(held, kinds)]
    estimated = 2 * (len(calibration.groups) - calibration.first_free)
    free = np.zeros((kinds * count + estimated, directions.shape[1] + estimated))
    free[: kinds * count, : directions.shape[1]] = directions
    free[kinds * count :, directions.shape[1] :] = np.eye(estimated)
    return free


def full_information(data: Sequence[Block], calibration: Calibration) -> Floats:
    """``observed_information`` bordered by means and standard deviations that were estimated."""
    items = observed_information(data, calibration)
    if calibration.first_free == len(calibration.groups):
        return items
    crossed, own = population_information(data, calibration)
    return np.block([[items, crossed], [crossed.T, own]])


def _population_errors(calibration: Calibration, covariance: Floats) -> Floats:
    errors = np.full(calibration.populations.shape, np.nan)
    errors[calibration.first_free :] = np.sqrt(np.diag(covariance)).reshape(-1, 2)
    return errors


def _carried(
    calibration: Calibration, covariance: Floats, findings: tuple[Finding, ...]
) -> StandardErrors:
    used, items = calibration.used, len(calibration.items)
    count = len(used)
    variance = np.diag(covariance)
    a, d = calibration.parameters[:2, used]
    cross = np.diag(covariance[:count, count : 2 * count])
    slope_a = variance[:count]
    b = divide(-d, a)
    b_variance = divide(b * b * slope_a + 2 * b * cross + variance[count : 2 * count], a**2)
    errors = np.full((3, items), np.nan)
    errors[0, used], errors[1, used] = np.sqrt(slope_a), np.sqrt(b_variance)
    if isinstance(calibration.model, Rasch):  # slope 1 by definition, and b = -d
        errors[0, used], errors[1, used] = np.nan, np.sqrt(variance[count : 2 * count])
    if len(calibration.parameters) > 2:
        c = calibration.c[used]
        errors[2, used] = c * (1 - c) * np.sqrt(variance[2 * count :])
    return StandardErrors(errors[0], errors[1], errors[2], covariance, findings)


def observed_information(data: Sequence[Block], calibration: Calibration) -> Floats:
    """(K U, K U): minus the second derivative of the log-likelihood, and prior, at the estimate."""
    model, grid = calibration.model, calibration.grid
    parameters = calibration.parameters[:, calibration.used]
    logs = model.logs(parameters, grid.nodes)
    kinds, count = parameters.shape
    weights = model.score_weights(parameters, grid.nodes)
    p = model.chances(parameters, grid.nodes)
    expected = expectation(data, logs, calibration.grids)
    information = model.complete_information(parameters, expected, grid.nodes)
    for block in data:
        by_moments = isinstance(model, TwoParameter) and block.given is None
        every = np.arange(kinds)
        inside = np.ix_(every, block.columns, every, block.columns)
        for part in posteriors(block, logs, calibration.grids[block.group]):
            mean = _mean_score(part, p[block.columns], weights[:, block.columns])
            outer = np.einsum(
                "nkj,nml->kjml", mean * part.weight[:, None, None], mean, optimize=True
            )
            square = _square_by_moments if by_moments else _square_by_nodes
            information[inside] += outer - square(
                part, p[block.columns], weights[:, block.columns], grid.nodes
            )
    return information.reshape(kinds * count, kinds * count)


def _mean_score(part: Posterior, p: Floats, weights: Floats) -> Floats:
    """(n, K, B): posterior mean of the complete score of every row."""
    kinds = [
        part.right * (part.density @ weight.T) - part.density @ (weight * p).T for weight in weights
    ]
    mean = np.stack(kinds, axis=1)
    return mean if part.given is None else mean * part.given[:, None, :]


def _square_by_moments(part: Posterior, p: Floats, weights: Floats, nodes: Floats) -> Floats:
    """(2, B, 2, B): expected square of the complete 2PL score, all items given."""
    density = part.density * part.weight[:, None]
    right = part.right
    mass = density.sum(axis=0)
    moments = []
    for power in range(3):
        value = nodes**power
        both = (right * (density @ value)[:, None]).T @ right
        mixed = right.T @ (density @ (p * value).T)
        moments.append(both - mixed - mixed.T + (p * (mass * value)) @ p.T)
    zero, one, two = moments
    return np.stack([np.stack([two, one], axis=1), np.stack([one, zero], axis=1)])


def _square_by_nodes(part: Posterior, p: Floats, weights: Floats, nodes: Floats) -> Floats:
    """(K, B, K, B): the same for any model and any items given, one product per node."""
    kinds, items = weights.shape[:2]
    square = np.zeros((kinds, items, kinds, items))
    density = part.density * part.weight[:, None]
    for q in range(len(nodes)):
        surplus = part.right - p[:, q]
        if part.given is not None:
            surplus *= part.given
        cross = (surplus * density[:, q, None]).T @ surplus
        for k, m in product(range(kinds), repeat=2):
            square[k, :, m, :] += np.outer(weights[k, :, q], weights[m, :, q]) * cross
    return square
