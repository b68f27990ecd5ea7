"""Expectation-maximisation, accelerated, with a guard and an honest stop.

A proposal that lowers the likelihood is thrown away for the plain step, which cannot. Converged
means that one plain step in float64 moves no parameter, that the gradient has vanished and that the
likelihood stands still; the accelerated step is never asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.anderson import Anderson
from scoring.psychometrics.irt.blocks import Block
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.models import ItemModel

Floats = NDArray[np.float64]
Progress: TypeAlias = Callable[[int, int], None]
_COARSE = 1e-3  # float32 brings the plain step down to here, float64 finishes


@dataclass(frozen=True)
class Stop:
    """When to stop: all three must hold, or ``cycles`` have passed.

    ``step``: largest change of a parameter by one plain step. ``gradient``: largest gradient per
    candidate. ``loglik``: change of the log-likelihood over the last cycle.
    """

    step: float = 1e-6
    gradient: float = 1e-6
    loglik: float = 1e-4
    cycles: int = 500


@dataclass(frozen=True)
class Fit:
    """Where the iteration ended; all figures in float64 and at ``parameters``, (K, J)."""

    parameters: Floats
    loglik: float
    log_prior: float
    converged: bool
    iterations: int
    change: float
    gradient: float


@dataclass(frozen=True)
class _Visit:
    """A point, the plain step from it, and how the two look."""

    point: Floats
    image: Floats
    loglik: float
    log_prior: float
    change: float
    gradient: float

    @property
    def value(self) -> float:
        return self.loglik + self.log_prior


def maximise_likelihood(
    model: ItemModel,
    *,
    data: Sequence[Block],
    start: Floats,
    grid: Grid,
    stop: Stop,
    progress: Progress = lambda done, total: None,
) -> Fit:
    """Iterate from ``start`` until ``stop``: in float32 while far away, then in float64."""
    people = sum(float(block.weight.sum()) for block in data)
    kind: type[Any] = np.float32 if people > _SMALL else np.float64
    anderson, point, before, first = Anderson(), start, None, None
    for cycle in range(1, stop.cycles + 1):
        visit = _visit(model, data, point, grid, kind)
        if before is not None and _did_harm(visit, before, kind):
            anderson.forget()
            point, before = before.image, None
            continue
        converged = _has_converged(visit, before, stop, people) and kind is np.float64
        if converged or cycle == stop.cycles:
            break
        first = first or max(visit.change, 1.0)
        progress(_hundredths(visit.change, first, stop.step), 100)
        before = visit
        if kind is np.float32 and visit.change < _COARSE:
            kind, before = np.float64, None
        point = anderson.propose(visit.point, visit.image)
    if kind is np.float32:
        visit = _visit(model, data, visit.point, grid, np.float64)
    progress(100, 100)
    return Fit(
        parameters=visit.point,
        loglik=visit.loglik,
        log_prior=visit.log_prior,
        converged=converged,
        iterations=cycle,
        change=visit.change,
        gradient=visit.gradient,
    )


_SMALL = 2000  # candidates: below, float32 saves nothing


def _visit(
    model: ItemModel, data: Sequence[Block], point: Floats, grid: Grid, kind: type[Any]
) -> _Visit:
    expected = expectation(data, model.logs(point, grid.nodes), grid, kind)
    image = model.maximise(point, expected, grid.nodes)
    return _Visit(
        point=point,
        image=image,
        loglik=expected.loglik,
        log_prior=model.log_prior(point),
        change=float(np.abs(image - point).max()),
        gradient=float(np.abs(model.gradient(point, expected, grid.nodes)).max()),
    )


def _did_harm(visit: _Visit, before: _Visit, kind: type[Any]) -> bool:
    """Whether the likelihood fell by more than rounding can explain."""
    rounding = 1e-6 if kind is np.float32 else 1e-11
    return not visit.value >= before.value - rounding * abs(before.value)


def _has_converged(visit: _Visit, before: _Visit | None, stop: Stop, people: float) -> bool:
    return (
        before is not None
        and visit.change < stop.step
        and visit.gradient < stop.gradient * people
        and abs(visit.value - before.value) < stop.loglik
    )


def _hundredths(change: float, first: float, last: float) -> int:
    """How far the plain step has shrunk, on a logarithmic scale."""
    way = log10(first / max(change, last)) / log10(first / last)
    return min(max(int(100 * way), 0), 99)
