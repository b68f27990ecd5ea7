"""Equating by equate, linking by plink, agreement of pairs by aberrance."""

import csv
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy import special, stats

from scoring.psychometrics.agreement import agreement
from scoring.psychometrics.decision import Decisions, livingston_lewis
from scoring.psychometrics.distributions import (
    AnchoredCounts,
    ScoreCounts,
    aic,
    count_anchored,
    count_scores,
    presmooth,
    presmooth_anchored,
)
from scoring.psychometrics.equating import (
    braun_holland_line,
    chained_equipercentile,
    chained_line,
    chained_mean,
    circle_arc,
    circle_arc_tucker,
    equipercentile,
    equipercentile_error,
    frequency_estimation,
    levine_line,
    linear_equating,
    mean_equating,
    nominal_line,
    percentile_rank,
    raw_scores,
    synthetic_counts,
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
        "mean_nominal_weights": nominal_line(x, y).at(raw),
        "mean_chained": chained_mean(x, y).at(raw),
        "circle_arc_tucker": circle_arc_tucker(x, y),
        "equipercentile_chained": chained_equipercentile(x, y),
    }
    for name, scores in ours.items():
        yield name, gap(scores, theirs.part(name).said("yx")), 1e-6
    yield from _of_both_groups(x, y, theirs)


def _of_both_groups(x: AnchoredCounts, y: AnchoredCounts, theirs: Entry) -> Told:
    """By frequency estimation. The peer weighs counts, which already grow with a group, by the size
    of the group once more; weighed so, ours are its figures, and without that they are near.
    """
    line = theirs.part("linear_braun_holland").said("yx")
    raw = raw_scores(x.total)
    twice = _by_size(x), _by_size(y)
    yield "linear_braun_holland", gap(braun_holland_line(*twice).at(raw), line), 1e-6
    yield "our linear_braun_holland", gap(braun_holland_line(x, y).at(raw), line), 1e-3
    name = "equipercentile_frequency_estimation"
    plain = theirs.part(name).said("yx")
    yield name, gap(frequency_estimation(*twice), plain), 1e-6
    yield f"our {name}", gap(frequency_estimation(x, y), plain), 1e-3
    for degree, cross in ((2, 1), (4, 2)):
        own = theirs.part(f"{name}_loglinear_{degree}_{cross}")
        smooth = [presmooth_anchored(form, degree, degree, cross) for form in (x, y)]
        rows = own.part("fitted_x")
        at = [rows.column(axis).astype(int) for axis in ("total", "anchor")]
        fitted = smooth[0].counts[at[0], at[1]]
        yield f"smoothed {degree}, {cross}", gap(fitted, rows.column("count")), 1e-4
        sized = [_by_size(form) for form in smooth]
        equated = frequency_estimation(*sized)
        # The peer keeps ten places of a percentile rank, too few where hardly anybody is.
        known = percentile_rank(synthetic_counts(*sized)[0], raw) > 1e-8
        wanted = np.array(own.said("yx"))[known]
        yield f"{name} {degree}, {cross}", gap(equated[known], wanted), 1e-3


def _by_size(form: AnchoredCounts) -> AnchoredCounts:
    return AnchoredCounts(form.counts * form.total.n)


