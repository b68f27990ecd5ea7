"""Does group add to score in telling who is right? Logistic regression, and standardisation.

Swaminathan & Rogers (1990); effect size by Nagelkerke's (1991) R², classes of Jodoin & Gierl
(2001). Standardised difference in share right: Dorans & Kulick (1986).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.dif import SMALLEST_GROUP, contingencies
from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_STEPS, _SETTLED, _STEEPEST, _MOST_ROUNDS = 40, 1e-10, 30.0, 20


class Kind(StrEnum):
    """What group may do: move the curve, turn it, or either."""

    UNIFORM = "uniform"
    NONUNIFORM = "nonuniform"
    BOTH = "both"


@dataclass(frozen=True)
class LogisticDif:
    """Each (J,), NaN where there is none; likelihood ratio of the wider model against the narrower.

    ``effect``: gain in Nagelkerke's R²; below 0.035 negligible, from 0.07 large. ``standardised``:
    share right of the focal group less that of equally able people of the reference group, averaged
    over the focal group. ``purified``: items left out of the matching score of the others.
    """

    kind: Kind
    items: tuple[str, ...]
    chi2: Floats
    df: int
    p: Floats
    effect: Floats
    standardised: Floats
    purified: NDArray[np.bool_]
    rounds: int
    findings: tuple[Finding, ...]


def logistic_dif(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    kind: Kind = Kind.BOTH,
    smallest_group: int = SMALLEST_GROUP,
) -> LogisticDif:
    """One pass, matched on the raw score. ``focal``: (N,), True for the focal group."""
    nobody = np.zeros(len(scored.items), np.bool_)
    return _one_pass(scored, focal, kind, nobody, smallest_group, 0)


def purified_logistic_dif(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    kind: Kind = Kind.BOTH,
    smallest_group: int = SMALLEST_GROUP,
    level: float = 0.05,
) -> LogisticDif:
    """Repeat with items of p below ``level`` out of the matching score until they stay the same.

    A sequence that returns to an earlier set without settling stops there, with a finding.
    """
    found = logistic_dif(scored, focal, kind, smallest_group)
    tried = {found.purified.tobytes()}
    for rounds in range(1, _MOST_ROUNDS + 1):
        wanted = found.p < level
        if (wanted == found.purified).all() or not (scored.counted & ~wanted).any():
            return found
        cycled = wanted.tobytes() in tried
        tried.add(wanted.tobytes())
        found = _one_pass(scored, focal, kind, wanted, smallest_group, rounds)
        if cycled:
            break
    told = Finding(FindingCode.PURIFICATION_CYCLED, count=found.rounds)
    return LogisticDif(**{**vars(found), "findings": (*found.findings, told)})


def _one_pass(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    kind: Kind,
    left_out: NDArray[np.bool_],
    smallest: int,
    rounds: int,
) -> LogisticDif:
    figures = np.full((3, len(scored.items)), np.nan)
    small = min(int(focal.sum()), int((~focal).sum()))
    findings: list[Finding] = []
    if small < smallest:
        findings.append(Finding(FindingCode.GROUP_TOO_SMALL, count=small))
    else:
        tables = contingencies(scored, focal, left_out)
        for j, table in enumerate(tables):
            item = scored.items[j]
            found = _item(table, kind) if scored.dichotomous[j] else FindingCode.NOT_DICHOTOMOUS
            if isinstance(found, FindingCode):
                findings.append(Finding(found, item))
            else:
                figures[:, j] = found
    df = 2 if kind is Kind.BOTH else 1
    chi2, effect, standardised = figures
    return LogisticDif(
        kind=kind,
        items=scored.items,
        chi2=chi2,
        df=df,
        p=stats.chi2.sf(chi2, df),
        effect=effect,
        standardised=standardised,
        purified=left_out,
        rounds=rounds,
        findings=tuple(findings),
    )


def standardised_difference(
    scored: ScoredMatrix, focal: NDArray[np.bool_], left_out: NDArray[np.bool_]
) -> Floats:
    """(J,): share right of the focal group less that of equals, averaged over the focal group.

    Matched on the counted items not ``left_out``, and the item itself.
    """
    tables = contingencies(scored, focal, left_out)
    return np.array([_standardised(table) for table in tables])


def _item(table: Floats, kind: Kind) -> tuple[float, float, float] | FindingCode:
    """Likelihood ratio, gain in R² and standardised difference from one item's table."""
    if not (table.sum(axis=(0, 1)) > 0).all():
        return FindingCode.NO_VARIANCE
    score = np.repeat(np.arange(len(table), dtype=np.float64), 2)
    group = np.tile([0.0, 1.0], len(table))
    n, right = table.sum(axis=2).ravel(), table[:, :, 1].ravel()
    columns = np.stack([np.ones_like(score), score, group, score * group], axis=1)
    narrow, wide = {Kind.BOTH: (2, 4), Kind.UNIFORM: (2, 3), Kind.NONUNIFORM: (3, 4)}[kind]
    fits = [_deviance(columns[:, :size], n, right) for size in (1, narrow, wide)]
    if not np.isfinite(fits).all():
        return FindingCode.SEPARATED
    nothing, without, with_group = fits
    people = n.sum()
    gain = _nagelkerke(nothing, with_group, people) - _nagelkerke(nothing, without, people)
    return without - with_group, gain, _standardised(table)


def _deviance(columns: Floats, n: Floats, right: Floats) -> float:
    """Minus twice the highest log-likelihood; NaN where it lies at infinity (separated data)."""
    inside = n > 0
    x, n, right = columns[inside], n[inside], right[inside]
    scale = np.maximum(np.abs(x).max(axis=0), 1.0)
    x = x / scale
    beta = np.zeros(x.shape[1])
    for _ in range(_STEPS):
        p = 0.5 * (1 + np.tanh(0.5 * (x @ beta)))
        curved = (x * (n * p * (1 - p))[:, None]).T @ x
        try:
            step = np.linalg.solve(curved, x.T @ (right - n * p))
        except np.linalg.LinAlgError:
            return float("nan")
        beta = beta + step
        if not np.abs(x @ beta).max() < _STEEPEST:
            return float("nan")
        if np.abs(step).max() < _SETTLED:
            logit = x @ beta
            return float(-2 * (right @ logit - n @ np.logaddexp(0.0, logit)))
    return float("nan")


def _nagelkerke(nothing: float, deviance: float, people: float) -> float:
    """Share of what can be explained, from 0 to 1."""
    return float(-np.expm1((deviance - nothing) / people) / -np.expm1(-nothing / people))


def _standardised(table: Floats) -> float:
    """Weighted by the focal group, over the scores that both groups have."""
    n = table.sum(axis=2)
    shared = (n > 0).all(axis=1)
    share = divide(table[shared, :, 1], n[shared])
    weight = n[shared, 1]
    return float(weight @ (share[:, 1] - share[:, 0]) / weight.sum()) if shared.any() else np.nan


def effect_class(effect: float) -> str:
    """A: negligible, B: moderate, C: large. Jodoin & Gierl (2001)."""
    if not np.isfinite(effect):
        return ""
    return "A" if effect < 0.035 else "B" if effect < 0.07 else "C"
