"""The expectation step: posterior of ability for every row, by matrix products in blocks.

Bock & Aitkin (1981). Two products and one exponential per candidate and node.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.blocks import Block
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.models import Expected

Floats = NDArray[np.float64]
_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Posterior:
    """Some rows of a block and their posterior.

    ``right``: (n, B), as floats. ``given``: (n, B) or None. ``weight``: (n,). ``density``: (n, Q),
    rows sum to 1. ``loglik``: (n,), marginal log-likelihood of each row.
    """

    rows: slice
    right: NDArray[Any]
    given: NDArray[Any] | None
    weight: Floats
    density: NDArray[Any]
    loglik: Floats


def posteriors(
    block: Block, logs: tuple[Floats, Floats], grid: Grid, kind: type[Any] = np.float64
) -> Iterator[Posterior]:
    """Posterior of ability for all rows of a block, a few thousand at a time."""
    log_right, log_wrong = (log[block.columns] for log in logs)
    slope = (log_right - log_wrong).astype(kind)
    wrong = log_wrong.astype(kind)
    base = grid.log_weights + (log_wrong.sum(axis=0) if block.given is None else 0.0)
    for start in range(0, len(block.right), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        right = block.right[rows].astype(kind)
        given = None if block.given is None else block.given[rows].astype(kind)
        density = right @ slope
        density += base.astype(kind)
        if given is not None:
            density += given @ wrong
        highest = density.max(axis=1, keepdims=True)
        density -= highest
        np.exp(density, out=density)
        mass = density.sum(axis=1, keepdims=True)
        density /= mass
        loglik = highest[:, 0].astype(np.float64) + np.log(mass[:, 0].astype(np.float64))
        yield Posterior(rows, right, given, block.weight[rows], density, loglik)


def expectation(
    data: Sequence[Block],
    logs: tuple[Floats, Floats],
    grid: Grid | Sequence[Grid],
    kind: type[Any] = np.float64,
) -> Expected:
    """Expected counts at every node. ``kind``: float32 for speed on the way, float64 to report.

    ``grid``: one for all, or one for each group, alike in their nodes.
    """
    shape = logs[0].shape
    grids = (grid,) if isinstance(grid, Grid) else grid
    right, given, loglik = np.zeros(shape), np.zeros(shape), 0.0
    mass = np.zeros((len(grids), shape[1]))
    for block in data:
        for part in posteriors(block, logs, grids[block.group], kind):
            loglik += float(part.weight @ part.loglik)
            share = part.density * part.weight[:, None].astype(kind)
            right[block.columns] += part.right.T @ share
            everybody = share.sum(axis=0, dtype=np.float64)
            mass[block.group] += everybody
            if part.given is None:
                given[block.columns] += everybody
            else:
                given[block.columns] += part.given.T @ share
    return Expected(right, given, loglik, mass)
