"""How exact a score is: at each raw score, over parts of a test, and corrected for a coarse item.

Everything here is algebra on figures that ``classical`` has already found.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


def biserial(point_biserial: Floats, p: Floats) -> Floats:
    """(J,): the correlation if behind right and wrong there were a normal trait. Pearson (1909).

    ``point_biserial``: (J,), with the total or the rest. ``p``: (J,), share right. May pass 1 where
    the trait is not normal. NaN for an item without variance.
    """
    spread = np.sqrt(p * (1 - p))
    height = stats.norm.pdf(stats.norm.ppf(np.clip(p, 0.0, 1.0)))
    result = np.full(p.shape, np.nan)
    np.divide(point_biserial * spread, height, out=result, where=height > 0)
    return result


def conditional_sem(items: int, kr20: float = float("nan"), kr21: float = float("nan")) -> Floats:
    """(K + 1,): standard error of measurement at raw score 0 to K, for items right or wrong.

    Lord (1955): the root of x (K - x) / (K - 1), as if every form were a random sample of items.
    With both reliabilities, shrunk by Keats (1957) so that its average agrees with KR-20. NaN for
    fewer than two items.
    """
    raw = np.arange(items + 1, dtype=np.float64)
    if items < 2:
        return np.full(items + 1, np.nan)
    lord = np.sqrt(raw * (items - raw) / (items - 1))
    if np.isfinite(kr20) and np.isfinite(kr21) and kr21 < 1:
        return np.asarray(lord * np.sqrt(max(1 - kr20, 0.0) / (1 - kr21)), np.float64)
    return lord


def stratified_alpha(
    variances: Sequence[float], alphas: Sequence[float], total_variance: float
) -> float:
    """Reliability of a sum of parts that measure different things. Cronbach et al. (1965).

    ``variances``, ``alphas``: of the score on each part. NaN where the total has no variance.
    """
    if not total_variance > 0:
        return float("nan")
    error = sum(v * (1 - a) for v, a in zip(variances, alphas, strict=True))
    return 1 - error / total_variance
