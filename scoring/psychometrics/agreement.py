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
_PAIRS_AT_ONCE = 16
_NEGLIGIBLE = -23.0  # natural log of the share of a chance that may be left out
_SMALLEST = -650.0  # natural log of a chance below which the plain tails underflow
_MARGIN = 6.0  # and a little more, for that share is only guessed beforehand


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
    return Agreement(
        omega,
        log_upper_tail(match, right + wrong) / log10,
        log_m4(both_right, same_wrong, right, wrong) / log10,
    )


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


def log_m4(both_right: Floats, same_wrong: Floats, right: Counts, wrong: Counts) -> Floats:
    """(P,): natural log of M4. Pairs with about equally many mistakes are taken together.

    Counts beyond which everything together is far less likely than what was seen are left out of
    the table, which is much smaller for it; where that could still matter, the pair is done whole.
    """
    if not len(right):
        return np.zeros(0)
    tails = _log_tails(both_right), _log_tails(same_wrong)
    every = np.arange(len(right))
    needed = tails[0][every, right] + tails[1][every, wrong] + _NEGLIGIBLE - _MARGIN
    ceilings = np.stack([(tail > needed[:, None]).sum(axis=1) for tail in tails], axis=1)
    ceilings = np.maximum(ceilings, np.stack([right, wrong], axis=1))
    ceilings = np.minimum(ceilings, both_right.shape[1])
    ceilings[~(needed > _SMALLEST)] = both_right.shape[1]
    result = np.empty(len(right))
    order = np.argsort(ceilings[:, 1], kind="stable")
    for start in range(0, len(order), _PAIRS_AT_ONCE):
        rows = order[start : start + _PAIRS_AT_ONCE]
        size = ceilings[rows].max(axis=0)
        part = both_right[rows], same_wrong[rows], right[rows], wrong[rows]
        result[rows] = _m4(*part, size)
        beyond = np.logaddexp(
            *(_after(tail[rows], most) for tail, most in zip(tails, size, strict=True))
        )
        for row in rows[beyond > result[rows] + _NEGLIGIBLE]:
            whole = np.full(2, both_right.shape[1])
            one = slice(row, row + 1)
            pair = both_right[one], same_wrong[one], right[one], wrong[one]
            result[row] = _m4(*pair, whole)[0]
    return np.minimum(result, 0.0)


def _log_tails(chances: Floats) -> Floats:
    """(P, J + 1): natural log of the chance of each count or more; -inf below what floats hold."""
    pairs, trials = chances.shape
    mass = np.zeros((pairs, trials + 1))
    mass[:, 0] = 1.0
    for j in range(trials):
        hit = chances[:, j, None]
        mass[:, 1 : j + 2] = mass[:, 1 : j + 2] * (1 - hit) + mass[:, : j + 1] * hit
        mass[:, 0] *= 1 - hit[:, 0]
    with np.errstate(divide="ignore"):
        tails: Floats = np.log(mass[:, ::-1].cumsum(axis=1)[:, ::-1])
    return tails


def _after(tails: Floats, most: int) -> Floats:
    """(P,): natural log of the chance of more than ``most``."""
    last = tails.shape[1] - 1
    return np.full(len(tails), -np.inf) if most >= last else tails[:, most + 1]


def _m4(
    both_right: Floats, same_wrong: Floats, right: Counts, wrong: Counts, size: Counts
) -> Floats:
    """(P,): natural log of M4, from counts up to ``size`` of each kind."""
    tilts = np.stack([_tilt(both_right, right), _tilt(same_wrong, wrong)])
    lifted = np.stack([both_right, same_wrong]) * np.exp(tilts)[:, :, None]
    scale = 1 - both_right - same_wrong + lifted.sum(axis=0)
    hits = lifted / scale
    mass = _trinomial(hits[0], hits[1], size)
    rights, wrongs = (np.arange(most + 1) for most in size)
    exponent = -tilts[0][:, None, None] * (rights - right[:, None])[:, :, None]
    exponent = exponent - tilts[1][:, None, None] * (wrongs - wrong[:, None])[:, None, :]
    mass *= np.exp(np.minimum(exponent, _LARGEST_EXPONENT))
    tail = mass[:, ::-1, ::-1].cumsum(axis=1).cumsum(axis=2)[:, ::-1, ::-1]
    seen = tail[np.arange(len(right)), right, wrong]
    extreme = np.where(tail <= seen[:, None, None] * (1 + 1e-9), mass, 0.0).sum(axis=(1, 2))
    with np.errstate(divide="ignore"):
        carried = np.log(scale).sum(axis=1) - tilts[0] * right - tilts[1] * wrong
        return np.asarray(np.log(extreme) + carried, np.float64)


def _trinomial(first: Floats, second: Floats, size: Counts) -> Floats:
    """(P, R + 1, W + 1): chance of every pair of counts up to ``size``, R and W."""
    mass = np.zeros((len(first), size[0] + 1, size[1] + 1))
    mass[:, 0, 0] = 1.0
    other_mass, step = np.zeros_like(mass), np.empty_like(mass)
    neither = 1 - first - second
    for j in range(first.shape[1]):
        high, wide = min(j + 1, int(size[0])) + 1, min(j + 1, int(size[1])) + 1
        before, after = mass[:, :high, :wide], other_mass[:, :high, :wide]
        one, other, none = (chance[:, j, None, None] for chance in (first, second, neither))
        np.multiply(before, none, out=after)
        after[:, 1:] += np.multiply(before[:, :-1], one, out=step[:, : high - 1, :wide])
        after[:, :, 1:] += np.multiply(before[:, :, :-1], other, out=step[:, :high, : wide - 1])
        mass, other_mass = other_mass, mass
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
