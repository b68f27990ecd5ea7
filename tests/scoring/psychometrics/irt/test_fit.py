from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.fit import item_fit
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def test_fit_agrees_with_residuals_written_out(simulated: Simulate) -> None:
    credit = simulated(400, 6)[0].credit.copy()
    credit[:150, 5], credit[:, 4] = NO_CREDIT, 1
    scored = from_scores(credit, persons=np.arange(400), items="abcdef")
    found = calibrate(scored)
    fit = item_fit(scored, found)
    theta = expected_a_posteriori(scored, found).theta
    p = 1 / (1 + np.exp(-found.a * (theta[:, None] - found.b)))
    residual = np.where(credit == NO_CREDIT, np.nan, credit - p)
    for j in (0, 1, 2, 3, 5):
        spread = np.where(np.isnan(residual[:, j]), np.nan, p[:, j] * (1 - p[:, j]))
        infit = np.nansum(residual[:, j] ** 2) / np.nansum(spread)
        assert fit.infit[j] == pytest.approx(infit)
        assert fit.outfit[j] == pytest.approx(np.nanmean(residual[:, j] ** 2 / spread))
    both = residual[150:]
    assert fit.q3[0, 5] == pytest.approx(np.corrcoef(both[:, 0], both[:, 5])[0, 1])
    assert np.isnan(fit.infit[4])
    assert np.isnan(fit.q3[4]).all()


def test_items_that_share_more_than_ability_stand_out(simulated: Simulate) -> None:
    credit = simulated(2000, 12)[0].credit.copy()
    same = np.random.default_rng(1).random(2000) < 0.6
    credit[same, 3] = credit[same, 2]
    scored = from_scores(credit, persons=np.arange(2000), items="abcdefghijkl")
    q3 = item_fit(scored, calibrate(scored)).q3_adjusted
    pairs = np.triu_indices(12, 1)
    assert np.argmax(q3[pairs]) == np.flatnonzero((pairs[0] == 2) & (pairs[1] == 3))[0]
    assert q3[2, 3] > 0.2
