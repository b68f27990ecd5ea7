"""Questions that must be computed while a person waits: scores on one scale, and models compared.

Nothing here writes. The same arithmetic makes the scores that are published and the effects that
are shown before a key is signed (`what_if`), so what was shown is what will happen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.arrays import input_digest, key_of, load_matrix
from scoring.errors import CannotEquate, NoScale
from scoring.models import AnalysisRun, CalibrationRun, Equating, ScaleSpec
from scoring.psychometrics.classical import reliability
from scoring.psychometrics.distributions import (
    AnchoredCounts,
    SmoothingFailed,
    count_anchored,
    presmooth_anchored,
)
from scoring.psychometrics.equating import NoSpread, chained_equipercentile, chained_line
from scoring.psychometrics.irt.comparison import LikelihoodRatio, Standing, ratio_of
from scoring.psychometrics.keying import Key, ScoredMatrix, score
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.scaling import Anchors, Scale, score_table
from scoring.queries.results import newest_analyses

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Too few people for a curve, or for anything: Kolen & Brennan (2014), 8.2, give the same order.
FEWEST_FOR_CURVE: Final = 1500
FEWEST_FOR_LINE: Final = 100
DEGREES: Final = (6, 6, 2)  # raw, anchor, cross moments kept by presmoothing


@dataclass(frozen=True)
class FormData:
    """One exam form of one paper: its answers and the key they are scored by."""

    form_id: int
    code: str
    matrix: ResponseMatrix
    key: Key

    def scored(self) -> ScoredMatrix:
        return score(self.matrix, self.key)


@dataclass(frozen=True)
class FormTable:
    """What each raw score of one form is worth, by raw score from 0: arrays of (K + 1,).

    `band_low`, `band_high`: the reported scores one standard error of measurement below and above.
    """

    equated: Floats
    scaled: Ints
    band_low: Ints
    band_high: Ints


@dataclass(frozen=True)
class PaperScores:
    """All forms of a paper on one scale. `raw`: by form, in the order of its matrix."""

    spec: ScaleSpec
    tables: Mapping[int, FormTable]
    raw: Mapping[int, Ints]
    methods: Mapping[int, str]
    alphas: Mapping[int, tuple[float, float]]  # alpha and standard error of measurement

    def scaled(self, form_id: int) -> Ints:
        """(N,): the reported score of everyone who sat this form."""
        return self.tables[form_id].scaled[self.raw[form_id]]

    def passed(self, form_id: int) -> NDArray[np.bool_]:
        """(N,): whether it reaches the cut."""
        return self.scaled(form_id) >= self.spec.cut


def paper_scores(spec: ScaleSpec, forms: Sequence[FormData]) -> PaperScores:
    """Score, equate to the base form and scale every form of a paper. CannotEquate says why not."""
    scored = {form.form_id: form.scored() for form in forms}
    codes = {form.form_id: form.code for form in forms}
    if spec.base_form_id not in scored:
        raise CannotEquate(form=", ".join(codes.values()), base=spec.base_form.code, what="0")
    base = scored[spec.base_form_id]
    keys = {form.form_id: form.key for form in forms}
    tables, methods, alphas = {}, {}, {}
    for form_id, own in scored.items():
        figures = reliability(own)
        alphas[form_id] = figures.alpha, figures.sem
        method = Equating.IDENTITY
        if form_id != spec.base_form_id:
            method = method_for(spec, own, base)
        common = common_items(own, base, keys[form_id], keys[spec.base_form_id])
        equated = _equated(own, base, common, method, codes[form_id], codes[spec.base_form_id])
        sem = figures.sem if np.isfinite(figures.sem) else 0.0
        tables[form_id] = form_table(spec, equated, highest(base), sem)
        methods[form_id] = str(method)
    raw = {form_id: own.total for form_id, own in scored.items()}
    return PaperScores(spec, tables, raw, methods, alphas)


def highest(scored: ScoredMatrix) -> int:
    """The raw score of full marks."""
    return int(scored.maximum[scored.counted].astype(np.int64).sum())


def method_for(spec: ScaleSpec, own: ScoredMatrix, base: ScoredMatrix) -> Equating:
    """The way of equating: as the scale says, or by the smaller group where it leaves it open."""
    if spec.equating != Equating.BY_SIZE:
        return Equating(spec.equating)
    people = min(len(own.persons), len(base.persons))
    if people < FEWEST_FOR_LINE:
        return Equating.IDENTITY
    return Equating.LINEAR if people < FEWEST_FOR_CURVE else Equating.EQUIPERCENTILE


def _equated(
    own: ScoredMatrix,
    base: ScoredMatrix,
    common: Sequence[str],
    method: Equating,
    code: str,
    base_code: str,
) -> Floats:
    """(K + 1,): the equivalent on the base form of each raw score."""
    raw = np.arange(highest(own) + 1, dtype=np.float64)
    if method is Equating.IDENTITY:
        return raw
    if not common:
        raise CannotEquate(form=code, base=base_code, what="0")
    x, y = anchored(own, common), anchored(base, common)
    try:
        if method is Equating.LINEAR:
            return chained_line(x, y).at(raw)
        return chained_equipercentile(
            presmooth_anchored(x, *DEGREES), presmooth_anchored(y, *DEGREES)
        )
    except (NoSpread, SmoothingFailed) as fault:
        raise CannotEquate(form=code, base=base_code, what=str(fault)) from fault


def common_items(own: ScoredMatrix, base: ScoredMatrix, own_key: Key, base_key: Key) -> list[str]:
    """The items that count in both forms by the same key: what the forms have in common.

    One that was weighted, re-keyed or credited in one form alone measures something else there:
    it would tell more able people apart where there are none.
    """
    counted = {item for item, yes in zip(base.items, base.counted, strict=True) if yes}
    return [
        item
        for item, yes in zip(own.items, own.counted, strict=True)
        if yes and item in counted and own_key.by_item[item] == base_key.by_item[item]
    ]


def anchored(scored: ScoredMatrix, common: Sequence[str]) -> AnchoredCounts:
    """Candidates of a form by raw score and by score on the common items."""
    place = {item: column for column, item in enumerate(scored.items)}
    columns = [place[item] for item in common]
    credit = np.where(scored.administered[:, columns], scored.credit[:, columns], np.uint8(0))
    anchor = credit.sum(axis=1, dtype=np.int64)
    most = int(scored.maximum[columns].astype(np.int64).sum())
    return count_anchored(scored.total, anchor, highest(scored), most)


def form_table(spec: ScaleSpec, equated: Floats, full: int, sem: float) -> FormTable:
    """Put equated scores on the reported scale: integers, rounded once, half up."""
    scale = Scale(Decimal(spec.low), Decimal(spec.high), 0, Decimal(spec.cut))
    anchors = Anchors(Decimal(0), Decimal(spec.at_zero), Decimal(full), Decimal(spec.at_full))

    def reported(scores: Floats) -> Ints:
        return score_table(scores, anchors, scale).steps

    return FormTable(equated, reported(equated), reported(equated - sem), reported(equated + sem))


# --- the forms of a paper -----------------------------------------------------------------------


def sitting_forms(run: AnalysisRun) -> tuple[ScaleSpec, list[FormData]]:
    """The scale in force, and every form of a run's paper: its own as it was analysed in this run,
    the others as they were last.
    """
    spec = (
        ScaleSpec.objects.filter(sitting=run.sitting_id, paper=run.form.paper_id)
        .select_related("base_form")
        .order_by("-version")
        .first()
    )
    if spec is None:
        raise NoScale(paper=run.form.paper.name)
    others = [one for one in newest_analyses(run.sitting) if one.form_id != run.form_id]
    runs = [run] + [one for one in others if one.form.paper_id == spec.paper_id]
    return spec, [
        FormData(one.form_id, one.form.code, answers_of(one), key_of(one.key_version))
        for one in runs
    ]


def answers_of(run: AnalysisRun) -> ResponseMatrix:
    """The answers of a run's form. Kept at hand while they are those the run was made from."""
    try:
        return _kept_answers(run, run.input_digest)
    except _Changed as changed:
        return changed.matrix


