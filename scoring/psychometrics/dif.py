"""Does an item favour one group among people who do equally well? Mantel-Haenszel.

Holland & Thayer (1988); classes by size and significance, Dorans & Holland (1993), Zwick (2012).
Candidates are matched on the raw score, the studied item included; items found to differ leave the
matching score (purification) until nothing changes. One exam form at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.keying import ScoredMatrix

Floats = NDArray[np.float64]
DELTA = -2.35  # the ETS delta scale: -2.35 times the log odds ratio
SMALLEST_GROUP = 100
_MOST_ROUNDS = 20


class EtsClass(StrEnum):
    """A: negligible. B: moderate. C: large, and significantly more than moderate."""

    A = "A"
    B = "B"
    C = "C"
    UNKNOWN = ""


@dataclass(frozen=True)
class DifAnalysis:
    """One figure per item, each an array (J,).

    ``reference``, ``focal``: sizes of the groups. ``alpha``: common odds ratio, reference over
    focal. ``delta``: -2.35 ln alpha; negative means the item is harder for the focal group.
    ``error``: standard error of ln alpha (Robins, Breslow & Greenland 1986). ``chi2``, ``p``:
    Mantel-Haenszel with continuity correction, 1 df. ``purified``: items left out of the matching
    score of the others.
    """

    items: tuple[str, ...]
    reference: int
    focal: int
    alpha: Floats
    delta: Floats
    error: Floats
    chi2: Floats
    p: Floats
    ets: tuple[EtsClass, ...]
    purified: NDArray[np.bool_]
    rounds: int
    findings: tuple[Finding, ...]


def class_b_or_c(found: DifAnalysis) -> NDArray[np.bool_]:
    """Leave items of class B or C out of the matching score."""
    return np.array([ets in (EtsClass.B, EtsClass.C) for ets in found.ets], np.bool_)


def significant_at_5_percent(found: DifAnalysis) -> NDArray[np.bool_]:
    """Leave items with p below 0.05 out of the matching score, as older programs do."""
    return found.p < 0.05


def mantel_haenszel(
    scored: ScoredMatrix, focal: NDArray[np.bool_], smallest_group: int = SMALLEST_GROUP
) -> DifAnalysis:
    """One pass, matched on the raw score. ``focal``: (N,), True for the focal group."""
    return _one_pass(scored, focal, np.zeros(len(scored.items), np.bool_), smallest_group)


def purified_mantel_haenszel(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    smallest_group: int = SMALLEST_GROUP,
    leave_out: Callable[[DifAnalysis], NDArray[np.bool_]] = class_b_or_c,
) -> DifAnalysis:
    """Repeat until the items left out of the matching score are those found to differ.

    A sequence that returns to an earlier set without settling stops there, with a finding.
    """
    found = mantel_haenszel(scored, focal, smallest_group)
    tried = {found.purified.tobytes()}
    for rounds in range(1, _MOST_ROUNDS + 1):
        wanted = leave_out(found)
        if (wanted == found.purified).all() or not (scored.counted & ~wanted).any():
            return found
        cycled = wanted.tobytes() in tried
        tried.add(wanted.tobytes())
        found = replace(_one_pass(scored, focal, wanted, smallest_group), rounds=rounds)
        if cycled:
            break
    finding = Finding(FindingCode.PURIFICATION_CYCLED, count=found.rounds)
    return replace(found, findings=(*found.findings, finding))


def _one_pass(
    scored: ScoredMatrix, focal: NDArray[np.bool_], left_out: NDArray[np.bool_], smallest: int
) -> DifAnalysis:
    sizes = int((~focal).sum()), int(focal.sum())
    if min(sizes) < smallest:
        finding = Finding(FindingCode.GROUP_TOO_SMALL, count=min(sizes))
        figures = [_NOTHING] * len(scored.items)
        return _analysis(scored, sizes, figures, left_out, (finding,))
    binary = scored.dichotomous
    matching = matching_score(scored, left_out)
    figures, findings = _figures(scored, focal, matching, left_out), []
    for j, item in enumerate(scored.items):
        figure = figures[j] if binary[j] else _NOTHING
        figures[j] = figure
        if not binary[j]:
            findings.append(Finding(FindingCode.NOT_DICHOTOMOUS, item))
        elif not np.isfinite(figure[0]):
            findings.append(Finding(FindingCode.NO_COMMON_STRATA, item))
    return _analysis(scored, sizes, figures, left_out, tuple(findings))


_Figures: TypeAlias = tuple[float, float, float]
_NOTHING: _Figures = (float("nan"), float("nan"), float("nan"))


def matching_score(scored: ScoredMatrix, left_out: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Raw score over the counted items not left out."""
    inside = scored.administered & scored.counted & ~left_out
    matching: NDArray[np.int64] = np.where(inside, scored.credit, np.uint8(0)).sum(
        axis=1, dtype=np.int64
    )
    return matching


def _figures(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    matching: NDArray[np.int64],
    left_out: NDArray[np.bool_],
) -> list[_Figures]:
    """Odds ratio, its log's standard error, and chi-square of every item."""
    tables = contingencies(scored, focal, left_out, matching)
    return [table_figures(table[table.sum(axis=(1, 2)) > 1]) for table in tables]


