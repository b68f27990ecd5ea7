from collections.abc import Callable
from typing import Any

import numpy as np

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.keying import ScoredMatrix, from_scores

Scores = Callable[[str], ScoredMatrix]
Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def test_items_that_follow_the_model_are_rarely_rejected(simulated: Simulate) -> None:
    scored = simulated(3000, 40)[0]
    assert (s_x2(scored, calibrate(scored)).p < 0.01).mean() < 0.08


def test_an_item_that_turns_back_is_rejected(simulated: Simulate) -> None:
    scored, _, _, theta = simulated(3000, 20)
    credit = scored.credit.copy()
    credit[:, 4] = np.abs(theta) < 0.7
    bent = from_scores(credit, persons=scored.persons, items=scored.items)
    assert s_x2(bent, calibrate(bent)).p[4] < 1e-6


def test_too_few_scores_are_told(make_scored: Callable[..., ScoredMatrix]) -> None:
    scored = make_scored([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]])
    found = s_x2(scored, calibrate(scored))
    assert {finding.code for finding in found.findings} == {FindingCode.TOO_FEW_SCORES}
    assert np.isnan(found.p).all()
