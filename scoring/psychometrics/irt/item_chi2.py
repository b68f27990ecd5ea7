"""Does each item follow its curve? Observed and expected shares right at every raw score.

S-X2 of Orlando & Thissen (2000). A score that one candidate alone has joins the next. Then
neighbouring scores are merged until every expected count is at least one: a sparse row goes to the
neighbour with fewer candidates, the first and the last inward.
Every item costs as many degrees of freedom as it has parameters, a slope in common included.
"""

from dataclasses import dataclass
from typing import TypeAlias

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
    chi2, df = (np.full(len(scored.items), np.nan) for _ in range(2))
    if len(whole):
        right = scored.credit[np.ix_(whole, used)] > 0
        seen = _right_by_score(right)
        people = np.bincount(right.sum(axis=1), minlength=len(used) + 1)[1:-1].astype(np.float64)
        expected = _expected_share(calibration)
        for place, j in enumerate(used):
            figures = _item(people, seen[place], expected[place])
            chi2[j], df[j] = figures[0], figures[1] - calibration.model.parameters_per_item
    df = np.where(df > 0, df, np.nan)
    chi2 = np.where(df > 0, chi2, np.nan)
    rmsea = np.sqrt(divide(np.maximum(chi2 - df, 0.0), df * max(len(whole) - 1, 1)))
    lost = [Finding(FindingCode.TOO_FEW_SCORES, scored.items[j]) for j in used if not df[j] > 0]
    return ItemChiSquares(chi2, df, stats.chi2.sf(chi2, df), rmsea, len(whole), tuple(lost))


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


Row: TypeAlias = list[float]  # expected right and wrong, observed right and wrong


def _item(people: Floats, seen: Floats, share: Floats) -> tuple[float, int]:
    """Chi-square, and the number of rows left after merging."""
    counts = zip(people.tolist(), share.tolist(), seen.tolist(), strict=True)
    rows = [[n * q, n * (1 - q), x, n - x] for n, q, x in counts if n > 0]
    rows = _without_sparse(_without_single(rows))
    kept = [row for row in rows if min(row[0], row[1]) >= _SMALLEST_CELL]
    return sum((row[at + 2] - row[at]) ** 2 / row[at] for row in kept for at in (0, 1)), len(kept)


def _without_single(rows: list[Row]) -> list[Row]:
    """A score that one candidate has goes to the next score, the last one to the one before."""
    kept: list[Row] = []
    carried = [0.0] * 4
    for row in rows[:-1]:
        own = _added(row, carried)
        single = own[2] + own[3] == 1
        carried = own if single else [0.0] * 4
        if not single:
            kept.append(own)
    last = _added(rows[-1], carried) if rows else []
    if kept and last and last[2] + last[3] == 1:
        kept[-1] = _added(kept[-1], last)
        return kept
    return [*kept, last] if last else kept


def _without_sparse(rows: list[Row]) -> list[Row]:
    """The first row that expects too little joins a neighbour, until none does."""
    at = 0
    while at < len(rows) and len(rows) > 1:
        if min(rows[at][0], rows[at][1]) >= _SMALLEST_CELL:
            at += 1
            continue
        goal = _neighbour(rows, at)
        rows[goal] = _added(rows[goal], rows[at])
        del rows[at]
        at = min(goal, at)  # rows before it were looked at already
    return rows


def _added(one: Row, other: Row) -> Row:
    return [a + b for a, b in zip(one, other, strict=True)]


def _neighbour(rows: list[Row], sparse: int) -> int:
    if sparse == 0:
        return 1
    if sparse == len(rows) - 1:
        return sparse - 1
    before, after = (sum(rows[at][2:]) for at in (sparse - 1, sparse + 1))
    return sparse - 1 if before <= after else sparse + 1
