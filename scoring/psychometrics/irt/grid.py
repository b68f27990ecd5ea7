"""Where ability is looked at: fixed nodes with the weight of a standard normal population."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """``count`` equally spaced nodes from ``-reach`` to ``reach``, with N(mean, sd) weights."""

    count: int = 61
    reach: float = 6.0
    mean: float = 0.0
    sd: float = 1.0

    @cached_property
    def nodes(self) -> Floats:
        """(Q,): abilities."""
        return np.linspace(-self.reach, self.reach, self.count)

    @cached_property
    def log_weights(self) -> Floats:
        """(Q,): log of the weights, which sum to 1."""
        log_density = -0.5 * ((self.nodes - self.mean) / self.sd) ** 2
        normalised: Floats = log_density - np.log(np.exp(log_density).sum())
        return normalised
