"""Would the same people pass on another form of the test, and do those pass who should?

Livingston & Lewis (1995): raw scores are taken as those of a test of so many equal, independent
items as have their reliability, its effective length. Of true scores the distribution is beta with
the first two moments that such a test would show; on each true score the observed one is binomial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scoring.psychometrics.distributions import ScoreCounts
from scoring.psychometrics.findings import Finding, FindingCode

Floats = NDArray[np.float64]
_NODES = 200


@dataclass(frozen=True)
class Decisions:
    """Shares of all candidates at a cut; NaN, with a finding, where there are none.

    ``true_pass``, ``true_fail``: rightly decided. ``false_pass``: passed, who should not have.
    ``false_fail``: the other way. ``both_pass``, ``both_fail``: decided alike on two forms.
    ``length``: the effective length, in items. ``alpha``, ``beta``: of the true scores.
    """

    true_pass: float
    true_fail: float
    false_pass: float
    false_fail: float
    both_pass: float
    both_fail: float
    length: float
    alpha: float
    beta: float
    findings: tuple[Finding, ...] = ()

    @property
    def accuracy(self) -> float:
        """Share rightly decided."""
        return self.true_pass + self.true_fail

    @property
    def consistency(self) -> float:
        """Share decided alike on two forms."""
        return self.both_pass + self.both_fail

    @property
    def kappa(self) -> float:
        """Consistency beyond chance, of what there could be beyond it. Cohen (1960)."""
        passed = self.true_pass + self.false_pass
        chance = passed**2 + (1 - passed) ** 2
        return (self.consistency - chance) / (1 - chance) if chance < 1 else float("nan")


_GONE = float("nan")
NOTHING_DECIDED = Decisions(
    _GONE, _GONE, _GONE, _GONE, _GONE, _GONE, _GONE, _GONE, _GONE,
    findings=(Finding(FindingCode.NOT_IDENTIFIED),),
)  # fmt: skip


def livingston_lewis(scores: ScoreCounts, reliability: float, cut: float) -> Decisions:
    """How sure it is who passes, where raw scores from ``cut`` up pass.

    The true score that should pass is the same share of the highest raw score as ``cut`` is.
    """
    highest = scores.highest
    length = effective_length(scores, reliability)
    alpha, beta = _true_scores(scores, length)
    if not (min(alpha, beta) > 0 and 0 < cut <= highest):
        return NOTHING_DECIDED
    true, share = stats.beta(alpha, beta), cut / highest
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    below = float(true.cdf(share))
    items = round(length)
    most = int(np.ceil(share * items - 1e-9)) - 1

    def over(first: float, last: float) -> tuple[Floats, Floats]:
        """By quantiles of the true score, so that the weight of each is its share of people."""
        at = true.ppf(first + (last - first) * (nodes + 1) / 2)
        return stats.binom.cdf(most, items, at), weights * (last - first) / 2

    (weak, of_weak), (able, of_able) = over(0.0, below), over(below, 1.0)
    fail, of_all = np.concatenate([weak, able]), np.concatenate([of_weak, of_able])
    return Decisions(
        true_pass=float(of_able @ (1 - able)),
        true_fail=float(of_weak @ weak),
        false_pass=float(of_weak @ (1 - weak)),
        false_fail=float(of_able @ able),
        both_pass=float(of_all @ (1 - fail) ** 2),
        both_fail=float(of_all @ fail**2),
        length=length,
        alpha=alpha,
        beta=beta,
    )


def effective_length(scores: ScoreCounts, reliability: float) -> float:
    """Items of a binomial test with this reliability. Livingston & Lewis (1995), (8).

    NaN where everybody has one score, or the reliability is no share between 0 and 1.
    """
    spread = scores.variance
    if not (spread > 0 and 0 < reliability < 1):
        return float("nan")
    above = scores.mean * (scores.highest - scores.mean) - reliability * spread
    return above / (spread * (1 - reliability))


def _true_scores(scores: ScoreCounts, length: float) -> tuple[float, float]:
    """Alpha and beta, from the factorial moments of scores stretched to the effective length."""
    if not length > 1:
        return float("nan"), float("nan")
    mean = scores.mean / scores.highest
    observed = scores.variance * (scores.n - 1) / scores.n / scores.highest**2
    variance = (observed - mean * (1 - mean) / length) / (1 - 1 / length)
    if not variance > 0:
        return float("nan"), float("nan")
    known = mean * (1 - mean) / variance - 1
    return mean * known, (1 - mean) * known
