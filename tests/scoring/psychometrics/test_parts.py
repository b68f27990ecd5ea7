from collections.abc import Callable

import numpy as np
import pytest

from scoring.psychometrics.classical import item_statistics, reliability
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores
from scoring.psychometrics.parts import by_group, parts_of

Simulated = Callable[..., tuple[ScoredMatrix, object, object, object]]


def test_a_part_is_analysed_as_if_it_stood_alone(simulated: Simulated) -> None:
    scored = simulated(400, 12)[0]
    names = ["ethics"] * 5 + ["teaching"] * 7
    found = parts_of(scored, names)
    assert [(part.name, part.items, part.possible) for part in found.parts] == [
        ("ethics", 5, 5),
        ("teaching", 7, 7),
    ]
    first, rest = scored.credit[:, :5].sum(axis=1), scored.credit[:, 5:].sum(axis=1)
    alone = from_scores(scored.credit[:, :5], persons=scored.persons, items=scored.items[:5])
    assert found.parts[0].alpha == pytest.approx(reliability(alone).alpha)
    assert found.parts[0].sd == pytest.approx(first.std(ddof=1))
    assert found.parts[0].mean == pytest.approx(first.mean())
    assert found.parts[0].with_rest == pytest.approx(np.corrcoef(first, rest)[0, 1])


def test_parts_that_measure_different_things_make_the_sum_surer_than_alpha_says() -> None:
    random = np.random.default_rng(4)
    traits = random.standard_normal((2, 3000, 1))
    halves = [(random.standard_normal((3000, 10)) < trait).astype(np.uint8) for trait in traits]
    scored = from_scores(
        np.hstack(halves), persons=np.arange(3000), items=[f"i{j}" for j in range(20)]
    )
    found = parts_of(scored, ["a"] * 10 + ["b"] * 10)
    assert found.stratified > reliability(scored).alpha + 0.03
    assert parts_of(scored, ["all"] * 20).stratified == pytest.approx(reliability(scored).alpha)


def test_a_part_of_one_item_adds_its_whole_variance_as_error(simulated: Simulated) -> None:
    found = parts_of(simulated(200, 4)[0], ["a", "b", "b", "b"])
    assert np.isnan(found.parts[0].alpha)
    assert np.isfinite(found.stratified)


def test_a_group_has_the_figures_it_would_have_alone(simulated: Simulated) -> None:
    scored = simulated(300, 6)[0]
    names = np.where(np.arange(300) % 3 == 0, "Phayao", "Nan").astype(object)
    names[:10] = ""
    found = {group.name: group for group in by_group(scored, names)}
    assert list(found) == ["Nan", "Phayao"]
    rows = names == "Phayao"
    alone = ScoredMatrix(
        scored.credit[rows], scored.maximum, scored.counted, scored.persons[rows], scored.items
    )
    assert found["Phayao"].test == reliability(alone)
    np.testing.assert_array_equal(found["Phayao"].item_rest, item_statistics(alone).item_rest)


def test_one_person_and_an_item_not_given_are_no_crash() -> None:
    credit = np.array([[1, 0], [NO_CREDIT, 1], [0, 1]], np.uint8)
    scored = from_scores(credit, persons=np.arange(3), items="ab")
    found = by_group(scored, ["x", "y", "x"])
    assert [group.test.persons for group in found] == [2, 1]
    assert np.isnan(found[1].test.alpha)
    assert np.isnan(parts_of(scored, ["p", "q"]).parts[0].alpha)
