"""Does each item follow its curve? Observed and expected shares right at every raw score.

S-X2 of Orlando & Thissen (2000); with several credits, of Kang & Chen (2008). A score that one
candidate alone has joins the next. Credits of one score that expect fewer than one candidate are
merged with the next. Then neighbouring scores are merged until at least two cells are left in each:
a sparse score goes to the neighbour with fewer candidates, the first and the last inward.
Every item costs as many degrees of freedom as it has parameters, a slope in common included.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import add

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.sums import chances, score_chances, without_each
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_SMALLEST_CELL = 1.0


@dataclass(frozen=True)
class ItemChiSquares:
    """Each (J,): the statistic, its degrees of freedom, chance and RMSEA; NaN where there is none.

    ``people``: candidates given all calibrated items, the only ones whose raw scores compare.
    """

    chi2: Floats
    df: Floats
    p: Floats
    rmsea: Floats
    people: int
    findings: tuple[Finding, ...]


def s_x2(scored: ScoredMatrix, calibration: Calibration) -> ItemChiSquares:
    """S-X2 of every calibrated item."""
    used = calibration.used
    whole = np.flatnonzero(scored.administered[:, used].all(axis=1)) if len(used) else used
    tables: list[tuple[int, Floats, Floats]] = []
    if len(whole):
        right = scored.credit[np.ix_(whole, used)] > 0
        seen, share = _right_by_score(right), _expected_share(calibration)
        people = np.bincount(right.sum(axis=1), minlength=len(used) + 1)[1:-1].astype(np.float64)
        for place, j in enumerate(used):
            expected = np.stack([people * share[place], people * (1 - share[place])], axis=1)
            observed = np.stack([seen[place], people - seen[place]], axis=1)
            tables.append((int(j), expected, observed))
    costs = [calibration.model.parameters_per_item] * len(tables)
    found = chi_squares(scored.items, tables, costs, len(whole))
    if len(used) and not len(whole):
        return replace(found, findings=(Finding(FindingCode.NO_PERSONS),))
    return found


def chi_squares(
    items: Sequence[str],
    tables: Sequence[tuple[int, Floats, Floats]],
    costs: Sequence[int],
    people: int,
) -> ItemChiSquares:
    """From each item's place, and expected and observed counts by score and credit.

    ``costs``: the parameters of each.
    """
    chi2, df = (np.full(len(items), np.nan) for _ in range(2))
    for (j, expected, observed), cost in zip(tables, costs, strict=True):
        chi2[j], cells = _item(expected, observed)
        df[j] = cells - cost
    df = np.where(df > 0, df, np.nan)
    chi2 = np.where(df > 0, chi2, np.nan)
    rmsea = np.sqrt(divide(np.maximum(chi2 - df, 0.0), df * max(people - 1, 1)))
    lost = [Finding(FindingCode.TOO_FEW_SCORES, items[j]) for j, *_ in tables if not df[j] > 0]
    return ItemChiSquares(chi2, df, stats.chi2.sf(chi2, df), rmsea, people, tuple(lost))


def _right_by_score(right: NDArray[np.bool_]) -> Floats:
    """(U, U - 1): how many with raw score 1 to U - 1 have the item right."""
    total = right.sum(axis=1)
    scores = right.shape[1] + 1
    counts = [np.bincount(total[column], minlength=scores)[1:-1] for column in right.T]
    return np.array(counts, np.float64)


def _expected_share(calibration: Calibration) -> Floats:
    """(U, U - 1): modelled share right of an item among those with raw score 1 to U - 1."""
    grid = calibration.grid
    p, weight = chances(calibration, grid.nodes), np.exp(grid.log_weights)
    every = score_chances(p)[1:-1] @ weight
    others = without_each(p)[:, :-1]
    share: Floats = np.einsum("usq,uq->us", others, p * weight) / every
    return share


@dataclass(frozen=True)
class Row:
    """Candidates of one raw score, or of several: expected and observed, by credit."""

    expected: tuple[float, ...]
    observed: tuple[float, ...]

    def __add__(self, other: "Row") -> "Row":
        return Row(
            tuple(map(add, self.expected, other.expected)),
            tuple(map(add, self.observed, other.observed)),
        )

    @cached_property
    def people(self) -> float:
        """How many were observed."""
        return sum(self.observed)

    @cached_property
    def cells(self) -> tuple[tuple[float, float], ...]:
        """Expected and observed, credits that expect too few merged with the next."""
        cells: list[tuple[float, float]] = []
        expected = observed = 0.0
        for one, other in zip(self.expected, self.observed, strict=True):
            expected, observed = expected + one, observed + other
            if expected >= _SMALLEST_CELL:
                cells.append((expected, observed))
                expected = observed = 0.0
        if cells and (expected or observed):
            cells[-1] = (cells[-1][0] + expected, cells[-1][1] + observed)
        return tuple(cells)


def _item(expected: Floats, observed: Floats) -> tuple[float, int]:
    """Chi-square, and the number of cells that are free to vary after merging."""
    pairs = zip(expected.tolist(), observed.tolist(), strict=True)
    rows = [Row(tuple(one), tuple(other)) for one, other in pairs if sum(other) > 0]
    rows = _without_sparse(_without_single(rows))
    kept = [row.cells for row in rows if len(row.cells) > 1]
    value = sum((seen - wanted) ** 2 / wanted for cells in kept for wanted, seen in cells)
    return value, sum(len(cells) - 1 for cells in kept)


def _without_single(rows: list[Row]) -> list[Row]:
    """A score that one candidate has goes to the next score, the last one to the one before."""
    kept: list[Row] = []
    carried: Row | None = None
    for row in rows:
        own = row if carried is None else row + carried
        carried = own if own.people == 1 else None
        if carried is None:
            kept.append(own)
    if carried is None:
        return kept
    return [*kept[:-1], kept[-1] + carried] if kept else [carried]


def _without_sparse(rows: list[Row]) -> list[Row]:
    """The first row that expects too little joins a neighbour, until none does."""
    at = 0
    while at < len(rows) and len(rows) > 1:
        if len(rows[at].cells) > 1:
            at += 1
            continue
        goal = _neighbour(rows, at)
        rows[goal] = rows[goal] + rows[at]
        del rows[at]
        at = min(goal, at)  # rows before it were looked at already
    return rows


def _neighbour(rows: list[Row], sparse: int) -> int:
    if sparse == 0:
        return 1
    if sparse == len(rows) - 1:
        return sparse - 1
    return sparse - 1 if rows[sparse - 1].people <= rows[sparse + 1].people else sparse + 1
