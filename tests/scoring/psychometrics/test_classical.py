import csv
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.psychometrics.classical import (
    analyse,
    analyse_scores,
    cronbach_alpha,
    feldt_interval,
    item_statistics,
    reliability,
)
from scoring.psychometrics.extremes import upper_lower_by_rank
from scoring.psychometrics.findings import FindingCode
from scoring.psychometrics.flags import flag_items
from scoring.psychometrics.keying import ItemKey, Key, Rule, ScoredMatrix, from_scores
from scoring.psychometrics.responses import ResponseMatrix, from_strings
from scoring.psychometrics.tables import read_key, read_responses, read_scores

Scored = Callable[..., ScoredMatrix]


def binary(people: int = 200, items: int = 9, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    ability = random.standard_normal((people, 1))
    return (random.standard_normal((people, items)) < ability + 0.3).astype(np.uint8)


def test_items_agree_with_correlating_columns_by_hand(make_scored: Scored) -> None:
    x = binary()
    found = item_statistics(make_scored(x))
    total = x.sum(axis=1)
    for j in range(x.shape[1]):
        rest = total - x[:, j]
        others = np.delete(x, j, axis=1)
        assert found.p[j] == pytest.approx(x[:, j].mean())
        assert found.sd[j] == pytest.approx(x[:, j].std(ddof=1))
        assert found.item_total[j] == pytest.approx(np.corrcoef(x[:, j], total)[0, 1])
        assert found.item_rest[j] == pytest.approx(np.corrcoef(x[:, j], rest)[0, 1])
        assert found.alpha_if_deleted[j] == pytest.approx(cronbach_alpha(np.cov(others.T)))


def test_alpha_and_its_kin_agree_with_their_formulas(make_scored: Scored) -> None:
    x = binary()
    n, k = x.shape
    total, p = x.sum(axis=1), x.mean(axis=0)
    found = reliability(make_scored(x))
    kr20 = k / (k - 1) * (1 - (p * (1 - p)).sum() / total.var())
    kr21 = k / (k - 1) * (1 - total.mean() * (k - total.mean()) / (k * total.var()))
    assert (found.persons, found.items) == (n, k)
    assert found.alpha == pytest.approx(kr20)
    assert found.kr20 == pytest.approx(kr20)
    assert found.kr21 == pytest.approx(kr21)
    assert found.sem == pytest.approx(total.std(ddof=1) * np.sqrt(1 - kr20))
    assert found.alpha_low < found.alpha < found.alpha_high


def test_the_alpha_of_lsat_section_6_is_the_published_one(lsat: dict[int, ScoredMatrix]) -> None:
    assert reliability(lsat[6]).alpha == pytest.approx(0.295, abs=5e-4)  # Rizopoulos (2006), 3.2


@given(st.permutations(range(9)), st.permutations(range(40)))
@settings(max_examples=20)
def test_the_order_of_items_and_of_people_changes_nothing(
    items: list[int], people: list[int]
) -> None:
    x = binary(people=40)
    names = [f"i{j}" for j in range(9)]
    plain = from_scores(x, persons=np.arange(40), items=names)
    mixed = from_scores(
        np.ascontiguousarray(x[people][:, items]),
        persons=np.array(people),
        items=[names[j] for j in items],
    )
    assert reliability(mixed).alpha == pytest.approx(reliability(plain).alpha, rel=1e-12)
    np.testing.assert_allclose(
        item_statistics(mixed).item_rest, item_statistics(plain).item_rest[items], rtol=1e-10
    )


def test_counting_wrong_answers_instead_of_right_ones_leaves_alpha_alone(
    make_scored: Scored,
) -> None:
    x = binary()
    right, wrong = reliability(make_scored(x)), reliability(make_scored(1 - x))
    assert wrong.alpha == pytest.approx(right.alpha)
    assert wrong.mean == pytest.approx(x.shape[1] - right.mean)


def test_large_tests_are_added_up_exactly_across_blocks() -> None:
    x = np.tile(binary(people=300), (60, 1))
    found = item_statistics(
        from_scores(x, persons=np.arange(len(x)), items=[f"i{j}" for j in range(9)])
    )
    assert found.p.tolist() == (x.sum(axis=0) / len(x)).tolist()
    np.testing.assert_allclose(found.sd, x.std(axis=0, ddof=1), rtol=1e-12)


def test_items_of_two_forms_are_judged_on_those_who_took_them(make_scored: Scored) -> None:
    x = binary(people=400, items=6).astype(object)
    x[:200, 4:], x[200:, :2] = None, None
    scored = make_scored(x)
    found = item_statistics(scored)
    first = x[:200, :4].astype(float)
    mean, rest = first.mean(axis=1), first[:, 1:].mean(axis=1)
    assert found.n.tolist() == [200, 200, 400, 400, 200, 200]
    assert found.item_total[0] == pytest.approx(np.corrcoef(first[:, 0], mean)[0, 1])
    assert found.item_rest[0] == pytest.approx(np.corrcoef(first[:, 0], rest)[0, 1])
    assert np.isnan(reliability(scored).alpha)
    codes = {finding.code for finding in analyse_scores(scored).findings}
    assert {FindingCode.INCOMPLETE_BY_DESIGN, FindingCode.NEVER_TOGETHER} <= codes


def test_a_dropped_item_is_analysed_against_the_others_but_counts_nowhere() -> None:
    sheets = ["AAAB", "ABAA", "BAAA", "BBBB", "AABA", "BBAA"]
    matrix = from_strings(sheets, persons=range(6), items="abcd", options="AB")
    key = Key.single(dict.fromkeys("abcd", "A"))
    dropped = analyse(matrix, key.replace(ItemKey("d", ("A",), Rule.DROPPED)))
    without = from_strings([s[:3] for s in sheets], persons=range(6), items="abc", options="AB")
    expected = analyse(without, Key.single(dict.fromkeys("abc", "A")))
    assert dropped.reliability.alpha == pytest.approx(expected.reliability.alpha)
    np.testing.assert_allclose(dropped.items.item_rest[:3], expected.items.item_rest)
    own = np.array([[mark == "A" for mark in sheet] for sheet in sheets], float)
    by_hand = np.corrcoef(own[:, 3], own[:, :3].sum(axis=1))[0, 1]
    assert dropped.items.item_total[3] == dropped.items.item_rest[3] == pytest.approx(by_hand)
    assert np.isnan(dropped.items.alpha_if_deleted[3])


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([[1, 0, 1]], FindingCode.ONE_PERSON),
        ([[1], [0]], FindingCode.ONE_ITEM),
        ([[1, 1], [1, 1]], FindingCode.NO_VARIANCE),
        ([[1, 0], [0, 1]], FindingCode.NO_TOTAL_VARIANCE),
        ([[1, None], [0, None], [1, None]], FindingCode.NEVER_ADMINISTERED),
        ([[None, None], [0, 1], [1, 0]], FindingCode.PERSON_WITHOUT_ITEMS),
    ],
)
def test_what_cannot_be_computed_is_said_and_not_a_crash(
    make_scored: Scored, rows: Any, code: FindingCode
) -> None:
    analysis = analyse_scores(make_scored(rows))
    assert code in {finding.code for finding in analysis.findings}
    assert not np.isfinite(analysis.reliability.alpha)


