"""From answer sheets to figures and flags, form by form, never pooled."""

import hashlib
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction

from centres.common.audit import record
from centres.common.runs import Progress, start
from centres.models import User
from scheduling.models import ExamForm, Sitting
from scoring.actions.items import newest_key
from scoring.arrays import (
    Places,
    RunFindings,
    finite,
    input_digest,
    key_of,
    load_focal,
    load_matrix,
    load_places,
    save_scores,
    save_similar_pairs,
    save_statistics,
)
from scoring.arrays.calibrations import load_groups
from scoring.arrays.groups import labels_of, load_mode, save_groups, standards_of
from scoring.models import AnalysisRun
from scoring.psychometrics import classical
from scoring.psychometrics.dif import purified_mantel_haenszel
from scoring.psychometrics.flags import flag_items
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.information import StandardErrors, standard_errors
from scoring.psychometrics.keying import Key, ScoredMatrix
from scoring.psychometrics.parts import Parts, parts_of
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.similarity import Screening, screen

FEWEST_TO_CALIBRATE = 200  # fewer people say next to nothing about a slope

# Where each step of a run ends, in hundredths of the whole.
LOADED, SCORED, COMPARED, SCREENED, CALIBRATED, SAVED = 5, 15, 20, 40, 85, 100


def create_analysis(
    *, sitting: Sitting, form: ExamForm, by: User | None, at: datetime
) -> AnalysisRun:
    """Lay down an analysis of one exam form with its newest key, to be executed."""
    return AnalysisRun.objects.create(
        sitting=sitting,
        form=form,
        key_version=newest_key(form),
        started_by=by,
        created_at=at,
        total=SAVED,
    )


@transaction.atomic
def start_analysis(*, sitting: Sitting, form: ExamForm, by: User, at: datetime) -> AnalysisRun:
    """Queue an analysis of one exam form for the worker."""
    run = create_analysis(sitting=sitting, form=form, by=by, at=at)
    record("start_analysis", target=run, by=by, at=at, form=form.code)
    start(run)
    return run


def execute_analysis(run: AnalysisRun, progress: Progress) -> None:
    """Load, score and compare, calibrate, save: four steps, nothing kept unless all succeed."""
    matrix = load_matrix(run.sitting, run.form)
    progress(LOADED, SAVED)
    places = load_places(matrix.persons, run.sitting, run.form.paper_id)
    found = analyse_form(matrix, key_of(run.key_version), places, progress)
    groups = labels_of(
        load_groups(matrix.persons, run.sitting, run.form.paper_id),
        load_mode(matrix.persons, run.form),
    )
    parts = parts_of(found.classical.scored, standards_of(run.form))
    with transaction.atomic():
        save_scores(run, found.classical.scored)
        save_statistics(run, found)
        save_groups(run, found.classical.scored, groups)
        save_similar_pairs(run, found.similar, places)
        run.keep(
            input_digest=input_digest(matrix, run.key_version.digest),
            digest=_result_digest(found.classical.scored),
            result=summary(found) | {"parts": _parts_summary(parts)},
        )
        record(
            "analyse",
            target=run,
            by=run.started_by,
            at=run.created_at,
            form=run.form.code,
            key_version=run.key_version.number,
            sheets=len(matrix.persons),
            digest=run.digest,
        )
    progress(SAVED, SAVED)


def analyse_form(
    matrix: ResponseMatrix, key: Key, places: Places, progress: Progress
) -> RunFindings:
    """Score a form by a key and find out everything that is stored about it."""
    test = classical.analyse(matrix, key)
    progress(SCORED, SAVED)
    difs = {
        by: purified_mantel_haenszel(test.scored, focal)
        for by, focal in load_focal(matrix.persons).items()
    }
    progress(COMPARED, SAVED)
    similar = _screened(matrix, test, places, _within(progress, COMPARED, SCREENED))
    return RunFindings(
        classical=test,
        similar=similar,
        irt=_calibrated(test.scored, progress),
        difs=difs,
        flags=flag_items(test, difs=tuple(difs.values())),
    )


