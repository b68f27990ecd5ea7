"""Item response models: entries ``irt`` of a reference, all written by mirt.

Estimates are compared where both programs finished. Figures of people and of fit are compared at
the reference's own parameters and nodes, so that its stop does not hide a difference in a formula.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.comparison import standing
from scoring.psychometrics.irt.curves import (
    curve,
    information,
    item_information,
    marginal_reliability,
)
from scoring.psychometrics.irt.em import Stop
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.fit import item_fit
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import _free, full_information, standard_errors
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.irt.m2 import m2
from scoring.psychometrics.irt.models import ItemModel, TwoParameter
from scoring.psychometrics.irt.persons import (
    Abilities,
    empirical_reliability,
    expected_a_posteriori,
)
from scoring.psychometrics.irt.points import (
    maximum_a_posteriori,
    maximum_likelihood,
    weighted_likelihood,
)
from scoring.psychometrics.irt.rasch import Rasch
from scoring.psychometrics.keying import ScoredMatrix, from_scores
from scoring.psychometrics.person_fit import person_fit
from tests.scoring.psychometrics.references.entry import Entry, Told, gap

FLAT = 1e4  # a prior on guessing so wide that it says nothing
MODELS: dict[str, ItemModel] = {
    "Rasch": Rasch(), "2PL": TwoParameter(), "3PL_prior": ThreeParameter(),
    "3PL": ThreeParameter(prior_sd=FLAT),
}  # fmt: skip
WAYS: dict[str, Callable[[ScoredMatrix, Calibration], Abilities]] = {
    "EAP": expected_a_posteriori, "MAP": maximum_a_posteriori, "ML": maximum_likelihood,
    "WLE": weighted_likelihood,
}  # fmt: skip
FINISHED = Stop(step=1e-9, gradient=1e-9, loglik=1e-8, cycles=5000)
# The spread of ability is 2 there, so that nodes on [-6, 6] end at three standard deviations.
CUT_OFF = {("timss_aus_twn", "Rasch")}


def compare(name: str, model: str, scored: ScoredMatrix, theirs: Entry) -> Told:
    """All figures of one model on one set of answers."""
    theirs.said("group")
    spread = float(np.sqrt(theirs.content["group"]["var"]))
    grid = Grid(int(_asked(theirs, "quadpts", "61")), reach=6 / spread)
    found = calibrate(scored, MODELS[model], stop=FINISHED, grid=grid)
    held = _at_theirs(found, theirs)
    without_prior = model == "3PL"
    cut_off = (name, model) in CUT_OFF
    yield from _likelihood(scored, found, theirs, judged_alone=without_prior)
    if not without_prior:
        yield from _estimates(found, _polished(scored, held), theirs)
        yield from _errors(scored, held, theirs, cut_off)
    yield from _people(scored, held, theirs)
    yield from _items(scored, held, theirs, cut_off)
    yield from _odd_people(scored, held, theirs)


def _asked(theirs: Entry, setting: str, usual: str) -> str:
    found = re.search(rf"{setting}=([0-9.e-]+)", theirs.content["call"])
    return found[1] if found else usual


def _likelihood(
    scored: ScoredMatrix, found: Calibration, theirs: Entry, *, judged_alone: bool
) -> Told:
    """It may be beaten, never undercut; where it is equal, so are the criteria."""
    prior, loglik, aic, bic = theirs.figures("logPrior", "logLik", "AIC", "BIC")
    own = found.loglik + (0.0 if judged_alone else found.log_prior)
    ours = standing(scored, found)
    yield "likelihood undercut", loglik + prior - own, 5e-2 if judged_alone else 5e-3
    if not judged_alone and own - loglik - prior < 1e-2:
        yield "log-likelihood", gap(found.loglik, loglik), 0.05 if prior else 0.01
        yield "AIC, BIC", gap([ours.aic, ours.bic], [aic, bic]), 0.1 if prior else 0.02


def _estimates(found: Calibration, polished: Calibration, theirs: Entry) -> Told:
    """Ours are where Newton's method leads from theirs; the rest is where theirs stopped.

    Its stop of 1e-5 a cycle leaves it up to 0.001 away, and more in b where a slope is near zero.
    """
    rows = theirs.part("a_b_g")
    steep = np.abs(found.a) > 0.05
    wide = found.model.name == "3pl"
    a, b, c = rows.column("a"), rows.column("b"), rows.column("g")
    yield "a by Newton from theirs", gap(found.a, polished.a), 1e-6
    yield "b by Newton from theirs", gap(found.b, polished.b), 1e-6
    yield "c by Newton from theirs", gap(found.c, polished.c), 1e-6
    loose = found.loglik + found.log_prior > theirs.content["logLik"] + (
        theirs.content["logPrior"] or 0.0
    )
    tolerance = 2e-2 if wide or loose else 1e-4
    yield "a as it stands", gap(found.a, a), tolerance
    yield "b as it stands", gap(found.b[steep], b[steep]), tolerance
    yield "c as it stands", gap(found.c, c), 1e-2 if wide else 0.0
    theirs.part("slope_intercept").column("u")


def _errors(scored: ScoredMatrix, held: Calibration, theirs: Entry, cut_off: bool) -> Told:
    if "se_slope_intercept" not in theirs:
        return
    rows = theirs.part("se_slope_intercept")
    names = ("a1", "d", "logit.g.", "logit.u.")
    wanted = [rows.column(name) for name in names]
    count = len(held.parameters)
    ours = np.sqrt(np.diag(standard_errors(scored, held).covariance)).reshape(count, -1)
    kinds = slice(1 if held.model.name == "rasch" else 0, None)
    wide = held.model.name == "3pl"
    tolerance = 1e-2 if wide else 2e-4 if cut_off else 1e-4
    yield "standard errors", gap(ours[kinds], wanted[:count][kinds], relative=wide), tolerance
    if "group_se" in theirs:
        (_, variance), (_, error) = theirs.said("group_se")
        own = 2 * np.sqrt(variance) * ours[0, 0]
        yield "error of the variance", gap(own, error), 2e-2 if cut_off else 2e-4


def _people(scored: ScoredMatrix, held: Calibration, theirs: Entry) -> Told:
    few, everybody = first(scored, 30), expected_a_posteriori(scored, held)
    scores = theirs.part("scores_first_30")
    for way, place in WAYS.items():
        if way not in scores or not isinstance(scores.content[way], list):
            continue
        rows = scores.part(way)
        theta, error = rows.column("theta"), rows.column("se")
        people = place(few, held)
        # Its errors of ML and WLE are by differences, to three places; ours by the curvature.
        by_differences = way in ("ML", "WLE")
        if way == "WLE" and held.model.name == "3pl":
            # Under guessing it weighs by the root of the information; we weigh as Warm does.
            yield "WLE by its own weight", gap(_by_root_of_information(few, held), theta), 1e-4
            continue
        yield way, gap(people.theta, theta), 1e-4
        tolerance = 2e-3 if by_differences else 1e-4
        yield f"error of {way}", gap(people.error, error, relative=by_differences), tolerance
    reliability = theirs.figures("empirical_rxx_EAP", "marginal_rxx")
    yield "reliability of EAP", gap(empirical_reliability(everybody), reliability[0]), 2e-4
    yield "marginal reliability", gap(_marginal(held), reliability[1]), 1e-6
    if held.unit == 1.0:
        yield "ours", gap(marginal_reliability(held), reliability[1]), 1e-6


def _items(scored: ScoredMatrix, held: Calibration, theirs: Entry, cut_off: bool) -> Told:
    if "infit_outfit" in theirs:
        rows, fit = theirs.part("infit_outfit"), item_fit(scored, held)
        yield "infit", gap(fit.infit, rows.column("infit")), 1e-3
        yield "outfit", gap(fit.outfit, rows.column("outfit")), 1e-3
        yield "infit as a deviate", gap(fit.infit_z, rows.column("z.infit")), 2e-2
        yield "outfit as a deviate", gap(fit.outfit_z, rows.column("z.outfit")), 2e-2
    if "Q3" in theirs:
        own = theirs.part("Q3")
        pairs = fit.q3[np.triu_indices(len(fit.q3), 1)]
        listed = [fit.q3[row["i"] - 1, row["j"] - 1] for row in own.content["top10"]]
        ours = (pairs.mean(), pairs.max(), pairs.min())
        yield "Q3", gap(ours, own.figures("mean", "max", "min")), 1e-3
        yield "Q3 of the pairs listed", gap(listed, own.part("top10").column("q3")), 1e-3
    if "S_X2" in theirs:
        rows, found = theirs.part("S_X2"), s_x2(scored, held)
        df = rows.column("df.S_X2")
        df[df == 0] = np.nan  # where it has none, so have we
        known = np.isfinite(df)
        yield "df of S-X2", gap(found.df, df), 0.0
        yield "S-X2", gap(found.chi2[known], rows.column("S_X2")[known], relative=True), 1e-2
        yield "RMSEA of S-X2", gap(found.rmsea[known], rows.column("RMSEA.S_X2")[known]), 1e-4
        yield "p of S-X2", gap(found.p[known], rows.column("p.S_X2")[known]), 1e-4
    if "M2" in theirs:
        yield from _limited(scored, held, theirs.part("M2"), cut_off)


def _limited(scored: ScoredMatrix, held: Calibration, theirs: Entry, cut_off: bool) -> Told:
    """Under Rasch's model it takes the variance as known, which shows where nodes are cut off."""
    found = m2(scored, held)
    value, df = theirs.figures("M2", "df")
    yield "M2", gap(found.m2, value, relative=True), 1e-2 if cut_off else 1e-3
    yield "df of M2", gap(found.df, df), 0.0
    names = ("RMSEA", "RMSEA_5", "RMSEA_95", "SRMSR", "TLI", "CFI", "p")
    ours = (found.rmsea, found.rmsea_low, found.rmsea_high, found.srmsr, found.tli, found.cfi)
    yield "RMSEA, SRMSR, TLI, CFI", gap((*ours, found.p), theirs.figures(*names)), 1e-3


