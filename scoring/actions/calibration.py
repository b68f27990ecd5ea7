"""From finished analyses to a response model: items, fit, people, and groups compared."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from centres.common.audit import record
from centres.common.errors import DomainError
from centres.common.runs import Progress, part_of, start
from centres.models import User
from scheduling.models import Paper, Sitting
from scoring.arrays import finite, input_digest, key_of, load_matrix
from scoring.arrays.calibrations import (
    FormFit,
    GroupFindings,
    load_groups,
    save_differences,
    save_items,
    save_people,
)
from scoring.errors import NoFinishedAnalysis, TooFewToCalibrate
from scoring.models import AnalysisRun, CalibrationRun, ResponseModel
from scoring.psychometrics.dif import (
    SMALLEST_GROUP,
    DifAnalysis,
    EtsClass,
    class_b_or_c,
    purified_mantel_haenszel,
    shrunken_delta,
)
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.comparison import standing
from scoring.psychometrics.irt.concurrent import narrowed, together
from scoring.psychometrics.irt.curves import (
    ability_at,
    ability_sem,
    empirical_curves,
    information,
    marginal_reliability,
    raw_score_sem,
)
from scoring.psychometrics.irt.dif import effect_of_items
from scoring.psychometrics.irt.fit import item_fit
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import StandardErrors, standard_errors
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.irt.m2 import m2
from scoring.psychometrics.irt.models import ItemModel, TwoParameter
from scoring.psychometrics.irt.persons import Abilities
from scoring.psychometrics.irt.points import weighted_likelihood
from scoring.psychometrics.irt.rasch import OneParameter, Rasch
from scoring.psychometrics.keying import ScoredMatrix, score
from scoring.psychometrics.logistic_dif import logistic_dif, standardised_difference
from scoring.psychometrics.person_fit import PersonFit, guttman_distance, person_fit
from scoring.psychometrics.responses import ResponseMatrix
from scoring.queries.results import newest_analyses
from scoring.studies import highest, paper_scores, sitting_forms

MODELS: Final[dict[str, ItemModel]] = {
    ResponseModel.RASCH: Rasch(),
    ResponseModel.ONE: OneParameter(),
    ResponseModel.TWO: TwoParameter(),
    ResponseModel.THREE: ThreeParameter(),
}
FEWEST: Final = 100  # answer sheets below which not even difficulties are worth looking at
ABILITIES: Final = np.linspace(-4.0, 4.0, 41)  # where the curves of a form are kept
ODD: Final = 0.001  # a chance of lz* below which somebody should look at the answers
BY_REGRESSION: Final = ("sex", "institution", "document", "language")
OF_PEOPLE: Final = (*BY_REGRESSION, "region")  # kinds of people; centres and sessions are places

# Where each step of a run ends, in hundredths of the whole.
LOADED, FITTED, KNOWN, FORMS, PEOPLE, COMPARED, SAVED = 5, 40, 50, 65, 75, 95, 100


def create_calibration(
    *, sitting: Sitting, paper: Paper, model: str, by: User | None, at: datetime
) -> CalibrationRun:
    """Lay down a calibration of a paper by its newest finished analyses, to be executed."""
    analyses = [run for run in newest_analyses(sitting) if run.form.paper_id == paper.pk]
    if not analyses:
        raise NoFinishedAnalysis(paper=paper.name)
    run = CalibrationRun.objects.create(
        sitting=sitting,
        paper=paper,
        model=ResponseModel(model),
        started_by=by,
        created_at=at,
        total=SAVED,
    )
    run.analyses.set(analyses)
    return run


@transaction.atomic
def start_calibration(
    *, sitting: Sitting, paper: Paper, model: str, by: User, at: datetime
) -> CalibrationRun:
    """Queue a calibration of a paper for the worker."""
    run = create_calibration(sitting=sitting, paper=paper, model=model, by=by, at=at)
    record("start_calibration", target=run, by=by, at=at, paper=paper.code, model=str(run.model))
    start(run)
    return run


def execute_calibration(run: CalibrationRun, progress: Progress) -> None:
    """Calibrate, judge the fit, place everyone, compare groups; nothing kept unless all succeed."""
    analyses = list(run.analyses.select_related("form__paper", "key_version").order_by("form_id"))
    matrices = [load_matrix(run.sitting, analysis.form) for analysis in analyses]
    keys = [key_of(analysis.key_version) for analysis in analyses]
    scores = [score(matrix, key) for matrix, key in zip(matrices, keys, strict=True)]
    everybody = together(scores)
    if len(everybody.persons) < FEWEST:
        raise TooFewToCalibrate(people=len(everybody.persons), fewest=FEWEST)
    progress(LOADED, SAVED)
    fit = part_of(progress, LOADED, FITTED)
    found = calibrate(everybody, MODELS[run.model], progress=fit)
    errors = standard_errors(everybody, found)
    progress(KNOWN, SAVED)
    cuts = raw_cuts(analyses)
    forms, pages = [], []
    for at, (analysis, scored) in enumerate(zip(analyses, scores, strict=True), start=1):
        form = fit_of_form(analysis, scored, found, errors)
        forms.append(form)
        pages.append(form_summary(form, scored, cuts.get(analysis.form_id)))
        part_of(progress, KNOWN, FORMS)(at, len(analyses))
    abilities = weighted_likelihood(everybody, found)
    oddness = odd_people(everybody, found, abilities, scores, [one.calibration for one in forms])
    progress(PEOPLE, SAVED)
    groups = compare_groups(run, analyses, scores, cuts, part_of(progress, PEOPLE, COMPARED))
    progress(SAVED, SAVED)  # the last moment to stop: what is saved from here on stays
    with transaction.atomic():
        save_items(run, forms)
        save_people(run, abilities, oddness)
        save_differences(run, groups)
        run.keep(
            input_digest=_input_digest(matrices, analyses),
            digest=_result_digest(found),
            result=summary(everybody, found, errors, oddness)
            | {"forms": pages, "groups": [dict(one.summary) for one in groups]},
        )
        record(
            "calibrate",
            target=run,
            by=run.started_by,
            at=run.created_at,
            paper=run.paper.code,
            model=run.model,
            sheets=len(everybody.persons),
            converged=found.converged,
            digest=run.digest,
        )


def odd_people(
    everybody: ScoredMatrix,
    found: Calibration,
    abilities: Abilities,
    scores: Sequence[ScoredMatrix],
    calibrations: Sequence[Calibration],
) -> PersonFit:
    """Fit of everybody; U3 form by form, since orders of a form compare, not of all."""
    guttman = [
        guttman_distance(scored, own.used) for scored, own in zip(scores, calibrations, strict=True)
    ]
    return replace(person_fit(everybody, found, abilities), u3=np.concatenate(guttman))


def summary(
    scored: ScoredMatrix, found: Calibration, errors: StandardErrors, oddness: PersonFit
) -> dict[str, Any]:
    """The figures of the calibration as a whole, as they are stored with the run."""
    where = standing(scored, found)
    measured = int(np.isfinite(oddness.p).sum())
    findings = dict.fromkeys([*found.findings, *errors.findings])
    return {
        "people": len(scored.persons),
        "items": len(found.used),
        "converged": bool(found.converged),
        "iterations": int(found.iterations),
        "change": finite(found.change),
        "gradient": finite(found.gradient),
        "loglik": finite(found.loglik),
        "log_prior": finite(found.log_prior),
        "ability_sd": finite(found.unit),
        "free": where.free,
        "aic": finite(where.aic),
        "bic": finite(where.bic),
        "findings": [asdict(finding) for finding in findings],
        "odd": {
            "measured": measured,
            "found": int((oddness.p < ODD).sum()),
            "expected": ODD * measured,
        },
    }


def _input_digest(matrices: Sequence[ResponseMatrix], analyses: Sequence[AnalysisRun]) -> str:
    """SHA-256 of the digests of what went in, form by form."""
    digests = [
        input_digest(matrix, analysis.key_version.digest)
        for matrix, analysis in zip(matrices, analyses, strict=True)
    ]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _result_digest(found: Calibration) -> str:
    """SHA-256 of the parameters to six decimals: to that the calibration is finished."""
    rounded = np.round(found.parameters, 6) + 0.0
    return hashlib.sha256(rounded.tobytes()).hexdigest()


# --- forms ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RawCut:
    """The smallest raw score of a form that passes, and scaled points for each raw one."""

    raw: int
    scaled: int
    slope: float


def raw_cuts(analyses: Sequence[AnalysisRun]) -> dict[int, RawCut]:
    """Where the cut lies on every form; nothing where no scale is set or a form cannot be equated.

    The table of scores is the one that scaling would make of these analyses.
    """
    try:
        spec, forms = sitting_forms(analyses[0])
        tables = paper_scores(spec, forms).tables
    except DomainError:
        return {}
    full = max(highest(form.scored()) for form in forms if form.form_id == spec.base_form_id)
    slope = (spec.at_full - spec.at_zero) / max(full, 1)
    return {
        form_id: RawCut(int(np.argmax(table.scaled >= spec.cut)), spec.cut, slope)
        for form_id, table in tables.items()
        if (table.scaled >= spec.cut).any()
    }


def fit_of_form(
    analysis: AnalysisRun, scored: ScoredMatrix, found: Calibration, errors: StandardErrors
) -> FormFit:
    """Everything about the items of one exam form under the calibration of its paper."""
    own = narrowed(found, scored)
    place = {item: column for column, item in enumerate(found.items)}
    columns = [place[item] for item in scored.items]
    return FormFit(
        analysis=analysis,
        calibration=own,
        errors=StandardErrors(
            errors.a[columns], errors.b[columns], errors.c[columns], errors.covariance, ()
        ),
        chi_squares=s_x2(scored, own),
        residuals=item_fit(scored, own),
        curves=empirical_curves(scored, own),
    )


def form_summary(form: FormFit, scored: ScoredMatrix, cut: RawCut | None) -> dict[str, Any]:
    """What a page of the form draws: overall fit, where it measures, the error at the cut."""
    own, whole = form.calibration, m2(scored, form.calibration)
    known = information(own, ABILITIES)
    return {
        "form": form.analysis.form.code,
        "form_id": form.analysis.form_id,
        "analysis": form.analysis.pk,
        "people": len(scored.persons),
        "items": len(own.used),
        "reliability": finite(marginal_reliability(own)),
        "m2": finite(whole.m2),
        "df": whole.df,
        "p": finite(whole.p),
        "rmsea": finite(whole.rmsea),
        "rmsea_low": finite(whole.rmsea_low),
        "rmsea_high": finite(whole.rmsea_high),
        "srmsr": finite(whole.srmsr),
        "theta": [round(float(t), 2) for t in ABILITIES],
        "information": [round(float(value), 4) for value in known],
        "error": [finite(value) for value in ability_sem(own, ABILITIES)],
        "cut": _at_cut(own, cut),
    }


def _at_cut(own: Calibration, cut: RawCut | None) -> dict[str, Any] | None:
    """How exactly the form measures the person whose expected raw score is the cut."""
    if cut is None:
        return None
    theta = ability_at(own, cut.raw)
    if not np.isfinite(theta):
        return None
    there = np.array([theta])
    raw_error = float(raw_score_sem(own, there)[1][0])
    return {
        "scaled": cut.scaled,
        "raw": cut.raw,
        "theta": theta,
        "information": float(information(own, there)[0]),
        "error": float(ability_sem(own, there)[0]),
        "raw_error": raw_error,
        "scaled_error": raw_error * cut.slope,
    }


# --- groups ---------------------------------------------------------------------------------------


def compare_groups(
    run: CalibrationRun,
    analyses: Sequence[AnalysisRun],
    scores: Sequence[ScoredMatrix],
    cuts: Mapping[int, RawCut],
    progress: Progress,
) -> list[GroupFindings]:
    """Every group of every grouping against everybody else, form by form, never pooled."""
    found: list[GroupFindings] = []
    for at, (analysis, scored) in enumerate(zip(analyses, scores, strict=True)):
        groupings = load_groups(scored.persons, run.sitting, run.paper_id)
        jobs = [(one.code, group, one.labels) for one in groupings for group in one.focal]
        for place, (code, group, labels) in enumerate(jobs):
            known = np.flatnonzero(labels != "")
            some, focal = _some(scored, known), labels[known] == group
            cut = cuts.get(analysis.form_id)
            found.append(compare_group(analysis, code, group, some, focal, cut))
            progress(at * len(jobs) + place + 1, len(analyses) * len(jobs))
    return found


def _some(scored: ScoredMatrix, rows: NDArray[np.intp]) -> ScoredMatrix:
    """Some of the candidates."""
    if len(rows) == len(scored.persons):
        return scored
    kept = scored.credit[rows], scored.maximum, scored.counted, scored.persons[rows], scored.items
    return ScoredMatrix(*kept)


def compare_group(
    analysis: AnalysisRun,
    grouping: str,
    group: str,
    scored: ScoredMatrix,
    focal: NDArray[np.bool_],
    cut: RawCut | None,
) -> GroupFindings:
    """One group against everybody else, and what the items that differ did to its scores."""
    dif = purified_mantel_haenszel(scored, focal)
    told: dict[str, Any] = {
        "form": analysis.form.code,
        "form_id": analysis.form_id,
        "grouping": grouping,
        "group": group,
        "people": dif.focal,
        "others": dif.reference,
        "too_small": min(dif.focal, dif.reference) < SMALLEST_GROUP,
    }
    nothing = np.full(len(scored.items), np.nan)
    if told["too_small"]:
        return GroupFindings(analysis, grouping, group, dif, nothing, nothing, None, told)
    counts = {str(ets): dif.ets.count(ets) for ets in (EtsClass.A, EtsClass.B, EtsClass.C)}
    effect = _effect(scored, focal, dif, cut) if grouping in OF_PEOPLE else None
    return GroupFindings(
        analysis=analysis,
        grouping=grouping,
        group=group,
        dif=dif,
        shrunk=shrunken_delta(dif)[0],
        share=standardised_difference(scored, focal, dif.purified),
        regression=logistic_dif(scored, focal) if grouping in BY_REGRESSION else None,
        summary=told | {"classes": counts, "effect": effect},
    )


def _effect(
    scored: ScoredMatrix, focal: NDArray[np.bool_], dif: DifAnalysis, cut: RawCut | None
) -> dict[str, Any] | None:
    """What the items of class B or C did to the group's raw scores and chances to pass."""
    differing = class_b_or_c(dif)
    if cut is None or not differing.any():
        return None
    effect = effect_of_items(scored, focal, differing, cut.raw)
    if not np.isfinite(effect.mean_shift):
        return None
    return {
        "items": [dif.items[j] for j in np.flatnonzero(differing)],
        "mean_shift": finite(effect.mean_shift),
        "mean_absolute": finite(effect.mean_absolute),
        "largest": finite(np.nanmax(np.abs(effect.shift))) if len(effect.shift) else None,
        "lost": finite(effect.lost),
        "gained": finite(effect.gained),
    }
