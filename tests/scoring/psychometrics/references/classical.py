"""Classical figures, by psych and by hand in R: closed forms, to nine digits."""

from pathlib import Path

import numpy as np

from scoring.psychometrics.classical import FormAnalysis, analyse, analyse_scores
from scoring.psychometrics.extremes import upper_lower_by_rank
from scoring.psychometrics.tables import read_key
from tests.scoring.psychometrics.references.entry import Entry, Told, gap
from tests.scoring.psychometrics.references.sets import raw_answers, scored_answers

CLOSE = 1e-8


def compare(folder: Path, entry: str, theirs: Entry) -> Told:
    """The form, its items, its options."""
    if (folder / "key.csv").exists():
        matrix = raw_answers(folder)
        analysis = analyse(matrix, read_key(folder / "key.csv", matrix.items))
    else:
        analysis = analyse_scores(scored_answers(folder, entry, blanks_are_wrong=True))
    yield from _form(analysis, theirs)
    yield from _items(analysis, theirs.part("item"))
    if "distractors" in theirs:
        yield from _options(analysis, theirs.part("distractors"))


def _form(analysis: FormAnalysis, theirs: Entry) -> Told:
    test, more, shape = analysis.reliability, analysis.consistency, analysis.shape
    ours = {
        "n": test.persons, "items": test.items, "mean": test.mean, "sd": test.sd,
        "var": test.sd**2, "min": shape.lowest, "max": shape.highest, "skew_type3": shape.skew,
        "kurtosis_excess_type3": shape.kurtosis, "alpha": test.alpha, "kr20": test.kr20,
        "alpha_std": more.standardised, "guttman_lambda6": more.lambda6, "kr21": test.kr21,
        "alpha_ase": more.alpha_error, "sem": test.sem,
    }  # fmt: skip
    for name, value in ours.items():
        yield name, gap(value, theirs.figures(name)), CLOSE
    bounds = (test.alpha_low, test.alpha_high)
    yield "interval of alpha", gap(bounds, theirs.said("feldt_ci95")), CLOSE
    yield "eigenvalues", gap(more.eigenvalues, theirs.said("eigen_pearson")), CLOSE
    yield "scores", gap(shape.frequency, list(theirs.said("score_freq").values())), 0.0


def _items(analysis: FormAnalysis, rows: Entry) -> Told:
    items = analysis.items
    ours = {
        "p": items.p, "sd": items.sd, "item_total": items.item_total,
        "item_rest": items.item_rest, "r_drop_psych": items.item_rest,
        "alpha_if_deleted": items.alpha_if_deleted,
        "disc_upper_lower_27": upper_lower_by_rank(analysis.scored),
    }  # fmt: skip
    for name, values in ours.items():
        yield name, gap(values, rows.column(name)), CLOSE


def _options(analysis: FormAnalysis, rows: Entry) -> Told:
    assert analysis.options is not None
    ours = {(row.item, row.option): row for row in analysis.options.rows()}
    listed = [ours[row["item"], row["option"]] for row in rows.content]
    assert len(listed) == len(ours)
    assert [row.is_key for row in listed] == [row["key"] for row in rows.content]
    names = {"option_total_r": "option_total", "option_rest_r": "option_rest"}
    for name in ("n", "p", "mean_total", "low", "mid", "high", *names):
        values = np.array([getattr(row, names.get(name, name)) for row in listed], np.float64)
        yield name, gap(values, rows.column(name)), CLOSE
