import numpy as np
import pytest
from scipy import stats

from scoring.psychometrics.decision import effective_length, livingston_lewis
from scoring.psychometrics.distributions import ScoreCounts, count_scores
from scoring.psychometrics.findings import FindingCode


def two_forms(people: int = 400_000) -> tuple[np.ndarray, ...]:
    """True shares, and scores on two forms of forty equal items."""
    random = np.random.default_rng(4)
    true = random.beta(9, 5, people)
    return true, random.binomial(40, true), random.binomial(40, true)


def test_what_is_foretold_of_a_second_form_is_seen_on_it() -> None:
    true, first, second = two_forms()
    reliability = float(np.corrcoef(first, second)[0, 1])
    found = livingston_lewis(count_scores(first, 40), reliability, 26)
    assert found.length == pytest.approx(40, abs=0.5)
    assert (found.alpha, found.beta) == pytest.approx((9, 5), rel=0.03)
    passed, again, should = first >= 26, second >= 26, true >= 26 / 40
    seen = (passed & should, ~passed & ~should, passed & ~should, ~passed & should)
    foretold = (found.true_pass, found.true_fail, found.false_pass, found.false_fail)
    assert foretold == pytest.approx([part.mean() for part in seen], abs=0.004)
    assert found.both_pass == pytest.approx((passed & again).mean(), abs=0.004)
    assert found.both_fail == pytest.approx((~passed & ~again).mean(), abs=0.004)
    chance = passed.mean() ** 2 + (1 - passed.mean()) ** 2
    kappa = ((passed == again).mean() - chance) / (1 - chance)
    assert found.kappa == pytest.approx(kappa, abs=0.01)


def test_all_shares_together_are_everybody_and_a_surer_test_decides_better() -> None:
    counts = ScoreCounts(1000 * stats.betabinom.pmf(np.arange(61), 60, 4, 3))
    weak, sure = (livingston_lewis(counts, reliability, 30) for reliability in (0.7, 0.93))
    for found in (weak, sure):
        assert found.accuracy + found.false_pass + found.false_fail == pytest.approx(1)
    assert sure.length > weak.length
    assert (sure.accuracy > weak.accuracy, sure.kappa > weak.kappa) == (True, True)


def test_nothing_is_said_where_nothing_can_be() -> None:
    same = ScoreCounts(np.array([0.0, 0.0, 7.0]))
    assert np.isnan(effective_length(same, 0.8))
    spread = ScoreCounts(np.array([3.0, 5.0, 7.0, 2.0]))
    for scores, reliability, cut in ((same, 0.8, 1), (spread, 1.0, 1), (spread, 0.5, 0)):
        found = livingston_lewis(scores, reliability, cut)
        assert np.isnan(found.accuracy)
        assert found.findings[0].code is FindingCode.NOT_IDENTIFIED
