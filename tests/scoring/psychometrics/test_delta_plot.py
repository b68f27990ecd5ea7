import numpy as np
import pytest
from scipy import stats

from scoring.psychometrics.delta_plot import delta, delta_plot


def test_a_delta_is_thirteen_at_the_middle_and_rises_with_difficulty() -> None:
    found = delta(np.array([0.5, 0.8413447, 0.1586553, 1.0, 0.0]))
    assert found[:3] == pytest.approx([13, 9, 17], abs=1e-5)
    assert np.isnan(found[3:]).all()


def test_abler_people_move_the_axis_and_no_item() -> None:
    z = np.linspace(-1.5, 1.5, 12)
    found = delta_plot(stats.norm.cdf(z), stats.norm.cdf(z + 0.4))
    assert (found.slope, found.intercept) == (pytest.approx(1), pytest.approx(-1.6))
    np.testing.assert_allclose(found.distance, 0, atol=1e-9)
    assert not found.far.any()


def test_the_one_item_that_became_harder_is_found_with_its_sign() -> None:
    z = np.linspace(-1.5, 1.5, 12)
    changed = z + 0.2
    changed[4] -= 0.9
    found = delta_plot(stats.norm.cdf(z), stats.norm.cdf(changed))
    assert np.flatnonzero(found.far).tolist() == [4]
    assert found.distance[4] > 1.5


def test_the_axis_is_the_first_principal_one_and_turns_with_the_forms() -> None:
    random = np.random.default_rng(2)
    p, q = random.uniform(0.2, 0.9, (2, 20))
    q = 0.7 * p + 0.3 * q
    there, back = delta_plot(p, q), delta_plot(q, p)
    vectors = np.linalg.eigh(np.cov(delta(p), delta(q)))[1][:, -1]
    assert there.slope == pytest.approx(vectors[1] / vectors[0])
    assert back.slope == pytest.approx(1 / there.slope)
    np.testing.assert_allclose(back.distance, -there.distance, atol=1e-9)


@pytest.mark.parametrize("p", [[], [0.5, 0.6], [1.0, 1.0, 1.0], [0.5, 0.5, 0.5]])
def test_too_few_items_have_no_axis_and_no_warning(p: list[float]) -> None:
    found = delta_plot(np.array(p, float), np.array(p, float))
    assert np.isnan(found.distance).all()
    assert not found.far.any()
