"""Does the model reproduce how often items are right alone and in pairs? M2.

Maydeu-Olivares & Joe (2006). M2 is N e' C e, with e the observed less the expected first and second
moments, and C the inverse of their covariance after the directions of the parameters are taken out.
That covariance has J (J + 1) / 2 rows and would fill gigabytes; here it is never formed. Moments
are taken about the marginal means, which changes nothing in M2 and makes the covariance nearly
diagonal; it is applied by products of J x Q matrices, and C e is found by conjugate gradients
within the space orthogonal to the parameters.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.irt.sums import chances
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import divide

Floats = NDArray[np.float64]
_CLOSE, _STEPS, _ROWS_AT_ONCE = 1e-11, 3000, 8192


@dataclass(frozen=True)
class LimitedFit:
    """``m2`` with ``df`` and ``p``; ``rmsea`` with its 90 % interval; NaN where there is none.

    ``srmsr``: root mean square of the residual correlations. ``cfi``, ``tli``: against independent
    items. ``people``: candidates given all calibrated items.
    """

    m2: float
    df: int
    p: float
    rmsea: float
    rmsea_low: float
    rmsea_high: float
    srmsr: float
    cfi: float
    tli: float
    people: int
    findings: tuple[Finding, ...]


def m2(scored: ScoredMatrix, calibration: Calibration) -> LimitedFit:
    """Overall fit of a calibration to the candidates given all of its items."""
    used = calibration.used
    whole = np.flatnonzero(scored.administered[:, used].all(axis=1)) if len(used) else used
    size = len(used)
    free = calibration.model.free_directions(size)
    df = size * (size + 1) // 2 - free.shape[1]
    if df < 1 or len(whole) < 2:
        return _nothing(len(whole), df)
    margins = _Margins(calibration)
    observed = margins.observed(scored, whole)
    residual = observed - margins.expected
    directions = margins.directions(calibration) @ free
    people = len(whole)
    value = people * float(residual @ _projected_solution(margins, directions, residual))
    return _fit(value, df, people, _null(observed, margins, people), margins, observed)


class _Margins:
    """First and centred second moments of the model, and their covariance as an operator."""

    def __init__(self, calibration: Calibration) -> None:
        nodes = calibration.grid.nodes
        self.used = calibration.used
        self.weight = np.exp(calibration.grid.log_weights)
        p = chances(calibration, nodes).T
        self.center = self.weight @ p
        self.p, self.variance = p - self.center, p * (1 - p)
        self.pairs = np.triu_indices(p.shape[1], 1)
        self.expected = self._packed(self.weight @ self.p, self._between(self.weight))
        self._within = (self.variance.T * self.weight) @ self.variance
        self.scale = np.sqrt(self._diagonal())

    def observed(self, scored: ScoredMatrix, rows: NDArray[np.intp]) -> Floats:
        """The same moments of the answers of some candidates."""
        items = self.used
        first, second = np.zeros(len(items)), np.zeros((len(items), len(items)))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = rows[start : start + _ROWS_AT_ONCE]
            x = (scored.credit[np.ix_(part, items)] > 0) - self.center
            first += x.sum(axis=0)
            second += x.T @ x
        return self._packed(first, second) / len(rows)

    def directions(self, calibration: Calibration) -> Floats:
        """(S, K U): how the moments move with every item parameter."""
        nodes = calibration.grid.nodes
        parameters = calibration.parameters[:, calibration.used]
        weights = calibration.model.score_weights(parameters, nodes)
        kinds, size = parameters.shape
        result = np.zeros((len(self.expected), kinds * size))
        rows = np.arange(len(self.pairs[0])) + size
        for k in range(kinds):
            slope = weights[k] * self.variance.T * self.weight
            moved = slope @ self.p
            result[np.arange(size), k * size + np.arange(size)] = slope.sum(axis=1)
            for one, other in (self.pairs, self.pairs[::-1]):
                result[rows, k * size + one] = moved[one, other]
        return result

    def covariance_times(self, y: Floats) -> Floats:
        """The covariance of the moments of one candidate, applied to ``y``, (S,)."""
        size = len(self.center)
        u, v = y[:size], np.zeros((size, size))
        v[self.pairs] = y[size:]
        v += v.T
        pushed = self.p @ v
        mean = self.p @ u + 0.5 * (self.p * pushed).sum(axis=1)
        mean = self.weight * (mean - self.weight @ mean)
        spread = (u + pushed) * self.variance * self.weight[:, None]
        crossed = self.p.T @ spread
        second = crossed + crossed.T + v * self._within + self._between(mean)
        return self._packed(spread.sum(axis=0) + mean @ self.p, second)

    def _between(self, weight: Floats) -> Floats:
        products: Floats = (self.p.T * weight) @ self.p
        return products

    def _packed(self, first: Floats, second: Floats) -> Floats:
        return np.concatenate([first, second[self.pairs]])

    def _diagonal(self) -> Floats:
        """(S,): variance of every moment, for scaling."""
        p2 = (self.p**2 + self.variance).T
        second = (p2 * self.weight) @ p2.T
        first = self.center * (1 - self.center)
        return np.maximum(self._packed(first, second) - self.expected**2, 1e-12)


def _projected_solution(margins: _Margins, directions: Floats, residual: Floats) -> Floats:
    """y orthogonal to ``directions`` with covariance y = residual, up to ``directions``."""
    scale = margins.scale
    basis = np.linalg.qr(directions / scale[:, None])[0]

    def inside(v: Floats) -> Floats:
        projected: Floats = v - basis @ (basis.T @ v)
        return projected

    left = inside(residual / scale)
    found, way, size = np.zeros_like(left), left.copy(), float(left @ left)
    wanted = size * _CLOSE**2
    for _ in range(_STEPS):
        if size <= wanted:
            break
        image = inside(margins.covariance_times(way / scale) / scale)
        step = size / float(way @ image)
        found += step * way
        left -= step * image
        before, size = size, float(left @ left)
        way = left + size / before * way
    return found / scale


def _null(observed: Floats, margins: _Margins, people: int) -> tuple[float, int]:
    """The same statistic and its degrees of freedom if the items were independent."""
    size = len(margins.center)
    mean = margins.center + observed[:size]
    spread = mean * (1 - mean)
    one, other = margins.pairs
    together = observed[size:] - observed[:size][one] * observed[:size][other]
    usable = spread[one] * spread[other] > 0
    independent = together[usable] ** 2 / (spread[one] * spread[other])[usable]
    return people * float(independent.sum()), len(one)


def _residual_correlation(observed: Floats, margins: _Margins) -> float:
    """Root mean square of observed less modelled correlations of pairs of items.

    NaN where one of them does not exist: all who took every item agree on one.
    """
    size = len(margins.center)
    one, other = margins.pairs
    correlations = []
    for moments in (observed, margins.expected):
        first = moments[:size]
        mean = margins.center + first
        spread = np.sqrt(mean * (1 - mean))
        cross = moments[size:] - first[one] * first[other]
        correlations.append(divide(cross, spread[one] * spread[other]))
    return float(np.sqrt(np.mean((correlations[0] - correlations[1]) ** 2)))


def _fit(
    value: float,
    df: int,
    people: int,
    null: tuple[float, int],
    margins: _Margins,
    observed: Floats,
) -> LimitedFit:
    excess, null_excess = max(value - df, 0.0), max(null[0] - null[1], value - df, 1e-12)
    per_df = null[0] / null[1]
    residual = _residual_correlation(observed, margins)
    tli = (per_df - value / df) / (per_df - 1) if per_df > 1 else float("nan")
    known = np.isfinite([residual, tli]).all()
    low, high = (_rmsea(_noncentrality(value, df, level), df, people) for level in (0.95, 0.05))
    return LimitedFit(
        m2=value,
        df=df,
        p=float(stats.chi2.sf(value, df)),
        rmsea=_rmsea(excess, df, people),
        rmsea_low=low,
        rmsea_high=high,
        srmsr=residual,
        cfi=1 - excess / null_excess,
        tli=tli,
        people=people,
        findings=() if known else (Finding(FindingCode.NO_CORRELATION),),
    )


def _rmsea(noncentrality: float, df: int, people: int) -> float:
    return float(np.sqrt(noncentrality / (df * (people - 1))))


def _noncentrality(value: float, df: int, level: float) -> float:
    """The noncentrality under which ``value`` is the quantile ``level``; 0 if there is none."""

    def gap(noncentrality: float) -> float:
        return float(stats.ncx2.cdf(value, df, noncentrality)) - level

    if stats.chi2.cdf(value, df) <= level:
        return 0.0
    top = max(value, 1.0)
    while gap(top) > 0:
        top *= 2
    return float(optimize.brentq(gap, 1e-9, top))


def _nothing(people: int, df: int) -> LimitedFit:
    nan = float("nan")
    code = FindingCode.NO_DEGREES_OF_FREEDOM if df < 1 else FindingCode.NO_PERSONS
    findings = (Finding(code, count=max(df, 0)),)
    return LimitedFit(nan, max(df, 0), nan, nan, nan, nan, nan, nan, nan, people, findings)
