"""Differential functioning seen through a response model, and what it did to scores.

Likelihood ratio: Thissen, Steinberg & Wainer (1993). Chi-square of the difference of parameters:
Lord (1980). Area between curves: Raju (1988, 1990). Test functioning: Raju, van der Linden & Fleer
(1995).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.dif import SMALLEST_GROUP
from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.information import StandardErrors, standard_errors
from scoring.psychometrics.irt.models import TwoParameter
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_MOST_ROUNDS = 10
REFERENCE, FOCAL = "0 reference", "1 focal"


@dataclass(frozen=True)
class ModelDif:
    """Items of both groups on one scale, the reference group N(0, 1). Each (J,), NaN if unknown.

    ``ratio_chi2``, ``ratio_p``: of likelihoods, the others held or freed as in the end, 2 df.
    ``chi2``, ``p``: Lord's, 2 df. ``signed_area``: between the curves, focal less reference in
    difficulty; ``area_z`` and ``area_p`` its test (Raju). ``reference``, ``focal``: (2, J), a and
    b. ``anchors``: items that were held alike to put the groups on one scale; their own figures are
    of a calibration of each group alone, brought to that scale. ``population``: mean and standard
    deviation of the focal group.
    """

    items: tuple[str, ...]
    ratio_chi2: Floats
    ratio_p: Floats
    chi2: Floats
    p: Floats
    signed_area: Floats
    area_z: Floats
    area_p: Floats
    reference: Floats
    focal: Floats
    anchors: NDArray[np.bool_]
    population: tuple[float, float]
    rounds: int
    findings: tuple[Finding, ...]


def lord_raju(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    level: float = 0.01,
    smallest_group: int = SMALLEST_GROUP,
) -> ModelDif:
    """Both groups calibrated together; items that differ are freed until those held agree.

    A first look frees every item at the scale of all held alike, and holds those that agree within
    ``level`` corrected for their number. Each round tests every held item by freeing it alone. In
    the end freed items are compared with their joint covariance, held ones as Lord did: each group
    is calibrated alone, and the focal one brought to the scale that the held items set.
    """
    small = min(int(focal.sum()), int((~focal).sum()))
    if small < smallest_group:
        return _refused(scored, Finding(FindingCode.GROUP_TOO_SMALL, count=small))
    free = np.zeros(len(scored.items), np.bool_)
    tried = {free.tobytes()}
    cycled, rounds = False, 0
    while rounds < _MOST_ROUNDS:
        rounds += 1
        tests = likelihood_ratio_dif(scored, focal, free)
        wanted = tests.p < level / max(len(scored.items), 1)
        if wanted.all() or (wanted == free).all():
            break
        cycled = wanted.tobytes() in tried
        tried.add(wanted.tobytes())
        free = wanted
        if cycled:
            break
    findings = (Finding(FindingCode.PURIFICATION_CYCLED, count=rounds),) if cycled else ()
    return _compared(scored, focal, free, tests, rounds, findings)


@dataclass(frozen=True)
class RatioTests:
    """Each (J,): twice the gain in log-likelihood of freeing a and b between groups; 2 df."""

    items: tuple[str, ...]
    chi2: Floats
    p: Floats
    findings: tuple[Finding, ...]


def likelihood_ratio_dif(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    free: NDArray[np.bool_] | None = None,
) -> RatioTests:
    """Test every item with the others held alike but for those ``free``, (J,); 2PL."""
    base = np.zeros(len(scored.items), np.bool_) if free is None else free
    chi2 = np.full(len(scored.items), np.nan)
    plain = _calibrated(scored, focal, base)
    for j in plain_items(scored, focal):
        other = base.copy()
        other[j] = not base[j]
        if other.all():
            continue
        gain = 2 * (_calibrated(scored, focal, other).loglik - plain.loglik)
        chi2[j] = max(-gain if base[j] else gain, 0.0)
    lost = np.flatnonzero(~np.isfinite(chi2))
    findings = tuple(Finding(FindingCode.NO_COMMON_STRATA, scored.items[j]) for j in lost)
    return RatioTests(scored.items, chi2, stats.chi2.sf(chi2, 2), findings)


def plain_items(scored: ScoredMatrix, focal: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Items that vary in both groups."""
    usable = scored.counted & scored.dichotomous
    for group in (focal, ~focal):
        given = scored.administered[group]
        right = ((scored.credit[group] > 0) & given).sum(axis=0)
        usable &= (right > 0) & (right < given.sum(axis=0))
    return np.flatnonzero(usable)


