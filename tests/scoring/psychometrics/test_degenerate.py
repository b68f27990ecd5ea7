"""Whatever answers come, the analysis says what it could not find, and never breaks.

No matrix is too small, too even or too empty: every figure is finite, or missing with a finding
that says why. numpy's warnings are errors here.
"""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scoring.management.commands.analyse import (
    MODELS,
    PERSONS,
    compare_by_all,
    partial_credit_result,
    result_of,
)
from scoring.psychometrics.agreement import Correction
from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.classical import analyse, analyse_scores
from scoring.psychometrics.copying import screen_copying
from scoring.psychometrics.dif import purified_mantel_haenszel
from scoring.psychometrics.dimensionality import local_dependence, parallel_analysis
from scoring.psychometrics.distributions import SmoothingFailed, count_scores, presmooth
from scoring.psychometrics.equating import NoSpread, equipercentile, linear_equating
from scoring.psychometrics.irt.calibration import calibrate
from scoring.psychometrics.irt.points import weighted_likelihood
from scoring.psychometrics.irt.sums import sum_score_eap
from scoring.psychometrics.keying import Key, ScoredMatrix, from_scores, score
from scoring.psychometrics.neighbours import weigh_neighbours
from scoring.psychometrics.parts import by_group, parts_of
from scoring.psychometrics.person_fit import person_fit
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.rivals import rivals
from scoring.psychometrics.seating import Seat
from scoring.psychometrics.similarity import gather_evidence, screen

