"""One slope for all items: the one-parameter model, and Rasch's reading of it."""

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.models import Expected, TwoParameter, logistic

Floats = NDArray[np.float64]
_NEWTON_STEPS = 10


class OneParameter(TwoParameter):
    """The 2PL with the same slope for every item; ability is N(0, 1)."""

    @property
    def name(self) -> str:
        """How reports name it."""
        return "1pl"

    def gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """As for the 2PL, with the sum over items for the slope they share."""
        gradient = super().gradient(parameters, expected, nodes)
        gradient[0] = gradient[0].sum()
        return gradient

    def maximise(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Newton's method; the intercepts are eliminated, which leaves one equation."""
        current = parameters.copy()
        powers = np.stack([nodes**2, nodes, np.ones_like(nodes)])
        for _ in range(_NEWTON_STEPS):
            p = logistic(current, nodes)
            s2, s1, s0 = ((expected.given * p * (1 - p)) @ powers.T).T
            surplus = expected.right - expected.given * p
            by_slope, by_intercept = surplus @ nodes, surplus.sum(axis=1)
            s0 = s0 + 1e-10
            curved = float((s2 - s1 * s1 / s0).sum()) + 1e-10
            slope = float((by_slope - s1 * by_intercept / s0).sum()) / curved
            step = np.stack([np.full_like(s0, slope), (by_intercept - s1 * slope) / s0])
            current += step / max(float(np.abs(step).max()), 1.0)
            if np.abs(step).max() < 1e-9:
                break
        return current

    def free_directions(self, items: int) -> Floats:
        """One column for the slope, one for each intercept."""
        directions = np.zeros((2 * items, items + 1))
        directions[:items, 0] = 1.0
        directions[items:, 1:] = np.eye(items)
        return directions


class Rasch(OneParameter):
    """Rasch (1960): slope 1, and the spread of ability free. The same likelihood, another unit."""

    @property
    def name(self) -> str:
        """How reports name it."""
        return "rasch"

    def unit(self, parameters: Floats) -> float:
        """The common slope under N(0, 1) is the spread of ability under slope 1."""
        return float(parameters[0, 0]) if parameters.shape[1] else 1.0
