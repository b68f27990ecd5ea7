import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.em import Stop
from scoring.psychometrics.irt.information import standard_errors
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.rasch import OneParameter, Rasch
from scoring.psychometrics.keying import ScoredMatrix


def test_rasch_is_the_one_parameter_model_in_another_unit(lsat: dict[int, ScoredMatrix]) -> None:
    one, rasch = (calibrate(lsat[6], model) for model in (OneParameter(), Rasch()))
    assert rasch.loglik == one.loglik
    assert rasch.unit == pytest.approx(one.a[0])
    np.testing.assert_allclose(rasch.a, 1.0)
    np.testing.assert_allclose(rasch.b, one.b * one.a)
    people = [expected_a_posteriori(lsat[6], found) for found in (one, rasch)]
    np.testing.assert_allclose(people[1].theta, people[0].theta * one.a[0])


def test_lsat_section_6_is_calibrated_as_published(lsat: dict[int, ScoredMatrix]) -> None:
    """Rizopoulos (2006), section 3.1: Rasch with its discrimination free."""
    found = calibrate(lsat[6], OneParameter())
    assert found.converged
    assert found.loglik == pytest.approx(-2466.938, abs=1e-3)
    np.testing.assert_allclose(found.b, [-3.6153, -1.3224, -0.3176, -1.7301, -2.7802], atol=2e-3)
    np.testing.assert_allclose(found.a, 0.7551, atol=1e-3)
    errors = standard_errors(lsat[6], found)
    assert errors.a[0] == errors.a[4] == pytest.approx(0.0694, abs=1e-3)


def test_one_slope_fits_no_better_than_many(lsat: dict[int, ScoredMatrix]) -> None:
    assert calibrate(lsat[7], OneParameter()).loglik < calibrate(lsat[7]).loglik


def test_the_common_slope_is_where_its_gradient_vanishes(lsat: dict[int, ScoredMatrix]) -> None:
    found = calibrate(lsat[7], Rasch(), stop=Stop(step=1e-10))
    assert len(np.unique(found.parameters[0])) == 1
    assert found.gradient < 1e-4
    assert np.isnan(standard_errors(lsat[7], found).a).all()
