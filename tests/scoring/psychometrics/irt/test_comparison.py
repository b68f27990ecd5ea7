from collections.abc import Callable
from typing import Any

import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.comparison import NotNested, likelihood_ratio, standing
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.rasch import OneParameter, Rasch
from scoring.psychometrics.keying import ScoredMatrix

CUT_OFF = {("timss_aus_twn", "Rasch")}  # ability spreads by 2: the peer's nodes end at 3 of them


def test_lsat_section_7_needs_slopes_of_its_own(lsat: dict[int, ScoredMatrix]) -> None:
    narrow, wide = calibrate(lsat[7], OneParameter()), calibrate(lsat[7])
    found = likelihood_ratio(narrow, wide)
    assert found.df == 4
    assert found.chi2 == pytest.approx(2 * (wide.loglik - narrow.loglik))
    assert found.p < 0.02


def test_a_prior_or_the_wrong_order_is_refused(lsat: dict[int, ScoredMatrix]) -> None:
    narrow, wide = calibrate(lsat[6], Rasch()), calibrate(lsat[6])
    with pytest.raises(NotNested, match="2pl is not nested in rasch"):
        likelihood_ratio(wide, narrow)
    with pytest.raises(NotNested):
        likelihood_ratio(wide, calibrate(lsat[6], ThreeParameter()))


@pytest.mark.parametrize("name", ["hci", "gmat", "lsat6", "tam_mc", "timss_aus_twn"])
def test_real_models_stand_where_other_programs_put_them(
    shared_scores: Callable[[str], ScoredMatrix], reference: Callable[[str], Any], name: str
) -> None:
    scored = shared_scores(name)
    for model, theirs in ((Rasch(), "Rasch"), (None, "2PL")):
        if (name, theirs) in CUT_OFF:
            continue
        expected, found = reference(name)["irt"][theirs], calibrate(scored, model)
        ours = standing(scored, found)
        assert ours.aic == pytest.approx(expected["AIC"], abs=0.02)
        assert ours.bic == pytest.approx(expected["BIC"], abs=0.02)
