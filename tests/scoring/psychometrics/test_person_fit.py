from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.points import maximum_likelihood, weighted_likelihood
from scoring.psychometrics.keying import ScoredMatrix, from_scores
from scoring.psychometrics.person_fit import person_fit

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def test_the_corrected_index_is_standard_normal_where_the_plain_one_is_not(
    simulated: Simulate,
) -> None:
    scored = simulated(8000, 40)[0]
    found = calibrate(scored)
    fit = person_fit(scored, found, weighted_likelihood(scored, found))
    star = fit.lz_star[np.isfinite(fit.lz_star)]
    assert star.std() == pytest.approx(1.0, abs=0.03)
    assert np.nanstd(fit.lz) < 0.9
    assert (fit.p < 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_whoever_answers_at_random_stands_out(simulated: Simulate) -> None:
    scored = simulated(2000, 60)[0]
    credit = scored.credit.copy()
    credit[:40] = np.random.default_rng(1).random((40, 60)) < 0.5
    mixed = from_scores(credit, persons=scored.persons, items=scored.items)
    found = calibrate(mixed)
    fit = person_fit(mixed, found, weighted_likelihood(mixed, found))
    assert (fit.p[:40] < 0.01).mean() > 0.8
    assert fit.u3[:40].mean() > 1.8 * fit.u3[40:].mean()


def test_a_guttman_scale_and_its_reverse_are_the_ends(
    make_scored: Callable[..., ScoredMatrix],
) -> None:
    rows = [[1, 1, 1, 0], [0, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    scored = make_scored(rows)
    found = calibrate(scored)
    u3 = person_fit(scored, found, maximum_likelihood(scored, found)).u3
    assert u3[0] == pytest.approx(0.0)
    assert u3[1] == pytest.approx(1.0)
    assert np.isnan(u3[4:]).all()
