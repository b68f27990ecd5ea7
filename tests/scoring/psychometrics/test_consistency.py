import numpy as np
import pytest

from scoring.psychometrics.classical import cronbach_alpha
from scoring.psychometrics.consistency import (
    alpha_error,
    consistency,
    guttman_lambda6,
    omega_total,
    standardised_alpha,
)


def one_factor(loading: list[float], spread: list[float]) -> np.ndarray:
    """The covariance of items that share exactly one factor."""
    strength = np.array(loading)
    correlation = np.outer(strength, strength)
    np.fill_diagonal(correlation, 1.0)
    return correlation * np.outer(spread, spread)


def test_omega_of_one_factor_is_the_share_that_the_factor_explains() -> None:
    loading, spread = [0.3, 0.5, 0.6, 0.8, 0.4], [1.0, 2.0, 0.5, 1.5, 1.0]
    covariance = one_factor(loading, spread)
    common = (np.array(loading) @ np.array(spread)) ** 2
    found = consistency(covariance, 100)
    assert found.omega == pytest.approx(common / covariance.sum(), abs=1e-8)
    assert found.omega > cronbach_alpha(covariance)


def test_omega_of_items_that_are_alike_is_alpha() -> None:
    covariance = one_factor([0.6] * 8, [1.0] * 8)
    assert consistency(covariance, 50).omega == pytest.approx(cronbach_alpha(covariance), abs=1e-8)


def test_turning_every_item_round_leaves_omega_alone() -> None:
    covariance = one_factor([0.3, 0.5, 0.6, 0.8], [1.0, 1.0, 1.0, 1.0])
    turned = np.ones(4)
    correlation = covariance * np.outer(-turned, -turned)
    assert omega_total(correlation, turned) == pytest.approx(omega_total(covariance, turned))


def test_sixth_bound_and_standard_alpha_of_alike_items_by_hand() -> None:
    """k items all correlated r: what the others do not explain of one has a closed form."""
    k, r = 5, 0.3
    correlation = np.full((k, k), r) + (1 - r) * np.eye(k)
    explained = (k - 1) * r * r / (1 + (k - 2) * r)
    by_hand = 1 - k * (1 - explained) / (k + k * (k - 1) * r)
    assert guttman_lambda6(correlation) == pytest.approx(by_hand)
    assert standardised_alpha(correlation) == pytest.approx(k * r / (1 + (k - 1) * r))


def test_the_error_of_alpha_is_the_one_resampling_shows() -> None:
    random = np.random.default_rng(3)
    covariance = one_factor([0.3, 0.5, 0.6, 0.8, 0.4], [1.0] * 5)
    half = np.linalg.cholesky(covariance)
    alphas = [cronbach_alpha(np.cov(half @ random.standard_normal((5, 400)))) for _ in range(1000)]
    assert np.std(alphas) == pytest.approx(alpha_error(covariance, 400), rel=0.08)


@pytest.mark.parametrize(
    "covariance",
    [
        np.zeros((0, 0)),
        np.eye(1),
        np.zeros((3, 3)),
        np.full((3, 3), np.nan),
        np.array([[1.0, -1.0], [-1.0, 1.0]]),
        np.ones((4, 4)),
    ],
)
def test_what_does_not_exist_is_no_number_and_no_warning(covariance: np.ndarray) -> None:
    found = consistency(covariance, 10)
    assert not np.isinf([found.omega, found.standardised, found.lambda6, found.alpha_error]).any()


def test_an_item_without_variance_is_left_out_of_the_correlations() -> None:
    covariance = one_factor([0.6, 0.5, 0.7], [1.0] * 3)
    wider = np.zeros((4, 4))
    wider[:3, :3] = covariance
    assert consistency(wider, 9).lambda6 == consistency(covariance, 9).lambda6
    assert consistency(wider, 9).omega == pytest.approx(consistency(covariance, 9).omega)
