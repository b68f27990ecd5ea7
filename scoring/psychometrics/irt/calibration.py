"""Calibration of items by marginal maximum likelihood.

Bock & Aitkin (1981). ``a``, ``b`` and ``c`` are in the logistic metric; their precision is a matter
for ``information.standard_errors``, people for ``persons.expected_a_posteriori``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.blocks import Block, blocks
from scoring.psychometrics.irt.em import Fit, Progress, Stop, Task, maximise_likelihood, populated
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.models import ItemModel, TwoParameter
from scoring.psychometrics.keying import ScoredMatrix

Floats = NDArray[np.float64]
_FEWEST_ITEMS = 3
_STEEPEST = 10.0


@dataclass(frozen=True)
class Calibration:
    """Item parameters in the logistic metric, one figure per item, NaN where an item has none.

    ``parameters``: (K, J) as the model holds them. ``loglik``: marginal log-likelihood at them.
    ``log_prior``: of the parameters. ``change``: largest move of one plain step at the end.
    ``gradient``: largest gradient at the end. ``used``: the items calibrated.
    ``groups``: their names; ``populations``: (G, 2), mean and standard deviation of ability in
    each, the first N(0, 1) unless items are ``fixed``. ``weights``, ``member``: (N,), of the
    candidates, where they were given.
    """

    model: ItemModel
    items: tuple[str, ...]
    parameters: Floats
    used: NDArray[np.intp]
    grid: Grid
    loglik: float
    log_prior: float
    converged: bool
    iterations: int
    change: float
    gradient: float
    findings: tuple[Finding, ...] = field(default=())
    groups: tuple[str, ...] = ("",)
    populations: Floats = field(default_factory=lambda: np.array([[0.0, 1.0]]))
    fixed: NDArray[np.intp] = field(default_factory=lambda: np.arange(0))
    weights: Floats | None = None
    member: NDArray[np.intp] | None = None

    @property
    def first_free(self) -> int:
        """The first group whose mean and standard deviation were estimated."""
        return 0 if len(self.fixed) else 1

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The nodes, weighted for every group."""
        return populated(self.grid, self.populations)

    def blocks(self, scored: ScoredMatrix) -> tuple[Block, ...]:
        """The answers as they were calibrated."""
        return blocks(scored, self.used, self.weights, self.member)

    @property
    def a(self) -> Floats:
        """(J,): slopes."""
        slope: Floats = self.parameters[0] / self.unit
        return slope

    @property
    def unit(self) -> float:
        """The standard deviation of ability in the population; 1 but for Rasch's model."""
        return self.model.unit(self.parameters[:, self.used])

    @property
    def b(self) -> Floats:
        """(J,): difficulties; NaN for a slope of zero."""
        slope, intercept = self.parameters[:2]
        result = np.full(len(self.items), np.nan)
        np.divide(-intercept * self.unit, slope, out=result, where=slope != 0)
        return result

    @property
    def c(self) -> Floats:
        """(J,): chance of a right answer at the lowest ability; 0 under the 2PL."""
        if len(self.parameters) < 3:
            return np.where(np.isfinite(self.a), 0.0, np.nan)
        guess: Floats = 1 / (1 + np.exp(-self.parameters[2]))
        return guess


def calibrate(
    scored: ScoredMatrix,
    model: ItemModel | None = None,
    *,
    grid: Grid | None = None,
    stop: Stop | None = None,
    progress: Progress = lambda done, total: None,
    weights: Floats | None = None,
    groups: NDArray[Any] | None = None,
    anchors: Mapping[str, tuple[float, ...]] | None = None,
) -> Calibration:
    """Fit ``model`` (the 2PL unless told otherwise) to dichotomous credit.

    Items that were not administered to a candidate are missing by design: they leave that
    candidate's likelihood. Items without variance, with more than two credits, or outside the
    totals are left out, with a finding. ``progress`` is told hundredths of the way.

    ``weights``: (N,), what each candidate counts, 0 or more. ``groups``: (N,) names; each group has
    a mean and standard deviation of its own, the first in order of name N(0, 1). ``anchors``: item
    to (a, b) or (a, b, c) known beforehand and held; they set the scale, so every population is
    free. Raises ``AnchorsRefused`` under a model whose items share a slope.
    """
    model, grid, stop = model or TwoParameter(), grid or Grid(), stop or Stop()
    used, findings = usable_items(scored)
    if len(used) < _FEWEST_ITEMS:
        return _nothing(scored, model, grid, (*findings, Finding(FindingCode.NOT_IDENTIFIED)))
    names, member = _groups(groups)
    fixed = _fixed(scored, model, used, anchors or {})
    held = fixed is not None
    task = Task(
        model=model,
        data=blocks(scored, used, weights, member),
        grid=grid,
        shape=(model.parameters_per_item, len(used)),
        fixed=fixed,
        groups=len(names),
        first_free=0 if held else 1,
    )
    fit = maximise_likelihood(task, model.start(_share_right(scored, used)), stop, progress)
    found = _calibration(scored, model, grid, used, fit, findings)
    if anchors and not held:
        found = replace(found, findings=(*found.findings, Finding(FindingCode.NO_ANCHORS)))
    return replace(
        found,
        groups=names,
        populations=fit.populations,
        fixed=used[~np.isnan(fixed[0])] if fixed is not None else np.arange(0),
        weights=weights,
        member=member,
    )


