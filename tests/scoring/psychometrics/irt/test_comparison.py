import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.comparison import NotNested, likelihood_ratio
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.rasch import OneParameter, Rasch
from scoring.psychometrics.keying import ScoredMatrix


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
