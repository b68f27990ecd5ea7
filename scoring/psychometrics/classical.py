"""Classical item and test analysis.

Lord & Novick (1968); Crocker & Algina (1986). Variances and standard deviations have the divisor
n - 1, except in KR-20 and KR-21, which are defined with n. A figure that does not exist is NaN,
and a finding says why.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.consistency import Consistency, consistency
from scoring.psychometrics.extremes import upper_lower
from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.keying import Key, ScoredMatrix, score
from scoring.psychometrics.moments import Moments, divide, moments
from scoring.psychometrics.options import OptionStatistics, option_statistics
from scoring.psychometrics.precision import biserial
from scoring.psychometrics.responses import NOT_REACHED, OMITTED, ResponseMatrix
from scoring.psychometrics.shape import Shape, error_at_scores, shape
from scoring.psychometrics.speed import Speededness, speededness

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ItemStatistics:
    """One figure per item, each an array of length J.

    ``n``: candidates given the item. ``mean``: mean credit. ``p``: mean credit over the item's
    maximum, 0 to 1. ``sd``: of the credit. ``item_total``, ``item_rest``: correlation with the raw
    score, and with the raw score less the item. ``biserial``: the latter as if behind right and
    wrong there were a normal trait; for items right or wrong. ``upper_lower``: credit of the upper
    27 % less that of the lower. ``alpha_if_deleted``: alpha of the other items.
    """

    items: tuple[str, ...]
    n: NDArray[np.int64]
    mean: Floats
    p: Floats
    sd: Floats
    item_total: Floats
    item_rest: Floats
    biserial: Floats
    upper_lower: Floats
    alpha_if_deleted: Floats


@dataclass(frozen=True)
class Reliability:
    """Figures of the whole test over its counted items.

    ``alpha``: Cronbach (1951), with Feldt's (1965) 95 % interval. ``kr20``: for dichotomous items
    only. ``kr21``: the same if all items were equally hard. ``sem``: sd times root of 1 - alpha.
    """

    persons: int
    items: int
    mean: float
    sd: float
    alpha: float
    alpha_low: float
    alpha_high: float
    kr20: float
    kr21: float
    sem: float


@dataclass(frozen=True)
class FormAnalysis:
    """Everything classical about one exam form, from one scoring.

    ``error``: (K + 1,), the standard error of measurement at each raw score. ``speed``: where the
    marks are known. ``omitted``, ``not_reached``: (J,), shares of those given the item.
    """

    scored: ScoredMatrix
    reliability: Reliability
    consistency: Consistency
    shape: Shape
    error: Floats
    speed: Speededness | None
    items: ItemStatistics
    options: OptionStatistics | None
    omitted: Floats
    not_reached: Floats
    findings: tuple[Finding, ...]


def analyse(matrix: ResponseMatrix, key: Key) -> FormAnalysis:
    """Score one exam form by its key and analyse it: test, items and options.

    Raises ``ItemWithoutKey``. Input that leaves a figure undefined gives NaN and a finding.
    """
    scored = score(matrix, key)
    return _analysis(
        scored,
        option_statistics(count_choices(matrix, scored, key)),
        speededness(matrix, scored),
        (matrix.share_marked(OMITTED), matrix.share_marked(NOT_REACHED)),
        _omission_findings(matrix),
    )


def analyse_scores(scored: ScoredMatrix) -> FormAnalysis:
    """The same for scores given elsewhere, where options and marks are not known."""
    unknown = np.full(len(scored.items), np.nan)
    return _analysis(scored, None, None, (unknown, unknown), ())


def _analysis(
    scored: ScoredMatrix,
    options: OptionStatistics | None,
    speed: Speededness | None,
    shares: tuple[Floats, Floats],
    findings: tuple[Finding, ...],
) -> FormAnalysis:
    sums = moments(scored)
    counted = np.flatnonzero(scored.counted)
    test = reliability(scored, sums)
    highest = int(scored.maximum[counted].astype(np.int64).sum())
    return FormAnalysis(
        scored=scored,
        reliability=test,
        consistency=consistency(sums.covariance[np.ix_(counted, counted)], len(scored.persons)),
        shape=shape(scored.total, highest),
        error=error_at_scores(len(counted), highest, test.kr20, test.kr21),
        speed=speed,
        items=item_statistics(scored, sums),
        options=options,
        omitted=shares[0],
        not_reached=shares[1],
        findings=_findings(scored, sums) + findings,
    )


def item_statistics(scored: ScoredMatrix, sums: Moments | None = None) -> ItemStatistics:
    """Difficulty and discrimination of every item.

    Where everyone was given everything, all comes from the covariance matrix. Otherwise an item is
    correlated with the mean credit per item, over the candidates it was given to.
    """
    sums = moments(scored) if sums is None else sums
    mean = divide(sums.total_credit, sums.n)
    total, rest = (
        _correlations_from_covariance(scored, sums)
        if scored.complete
        else _correlations_with_mean_credit(scored)
    )
    p = mean / scored.maximum
    return ItemStatistics(
        items=scored.items,
        n=sums.n.astype(np.int64),
        mean=mean,
        p=p,
        sd=np.sqrt(np.diag(sums.covariance)),
        item_total=total,
        item_rest=rest,
        biserial=np.where(scored.dichotomous, biserial(rest, p), np.nan),
        upper_lower=upper_lower(scored),
        alpha_if_deleted=_alpha_if_deleted(scored, sums),
    )


def _correlations_from_covariance(scored: ScoredMatrix, sums: Moments) -> tuple[Floats, Floats]:
    covariance, counted = sums.covariance, scored.counted
    own = np.diag(covariance)
    with_total = covariance[:, counted].sum(axis=1)
    variance = with_total[counted].sum()
    inside = np.where(counted, own, 0.0)
    with_rest = with_total - inside
    rest_variance = variance - 2 * np.where(counted, with_total, 0.0) + inside
    return (
        _correlation(with_total, own, np.broadcast_to(variance, own.shape)),
        _correlation(with_rest, own, rest_variance),
    )


def _correlation(covariance: Floats, first: Floats, second: Floats) -> Floats:
    """Covariance over root of the variances; NaN unless both are clearly positive."""
    exists = (first > 0) & (second > _ROUNDING * np.maximum(first, 1.0))
    return divide(covariance, np.sqrt(np.where(exists, first * second, 0.0)))


_ROUNDING = 1e-11


def _correlations_with_mean_credit(scored: ScoredMatrix) -> tuple[Floats, Floats]:
    """With the mean credit over counted items given, and over the other ones."""
    given = (scored.administered & scored.counted).sum(axis=1).astype(np.float64)
    total = scored.total.astype(np.float64)
    mean = divide(total, given)
    pairs = []
    for j in range(len(scored.items)):
        took = scored.administered[:, j]
        own = scored.credit[took, j].astype(np.float64)
        inside = float(scored.counted[j])
        rest = divide(total[took] - inside * own, given[took] - inside)
        pairs.append((_pearson(own, mean[took]), _pearson(own, rest)))
    table = np.array(pairs, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _pearson(first: Floats, second: Floats) -> float:
    both = np.isfinite(first) & np.isfinite(second)
    x, y = first[both], second[both]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    x, y = x - x.mean(), y - y.mean()
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def cronbach_alpha(covariance: Floats) -> float:
    """k / (k - 1) times 1 less the share of the items' own variance in that of their sum.

    ``covariance``: (k, k). NaN for fewer than two items or a sum without variance. Cronbach (1951).
    """
    k = len(covariance)
    variance = covariance.sum()
    if k < 2 or not variance > _ROUNDING:
        return float("nan")
    return float(k / (k - 1) * (1 - np.trace(covariance) / variance))


def _alpha_if_deleted(scored: ScoredMatrix, sums: Moments) -> Floats:
    result = np.full(len(scored.items), np.nan)
    counted = np.flatnonzero(scored.counted)
    k = len(counted)
    if k < 3:
        return result
    covariance = sums.covariance[np.ix_(counted, counted)]
    own, with_total = np.diag(covariance), covariance.sum(axis=1)
    variance = covariance.sum() - 2 * with_total + own
    share = np.full(k, np.nan)
    np.divide(own.sum() - own, variance, out=share, where=variance > _ROUNDING)
    result[counted] = (k - 1) / (k - 2) * (1 - share)
    result[counted[own == 0]] = np.nan
    return result


def reliability(scored: ScoredMatrix, sums: Moments | None = None) -> Reliability:
    """Alpha and its kin over the counted items; pairwise where items were not given to everyone."""
    sums = moments(scored) if sums is None else sums
    counted = np.flatnonzero(scored.counted)
    covariance = sums.covariance[np.ix_(counted, counted)]
    people, k = len(scored.persons), len(counted)
    alpha = cronbach_alpha(covariance)
    low, high = feldt_interval(alpha, people, k)
    sd = float(np.sqrt(covariance.sum())) if k and covariance.sum() >= 0 else float("nan")
    mean = float(divide(sums.total_credit, sums.n)[counted].sum()) if k else float("nan")
    return Reliability(
        persons=people,
        items=k,
        mean=mean,
        sd=sd,
        alpha=alpha,
        alpha_low=low,
        alpha_high=high,
        kr20=alpha if bool((scored.maximum[counted] == 1).all()) else float("nan"),
        kr21=_kr21(scored, mean, sd),
        sem=sd * float(np.sqrt(1 - alpha)) if alpha <= 1 else float("nan"),
    )


def _kr21(scored: ScoredMatrix, mean: float, sd: float) -> float:
    """Kuder & Richardson (1937), formula 21; the variance has the divisor n."""
    people, k = len(scored.persons), int(scored.counted.sum())
    binary = bool((scored.maximum[scored.counted] == 1).all())
    if not (binary and scored.complete and k > 1 and people > 1 and sd > 0):
        return float("nan")
    variance = sd * sd * (people - 1) / people
    return k / (k - 1) * (1 - mean * (k - mean) / (k * variance))


def feldt_interval(
    alpha: float, people: int, items: int, level: float = 0.95
) -> tuple[float, float]:
    """Confidence interval of alpha from the F distribution. Feldt (1965), Psychometrika 30."""
    if not np.isfinite(alpha) or people < 2 or items < 2:
        return float("nan"), float("nan")
    freedom = people - 1, (people - 1) * (items - 1)
    tails = (1 + level) / 2, (1 - level) / 2
    low, high = (1 - (1 - alpha) * float(stats.f.ppf(tail, *freedom)) for tail in tails)
    return low, high


def _findings(scored: ScoredMatrix, sums: Moments) -> tuple[Finding, ...]:
    found = [
        Finding(code)
        for code, holds in (
            (FindingCode.NO_PERSONS, len(scored.persons) == 0),
            (FindingCode.ONE_PERSON, len(scored.persons) == 1),
            (FindingCode.NO_ITEMS, not scored.counted.any()),
            (FindingCode.ONE_ITEM, scored.counted.sum() == 1),
            (FindingCode.INCOMPLETE_BY_DESIGN, not scored.complete),
        )
        if holds
    ]
    nothing = int((~scored.administered.any(axis=1)).sum())
    if nothing:
        found.append(Finding(FindingCode.PERSON_WITHOUT_ITEMS, count=nothing))
    if len(scored.persons) > 1 and len(scored.items):
        found += _item_findings(scored, sums)
    return tuple(found)


def _item_findings(scored: ScoredMatrix, sums: Moments) -> list[Finding]:
    never = sums.n == 0
    flat = (np.nan_to_num(np.diag(sums.covariance)) == 0) & ~never
    found = [
        Finding(FindingCode.NEVER_ADMINISTERED, scored.items[j]) for j in np.flatnonzero(never)
    ]
    found += [Finding(FindingCode.NO_VARIANCE, scored.items[j]) for j in np.flatnonzero(flat)]
    counted = np.ix_(scored.counted, scored.counted)
    apart = int((sums.together[counted] < 2).sum())
    if apart:
        found.append(Finding(FindingCode.NEVER_TOGETHER, count=apart))
    elif not sums.covariance[counted].sum() > _ROUNDING:
        found.append(Finding(FindingCode.NO_TOTAL_VARIANCE))
    return found


def _omission_findings(matrix: ResponseMatrix) -> tuple[Finding, ...]:
    answered = ((matrix.codes < OMITTED) & matrix.administered).any(axis=0)
    given = matrix.administered.any(axis=0)
    return tuple(
        Finding(FindingCode.ALL_OMITTED, matrix.items[j]) for j in np.flatnonzero(given & ~answered)
    )