class _Changed(Exception):
    """The stored answers are no longer those that a run was made from."""

    def __init__(self, matrix: ResponseMatrix) -> None:
        super().__init__()
        self.matrix = matrix


@lru_cache(maxsize=4)
def _kept_answers(run: AnalysisRun, digest: str) -> ResponseMatrix:
    """Read once for one run: what has its digest has its answers and its key."""
    matrix = load_matrix(run.sitting, run.form)
    if input_digest(matrix, run.key_version.digest) != digest:
        raise _Changed(matrix)
    return matrix


# --- response models ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Rung:
    """One model beside others on the same answers. `behind`: its BIC above the smallest.

    `test`: against the narrower model nested in it, where both have no prior.
    """

    run: CalibrationRun
    behind: float
    test: LikelihoodRatio | None

    @property
    def is_best(self) -> bool:
        return self.behind == 0


ORDER: Final = ("rasch", "1pl", "2pl", "3pl")


def model_ladder(run: CalibrationRun, others: Sequence[CalibrationRun]) -> list[Rung]:
    """The newest calibration by each model on the very answers and keys of this one."""
    same = [one for one in others if one.input_digest == run.input_digest and one.pk != run.pk]
    newest = {one.model: one for one in sorted(same, key=lambda one: one.pk)} | {run.model: run}
    ladder = [newest[model] for model in ORDER if model in newest]
    smallest = min(one.result["bic"] for one in ladder)
    return [Rung(one, one.result["bic"] - smallest, _test(one, newest)) for one in ladder]


def _test(run: CalibrationRun, newest: Mapping[str, CalibrationRun]) -> LikelihoodRatio | None:
    """The 2PL against one slope for all; what has a prior is compared by criteria alone."""
    narrow = newest.get("1pl") or newest.get("rasch")
    if run.model != "2pl" or narrow is None:
        return None
    return ratio_of(_standing(narrow), _standing(run))


def _standing(run: CalibrationRun) -> Standing:
    kept = run.result
    return Standing(run.model, kept["loglik"], kept["free"], kept["aic"], kept["bic"])