def contingencies(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    left_out: NDArray[np.bool_],
    matching: NDArray[np.int64] | None = None,
) -> Iterator[Floats]:
    """``contingency`` of every item in turn.

    Items inside the matching score share its levels and are counted together.
    """
    if matching is None:
        matching = matching_score(scored, left_out)
    inside = scored.counted & ~left_out
    tables = _counted_together(scored, focal, matching)
    for j in range(len(scored.items)):
        alone = not inside[j]
        yield contingency(scored, focal, left_out, j, matching) if alone else tables[..., j]


def _counted_together(
    scored: ScoredMatrix, focal: NDArray[np.bool_], matching: NDArray[np.int64]
) -> Floats:
    """(S, 2, 2, J): of every item at every level and in either group, how many wrong and right."""
    cell = matching * 2 + focal
    order = np.argsort(cell, kind="stable")
    cells, starts = np.unique(cell[order], return_index=True)
    given = scored.administered[order]
    right = (scored.credit[order] > 0) & given
    table = np.zeros((2 * (int(matching.max(initial=0)) + 1), 2, len(scored.items)))
    table[cells, 1] = np.add.reduceat(right, starts, axis=0, dtype=np.int64)
    table[cells, 0] = np.add.reduceat(given, starts, axis=0, dtype=np.int64) - table[cells, 1]
    return table.reshape(-1, 2, 2, len(scored.items))


def contingency(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    left_out: NDArray[np.bool_],
    j: int,
    matching: NDArray[np.int64] | None = None,
) -> Floats:
    """(S, 2, 2): at every matching score, reference and focal group, how many wrong and right.

    The score is over the counted items not ``left_out``, and the item itself always.
    """
    if matching is None:
        matching = matching_score(scored, left_out)
    given = scored.administered[:, j]
    own = scored.credit[given, j]
    level = matching[given]
    if left_out[j] or not scored.counted[j]:
        level = level + own
    cell = (level * 2 + focal[given]) * 2 + (own > 0)
    count = np.bincount(cell, minlength=4 * (int(level.max(initial=0)) + 1))
    return count.reshape(-1, 2, 2).astype(np.float64)


def table_figures(table: Floats) -> _Figures:
    """Mantel-Haenszel of a stack of 2 x 2 tables (S, group, right): alpha, error of ln alpha, chi2.

    ``table[s, 0]`` is the reference group: wrong, right. Each stratum holds at least two people.
    """
    (b, a), (d, c) = table[:, 0].T, table[:, 1].T
    n = a + b + c + d
    with_reference, with_focal = (a * d / n), (b * c / n)
    up, down = with_reference.sum(), with_focal.sum()
    variance = ((a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))).sum()
    if not (up > 0 and down > 0 and variance > 0):
        return _NOTHING
    expected = ((a + b) * (a + c) / n).sum()
    chi2 = (abs(a.sum() - expected) - 0.5) ** 2 / variance
    agree, differ = (a + d) / n, (b + c) / n
    log_variance = (
        (agree * with_reference).sum() / (2 * up * up)
        + (agree * with_focal + differ * with_reference).sum() / (2 * up * down)
        + (differ * with_focal).sum() / (2 * down * down)
    )
    return float(up / down), float(np.sqrt(log_variance)), float(chi2)


def _analysis(
    scored: ScoredMatrix,
    sizes: tuple[int, int],
    figures: Sequence[_Figures],
    left_out: NDArray[np.bool_],
    findings: tuple[Finding, ...],
) -> DifAnalysis:
    alpha, error, chi2 = np.array(figures, np.float64).reshape(-1, 3).T
    delta = DELTA * np.log(alpha)
    p = stats.chi2.sf(chi2, 1)
    return DifAnalysis(
        items=scored.items,
        reference=sizes[0],
        focal=sizes[1],
        alpha=alpha,
        delta=delta,
        error=error,
        chi2=chi2,
        p=p,
        ets=tuple(map(ets_class, delta, abs(DELTA) * error, p)),
        purified=left_out,
        rounds=0,
        findings=findings,
    )


def ets_class(delta: float, error: float, p: float) -> EtsClass:
    """A if below 1 or not significant; C if 1.5 or more and significantly above 1; else B.

    ``error``: standard error of delta. Significance is at 5 %, for C one-sided. Zwick (2012), 3.
    """
    if not np.isfinite(delta):
        return EtsClass.UNKNOWN
    size = abs(delta)
    if size < 1 or p >= 0.05:
        return EtsClass.A
    return EtsClass.C if size >= 1.5 and size - 1 > 1.645 * error else EtsClass.B


def shrunken_delta(found: DifAnalysis) -> tuple[Floats, Floats]:
    """(J,) twice: deltas drawn towards their mean as far as chance spreads them, and their errors.

    Empirical Bayes of Zwick, Thayer & Lewis (1999), for groups too small to stand alone: the prior
    is the normal whose variance is that of the deltas less their mean error variance.
    """
    delta, error = found.delta, abs(DELTA) * found.error
    known = np.isfinite(delta) & np.isfinite(error)
    if known.sum() < 2:
        return delta.copy(), error.copy()
    mean = float(delta[known].mean())
    prior = max(float(delta[known].var(ddof=1) - (error[known] ** 2).mean()), 0.0)
    weight = prior / (prior + error**2)
    return weight * delta + (1 - weight) * mean, np.sqrt(weight) * error
