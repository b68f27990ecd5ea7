"""How many things does a form measure? Eigenvalues against chance, and pairs that share too much.

Parallel analysis (Horn 1965) on tetrachoric correlations (Pearson 1900); residual correlations
with a cut from simulation under the model (Yen 1984; Christensen, Makransky & Horton 2017).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.fit import ItemFit, item_fit
from scoring.psychometrics.irt.sums import chances
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores
from scoring.psychometrics.moments import moments

Floats = NDArray[np.float64]
_POINTS, _STEPS, _HIGHEST = 24, 40, 0.9999
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Dimensions:
    """``eigenvalues`` of the items' correlations, largest first; ``chance``: the quantile of those
    of independent items of the same difficulty. ``count``: how many lead before chance catches up.
    """

    items: tuple[str, ...]
    eigenvalues: Floats
    chance: Floats
    count: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class LocalDependence:
    """Pairs of items above the ``cut`` of adjusted Q3, the largest first, and that cut.

    ``cut`` and ``largest`` are NaN where no two items have residuals that vary; a finding says so.
    """

    pairs: tuple[tuple[str, str, float], ...]
    cut: float
    largest: float
    findings: tuple[Finding, ...] = ()


def tetrachoric(scored: ScoredMatrix) -> tuple[Floats, tuple[Finding, ...]]:
    """(J, J): correlations of the normal traits behind right and wrong, from pairs given both.

    An empty cell counts as half a candidate. NaN for items without variance or never together.
    """
    sums = moments(scored)
    both = sums.products / np.maximum(scored.maximum, 1) / np.maximum(scored.maximum, 1)[:, None]
    if not scored.dichotomous.all():
        both = np.where(scored.dichotomous & scored.dichotomous[:, None], both, np.nan)
    first = sums.sums / np.maximum(scored.maximum, 1)[:, None]
    found = _tetrachoric(sums.together, both, first)
    diagonal = (np.diag(first) > 0) & (np.diag(first) < sums.n) & scored.dichotomous
    found[~diagonal, :] = found[:, ~diagonal] = np.nan
    lost = np.flatnonzero(~diagonal)
    told = [Finding(FindingCode.NO_CORRELATION, scored.items[j]) for j in lost]
    return found, tuple(told)


def _tetrachoric(together: Floats, both: Floats, first: Floats) -> Floats:
    """From counts of pairs: both given, both right, and the row's item right."""
    one, other = np.triu_indices(len(together), 1)
    n, a = together[one, other], both[one, other]
    b, c = first[one, other] - a, first[other, one] - a
    cells = np.stack([a, b, c, n - a - b - c])
    cells = np.where(cells <= 0, 0.5, cells)
    n = cells.sum(axis=0)
    rho = correlation((cells[0] + cells[1]) / n, (cells[0] + cells[2]) / n, cells[0] / n)
    result = np.eye(len(together))
    result[one, other] = result[other, one] = np.where(together[one, other] > 1, rho, np.nan)
    return result


def correlation(p: Floats, q: Floats, both: Floats) -> Floats:
    """Of two normal traits passed by shares ``p`` and ``q``, and together by ``both``.

    The normal orthant is the product of shares plus an integral over the arc of the correlation
    (Drezner & Wesolowsky 1990); its derivative is the integrand, so Newton's method is exact.
    """
    h, k = stats.norm.isf(p), stats.norm.isf(q)
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    top = np.arcsin(_HIGHEST)
    low, high = np.full_like(h, -top), np.full_like(h, top)
    arc = np.zeros_like(h)
    for _ in range(_STEPS):
        angles = arc[..., None] * (points + 1) / 2
        integral = (_density(h[..., None], k[..., None], angles) @ weights) * arc / 2
        gap = both - p * q - integral
        low, high = np.where(gap > 0, arc, low), np.where(gap > 0, high, arc)
        step = gap / np.maximum(_density(h, k, arc), 1e-12)
        trial = arc + step
        inside = (trial > low) & (trial < high)
        moved = np.where(inside, trial, (low + high) / 2)
        if np.abs(moved - arc).max(initial=0.0) < 1e-10:
            break
        arc = moved
    return np.asarray(np.sin(arc), np.float64)


def _density(h: Floats, k: Floats, angle: Floats) -> Floats:
    sine = np.sin(angle)
    density: Floats = np.exp(-(h * h + k * k - 2 * h * k * sine) / (2 * (1 - sine**2)))
    return density / (2 * np.pi)


