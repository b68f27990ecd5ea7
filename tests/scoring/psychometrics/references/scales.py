"""Equating by equate, linking by plink, agreement of pairs by aberrance."""

import csv
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy import stats

from scoring.psychometrics.agreement import agreement
from scoring.psychometrics.distributions import (
    AnchoredCounts,
    ScoreCounts,
    count_anchored,
    presmooth,
)
from scoring.psychometrics.equating import (
    chained_equipercentile,
    chained_line,
    equipercentile,
    equipercentile_error,
    levine_line,
    linear_equating,
    mean_equating,
    raw_scores,
    tucker_line,
)
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.linking import (
    ItemSet,
    Link,
    haebara,
    mean_mean,
    mean_sigma,
    stocking_lord,
)
from scoring.psychometrics.tables import read_scores
from tests.scoring.psychometrics.references.entry import Entry, Told, gap
from tests.scoring.psychometrics.references.sets import scored_answers

EVEN = Grid(161, reach=4.0, sd=1e6)  # the peer weighs all abilities alike
METHODS: dict[str, tuple[Callable[..., Link], float]] = {
    "Mean/Mean": (mean_mean, 1e-6),
    "Mean/Sigma": (mean_sigma, 1e-6),
    "Haebara": (partial(haebara, grid=EVEN), 5e-3),
    "Stocking-Lord": (partial(stocking_lord, grid=EVEN), 5e-3),
}


def compare_equating(folder: Path, theirs: Entry) -> Told:
    """Equivalent groups from counts, or common items from answers."""
    if (folder / "frequencies.csv").exists():
        yield from _equivalent_groups(folder / "frequencies.csv", theirs)
        return
    x, y = (_anchored(folder, form) for form in ("form_x", "form_y"))
    raw = raw_scores(x.total)
    ours = {
        "linear_tucker": tucker_line(x, y).at(raw),
        "linear_levine": levine_line(x, y).at(raw),
        "linear_chained": chained_line(x, y).at(raw),
        "equipercentile_chained": chained_equipercentile(x, y),
    }
    for name, scores in ours.items():
        yield name, gap(scores, theirs.part(name).said("yx")), 1e-6


def _equivalent_groups(path: Path, theirs: Entry) -> Told:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x, y = (
        ScoreCounts(np.array([float(row[name]) for row in rows])) for name in ("freq_x", "freq_y")
    )
    yield "mean", gap(mean_equating(x, y), theirs.part("mean").said("yx")), 1e-6
    yield "linear", gap(linear_equating(x, y), theirs.part("linear").said("yx")), 1e-6
    plain = theirs.part("equipercentile")
    yield "equipercentile", gap(equipercentile(x, y), plain.said("yx")), 1e-6
    yield "its error", gap(equipercentile_error(x, y), plain.said("see")), 1e-6
    for degree in (2, 3, 4, 6):
        own = theirs.part(f"equipercentile_loglinear_deg{degree}")
        smooth_x, smooth_y = presmooth(x, degree), presmooth(y, degree)
        yield f"smoothed x {degree}", gap(smooth_x.counts, own.said("fitted_x")), 1e-6
        yield f"smoothed y {degree}", gap(smooth_y.counts, own.said("fitted_y")), 1e-6
        yield f"equated {degree}", gap(equipercentile(smooth_x, smooth_y), own.said("yx")), 1e-6


def _anchored(folder: Path, form: str) -> AnchoredCounts:
    scored = read_scores(folder / f"{form}.csv")
    with (folder / "anchors.csv").open(encoding="utf-8") as file:
        common = [row["item"] for row in csv.DictReader(file) if row.get("anchor", "1") == "1"]
    numbered = set(common) <= {str(number) for number in range(1, 100)}
    columns = [int(i) - 1 if numbered else scored.items.index(i) for i in common]
    anchor = scored.credit[:, columns].sum(axis=1, dtype=np.int64)
    return count_anchored(scored.total, anchor, len(scored.items), len(common))


def compare_linking(folder: Path, entry: str, whole: Entry) -> Told:
    """Every third item is shared. 1.7 times a published slope is the slope of the logistic."""
    if entry == "linking_published_3pl":
        with (folder / "published_3pl.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        x, y = (_published([row for row in rows if row["form"] == form]) for form in "XY")
    else:
        x, y = (_calibrated(whole.content[f"irt_{form}"]["3PL_prior"]["a_b_g"]) for form in "xy")
    constants = whole.part(entry).part("constants")
    constants.read |= {f"{constants.path}/[]/{name}" for name in ("method", "A", "B")}
    for row in constants.content:
        method, tolerance = METHODS[row["method"]]
        found = method(x, y)
        apart = gap((found.slope, found.intercept), (row["A"], row["B"]))
        yield row["method"], apart, tolerance


def _published(rows: list[dict[str, str]]) -> ItemSet:
    shared = [row for row in rows if int(row["item"]) % 3 == 0]
    a, b, c = (np.array([float(row[name]) for row in shared]) for name in "abc")
    return ItemSet(1.7 * a, b, c)


def _calibrated(rows: list[dict[str, float]]) -> ItemSet:
    return ItemSet(*(np.array([row[name] for row in rows[2::3]]) for name in "abg"))


def compare_agreement(folder: Path, whole: Entry) -> Told:
    """Omega, generalised binomial and M4 of all pairs of the people listed, at their abilities."""
    theirs, scored = whole.part("similarity"), scored_answers(folder, "similarity")
    a, b, c = _parameters(folder, whole)
    labels = [str(person) for person in scored.persons]
    rows = [labels.index(str(person)) for person in theirs.said("person")]
    theta = np.array(theirs.said("theta"))[:, None]
    p = c + (1 - c) / (1 + np.exp(-a * (theta - b)))
    right = scored.credit[rows] > 0
    first, second = np.array(list(combinations(range(len(rows)), 2))).T
    found = agreement(
        p[first] * p[second],
        (1 - p[first]) * (1 - p[second]),
        (right[first] & right[second]).sum(axis=1),
        (~right[first] & ~right[second]).sum(axis=1),
    )
    stat, chance = theirs.part("stat"), theirs.part("pval")
    yield "omega", gap(found.omega, stat.column("OMG_S")), 1e-6
    for name, tails in (("GBT_S", found.log10_gbt), ("M4_S", found.log10_m4)):
        yield name, gap(10**tails, stat.column(name)), 1e-8
        yield f"p of {name}", gap(10**tails, chance.column(name)), 1e-8
    yield "p of omega", gap(stats.norm.sf(found.omega), chance.column("OMG_S")), 1e-6


def _parameters(folder: Path, whole: Entry) -> np.ndarray:
    if (folder / "true_items.csv").exists():
        return np.genfromtxt(folder / "true_items.csv", delimiter=",", skip_header=1)[:, 1:].T
    rows = whole.content["irt"]["2PL"]["a_b"]
    return np.array([[row["a"], row["b"], 0.0] for row in rows]).T