def _odd_people(scored: ScoredMatrix, held: Calibration, theirs: Entry) -> Told:
    if "person_fit_first_30" not in theirs:
        return
    few = first(scored, 30)
    yield from compare_odd_people(few, held, theirs.part("person_fit_first_30"))


def compare_odd_people(scored: ScoredMatrix, held: Calibration, rows: Entry) -> Told:
    """Person fit at posterior means. Some references list the answers beside it."""
    found = person_fit(scored, held, expected_a_posteriori(scored, held))
    rows.read |= {f"{rows.path}/[]/{name}" for name in rows.content[0] if name.startswith("Item")}
    yield "infit of people", gap(found.infit, rows.column("infit")), 1e-3
    yield "outfit of people", gap(found.outfit, rows.column("outfit")), 1e-3
    yield "deviates of people", gap(found.infit_z, rows.column("z.infit")), 5e-3
    yield "outer deviates of people", gap(found.outfit_z, rows.column("z.outfit")), 5e-3
    yield "lz", gap(found.lz, rows.column("Zh")), 2e-3


def first(scored: ScoredMatrix, people: int) -> ScoredMatrix:
    return from_scores(scored.credit[:people], persons=scored.persons[:people], items=scored.items)


def _at_theirs(found: Calibration, theirs: Entry) -> Calibration:
    """The same calibration with the parameters of the reference."""
    rows, parameters = theirs.part("slope_intercept"), found.parameters.copy()
    spread = np.sqrt(theirs.content["group"]["var"]) if found.model.name == "rasch" else 1.0
    parameters[0], parameters[1] = rows.column("a1") * spread, rows.column("d")
    guess = rows.column("g")
    if len(parameters) > 2:
        parameters[2] = np.log(guess / (1 - guess))
    return replace(found, parameters=parameters)


