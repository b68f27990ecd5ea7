from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from scoring.psychometrics.dimensionality import (
    correlation,
    local_dependence,
    parallel_analysis,
    tetrachoric,
)
from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.keying import ScoredMatrix, from_scores

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def test_the_correlation_behind_an_orthant_is_found_again() -> None:
    rho = np.array([-0.9, -0.3, 0.0, 0.4, 0.8, 0.98])
    h, k = 0.5, -0.8
    both = np.array(
        [stats.multivariate_normal([0, 0], [[1, r], [r, 1]]).cdf([-h, -k]) for r in rho]
    )
    found = correlation(np.full(6, stats.norm.sf(h)), np.full(6, stats.norm.sf(k)), both)
    np.testing.assert_allclose(found, rho, atol=2e-4)


def test_traits_behind_the_answers_are_correlated_as_simulated() -> None:
    random = np.random.default_rng(1)
    trait = random.multivariate_normal([0, 0, 0], [[1, 0.5, 0], [0.5, 1, 0.3], [0, 0.3, 1]], 20000)
    scored = from_scores(
        (trait > [0.5, -0.5, 0]).astype(np.uint8), persons=np.arange(20000), items="abc"
    )
    found = tetrachoric(scored)[0]
    np.testing.assert_allclose(found[np.triu_indices(3, 1)], [0.5, 0, 0.3], atol=0.03)


def test_one_dimension_and_two_are_counted(simulated: Simulate) -> None:
    one, other = simulated(2000, 10, seed=1)[0], simulated(2000, 10, seed=2)[0]
    assert parallel_analysis(one, seed=1, rounds=10).count == 1
    mixed = from_scores(
        np.hstack([one.credit, other.credit]),
        persons=one.persons,
        items=[f"i{j}" for j in range(20)],
    )
    assert parallel_analysis(mixed, seed=1, rounds=10).count == 2


def test_the_same_seed_gives_the_same_answer(simulated: Simulate) -> None:
    scored = simulated(500, 6)[0]
    one, other = (parallel_analysis(scored, seed=7, rounds=5) for _ in range(2))
    np.testing.assert_array_equal(one.chance, other.chance)


def test_a_pair_that_shares_more_than_ability_passes_the_cut(simulated: Simulate) -> None:
    credit = simulated(1500, 12)[0].credit.copy()
    same = np.random.default_rng(1).random(1500) < 0.5
    credit[same, 3] = credit[same, 2]
    scored = from_scores(credit, persons=np.arange(1500), items="abcdefghijkl")
    found = local_dependence(scored, calibrate(scored), seed=1, rounds=6)
    assert found.pairs[0][:2] == ("c", "d")
    assert found.largest > found.cut > 0


def test_an_item_without_variance_is_told(simulated: Simulate) -> None:
    credit = simulated(300, 5)[0].credit.copy()
    credit[:, 1] = 1
    scored = from_scores(credit, persons=np.arange(300), items="abcde")
    found = parallel_analysis(scored, seed=1, rounds=3)
    assert [(f.code, f.subject) for f in found.findings] == [(FindingCode.NO_CORRELATION, "b")]
    assert found.items == ("a", "c", "d", "e")
    assert len(found.eigenvalues) == 4


def test_no_items_are_no_dimensions(make_scored: Callable[..., ScoredMatrix]) -> None:
    found = parallel_analysis(make_scored([[1], [1]]), seed=1)
    assert found.count == 0
    assert FindingCode.NO_ITEMS in {finding.code for finding in found.findings}
    assert found.eigenvalues == pytest.approx([])
