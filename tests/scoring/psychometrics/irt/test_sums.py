from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.irt.sums import score_chances, sum_score_eap, without_each
from scoring.psychometrics.keying import ScoredMatrix

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]
P = np.random.default_rng(1).uniform(0.1, 0.9, (5, 3))


def slow(p: Any) -> Any:
    table = np.zeros((len(p) + 1, p.shape[1]))
    for pattern in product([0, 1], repeat=len(p)):
        x = np.array(pattern)[:, None]
        table[sum(pattern)] += np.prod(np.where(x == 1, p, 1 - p), axis=0)
    return table


def test_the_recursion_is_the_sum_over_all_patterns() -> None:
    np.testing.assert_allclose(score_chances(P), slow(P))


def test_every_item_left_out_in_turn_is_the_sum_over_the_patterns_of_the_others() -> None:
    for left_out, found in enumerate(without_each(P)):
        np.testing.assert_allclose(found, slow(np.delete(P, left_out, axis=0)))


def test_under_rasch_the_score_says_all_that_the_answers_say(simulated: Simulate) -> None:
    scored = simulated(800, 10)[0]
    found = calibrate(scored, Rasch())
    by_score, by_answers = sum_score_eap(found), expected_a_posteriori(scored, found)
    np.testing.assert_allclose(by_score.theta[scored.total], by_answers.theta, atol=1e-8)
    np.testing.assert_allclose(by_score.error[scored.total], by_answers.error, atol=1e-8)
    assert by_score.chance.sum() == pytest.approx(1.0)


def test_a_higher_score_never_means_less_ability(simulated: Simulate) -> None:
    assert (np.diff(sum_score_eap(calibrate(simulated(800, 10)[0])).theta) > 0).all()