def parallel_analysis(
    scored: ScoredMatrix, *, seed: int, rounds: int = 20, quantile: float = 0.95
) -> Dimensions:
    """Count the dimensions that stand out from ``rounds`` forms of independent items."""
    observed, findings = tetrachoric(scored)
    kept = np.flatnonzero(np.isfinite(np.diag(observed)))
    whole = observed[np.ix_(kept, kept)]
    if len(kept) < 2 or not np.isfinite(whole).all():
        code = FindingCode.NEVER_TOGETHER if len(kept) > 1 else FindingCode.NO_ITEMS
        nothing = np.zeros(0)
        return Dimensions(scored.items, nothing, nothing, 0, (*findings, Finding(code)))
    random = np.random.default_rng(seed)
    share = np.array([_share(scored, int(j)) for j in kept])
    given = scored.administered[:, kept]
    chance = np.quantile(
        [_eigenvalues(_independent(given, share, random)) for _ in range(rounds)], quantile, axis=0
    )
    eigenvalues = _eigenvalues(whole)
    ahead = eigenvalues > chance
    count = int(len(ahead) if ahead.all() else np.argmin(ahead))
    return Dimensions(tuple(scored.items[j] for j in kept), eigenvalues, chance, count, findings)


def _share(scored: ScoredMatrix, j: int) -> float:
    given = scored.administered[:, j]
    return float((scored.credit[given, j] > 0).mean())


def _independent(given: NDArray[np.bool_], share: Floats, random: np.random.Generator) -> Floats:
    """(U, U): tetrachoric correlations of items that share nothing, in the same design."""
    size = len(share)
    sums: NDArray[Any] = np.zeros((3, size, size))
    for start in range(0, len(given), _ROWS_AT_ONCE):
        mask = given[start : start + _ROWS_AT_ONCE].astype(np.float32)
        right = (random.random(mask.shape, np.float32) < share) * mask
        sums += np.asarray([mask.T @ mask, right.T @ right, right.T @ mask], np.float64)
    return _tetrachoric(*sums)


def _eigenvalues(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1], np.float64)


def local_dependence(
    scored: ScoredMatrix,
    calibration: Calibration,
    *,
    seed: int,
    rounds: int = 20,
    quantile: float = 0.95,
    fit: ItemFit | None = None,
) -> LocalDependence:
    """Pairs whose adjusted Q3 passes the largest that chance gives under the model.

    The cut is the ``quantile`` of the largest adjusted Q3 of ``rounds`` simulated forms, each
    calibrated anew.
    """
    q3 = (fit or item_fit(scored, calibration)).q3_adjusted
    random = np.random.default_rng(seed)
    simulated = (_simulated(scored, calibration, random) for _ in range(rounds))
    chance = np.array([_largest(item_fit(form, calibrate(form)).q3_adjusted) for form in simulated])
    chance = chance[np.isfinite(chance)]
    if not len(chance):
        nothing = (Finding(FindingCode.NO_CORRELATION),)
        return LocalDependence((), float("nan"), float("nan"), nothing)
    cut = float(np.quantile(chance, quantile))
    one, other = np.triu_indices(len(q3), 1)
    order = np.argsort(-np.where(np.isfinite(q3[one, other]), q3[one, other], -np.inf))
    pairs = [
        (scored.items[one[at]], scored.items[other[at]], float(q3[one[at], other[at]]))
        for at in order
        if q3[one[at], other[at]] > cut
    ]
    return LocalDependence(tuple(pairs), cut, _largest(q3))


def _largest(q3: Floats) -> float:
    """The largest above the diagonal; NaN if there is none."""
    known = q3[np.triu_indices(len(q3), 1)]
    known = known[np.isfinite(known)]
    return float(known.max()) if len(known) else float("nan")


def _simulated(
    scored: ScoredMatrix, calibration: Calibration, random: np.random.Generator
) -> ScoredMatrix:
    """The same people and design, with answers drawn from the model."""
    theta = random.standard_normal(len(scored.persons))
    p = chances(calibration, theta).T
    credit = (random.random(p.shape) < p).astype(np.uint8)
    credit[~scored.administered[:, calibration.used]] = NO_CREDIT
    items = [scored.items[j] for j in calibration.used]
    return from_scores(credit, persons=scored.persons, items=items)
