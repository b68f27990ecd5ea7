from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.linking import (
    ItemSet,
    Link,
    TooFewAnchors,
    anchors,
    drift,
    haebara,
    link_without_drift,
    mean_mean,
    mean_sigma,
    stocking_lord,
)

RANDOM = np.random.default_rng(1)
Y = ItemSet(RANDOM.lognormal(0, 0.3, 15), RANDOM.normal(0, 1, 15), RANDOM.uniform(0.1, 0.3, 15))
KNOWN = Link(1.2, -0.5)
X = ItemSet(Y.a * 1.2, (Y.b + 0.5) / 1.2, Y.c)
METHODS = [mean_mean, mean_sigma, haebara, stocking_lord]


@pytest.mark.parametrize("method", METHODS)
def test_a_scale_that_was_changed_is_found_again(method: Callable[..., Link]) -> None:
    found = method(X, Y)
    assert (found.slope, found.intercept) == pytest.approx((1.2, -0.5), abs=1e-5)
    np.testing.assert_allclose(found.items(X).b, Y.b, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_there_and_back_is_where_one_began(method: Callable[..., Link]) -> None:
    noisy = ItemSet(X.a * RANDOM.lognormal(0, 0.1, 15), X.b + RANDOM.normal(0, 0.1, 15), X.c)
    there, back = method(noisy, Y), method(Y, noisy)
    assert there.slope * back.slope == pytest.approx(1.0, abs=1e-4)
    assert back.ability(there.ability(np.array([0.7])))[0] == pytest.approx(0.7, abs=1e-3)


def test_an_anchor_that_moved_is_found_and_left_out(simulated: Callable[..., Any]) -> None:
    moved = ItemSet(Y.a, Y.b + np.where(np.arange(15) == 3, 1.5, np.linspace(-0.01, 0.01, 15)), Y.c)
    found = drift(tuple("abcdefghijklmno"), X, moved)
    assert found.drifted[3]
    assert np.argmax(np.abs(found.z)) == 3
    x, y = calibrate(simulated(3000, 12, 1)[0]), calibrate(simulated(3000, 12, 1)[0])
    link, found = link_without_drift(x, y)
    assert (link.slope, link.intercept) == pytest.approx((1.0, 0.0), abs=1e-4)
    assert not found.drifted.any()


def test_forms_that_share_nothing_are_refused(
    simulated: Callable[..., Any], make_scored: Callable[..., ScoredMatrix]
) -> None:
    x = calibrate(simulated(300, 5)[0])
    y = calibrate(make_scored([[1, 0], [0, 1]]))
    with pytest.raises(TooFewAnchors, match="0 items are shared"):
        anchors(x, y)
