from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.em import Stop
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.information import standard_errors
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores
from tests.data.lsat import LSAT6_DIFFICULTY, LSAT6_LOGLIK, LSAT6_SLOPE

Simulate = Callable[..., tuple[ScoredMatrix, Any, Any, Any]]


def slow_loglik(scored: ScoredMatrix, a: Any, d: Any, grid: Grid) -> float:
    """The marginal log-likelihood, one candidate, node and answer at a time."""
    weights, value = np.exp(grid.log_weights), 0.0
    for person in range(len(scored.credit)):
        chance = 0.0
        for node, weight in zip(grid.nodes, weights, strict=True):
            product = weight
            for j in range(len(a)):
                right = 1 / (1 + np.exp(-(a[j] * node + d[j])))
                credit = scored.credit[person, j]
                product *= 1.0 if credit == NO_CREDIT else right if credit else 1 - right
            chance += product
        value += np.log(chance)
    return value


def holes(scored: ScoredMatrix, share: float) -> ScoredMatrix:
    """The same with answers of a random share not administered."""
    credit = scored.credit.copy()
    credit[np.random.default_rng(8).random(credit.shape) < share] = NO_CREDIT
    return from_scores(credit, persons=scored.persons, items=scored.items)


def tight(scored: ScoredMatrix) -> Calibration:
    return calibrate(scored, stop=Stop(step=1e-10, gradient=1e-10))


def test_lsat_section_6_is_calibrated_as_published(lsat: dict[int, ScoredMatrix]) -> None:
    found = calibrate(lsat[6])
    assert found.converged
    assert found.loglik == pytest.approx(LSAT6_LOGLIK, abs=2e-3)
    np.testing.assert_allclose(found.a, LSAT6_SLOPE, atol=2e-3)
    np.testing.assert_allclose(found.b, LSAT6_DIFFICULTY, atol=5e-3)


def test_the_likelihood_is_that_of_counting_slowly(simulated: Simulate) -> None:
    scored = holes(simulated(60, 5)[0], 0.2)
    grid = Grid(count=15)
    found = calibrate(scored, grid=grid, stop=Stop(cycles=40))
    slow = slow_loglik(scored, found.parameters[0], found.parameters[1], grid)
    assert found.loglik == pytest.approx(slow, abs=1e-8)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_no_small_step_from_the_estimate_raises_the_likelihood(
    simulated: Simulate, missing: float
) -> None:
    scored = holes(simulated(300, 4, seed=2)[0], missing)
    grid = Grid(count=21)
    found = calibrate(scored, grid=grid, stop=Stop(step=1e-9, gradient=1e-9))
    a, d = found.parameters
    best = slow_loglik(scored, a, d, grid)
    for j in range(2):
        for parameter in (a, d):
            for step in (-1e-3, 1e-3):
                moved = parameter.copy()
                moved[j] += step
                there = (moved, d) if parameter is a else (a, moved)
                assert slow_loglik(scored, *there, grid) < best


def test_parameters_are_recovered_within_their_errors(simulated: Simulate) -> None:
    scored, a, b, theta = simulated(8000, 30)
    found = calibrate(scored)
    errors = standard_errors(scored, found)
    assert np.mean(np.abs(found.a - a) < 1.96 * errors.a) >= 0.8
    assert np.mean(np.abs(found.b - b) < 1.96 * errors.b) >= 0.8
    people = expected_a_posteriori(scored, found)
    assert np.corrcoef(people.theta, theta)[0, 1] > 0.92
    assert np.std((people.theta - theta) / people.error) == pytest.approx(1.0, abs=0.03)


def test_single_precision_on_the_way_leaves_no_trace(simulated: Simulate) -> None:
    """2,500 people start in float32; a tighter stop changes nothing that matters."""
    scored = simulated(2500, 12)[0]
    found, exact = calibrate(scored), tight(scored)
    np.testing.assert_allclose(found.parameters, exact.parameters, atol=1e-5)
    assert found.loglik == pytest.approx(exact.loglik, abs=1e-5)


def test_acceleration_ends_where_plain_steps_end(lsat: dict[int, ScoredMatrix]) -> None:
    from_afar = tight(lsat[7])
    assert from_afar.converged
    assert from_afar.iterations < 60
    assert from_afar.change < 1e-10
    assert from_afar.loglik == pytest.approx(-2658.805, abs=1e-3)  # Bock & Aitkin's data, mirt


