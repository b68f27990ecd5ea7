"""Item response functions: what they are, how they start, and their maximisation step."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NEWTON_STEPS = 8
_LONGEST_STEP = 1.0


@dataclass(frozen=True)
class Expected:
    """What the expectation step leaves: counts at every node, and the log-likelihood.

    ``right``, ``given``: (J, Q), expected candidates of that ability who got the item right, and
    who were given it. ``mass``: (G, Q), expected candidates of every group.
    """

    right: Floats
    given: Floats
    loglik: float
    mass: Floats = field(default_factory=lambda: np.zeros((1, 0)))


class ItemModel(Protocol):
    """A dichotomous item model with K parameters per item, held as (K, J)."""

    @property
    def name(self) -> str:
        """How reports name the model."""

    @property
    def parameters_per_item(self) -> int:
        """K."""

    def start(self, p: Floats) -> Floats:
        """First guess from the share right, (J,)."""

    def logs(self, parameters: Floats, nodes: Floats) -> tuple[Floats, Floats]:
        """(J, Q) twice: log of the probability of right, and of wrong."""

    def gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(K, J): gradient of the log-likelihood, and of the prior if there is one."""

    def maximise(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Parameters that maximise the expected complete-data log-likelihood."""

    def log_prior(self, parameters: Floats) -> float:
        """Log density of the prior; 0 without one."""

    def free_directions(self, items: int) -> Floats:
        """(K J, F): how parameters move with the free ones; the identity unless some are tied."""

    def unit(self, parameters: Floats) -> float:
        """The standard deviation of ability on the scale the model is reported on; mostly 1."""

    def score_weights(self, parameters: Floats, nodes: Floats) -> Floats:
        """(K, J, Q): h, where the score of one answer x at a node is (x - P) h."""

    def curvature(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(J, K, K): minus the second derivative of what ``maximise`` maximises."""

    def chances(self, parameters: Floats, nodes: Floats) -> Floats:
        """(J, Q): chance of right."""

    def complete_information(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(K, J, K, J): ``curvature`` laid out for all items together."""


class Dichotomous:
    """What models of right and wrong share: items know nothing of each other."""

    def chances(self: ItemModel, parameters: Floats, nodes: Floats) -> Floats:
        """(J, Q): chance of right."""
        right: Floats = np.exp(self.logs(parameters, nodes)[0])
        return right

    def complete_information(
        self: ItemModel, parameters: Floats, expected: Expected, nodes: Floats
    ) -> Floats:
        """(K, J, K, J): ``curvature`` on the diagonal of the items."""
        kinds, items = parameters.shape
        information = np.zeros((kinds, items, kinds, items))
        curvature = self.curvature(parameters, expected, nodes)
        every = np.arange(items)
        for k, m in np.ndindex(kinds, kinds):
            information[k, every, m, every] = curvature[:, k, m]
        return information


class TwoParameter(Dichotomous):
    """Logit of right = a theta + d, so that b = -d / a. Birnbaum (1968)."""

    @property
    def name(self) -> str:
        """How reports name it."""
        return "2pl"

    @property
    def parameters_per_item(self) -> int:
        """Slope and intercept."""
        return 2

    def start(self, p: Floats) -> Floats:
        """Slope 1, and the intercept that gives the observed share right."""
        return np.stack([np.ones_like(p), 1.2 * np.log(p / (1 - p))])

    def logs(self, parameters: Floats, nodes: Floats) -> tuple[Floats, Floats]:
        """By ``logaddexp``, exact at any logit."""
        logit = parameters[0][:, None] * nodes + parameters[1][:, None]
        wrong = -np.logaddexp(0.0, logit)
        return logit + wrong, wrong

    def gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Sum over nodes of (right - given P) times (theta, 1)."""
        surplus = expected.right - expected.given * logistic(parameters, nodes)
        return np.stack([surplus @ nodes, surplus.sum(axis=1)])

    def maximise(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Newton's method on all items at once; the function is concave."""
        current = parameters.copy()
        powers = np.stack([nodes**2, nodes, np.ones_like(nodes)])
        for _ in range(_NEWTON_STEPS):
            p = logistic(current, nodes)
            surplus = expected.right - expected.given * p
            step = _solve_two(
                expected.given * p * (1 - p) @ powers.T, surplus @ nodes, surplus.sum(axis=1)
            )
            step /= np.maximum(np.abs(step).max(axis=0) / _LONGEST_STEP, 1.0)
            current += step
            if np.abs(step).max(initial=0.0) < 1e-9:
                break
        return current

    def log_prior(self, parameters: Floats) -> float:
        """No prior."""
        return 0.0

    def free_directions(self, items: int) -> Floats:
        """Nothing is tied."""
        return np.eye(2 * items)

    def unit(self, parameters: Floats) -> float:
        """The reported scale is the one with N(0, 1)."""
        return 1.0

    def score_weights(self, parameters: Floats, nodes: Floats) -> Floats:
        """(theta, 1), the same for all items."""
        shape = (parameters.shape[1], len(nodes))
        return np.stack([np.broadcast_to(nodes, shape), np.ones(shape)])

    def curvature(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Sum over nodes of given P (1 - P) times (theta, 1)(theta, 1)'."""
        p = logistic(parameters, nodes)
        powers = np.stack([nodes**2, nodes, nodes, np.ones_like(nodes)])
        curved = (expected.given * p * (1 - p)) @ powers.T
        return np.asarray(curved.reshape(-1, 2, 2), np.float64)


def logistic(parameters: Floats, nodes: Floats) -> Floats:
    """(J, Q): chance of right under slope and intercept."""
    logit = parameters[0][:, None] * nodes + parameters[1][:, None]
    p: Floats = 0.5 * (1 + np.tanh(0.5 * logit))
    return p


def _solve_two(curvature: Floats, first: Floats, second: Floats) -> Floats:
    """Solve J systems [[s2, s1], [s1, s0]] x = (first, second), kept regular by a little more."""
    s2, s1, s0 = curvature.T
    ridge = 1e-12 * (s2 + s0) + 1e-10
    s2, s0 = s2 + ridge, s0 + ridge
    determinant = s2 * s0 - s1 * s1
    solved: Floats = np.stack([s0 * first - s1 * second, s2 * second - s1 * first]) / determinant
    return solved