def _split(scored: ScoredMatrix, focal: NDArray[np.bool_], free: NDArray[np.bool_]) -> ScoredMatrix:
    """Every free item twice, once for each group: the other's copy is not administered."""
    held, freed = np.flatnonzero(~free & scored.counted), np.flatnonzero(free & scored.counted)
    parts = [scored.credit[:, held]]
    for group in (focal, ~focal):
        own = scored.credit[:, freed].copy()
        own[group] = NO_CREDIT
        parts.append(own)
    names = [scored.items[j] for j in held]
    names += [f"{scored.items[j]}|{name}" for name in (REFERENCE, FOCAL) for j in freed]
    return from_scores(np.hstack(parts), persons=scored.persons, items=names)


def _calibrated(
    scored: ScoredMatrix, focal: NDArray[np.bool_], free: NDArray[np.bool_]
) -> Calibration:
    groups = np.where(focal, FOCAL, REFERENCE)
    return calibrate(_split(scored, focal, free), TwoParameter(), groups=groups)


def _compared(
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    free: NDArray[np.bool_],
    tests: RatioTests,
    rounds: int,
    findings: tuple[Finding, ...],
) -> ModelDif:
    split = _split(scored, focal, free)
    found = calibrate(split, TwoParameter(), groups=np.where(focal, FOCAL, REFERENCE))
    errors = standard_errors(split, found)
    place = {name: j for j, name in enumerate(split.items)}
    both = _by_group(scored, split, found, free)
    mean, sd = found.populations[-1]
    figures = _alone(scored, focal, float(mean), float(sd))
    for j in np.flatnonzero(free):
        figures[:, j] = np.nan
        rows = [place[name] for name in _names(scored.items[j], True) if name in place]
        if len(rows) == 2 and np.isin(rows, found.used).all():
            figures[:, j] = _difference(found, errors, rows)
    chi2, area, z = figures
    return ModelDif(
        items=scored.items,
        ratio_chi2=tests.chi2,
        ratio_p=tests.p,
        chi2=chi2,
        p=stats.chi2.sf(chi2, 2),
        signed_area=area,
        area_z=z,
        area_p=2 * stats.norm.sf(np.abs(z)),
        reference=both[0],
        focal=both[1],
        anchors=~free & scored.counted,
        population=(float(mean), float(sd)),
        rounds=rounds,
        findings=(*findings, *found.findings, *errors.findings),
    )


def _difference(
    found: Calibration, errors: StandardErrors, rows: list[int]
) -> tuple[float, float, float]:
    """Lord's chi-square, the signed area and its z, with the covariance of all four parameters."""
    carried = _covariance(found, errors, rows)
    contrast = np.hstack([-np.eye(2), np.eye(2)])
    gap = np.array([found.a[rows[1]] - found.a[rows[0]], found.b[rows[1]] - found.b[rows[0]]])
    return _tests(gap, contrast @ carried @ contrast.T)


def _covariance(found: Calibration, errors: StandardErrors, rows: list[int]) -> Floats:
    """(2 R, 2 R): of a and b of some calibrated items, item after item, by the delta method."""
    count = len(found.used)
    at = [int(np.flatnonzero(found.used == row)[0]) for row in rows]
    places = [place for one in at for place in (one, count + one)]
    jacobian = np.zeros((len(places), len(places)))
    for block, row in enumerate(rows):
        a, b = found.a[row], found.b[row]
        jacobian[2 * block : 2 * block + 2, 2 * block : 2 * block + 2] = [[1, 0], [-b / a, -1 / a]]
    carried: Floats = jacobian @ errors.covariance[np.ix_(places, places)] @ jacobian.T
    return carried


def _alone(scored: ScoredMatrix, focal: NDArray[np.bool_], mean: float, sd: float) -> Floats:
    """(3, J): Lord's chi-square, the signed area and its z, from each group calibrated alone.

    A slope a and a difficulty b of the focal group are a / sd and mean + sd b on the scale of the
    reference group. The error of mean and sd is left out, as by Lord.
    """
    figures = np.full((3, len(scored.items)), np.nan)
    sides = []
    for group in (~focal, focal):
        own = from_scores(
            scored.credit[group], persons=scored.persons[group], items=list(scored.items)
        )
        found = calibrate(own)
        sides.append((found, standard_errors(own, found)))
    shape = np.diag([1 / sd, sd])
    for j in plain_items(scored, focal):
        if not all(j in found.used and found.a[j] != 0 for found, _errors in sides):
            continue
        one, other = (np.array([found.a[j], found.b[j]]) for found, _errors in sides)
        spread, moved = (_covariance(*side, [int(j)]) for side in sides)
        gap = np.array([0.0, mean]) + shape @ other - one
        figures[:, j] = _tests(gap, spread + shape @ moved @ shape)
    return figures