@given(st.permutations(range(6)), st.integers(0, 5))
@settings(max_examples=8, deadline=None)
def test_the_order_of_items_and_people_changes_nothing(order: list[int], turn: int) -> None:
    random = np.random.default_rng(1)
    x = (random.random((200, 6)) < 0.5 + 0.2 * random.standard_normal((200, 1))).astype(np.uint8)
    names = [f"i{j}" for j in range(6)]
    plain = from_scores(x, persons=np.arange(200), items=names)
    mixed = from_scores(
        np.roll(x, turn, axis=0)[:, order], persons=np.arange(200), items=[names[j] for j in order]
    )
    np.testing.assert_allclose(tight(mixed).a, tight(plain).a[order], atol=1e-6)


def test_merging_equal_answers_changes_nothing(lsat: dict[int, ScoredMatrix]) -> None:
    """Of 1,000 rows of LSAT 7 there are 32 different ones; the likelihood knows all 1,000."""
    few = lsat[7]
    found = calibrate(few, grid=Grid(11))
    assert found.loglik == pytest.approx(
        slow_loglik(few, found.parameters[0], found.parameters[1], found.grid), abs=1e-7
    )
    people = expected_a_posteriori(few, found)
    for pattern in ([0, 0, 0, 0, 0], [1, 1, 1, 1, 1]):
        alike = (few.credit == pattern).all(axis=1)
        assert len(np.unique(people.theta[alike])) == 1


def test_two_forms_with_common_items_are_calibrated_together(simulated: Simulate) -> None:
    scored, a, b, _ = simulated(6000, 20)
    credit = scored.credit.copy()
    credit[:3000, 14:], credit[3000:, :6] = NO_CREDIT, NO_CREDIT
    both = from_scores(credit, persons=scored.persons, items=scored.items)
    found = calibrate(both)
    errors = standard_errors(both, found)
    assert found.converged
    assert np.mean(np.abs(found.a - a) < 1.96 * errors.a) >= 0.8
    assert np.mean(np.abs(found.b - b) < 1.96 * errors.b) >= 0.8
    assert errors.a[:6].mean() > errors.a[6:14].mean()


def test_items_that_tell_nothing_are_left_out_in_words(simulated: Simulate) -> None:
    scored = simulated(400, 6)[0]
    credit = scored.credit.copy()
    credit[:, 1], credit[:, 2], credit[:, 3] = 1, NO_CREDIT, credit[:, 3] * 2
    credit[0, 3] = 1
    found = calibrate(from_scores(credit, persons=scored.persons, items=scored.items))
    assert {(f.code, f.subject) for f in found.findings} == {
        (FindingCode.NO_VARIANCE, "i1"),
        (FindingCode.NEVER_ADMINISTERED, "i2"),
        (FindingCode.NOT_DICHOTOMOUS, "i3"),
    }
    assert np.isnan(found.a[1:4]).all()
    assert np.isfinite(found.a[[0, 4, 5]]).all()
    assert found.converged


def test_two_items_do_not_identify_the_model(make_scored: Callable[..., ScoredMatrix]) -> None:
    found = calibrate(make_scored([[1, 0], [0, 1], [1, 1], [0, 0]]))
    assert [finding.code for finding in found.findings] == [FindingCode.NOT_IDENTIFIED]
    assert not found.converged
    assert np.isnan(found.loglik)


def test_separated_answers_are_reported_and_never_a_silent_number(
    make_scored: Callable[..., ScoredMatrix],
) -> None:
    scale = [[int(j < right) for j in range(4)] for right in range(5) for _ in range(20)]
    found = calibrate(make_scored(scale), stop=Stop(cycles=100))
    codes = {finding.code for finding in found.findings}
    assert codes & {FindingCode.NOT_CONVERGED, FindingCode.EXTREME_SLOPE}


@given(
    st.lists(
        st.lists(st.sampled_from([0, 1, NO_CREDIT]), min_size=4, max_size=4),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=40, deadline=None)
def test_no_answers_however_few_make_the_calibration_crash_or_warn(rows: list[list[int]]) -> None:
    x = np.array(rows, np.uint8)
    scored = from_scores(x, persons=np.arange(len(x)), items="abcd")
    found = calibrate(scored, stop=Stop(cycles=60))
    errors = standard_errors(scored, found)
    people = expected_a_posteriori(scored, found)
    assert found.converged or found.findings
    assert len(errors.a) == 4
    assert len(people.theta) == len(x)


def test_progress_never_goes_back_and_ends_at_the_end(simulated: Simulate) -> None:
    told: list[tuple[int, int]] = []
    calibrate(simulated(500, 10)[0], progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)
    assert sorted(told) == told