class AnchorsRefused(ValueError):
    """Items cannot be held one by one under a model that ties their slopes."""


def _groups(groups: NDArray[Any] | None) -> tuple[tuple[str, ...], NDArray[np.intp] | None]:
    if groups is None:
        return ("",), None
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    return tuple(map(str, names)), member


def _fixed(
    scored: ScoredMatrix,
    model: ItemModel,
    used: NDArray[np.intp],
    anchors: Mapping[str, tuple[float, ...]],
) -> Floats | None:
    """(K, U): parameters of the items held, NaN for the others; None when none is held."""
    fixed = np.full((model.parameters_per_item, len(used)), np.nan)
    for place, j in enumerate(used):
        if scored.items[j] in anchors:
            a, b, *c = anchors[scored.items[j]]
            fixed[:2, place] = a, -a * b
            fixed[2:, place] = [np.log(guess / (1 - guess)) for guess in c]
    if np.isnan(fixed).all():
        return None
    if model.free_directions(2).shape[1] < 2 * model.parameters_per_item:
        raise AnchorsRefused(f"Items cannot be held one by one under the {model.name}.")
    return fixed


def usable_items(scored: ScoredMatrix) -> tuple[NDArray[np.intp], tuple[Finding, ...]]:
    """The items that can be calibrated, and a finding for each that cannot."""
    right = (scored.administered & (scored.credit > 0)).sum(axis=0)
    given = scored.administered.sum(axis=0)
    reasons = {
        FindingCode.NEVER_ADMINISTERED: given == 0,
        FindingCode.NOT_DICHOTOMOUS: ~scored.dichotomous,
        FindingCode.NO_VARIANCE: (right == 0) | (right == given),
    }
    open_items = scored.counted.copy()
    findings: list[Finding] = []
    for code, holds in reasons.items():
        findings += [Finding(code, scored.items[j]) for j in np.flatnonzero(holds & open_items)]
        open_items &= ~holds
    return np.flatnonzero(open_items), tuple(findings)


def _share_right(scored: ScoredMatrix, used: NDArray[np.intp]) -> Floats:
    given = scored.administered[:, used]
    right = given & (scored.credit[:, used] > 0)
    share: Floats = right.sum(axis=0) / given.sum(axis=0)
    return share


def _calibration(
    scored: ScoredMatrix,
    model: ItemModel,
    grid: Grid,
    used: NDArray[np.intp],
    fit: Fit,
    findings: tuple[Finding, ...],
) -> Calibration:
    parameters = np.full((model.parameters_per_item, len(scored.items)), np.nan)
    parameters[:, used] = fit.parameters
    extreme = used[np.abs(fit.parameters[0]) > _STEEPEST]
    noticed = [Finding(FindingCode.EXTREME_SLOPE, scored.items[j]) for j in extreme]
    if not fit.converged:
        noticed.append(Finding(FindingCode.NOT_CONVERGED, count=fit.iterations))
    return Calibration(
        model=model,
        items=scored.items,
        parameters=parameters,
        used=used,
        grid=grid,
        loglik=fit.loglik,
        log_prior=fit.log_prior,
        converged=fit.converged,
        iterations=fit.iterations,
        change=fit.change,
        gradient=fit.gradient,
        findings=(*findings, *noticed),
    )


def _nothing(
    scored: ScoredMatrix, model: ItemModel, grid: Grid, findings: tuple[Finding, ...]
) -> Calibration:
    """No calibration: fewer items than identify the model."""
    unknown = float("nan")
    return Calibration(
        model=model,
        items=scored.items,
        parameters=np.full((model.parameters_per_item, len(scored.items)), np.nan),
        used=np.arange(0),
        grid=grid,
        loglik=unknown,
        log_prior=unknown,
        converged=False,
        iterations=0,
        change=unknown,
        gradient=unknown,
        findings=findings,
    )