def _equivalent_groups(path: Path, theirs: Entry) -> Told:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    x, y = (
        ScoreCounts(np.array([float(row[name]) for row in rows])) for name in ("freq_x", "freq_y")
    )
    yield "mean", gap(mean_equating(x, y), theirs.part("mean").said("yx")), 1e-6
    yield "linear", gap(linear_equating(x, y), theirs.part("linear").said("yx")), 1e-6
    yield "circle arc", gap(circle_arc(x, y), theirs.part("circle_arc").said("yx")), 1e-6
    yield from _ladder(x, theirs.part("loglinear_comparison_x"))
    plain = theirs.part("equipercentile")
    yield "equipercentile", gap(equipercentile(x, y), plain.said("yx")), 1e-6
    yield "its error", gap(equipercentile_error(x, y), plain.said("see")), 1e-6
    for degree in (2, 3, 4, 6):
        own = theirs.part(f"equipercentile_loglinear_deg{degree}")
        smooth_x, smooth_y = presmooth(x, degree), presmooth(y, degree)
        yield f"smoothed x {degree}", gap(smooth_x.counts, own.said("fitted_x")), 1e-6
        yield f"smoothed y {degree}", gap(smooth_y.counts, own.said("fitted_y")), 1e-6
        yield f"equated {degree}", gap(equipercentile(smooth_x, smooth_y), own.said("yx")), 1e-6


def _ladder(x: ScoreCounts, theirs: Entry) -> Told:
    """Log-linear models of rising degree, by the Poisson likelihood."""
    degrees = range(1, len(theirs.content) + 1)
    smooth = [presmooth(x, degree).counts for degree in degrees]
    deviance = np.array([2 * special.kl_div(x.counts, fitted).sum() for fitted in smooth])
    loglik = np.array([stats.poisson.logpmf(x.counts, fitted).sum() for fitted in smooth])
    free = np.array(degrees) + 1
    for name, ours in (
        ("Resid. Df", len(x.counts) - free),
        ("Resid. Dev", deviance),
        ("AIC", 2 * free - 2 * loglik),
        ("BIC", np.log(len(x.counts)) * free - 2 * loglik),
        ("Df", np.ones(len(free))),
        ("Deviance", -np.diff(deviance, prepend=np.nan)),
    ):
        yield name, gap(ours, theirs.column(name)), 1e-4
    own = [aic(x, presmooth(x, degree), degree) for degree in degrees]
    yield "our AIC, but for a constant", gap(np.diff(own), np.diff(theirs.column("AIC"))), 1e-4


def compare_decisions(folder: Path, whole: Entry) -> Told:
    """Accuracy at the cut, and the fit of the beta-binomial. Of consistency the peer is wrong.

    Two forms are one as the other, so who passes the first alone is as frequent as who passes the
    second alone. The peer has 7.7 % and 5.9 %: the cut of its second form is one item lower.
    """
    scored, theirs = scored_answers(folder, "ctt"), whole.part("decision")
    scores = count_scores(scored.total, len(scored.items))
    alpha, cut = whole.content["ctt"]["alpha"], theirs.said("cut")
    found = livingston_lewis(scores, alpha, cut)
    known = theirs.part("ll")
    shape = known.part("parameters")
    first, second, low, high, length, items = shape.figures(
        "alpha", "beta", "l", "u", "etl", "etl_rounded"
    )
    yield "range of true scores", gap((0, 1), (low, high)), 0.0
    yield "true scores", gap((found.alpha, found.beta), (first, second)), 1e-4
    yield "length", gap((found.length, round(found.length)), (length, items)), 1e-5
    wrong = found.false_fail, found.false_pass
    ours = [[found.true_fail, found.true_pass], list(wrong)]
    matrix = np.array(known.said("confusionmatrix"))
    yield "who is rightly and wrongly decided", gap(ours, matrix[:2, :2]), 1e-6
    yield "its sums", gap(np.sum(ours, axis=0), matrix[2, :2]), 1e-6
    failing, passing = found.true_fail, found.true_pass
    sensitive, specific = failing / (failing + wrong[1]), passing / (passing + wrong[0])
    rates = known.part("classification.accuracy")
    said = rates.figures("Sensitivity", "Specificity", "PPV", "NPV", "Youden.J", "Accuracy")
    ours = [
        sensitive, specific, failing / (failing + wrong[0]), passing / (passing + wrong[1]),
        sensitive + specific - 1, found.accuracy,
    ]  # fmt: skip
    yield "rates", gap(ours, said), 1e-6
    yield from _cuts_one_apart(found, int(items), cut / scores.highest, known)
    yield from _stretched(scores, found, int(items), known.part("modelfit"))