def test_an_item_everybody_omitted_is_a_finding(make_matrix: Callable[..., ResponseMatrix]) -> None:
    analysis = analyse(make_matrix("A-", "B-"), Key.single({"i0": "A", "i1": "A"}))
    found = [f for f in analysis.findings if f.code is FindingCode.ALL_OMITTED]
    assert [finding.subject for finding in found] == ["i1"]


@given(
    sheets=st.lists(st.text("AB-. *", min_size=3, max_size=3), max_size=7),
    right=st.text("ABC", min_size=3, max_size=3),
    rules=st.lists(st.sampled_from(Rule), min_size=3, max_size=3),
)
def test_no_answers_however_odd_make_the_analysis_crash_or_warn(
    sheets: list[str], right: str, rules: list[Rule]
) -> None:
    matrix = from_strings(sheets, persons=range(len(sheets)), items="abc", options="ABC")
    key = Key(tuple(ItemKey(i, (r,), rule) for i, r, rule in zip("abc", right, rules, strict=True)))
    analysis = analyse(matrix, key)
    assert len(analysis.items.p) == 3
    assert not np.isinf(analysis.items.item_rest).any()
    assert all(flag.item in "abc" for flag in flag_items(analysis))


CHOICES = ("hci", "gmat", "tam_mc", "irtoys_mc", "sim_forensics")
SCORES = (
    ("lsat6", "responses", "ctt"),
    ("lsat7", "responses", "ctt"),
    ("verbal", "responses", "ctt"),
    ("credential_form1", "responses", "ctt"),
    ("kb36", "form_x", "ctt_x"),
    ("kb36", "form_y", "ctt_y"),
    ("sim_neat", "form_x", "ctt_x"),
    ("sim_neat", "form_y", "ctt_y"),
)
OTHERWISE = ("timss_aus_twn", "deayala")  # partial credit; patterns with their counts


def test_no_classical_figure_of_any_set_is_left_uncompared(
    shared_set: Callable[[str], Any],
) -> None:
    held = {
        (path.parent.name, part)
        for path in shared_set("hci").parent.glob("*/reference.json")
        for part in json.loads(path.read_text("utf-8"))
        if part.startswith("ctt")
    }
    compared = {(name, "ctt") for name in (*CHOICES, *OTHERWISE)}
    assert held == compared | {(name, part) for name, _file, part in SCORES}