def _polished(scored: ScoredMatrix, held: Calibration, steps: int = 4) -> Calibration:
    """A few steps of Newton's method on the exact likelihood."""
    free, data, used = _free(held), held.blocks(scored), held.used
    for _ in range(steps):
        own = held.parameters[:, used]
        expected = expectation(data, held.model.logs(own, held.grid.nodes), held.grids)
        gradient = held.model.gradient(own, expected, held.grid.nodes).copy()
        if held.model.name == "rasch":
            gradient[0] /= own.shape[1]  # every item has the whole of it
        curved = free.T @ full_information(data, held) @ free
        moved = held.parameters.copy()
        step = free @ np.linalg.solve(curved, free.T @ gradient.ravel())
        moved[:, used] += step.reshape(own.shape)
        held = replace(held, parameters=moved)
    return held


def _marginal(held: Calibration) -> float:
    """As the reference has it: in the unit of slope 1, over N(0, 1), I / (I + variance)."""
    theta = np.linspace(-6, 6, 1201)
    weight = np.exp(-(theta**2) / 2)
    known = information(held, theta)
    return float(weight @ (known / (known + held.unit**2)) / weight.sum())


def _by_root_of_information(scored: ScoredMatrix, held: Calibration) -> np.ndarray:
    """(N,): where likelihood times the root of the information is highest (Jeffreys' prior).

    On a fine grid, then at the top of the parabola through its three highest points.
    """
    theta = np.linspace(-9, 9, 9001)
    p = curve(held, theta)
    right, given = scored.credit > 0, scored.administered
    known = np.log(given.astype(np.float64) @ item_information(held, theta))
    missed = np.log(np.maximum(1 - p, 1e-300))
    value = (right & given) @ np.log(p) + (~right & given) @ missed + 0.5 * known
    top = value[:, 1:-1].argmax(axis=1) + 1
    before, here, after = (value[np.arange(len(top)), top + shift] for shift in (-1, 0, 1))
    shift = 0.5 * (before - after) / (before - 2 * here + after)
    return np.asarray(theta[top] + shift * (theta[1] - theta[0]), np.float64)
