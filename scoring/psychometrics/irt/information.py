"""Standard errors from the exact observed information. Louis (1982); Oakes (1999).

The information of the data is the expected complete information, less the expected square of the
complete score, plus the square of its expectation. For the 2PL the middle term needs only the
moments of ability, so ten matrix products replace a sum over nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.blocks import Block, blocks
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.expectation import Posterior, expectation, posteriors
from scoring.psychometrics.irt.models import TwoParameter
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import ScoredMatrix

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StandardErrors:
    """Standard errors of a, b and c, each (J,), NaN where there is none.

    ``covariance``: (K U, K U), of the U calibrated items' parameters as the model holds them, all
    items' first parameter before all items' second.
    """

    a: Floats
    b: Floats
    c: Floats
    covariance: Floats
    findings: tuple[Finding, ...]


def standard_errors(scored: ScoredMatrix, calibration: Calibration) -> StandardErrors:
    """Invert the observed information; carry it to a and b by the delta method.

    Information that is not positive definite gives NaN and a finding.
    """
    data = blocks(scored, calibration.used)
    free = calibration.model.free_directions(len(calibration.used))
    information = observed_information(data, calibration)
    try:
        np.linalg.cholesky(free.T @ information @ free)
        covariance = free @ np.linalg.inv(free.T @ information @ free) @ free.T
    except np.linalg.LinAlgError:
        unknown = np.full(information.shape, np.nan)
        return _carried(calibration, unknown, (Finding(FindingCode.SINGULAR_INFORMATION),))
    return _carried(calibration, covariance, ())


def _carried(
    calibration: Calibration, covariance: Floats, findings: tuple[Finding, ...]
) -> StandardErrors:
    used, items = calibration.used, len(calibration.items)
    count = len(used)
    variance = np.diag(covariance)
    a, d = calibration.parameters[:2, used]
    cross = np.diag(covariance[:count, count : 2 * count])
    slope_a = variance[:count]
    b_variance = (d * d / a**2 * slope_a - 2 * d / a * cross + variance[count : 2 * count]) / a**2
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
    p = np.exp(logs[0])
    information = np.zeros((kinds, count, kinds, count))
    curvature = model.curvature(parameters, expectation(data, logs, grid), grid.nodes)
    for k, m in product(range(kinds), repeat=2):
        information[k, :, m, :] = np.diag(curvature[:, k, m])
    for block in data:
        by_moments = isinstance(model, TwoParameter) and block.given is None
        every = np.arange(kinds)
        inside = np.ix_(every, block.columns, every, block.columns)
        for part in posteriors(block, logs, grid):
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