@pytest.mark.parametrize("name", CHOICES)
def test_real_answers_give_the_figures_other_programs_give(
    shared_set: Callable[[str], Any], reference: Callable[[str], Any], name: str
) -> None:
    matrix = read_responses(shared_set(name) / "responses.csv")
    analysis = analyse(matrix, read_key(shared_set(name) / "key.csv", matrix.items))
    _compare(analysis, reference(name)["ctt"])
    assert analysis.options is not None
    rows = {(row.item, row.option): row for row in analysis.options.rows()}
    expected = reference(name)["ctt"]["distractors"]
    assert len(rows) == len(expected)
    names = {"option_total_r": "option_total", "option_rest_r": "option_rest", "key": "is_key"}
    for option in expected:
        row = rows[option["item"], option["option"]]
        for theirs in option.keys() - {"item", "option", "_row"}:
            ours = getattr(row, names.get(theirs, theirs))
            assert ours == pytest.approx(option[theirs], abs=1e-8), (option, theirs)


@pytest.mark.parametrize(("name", "file", "part"), SCORES)
def test_real_scores_give_the_figures_other_programs_give(
    shared_set: Callable[[str], Any],
    reference: Callable[[str], Any],
    name: str,
    file: str,
    part: str,
) -> None:
    scored = read_scores(shared_set(name) / f"{file}.csv")
    _compare(analyse_scores(scored), reference(name)[part])


def test_full_credit_alone_and_patterns_with_counts_give_them_too(
    shared_set: Callable[[str], Any], reference: Callable[[str], Any]
) -> None:
    """timss counts full credit alone, blanks as wrong; deayala is 32 patterns and their number."""
    partial = read_scores(shared_set("timss_aus_twn") / "responses.csv")
    full = ((partial.credit == partial.maximum) & partial.administered).astype(np.uint8)
    scored = from_scores(full, persons=partial.persons, items=partial.items)
    _compare(analyse_scores(scored), reference("timss_aus_twn")["ctt"])
    with (shared_set("deayala") / "patterns.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    many = np.repeat(
        np.array([row[:-1] for row in rows], np.uint8), [int(row[-1]) for row in rows], axis=0
    )
    scored = from_scores(many, persons=np.arange(len(many)), items=header[:-1])
    _compare(analyse_scores(scored), reference("deayala")["ctt"])


def _compare(analysis: Any, expected: dict[str, Any]) -> None:
    """Everything the reference holds. Its figures carry nine digits."""
    test, more, shape = analysis.reliability, analysis.consistency, analysis.shape
    ours = {
        "n": test.persons,
        "items": test.items,
        "mean": test.mean,
        "sd": test.sd,
        "var": test.sd**2,
        "min": shape.lowest,
        "max": shape.highest,
        "skew_type3": shape.skew,
        "kurtosis_excess_type3": shape.kurtosis,
        "alpha": test.alpha,
        "alpha_std": more.standardised,
        "guttman_lambda6": more.lambda6,
        "alpha_ase": more.alpha_error,
        "kr20": test.kr20,
        "kr21": test.kr21,
        "sem": test.sem,
    }
    rest = {"note", "call", "feldt_ci95", "item", "score_freq", "eigen_pearson", "distractors"}
    assert expected.keys() - rest == ours.keys()
    for name, value in ours.items():
        assert value == pytest.approx(expected[name], abs=1e-8), name
    assert (test.alpha_low, test.alpha_high) == pytest.approx(expected["feldt_ci95"], abs=1e-8)
    np.testing.assert_allclose(more.eigenvalues, expected["eigen_pearson"], rtol=0, atol=1e-8)
    assert shape.frequency.tolist() == list(expected["score_freq"].values())
    items = {name: getattr(analysis.items, name) for name in ITEM_FIGURES}
    items["r_drop_psych"] = analysis.items.item_rest
    items["disc_upper_lower_27"] = upper_lower_by_rank(analysis.scored)
    assert expected["item"][0].keys() - {"item", "_row"} == items.keys()
    for name, values in items.items():
        theirs = np.array([item[name] for item in expected["item"]], float)
        np.testing.assert_allclose(values, theirs, rtol=0, atol=1e-8, err_msg=name)


ITEM_FIGURES = ("p", "sd", "item_total", "item_rest", "alpha_if_deleted")


def test_the_interval_of_alpha_narrows_with_more_people() -> None:
    few, many = feldt_interval(0.8, 50, 20), feldt_interval(0.8, 5000, 20)
    assert few[0] < many[0] < 0.8 < many[1] < few[1]
    assert all(np.isnan(bound) for bound in feldt_interval(float("nan"), 50, 20))