Table = np.ndarray[Any, np.dtype[np.uint8]]
NOT_GIVEN = 255
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # small as they are; shrinking is slow
# What may be said of each part of a result that has a figure missing.
IDENTIFIED = {"not_identified", "no_variance", "never_administered", "not_dichotomous"}
REASONS = {
    "irt": IDENTIFIED | {"singular_information", "no_items"},
    "persons": {
        "not_identified", "person_without_items", "no_finite_ability", "oddness_unknown",
    },
    "fit": IDENTIFIED | {"too_few_scores", "no_persons", "no_items"},
    "form_fit": IDENTIFIED | {"no_degrees_of_freedom", "no_persons", "no_correlation"},
    "dif": {"group_too_small", "no_common_strata", "separated", "no_variance", "never_administered"}
    | {"not_dichotomous", "no_items", "not_identified", "no_anchors"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def strict() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@st.composite
def tables(draw: st.DrawFn, values: tuple[int, ...] = (0, 1)) -> Table:
    """0 to 7 people, 1 to 4 items; some columns and rows are all alike, or were never given."""
    shape = draw(st.tuples(st.integers(0, 7), st.integers(1, 4)))
    table = draw(arrays(np.uint8, shape, elements=st.sampled_from(values)))
    everywhere = st.sampled_from((*values, NOT_GIVEN))
    for column in draw(st.sets(st.integers(0, shape[1] - 1), max_size=2)):
        table[:, column] = draw(everywhere)
    if shape[0]:
        for row in draw(st.sets(st.integers(0, shape[0] - 1), max_size=2)):
            table[row] = draw(everywhere)
    return table


SEPARATED = (np.arange(12)[:, None] > np.arange(4) * 3).astype(np.uint8)  # a Guttman scale
UNSETTLED = np.array([[1, 1], [1, 1], [3, 0], [0, 0]], np.uint8)  # no finite standard errors
CORNERS = [
    np.zeros((0, 3), np.uint8), np.ones((1, 3), np.uint8), np.zeros((2, 2), np.uint8),
    np.ones((6, 3), np.uint8), np.full((5, 3), NOT_GIVEN, np.uint8), SEPARATED,
    np.eye(6, dtype=np.uint8), UNSETTLED,
]  # fmt: skip


def scored_of(table: Table) -> ScoredMatrix:
    items = [f"i{j}" for j in range(table.shape[1])]
    return from_scores(table, persons=np.arange(len(table)), items=items)


# What a model does not estimate has no error, whatever the answers.
NEVER = {"rasch": {"se_a", "se_c"}, "3pl": set[str](), "gpcm": {"c", "se_b", "se_c"}}


def missing(value: Any, never: set[str]) -> bool:
    if isinstance(value, dict):
        return any(missing(one, never) for name, one in value.items() if name not in never)
    if isinstance(value, list):
        return any(missing(one, never) for one in value)
    return value is None


def assert_all_said(result: dict[str, Any]) -> None:
    """Nothing infinite anywhere; whatever part misses a figure is answered for by a finding."""
    said = {row["finding"] for row in result["findings"]}
    never = NEVER.get(result["irt"]["model"], {"se_c"})
    for part, reasons in REASONS.items():
        if missing(result.get(part, []), never):
            assert said & reasons, (part, said)


def analyse_every_way(table: Table, model: str, persons: str) -> None:
    scored = scored_of(table)
    analysis, focal = analyse_scores(scored), np.arange(len(table)) % 3 == 0
    dif = purified_mantel_haenszel(scored, focal)
    if model == "gpcm":
        result = partial_credit_result(analysis, persons, dif, fit=True)
    else:
        result = result_of(analysis, dif, model, persons, fit=True)
        found = calibrate(scored, MODELS[model])
        person_fit(scored, found, weighted_likelihood(scored, found))
        local = local_dependence(scored, found, seed=1, rounds=1)
        assert np.isfinite(local.cut) or local.findings
        assert len(sum_score_eap(found).theta) == max(len(found.used), 0) + 1
    compare_by_all(result, scored, focal)
    assert_all_said(result)
    assert parallel_analysis(scored, seed=1, rounds=1).count <= table.shape[1]
    for group in by_group(scored, ["f" if one else "r" for one in focal]):
        assert np.isfinite(group.test.alpha) or group.findings or group.test.items < 2
    parts = parts_of(scored, [str(j % 2) for j in range(table.shape[1])])
    assert all(np.isfinite(part.alpha) for part in parts.parts) or parts.findings


@pytest.mark.parametrize("model", [*MODELS, "gpcm"])
def test_every_corner_is_told_under_every_model(model: str) -> None:
    for table, persons in zip(CORNERS, cycle(PERSONS), strict=False):
        analyse_every_way(table, model, persons)


@settings(max_examples=12, deadline=None, phases=UNSHRUNK)
@given(tables(), st.sampled_from(["rasch", "2pl"]), st.sampled_from(list(PERSONS)))
def test_no_scores_break_the_analysis_or_lose_a_figure_silently(
    table: Table, model: str, persons: str
) -> None:
    analyse_every_way(table, model, persons)


@settings(max_examples=5, deadline=None, phases=UNSHRUNK)
@given(tables((0, 1, 3)), st.sampled_from(list(PERSONS)))
def test_nor_do_credits_of_which_some_are_never_earned(table: Table, persons: str) -> None:
    analyse_every_way(table, "gpcm", persons)


@settings(max_examples=40, deadline=None, phases=UNSHRUNK)
@given(tables((0, 1, 2, 251, 252, 253)), st.sampled_from("ABCD"))
def test_no_answers_break_what_compares_people(codes: Table, right: str) -> None:
    items = tuple(f"i{j}" for j in range(codes.shape[1]))
    matrix = ResponseMatrix(codes, np.arange(len(codes)), items, tuple("ABC"))
    key = Key.single(dict.fromkeys(items, right))
    analyse(matrix, key)
    scored = score(matrix, key)
    choices, rooms = count_choices(matrix, scored, key), np.arange(len(codes)) % 2
    rivals(choices)
    found = screen(matrix, scored, choices, rooms, rough=-9.0, level=np.inf)
    copied = screen_copying(
        matrix, scored, choices, rooms, rough=-9.0, level=np.inf, correction=Correction.BONFERRONI
    )
    seats = [Seat(int(room), 0, place) for place, room in enumerate(rooms)]
    near = weigh_neighbours(matrix, scored, choices, seats, seed=1, reach=2.0)
    evidence = gather_evidence(matrix, scored, choices, [pair.rows for pair in found.pairs])
    chances = [pair.p for pair in (*found.pairs, *copied.pairs)]
    assert all(0 <= chance <= 1 for chance in chances)
    assert np.isfinite(evidence.chances).all()
    assert np.isfinite(near.log_factor).all()


@settings(max_examples=40, deadline=None, phases=UNSHRUNK)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.lists(st.integers(0, 5), min_size=1))
def test_forms_that_cannot_be_equated_are_refused_in_words(
    one: list[int], other: list[int]
) -> None:
    x, y = (count_scores(np.array(raw), 5) for raw in (one, other))
    try:
        assert np.isfinite(linear_equating(x, y)).all()
        assert len(set(one)) > 1 < len(set(other))
    except NoSpread:
        assert len(set(one)) == 1 or len(set(other)) == 1
    assert np.isfinite(equipercentile(x, y)).all()
    with suppress(SmoothingFailed):
        assert np.isfinite(presmooth(x, 2).counts).all()
