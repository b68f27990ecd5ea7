"""Which model describes the answers better: information criteria and the likelihood ratio."""

from dataclasses import dataclass
from math import log

import numpy as np
from scipy import stats

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.keying import ScoredMatrix


@dataclass(frozen=True)
class Standing:
    """One model on one set of answers; the smaller the criteria, the better.

    ``aic``: Akaike (1974). ``bic``: Schwarz (1978). ``free``: parameters
    estimated, of the population included.
    """

    model: str
    loglik: float
    free: int
    aic: float
    bic: float


@dataclass(frozen=True)
class LikelihoodRatio:
    """Twice the gain in log-likelihood of the wider model; ``p`` if the narrower one were true."""

    chi2: float
    df: int
    p: float


class NotNested(ValueError):
    """The likelihood ratio asks for a wider model on the same items, without a prior on either."""


def standing(scored: ScoredMatrix, calibration: Calibration) -> Standing:
    """Where a calibration stands. The prior is no part of the likelihood."""
    free = free_parameters(calibration)
    people = int(scored.administered[:, calibration.used].any(axis=1).sum())
    loglik = calibration.loglik
    bic = -2 * loglik + free * log(max(people, 1))
    return Standing(calibration.model.name, loglik, free, -2 * loglik + 2 * free, bic)


def free_parameters(calibration: Calibration) -> int:
    """How many parameters were estimated, means and standard deviations of groups included."""
    own = len(calibration.used) - len(calibration.fixed)
    populations = 2 * (len(calibration.groups) - calibration.first_free)
    return int(calibration.model.free_directions(own).shape[1]) + populations


def likelihood_ratio(narrow: Calibration, wide: Calibration) -> LikelihoodRatio:
    """Test ``narrow`` against ``wide``, both fitted to the same answers.

    Raises ``NotNested`` when the wider model has no more parameters, other items, or a prior, under
    which the statistic is not chi-square.
    """
    df = free_parameters(wide) - free_parameters(narrow)
    same = narrow.items == wide.items and np.array_equal(narrow.used, wide.used)
    if df < 1 or not same or narrow.log_prior or wide.log_prior:
        raise NotNested(f"{narrow.model.name} is not nested in {wide.model.name}.")
    chi2 = max(2 * (wide.loglik - narrow.loglik), 0.0)
    return LikelihoodRatio(chi2, df, float(stats.chi2.sf(chi2, df)))


def ratio_of(narrow: Standing, wide: Standing) -> LikelihoodRatio | None:
    """The same test from figures kept; None where the wider model is not wider.

    Only for nested models fitted to the same answers without a prior: the caller knows.
    """
    df = wide.free - narrow.free
    if df < 1:
        return None
    chi2 = max(2 * (wide.loglik - narrow.loglik), 0.0)
    return LikelihoodRatio(chi2, df, float(stats.chi2.sf(chi2, df)))