def _screened(
    matrix: ResponseMatrix, test: classical.FormAnalysis, places: Places, progress: Progress
) -> Screening:
    """Pairs of one room whose answers agree more than chance explains."""
    if test.options is None:
        return Screening((), 0, 0)
    choices = test.options.choices
    return screen(matrix, test.scored, choices, places.room, progress=progress)


def _calibrated(
    scored: ScoredMatrix, progress: Progress
) -> tuple[Calibration, StandardErrors] | None:
    """The 2PL of a form and its standard errors; nothing for a handful of people."""
    if len(scored.persons) < FEWEST_TO_CALIBRATE:
        return None
    calibration = calibrate(scored, progress=_within(progress, SCREENED, CALIBRATED))
    return calibration, standard_errors(scored, calibration)


def _within(progress: Progress, first: int, last: int) -> Progress:
    """The part of a run from `first` to `last` hundredths, as a progress of its own."""

    def report(done: int, total: int) -> None:
        progress(first + (last - first) * done // max(total, 1), SAVED)

    return report


def _result_digest(scored: ScoredMatrix) -> str:
    """SHA-256 of everyone's raw score: two runs agree on every person exactly when it is equal."""
    digest = hashlib.sha256(scored.persons.tobytes())
    digest.update(scored.total.tobytes())
    return digest.hexdigest()


def summary(found: RunFindings) -> dict[str, Any]:
    """The figures of the whole form, as they are stored with the run."""
    test = found.classical
    reliability = {name: finite(value) for name, value in asdict(test.reliability).items()}
    return {
        "reliability": reliability,
        "distribution": np.bincount(test.scored.total).tolist(),
        "possible": int(test.scored.possible.max(initial=0)),
        "consistency": _consistency_summary(test),
        "shape": _shape_summary(test),
        "errors": [finite(value) for value in test.error],
        "speed": _speed_summary(test),
        "pairs": {"looked_at": found.similar.looked_at, "alike": len(found.similar.pairs)},
        "flagged": len({flag.item for flag in found.flags}),
        "irt": _irt_summary(found.irt[0]) if found.irt else None,
        "groups": {
            name: {"reference": dif.reference, "focal": dif.focal}
            for name, dif in found.difs.items()
        },
        "findings": [asdict(finding) for finding in test.findings],
    }


def _consistency_summary(test: classical.FormAnalysis) -> dict[str, float | None]:
    found = test.consistency
    return {
        "omega": finite(found.omega),
        "standardised": finite(found.standardised),
        "lambda6": finite(found.lambda6),
        "alpha_error": finite(found.alpha_error),
    }


def _shape_summary(test: classical.FormAnalysis) -> dict[str, Any]:
    found = test.shape
    return {
        "lowest": finite(found.lowest),
        "highest": finite(found.highest),
        "quarters": [finite(value) for value in found.quarters],
        "skew": finite(found.skew),
        "kurtosis": finite(found.kurtosis),
    }


def _speed_summary(test: classical.FormAnalysis) -> dict[str, Any] | None:
    if test.speed is None:
        return None
    return {
        "reached": [finite(value) for value in test.speed.reached],
        "finished": finite(test.speed.finished),
        "got_most": finite(test.speed.got_most),
        "place": test.speed.place,
        "quotient": finite(test.speed.quotient),
        "variance_ratio": finite(test.speed.variance_ratio),
        "speeded": test.speed.is_speeded,
    }


def _parts_summary(found: Parts) -> dict[str, Any]:
    names = ("mean", "sd", "alpha", "with_rest")
    return {
        "stratified": finite(found.stratified),
        "parts": [
            {"name": part.name, "items": part.items, "possible": part.possible}
            | {name: finite(getattr(part, name)) for name in names}
            for part in found.parts
        ],
    }


def _irt_summary(calibration: Calibration) -> dict[str, Any]:
    return {
        "model": "2pl",
        "loglik": finite(calibration.loglik),
        "converged": bool(calibration.converged),
        "iterations": int(calibration.iterations),
        "findings": [asdict(finding) for finding in calibration.findings],
    }
