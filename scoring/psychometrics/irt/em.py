"""Expectation-maximisation, accelerated, with a guard and an honest stop.

A proposal that lowers the likelihood is thrown away for the plain step, which cannot. Converged
means that one plain step in float64 moves no parameter, that the gradient has vanished and that the
likelihood stands still; the accelerated step is never asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log10
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.anderson import Anderson
from scoring.psychometrics.irt.blocks import Block
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.models import Expected, ItemModel

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
    populations: Floats


@dataclass(frozen=True)
class Task:
    """What is free: item parameters but for ``fixed``, and the populations from ``first_free`` on.

    ``fixed``: (K, J), NaN where free. A population is its mean and the log of its standard
    deviation; those before ``first_free`` are N(0, 1).
    """

    model: ItemModel
    data: Sequence[Block]
    grid: Grid
    shape: tuple[int, ...]
    fixed: Floats | None = None
    groups: int = 1
    first_free: int = 1

    def items(self, point: Floats) -> Floats:
        """(K, J)."""
        return point[: int(np.prod(self.shape))].reshape(self.shape)

    def populations(self, point: Floats) -> Floats:
        """(G, 2): mean and standard deviation."""
        result = np.tile([0.0, 1.0], (self.groups, 1))
        free = point[int(np.prod(self.shape)) :].reshape(-1, 2)
        result[self.first_free :] = np.stack([free[:, 0], np.exp(free[:, 1])], axis=1)
        return result

    def point(self, items: Floats) -> Floats:
        """Where to start: every free population N(0, 1)."""
        own = items if self.fixed is None else np.where(np.isnan(self.fixed), items, self.fixed)
        return np.concatenate([own.ravel(), np.zeros(2 * (self.groups - self.first_free))])

    def grids(self, point: Floats) -> tuple[Grid, ...]:
        """One for each group."""
        return populated(self.grid, self.populations(point))

    def maximise(self, point: Floats, expected: Expected) -> Floats:
        """The plain step: items that are fixed stay, a population takes its expected moments."""
        image = self.model.maximise(self.items(point), expected, self.grid.nodes)
        mass = expected.mass[self.first_free :]
        people = np.maximum(mass.sum(axis=1), 1e-300)
        mean = mass @ self.grid.nodes / people
        spread = np.maximum(mass @ self.grid.nodes**2 / people - mean**2, 1e-6)
        moved = np.stack([mean, 0.5 * np.log(spread)], axis=1)
        return np.concatenate([self.point(image)[: image.size], moved.ravel()])

    def gradient(self, point: Floats, expected: Expected) -> float:
        """The largest, over all that is free."""
        items = self.model.gradient(self.items(point), expected, self.grid.nodes)
        if self.fixed is not None:
            items = np.where(np.isnan(self.fixed), items, 0.0)
        largest = float(np.abs(items).max(initial=0.0))
        populations = self.populations(point)[self.first_free :]
        for (mean, sd), mass in zip(populations, expected.mass[self.first_free :], strict=True):
            z = (self.grid.nodes - mean) / sd
            largest = max(largest, abs(float(mass @ z)) / sd, abs(float(mass @ (z * z - 1))))
        return largest


def populated(grid: Grid, populations: Floats) -> tuple[Grid, ...]:
    """One grid for each row (mean, standard deviation)."""
    return tuple(replace(grid, mean=float(mean), sd=float(sd)) for mean, sd in populations)


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
    task: Task, start: Floats, stop: Stop, progress: Progress = lambda done, total: None
) -> Fit:
    """Iterate from ``start``, (K, J), until ``stop``: float32 while far away, then float64."""
    people = sum(float(block.weight.sum()) for block in task.data)
    kind: type[Any] = np.float32 if people > _SMALL else np.float64
    anderson, point, before, first = Anderson(), task.point(start), None, None
    for cycle in range(1, stop.cycles + 1):
        visit = _visit(task, point, kind)
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
        visit = _visit(task, visit.point, np.float64)
    progress(100, 100)
    return Fit(
        parameters=task.items(visit.point),
        loglik=visit.loglik,
        log_prior=visit.log_prior,
        converged=converged,
        iterations=cycle,
        change=visit.change,
        gradient=visit.gradient,
        populations=task.populations(visit.point),
    )


_SMALL = 2000  # candidates: below, float32 saves nothing


def _visit(task: Task, point: Floats, kind: type[Any]) -> _Visit:
    items = task.items(point)
    logs = task.model.logs(items, task.grid.nodes)
    expected = expectation(task.data, logs, task.grids(point), kind)
    image = task.maximise(point, expected)
    return _Visit(
        point=point,
        image=image,
        loglik=expected.loglik,
        log_prior=task.model.log_prior(items),
        change=float(np.abs(image - point).max()),
        gradient=task.gradient(point, expected),
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