def _tests(gap: Floats, spread: Floats) -> tuple[float, float, float]:
    """Chi-square of a difference in a and b, the difference in b, and that as a deviate."""
    if not np.isfinite(spread).all() or np.linalg.det(spread) <= 0:
        return float("nan"), float(gap[1]), float("nan")
    chi2 = float(gap @ np.linalg.solve(spread, gap))
    return chi2, float(gap[1]), float(gap[1] / np.sqrt(spread[1, 1]))


def _refused(scored: ScoredMatrix, finding: Finding) -> ModelDif:
    nothing = np.full(len(scored.items), np.nan)
    both = np.full((2, len(scored.items)), np.nan)
    nobody = np.zeros(len(scored.items), np.bool_)
    unknown = (float("nan"), float("nan"))
    return ModelDif(
        items=scored.items,
        ratio_chi2=nothing,
        ratio_p=nothing,
        chi2=nothing,
        p=nothing,
        signed_area=nothing,
        area_z=nothing,
        area_p=nothing,
        reference=both,
        focal=both,
        anchors=nobody,
        population=unknown,
        rounds=0,
        findings=(finding,),
    )


@dataclass(frozen=True)
class ScoreEffect:
    """What differing items did to the raw scores of the focal group.

    ``shift``: (F,), expected raw score of each, by their own items less by the reference group's.
    ``mean_shift``: of all. ``mean_absolute``: of their sizes. ``lost``, ``gained``: expected number
    who fall short of ``cut``, or reach it, for that reason alone.
    """

    persons: NDArray[Any]
    shift: Floats
    mean_shift: float
    mean_absolute: float
    cut: float
    lost: float
    gained: float


def score_effect(
    scored: ScoredMatrix, focal: NDArray[np.bool_], found: ModelDif, cut: float
) -> ScoreEffect:
    """Compare expected raw scores, and chances to reach ``cut``, by either group's items.

    The raw score given ability is taken as normal around its expectation.
    """
    return effect_of_items(scored, focal, ~found.anchors & scored.counted, cut)


def effect_of_items(
    scored: ScoredMatrix, focal: NDArray[np.bool_], differing: NDArray[np.bool_], cut: float
) -> ScoreEffect:
    """The same for items, (J,), that any method found to differ: one calibration, no errors.

    Items that do not vary in both groups are taken as alike.
    """
    free = differing & np.isin(np.arange(len(scored.items)), plain_items(scored, focal))
    split = _split(scored, focal, free)
    calibration = calibrate(split, TwoParameter(), groups=np.where(focal, FOCAL, REFERENCE))
    both = _by_group(scored, split, calibration, free)
    rows = np.flatnonzero(focal)
    theta = expected_a_posteriori(split, calibration).theta[rows]
    own, other = (_expected(items, theta) for items in (both[1], both[0]))
    shift = own[0] - other[0]
    reach = [stats.norm.sf(divide(cut - 0.5 - mean, sd)) for mean, sd in (own, other)]
    change = reach[0] - reach[1]
    return ScoreEffect(
        persons=scored.persons[rows],
        shift=shift,
        mean_shift=_mean(shift),
        mean_absolute=_mean(np.abs(shift)),
        cut=cut,
        lost=float(-np.nansum(np.minimum(change, 0.0))),
        gained=float(np.nansum(np.maximum(change, 0.0))),
    )


def _mean(values: Floats) -> float:
    """Of what is known; NaN when nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _by_group(
    scored: ScoredMatrix, split: ScoredMatrix, found: Calibration, free: NDArray[np.bool_]
) -> Floats:
    """(2, 2, J): a and b of every item in the reference and the focal group; NaN if unknown."""
    place = {name: j for j, name in enumerate(split.items)}
    both = np.full((2, 2, len(scored.items)), np.nan)
    for j, item in enumerate(scored.items):
        rows = [place[name] for name in _names(item, bool(free[j])) if name in place]
        if len(rows) == 2:
            both[:, :, j] = np.stack([found.a[rows], found.b[rows]], axis=1)
    return both


def _names(item: str, is_free: bool) -> list[str]:
    """What an item is called in either group once the free ones are split."""
    return [f"{item}|{name}" for name in (REFERENCE, FOCAL)] if is_free else [item, item]


def _expected(items: Floats, theta: Floats) -> tuple[Floats, Floats]:
    """(F,) twice: mean and standard deviation of the raw score."""
    known = items[:, np.isfinite(items).all(axis=0)]
    p = 0.5 * (1 + np.tanh(0.5 * known[0] * (theta[:, None] - known[1])))
    return p.sum(axis=1), np.sqrt((p * (1 - p)).sum(axis=1))