def _cuts_one_apart(found: Decisions, items: int, share: float, theirs: Entry) -> Told:
    true = stats.beta(found.alpha, found.beta)
    nodes, weights = np.polynomial.legendre.leggauss(400)
    at, most = true.ppf((nodes + 1) / 2), int(share * items)

    def table(first: int, second: int) -> np.ndarray:
        one, other = stats.binom.cdf(first, items, at), stats.binom.cdf(second, items, at)
        cells = [one * other, one * (1 - other), (1 - one) * other, (1 - one) * (1 - other)]
        return np.array([weights @ cell / 2 for cell in cells])

    wrong = np.ravel(theirs.said("consistencymatrix"))
    yield "two forms with cuts one apart", gap(table(most, most - 1), wrong), 1e-6
    right = table(most, most)
    yield "our two forms", gap((found.both_fail, found.both_pass), right[[0, 3]]), 1e-6
    rates = theirs.part("classification.consistency")
    agreed, by_chance, failed, passed, kappa = rates.figures(
        "p", "p_c", "p_c_pos", "p_c_neg", "Kappa"
    )
    margins = np.outer(wrong.reshape(2, 2).sum(axis=1), wrong.reshape(2, 2).sum(axis=0))
    yield (
        "what follows from it",
        gap(
            (wrong[0] + wrong[3], margins[0, 0], margins[1, 1], np.trace(margins)),
            (agreed, failed, passed, by_chance),
        ),
        1e-8,
    )
    yield "and its kappa", gap((agreed - by_chance) / (1 - by_chance), kappa), 1e-8
    yield "which ours is near", gap((found.consistency, found.kappa), (agreed, kappa)), 5e-3


def _stretched(scores: ScoreCounts, found: Decisions, items: int, theirs: Entry) -> Told:
    """Raw scores on the effective length, in a hundred classes, few people taken together.

    The peer sets beside those seen with a score those expected with one less, and its p is of two
    degrees of freedom fewer than it prints. So done, its figures are met; rightly done it is less.
    """
    expected = scores.n * stats.betabinom.pmf(np.arange(items + 1), items, found.alpha, found.beta)
    place = np.round(raw_scores(scores) / scores.highest * items)
    observed = np.bincount(place.astype(int), weights=scores.counts, minlength=items + 1)
    edges = np.linspace(0, items, 101)
    group = np.clip(np.searchsorted(edges, np.arange(items + 1)) - 1, 0, 99)
    late = np.concatenate([[0.0], expected[:-2], [expected[-2:].sum()]])
    pair, right = (
        _at_least_ten(np.array([np.bincount(group, weights=one) for one in (side, observed)]))
        for side in (late, expected)
    )
    table = np.array(theirs.said("contingencytable"))
    yield "classes", gap(pair, table), 1e-3
    chi2 = ((pair[1] - pair[0]) ** 2 / pair[0]).sum()
    df = pair.shape[1] - 2
    value, degrees, p = theirs.figures("chisquared", "df", "pvalue")
    yield "chi-square of fit", gap((chi2, df), (value, degrees)), 1e-2
    yield "rightly done", ((right[1] - right[0]) ** 2 / right[0]).sum() - value, 0.0
    yield "its p", gap(np.log10(stats.chi2.sf(chi2, df - 2)), np.log10(p)), 1e-2


def _at_least_ten(pair: np.ndarray) -> np.ndarray:
    """Classes taken together from below until ten people are expected; the rest joins the last."""
    taken = [np.zeros(2)]
    for column in pair.T:
        if taken[-1][0] >= 10:
            taken.append(np.zeros(2))
        taken[-1] = taken[-1] + column
    if taken[-1][0] < 10:
        taken[-2:] = [taken[-2] + taken[-1]]
    return np.array(taken).T


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
