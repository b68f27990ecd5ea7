"""How unlikely is it that two candidates who work alone agree so often? Exact, however unlikely.

All functions take many pairs at once and for each item two chances: that both are right, and that
both make the same mistake. From a response model the first is P_i P_k and the second, where only
right and wrong are known, Q_i Q_k; where the chosen options are known it is the sum over wrong
options. Tails are found under a tilted distribution in whose middle the observation lies, and
carried back in logarithms, so that 1e-400 keeps its digits.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
_NEWTON_STEPS, _STEEPEST = 30, 25.0
_LARGEST_EXPONENT = 600.0


@dataclass(frozen=True)
class Agreement:
    """Of P pairs, each (P,): standardised excess of matches, and log10 of two exact chances.

    ``omega``: Wollack (1997), unconditional. ``log10_gbt``: as many matches or more, generalized
    binomial; van der Linden & Sotaridona (2006). ``log10_m4``: outcomes whose upper tail in matches
    right and matches wrong is no larger than the observed; Maynes (2014).
    """

    omega: Floats
    log10_gbt: Floats
    log10_m4: Floats


class Correction(StrEnum):
    """What becomes of a chance when many pairs were looked at."""

    NONE = "none"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"
    BONFERRONI = "bonferroni"


def agreement(both_right: Floats, same_wrong: Floats, right: Counts, wrong: Counts) -> Agreement:
    """``both_right``, ``same_wrong``: (P, J), chances; ``right``, ``wrong``: (P,), matches seen.

    An item that one of the two did not answer has chances of zero.
    """
    match = both_right + same_wrong
    spread = np.sqrt((match * (1 - match)).sum(axis=1))
    excess = right + wrong - match.sum(axis=1)
    omega = np.divide(excess, spread, out=np.zeros_like(excess), where=spread > 0)
    log10 = np.log(10.0)
    tilts = np.stack([_tilt(both_right, right), _tilt(same_wrong, wrong)], axis=1)
    pairs = zip(both_right, same_wrong, right, wrong, tilts, strict=True)
    m4 = [_m4(*pair) for pair in pairs]
    return Agreement(omega, log_upper_tail(match, right + wrong) / log10, np.array(m4) / log10)


def log_upper_tail(chances: Floats, observed: Counts) -> Floats:
    """(P,): natural log of the chance of ``observed`` successes or more. ``chances``: (P, J)."""
    pairs, trials = chances.shape
    tilt = _tilt(chances, observed)
    lifted = chances * np.exp(tilt)[:, None]
    scale = 1 - chances + lifted
    hits = lifted / scale
    mass = np.zeros((pairs, trials + 1))
    mass[:, 0] = 1.0
    for j in range(trials):
        hit = hits[:, j, None]
        mass[:, 1 : j + 2] = mass[:, 1 : j + 2] * (1 - hit) + mass[:, : j + 1] * hit
        mass[:, 0] *= 1 - hit[:, 0]
    beyond = np.arange(trials + 1) - observed[:, None]
    share = np.exp(np.minimum(-tilt[:, None] * beyond, 0.0))
    within = np.where(beyond >= 0, mass * share, 0.0).sum(axis=1)
    with np.errstate(divide="ignore"):
        tail: Floats = np.log(within) + np.log(scale).sum(axis=1) - tilt * observed
    return np.minimum(tail, 0.0)


def _tilt(chances: Floats, observed: Counts) -> Floats:
    """(P,): the log factor on every chance under which ``observed`` is expected; never below 0."""
    tilt = np.zeros(len(chances))
    for _ in range(_NEWTON_STEPS):
        lifted = chances * np.exp(tilt)[:, None]
        hits = lifted / (1 - chances + lifted)
        slope = np.maximum((hits * (1 - hits)).sum(axis=1), 1e-3)
        step = (observed - hits.sum(axis=1)) / slope
        tilt = np.clip(tilt + np.clip(step, -2.0, 2.0), 0.0, _STEEPEST)
    return tilt


def _m4(both_right: Floats, same_wrong: Floats, right: int, wrong: int, tilt: Floats) -> float:
    """Natural log of M4 of one pair. ``tilt``: (2,), of matches right and wrong."""
    neither = 1 - both_right - same_wrong
    lifted = np.stack([both_right, same_wrong]) * np.exp(tilt)[:, None]
    scale = neither + lifted.sum(axis=0)
    mass = _trinomial(*(lifted / scale))
    steps = np.arange(len(mass))
    exponent = -tilt[0] * (steps - right)[:, None] - tilt[1] * (steps - wrong)
    mass *= np.exp(np.minimum(exponent, _LARGEST_EXPONENT))
    tail = mass[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    extreme = mass[tail <= tail[right, wrong] * (1 + 1e-9)].sum()
    with np.errstate(divide="ignore"):
        log_p = np.log(extreme) + np.log(scale).sum() - tilt @ (right, wrong)
    return float(min(log_p, 0.0))


def _trinomial(first: Floats, second: Floats) -> Floats:
    """(J + 1, J + 1): chance of every pair of counts."""
    size = len(first) + 1
    mass = np.zeros((size, size))
    mass[0, 0] = 1.0
    for j, (one, other) in enumerate(zip(first, second, strict=True), start=1):
        before = mass[:j, :j]
        more_right, more_wrong = before * one, before * other
        before *= 1 - one - other
        mass[1 : j + 1, :j] += more_right
        mass[:j, 1 : j + 1] += more_wrong
    return mass


def adjusted(p: Floats, looked_at: int, correction: Correction) -> Floats:
    """(P,): chances after correction for ``looked_at`` pairs, those not listed being larger.

    Bonferroni: times their number. Benjamini & Hochberg (1995): the smallest rate of false
    discoveries at which the pair would be reported.
    """
    if correction is Correction.NONE:
        return p
    if correction is Correction.BONFERRONI:
        return np.minimum(p * looked_at, 1.0)
    order = np.argsort(p, kind="stable")
    rate = p[order] * looked_at / np.arange(1, len(p) + 1)
    result = np.empty_like(p)
    result[order] = np.minimum(np.minimum.accumulate(rate[::-1])[::-1], 1.0)
    return result
