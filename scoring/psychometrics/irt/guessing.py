"""The three-parameter model: some who do not know are right all the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.irt.models import Dichotomous, Expected

Floats = NDArray[np.float64]
_STEPS = 12
_HALVINGS = 10
_LONGEST_STEP = 1.0


@dataclass(frozen=True)
class ThreeParameter(Dichotomous):
    """P = c + (1 - c) s, with s the logistic of a theta + d and c the logistic of g. Lord (1980).

    The likelihood alone hardly knows c, so g has a normal prior (Mislevy 1986): ``prior_mean`` and
    ``prior_sd``, by default centred on a guess of one in four.
    """

    prior_mean: float = -1.1
    prior_sd: float = 0.5
    name: str = "3pl"
    parameters_per_item: int = 3

    def start(self, p: Floats) -> Floats:
        """Slope 1, guessing at its prior, and the intercept that fits the share right."""
        guess = float(_logistic(np.array(self.prior_mean)))
        known = np.clip((p - guess) / (1 - guess), 0.03, 0.97)
        intercept = 1.2 * np.log(known / (1 - known))
        return np.stack([np.ones_like(p), intercept, np.full_like(p, self.prior_mean)])

    def logs(self, parameters: Floats, nodes: Floats) -> tuple[Floats, Floats]:
        """Log of right by ``logaddexp`` of knowing and guessing; log of wrong is their sum."""
        logit, g = _logit(parameters, nodes), parameters[2][:, None]
        not_known, not_guessed = -np.logaddexp(0.0, logit), -np.logaddexp(0.0, g)
        guessed = g + not_guessed
        right = np.logaddexp(logit + not_known, not_known + guessed)
        return right, not_known + not_guessed

    def log_prior(self, parameters: Floats) -> float:
        """Normal density of every g."""
        z = (parameters[2] - self.prior_mean) / self.prior_sd
        return float(-0.5 * (z @ z) - z.size * np.log(self.prior_sd * np.sqrt(2 * np.pi)))

    def free_directions(self, items: int) -> Floats:
        """Nothing is tied."""
        return np.eye(3 * items)

    def unit(self, parameters: Floats) -> float:
        """The reported scale is the one with N(0, 1)."""
        return 1.0

    def score_weights(self, parameters: Floats, nodes: Floats) -> Floats:
        """(theta s / P, s / P, c / P)."""
        known, guess, right = self._parts(parameters, nodes)
        share = known / right
        return np.stack([share * nodes, share, guess / right])

    def gradient(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Sum over nodes of (right - given P) h, and the pull of the prior."""
        right = np.exp(self.logs(parameters, nodes)[0])
        surplus = expected.right - expected.given * right
        gradient = np.einsum("kjq,jq->kj", self.score_weights(parameters, nodes), surplus)
        gradient[2] -= (parameters[2] - self.prior_mean) / self.prior_sd**2
        return np.asarray(gradient, np.float64)

    def curvature(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Expected curvature, less (right - given P) times the derivative of h, and the prior's."""
        known, guess, right = self._parts(parameters, nodes)
        surplus = (expected.right - expected.given * right) / right**2
        by_logit = known * (1 - known) * guess * surplus
        mixed = -by_logit * (1 - guess)
        curved = self._expected_curvature(parameters, expected, nodes)
        curved[:, 0, 0] -= by_logit @ nodes**2
        curved[:, 0, 1] -= by_logit @ nodes
        curved[:, 1, 1] -= by_logit.sum(axis=1)
        curved[:, 0, 2] -= mixed @ nodes
        curved[:, 1, 2] -= mixed.sum(axis=1)
        curved[:, 2, 2] -= (guess * (1 - guess) * known * surplus).sum(axis=1)
        for row, column in ((0, 1), (0, 2), (1, 2)):
            curved[:, column, row] = curved[:, row, column]
        return curved

    def maximise(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """Fisher scoring on all items at once; a step that does harm is halved, item by item."""
        current, value = parameters.copy(), self._value(parameters, expected, nodes)
        for _ in range(_STEPS):
            gradient = self.gradient(current, expected, nodes)
            curved = self._expected_curvature(current, expected, nodes)
            curved += 1e-9 * np.eye(3) * (1 + np.trace(curved, axis1=1, axis2=2))[:, None, None]
            solved = np.linalg.solve(curved, gradient.T[..., None])
            step = np.asarray(solved[..., 0].T, np.float64)
            step /= np.maximum(np.abs(step).max(axis=0) / _LONGEST_STEP, 1.0)  # shorter, not askew
            current, value, moved = self._climb(current, value, step, expected, nodes)
            if moved < 1e-9:
                break
        return current

    def _climb(
        self, current: Floats, value: Floats, step: Floats, expected: Expected, nodes: Floats
    ) -> tuple[Floats, Floats, float]:
        for _ in range(_HALVINGS):
            trial = current + step
            reached = self._value(trial, expected, nodes)
            harmed = ~(reached >= value - 1e-10 * np.abs(value))
            if not harmed.any():
                return trial, reached, float(np.abs(step).max())
            step = np.where(harmed, step / 2, step)
        step = np.where(harmed, 0.0, step)
        trial = current + step
        return trial, self._value(trial, expected, nodes), float(np.abs(step).max())

    def _value(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(J,): what the maximisation step maximises, item by item."""
        right, wrong = self.logs(parameters, nodes)
        missed = expected.given - expected.right
        z = (parameters[2] - self.prior_mean) / self.prior_sd
        value: Floats = (expected.right * right + missed * wrong).sum(axis=1) - 0.5 * z * z
        return value

    def _expected_curvature(self, parameters: Floats, expected: Expected, nodes: Floats) -> Floats:
        """(J, 3, 3): sum over nodes of given P (1 - P) h h', and the prior's."""
        weights = self.score_weights(parameters, nodes)
        right, wrong = (np.exp(log) for log in self.logs(parameters, nodes))
        curved = np.einsum(
            "kjq,mjq,jq->jkm", weights, weights, expected.given * right * wrong, optimize=True
        )
        curved[:, 2, 2] += 1 / self.prior_sd**2
        return np.asarray(curved, np.float64)

    def _parts(self, parameters: Floats, nodes: Floats) -> tuple[Floats, Floats, Floats]:
        known = _logistic(_logit(parameters, nodes))
        guess = _logistic(parameters[2])[:, None]
        return known, guess, guess + (1 - guess) * known


def _logit(parameters: Floats, nodes: Floats) -> Floats:
    logit: Floats = parameters[0][:, None] * nodes + parameters[1][:, None]
    return logit


def _logistic(value: Floats) -> Floats:
    p: Floats = 0.5 * (1 + np.tanh(0.5 * value))
    return p
