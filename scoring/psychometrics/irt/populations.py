"""How exactly means and standard deviations of groups are known. Louis (1982), as for items.

The score of a group's mean and standard deviation depends on ability alone:
(theta - mean) / sd² and ((theta - mean)² / sd² - 1) / sd.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.blocks import Block
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.expectation import Posterior, posteriors

Floats = NDArray[np.float64]


def population_information(
    data: Sequence[Block], calibration: Calibration
) -> tuple[Floats, Floats]:
    """(K U, 2 F) and (2 F, 2 F): information of the F free groups, with items and their own."""
    model, nodes = calibration.model, calibration.grid.nodes
    parameters = calibration.parameters[:, calibration.used]
    logs, p = model.logs(parameters, nodes), model.chances(parameters, nodes)
    weights = model.score_weights(parameters, nodes)
    groups = len(calibration.groups) - calibration.first_free
    crossed, own = np.zeros((*parameters.shape, groups, 2)), np.zeros((groups, 2, groups, 2))
    for block in data:
        group = block.group - calibration.first_free
        if group < 0:
            continue
        mean, sd = calibration.populations[block.group]
        scores, curvature = _scores(nodes, float(mean), float(sd))
        own_p, own_weights = p[block.columns], weights[:, block.columns]
        for part in posteriors(block, logs, calibration.grids[block.group]):
            crossed[:, block.columns, group] -= _crossed(part, own_p, own_weights, scores)
            own[group, :, group] += _own(part, scores, curvature)
    return crossed.reshape(parameters.size, -1), own.reshape(2 * groups, 2 * groups)


def _scores(nodes: Floats, mean: float, sd: float) -> tuple[Floats, Floats]:
    """(2, Q): the score at every node. (2, 2, Q): minus its derivative."""
    z = (nodes - mean) / sd
    scores = np.stack([z / sd, (z * z - 1) / sd])
    mixed = 2 * z / sd**2
    curvature = np.stack(
        [
            np.stack([np.full_like(z, sd**-2), mixed]),
            np.stack([mixed, (3 * z * z - 1) / sd**2]),
        ]
    )
    return scores, curvature


def _crossed(part: Posterior, p: Floats, weights: Floats, scores: Floats) -> Floats:
    """(K, B, 2): covariance of the scores of items and group over the posteriors, added up."""
    density = part.density * part.weight[:, None]
    right = part.right.T @ density
    if part.given is None:
        given, surplus = density.sum(axis=0), None
    else:
        given, surplus = part.given.T @ density, part.given
    together = np.einsum("kbq,bq,mq->kbm", weights, right - p * given, scores)
    own = part.density @ scores.T
    means = []
    for weight in weights:
        mean = part.right * (part.density @ weight.T) - part.density @ (weight * p).T
        if surplus is not None:
            mean = mean * surplus
        means.append((mean * part.weight[:, None]).T @ own)
    return np.asarray(together - np.stack(means), np.float64)


def _own(part: Posterior, scores: Floats, curvature: Floats) -> Floats:
    """(2, 2): information of some rows about the mean and standard deviation of their group."""
    mass = part.weight @ part.density
    mean = part.density @ scores.T
    square = (scores * mass) @ scores.T - (mean * part.weight[:, None]).T @ mean
    return np.asarray(curvature @ mass - square, np.float64)
