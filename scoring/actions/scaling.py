"""From raw scores to reported ones: scale and cut set once, then an outcome for everyone."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from centres.common.audit import record
from centres.common.bulk import insert_rows
from centres.common.runs import Progress, start
from centres.models import User
from scheduling.models import ExamForm, Paper, Sitting
from scoring.actions.items import newest_key
from scoring.arrays import key_of, load_matrix
from scoring.errors import NoAnalysis, NoScale, ReasonMissing, SheetsNotSettled
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    CandidateScore,
    Equating,
    Outcome,
    ScaleSpec,
    ScalingRun,
)
from scoring.queries.intake import settlement
from scoring.queries.people import Sitter, sitters
from scoring.queries.results import held_registrations, newest_analyses
from scoring.studies import FormData, FormTable, PaperScores, paper_scores

SCORE_FIELDS: Final = (
    "run", "registration", "paper", "form", "outcome", "raw", "scaled", "passed"
)  # fmt: skip


@transaction.atomic
def set_scale(
    *,
    sitting: Sitting,
    paper: Paper,
    base_form: ExamForm,
    cut: int,
    low: int = 0,
    high: int = 100,
    at_zero: int = 0,
    at_full: int = 100,
    equating: Equating = Equating.BY_SIZE,
    reason: str,
    by: User | None,
    at: datetime,
) -> ScaleSpec:
    """Set the scale and cut of a paper in a sitting, as a new version with its reason."""
    if not reason.strip():
        raise ReasonMissing
    versions = ScaleSpec.objects.filter(sitting=sitting, paper=paper)
    newest = versions.aggregate(newest=Max("version"))["newest"] or 0
    spec = ScaleSpec.objects.create(
        sitting=sitting,
        paper=paper,
        base_form=base_form,
        version=newest + 1,
        low=low,
        high=high,
        at_zero=at_zero,
        at_full=at_full,
        cut=cut,
        equating=equating,
        reason=reason.strip(),
        by=by,
        at=at,
    )
    record("set_scale", target=spec, by=by, at=at, version=spec.version, cut=cut, reason=reason)
    return spec


def newest_specs(sitting: Sitting) -> list[ScaleSpec]:
    """The scale in force of each paper that somebody sat. NoScale names a paper without one."""
    newest = {spec.paper_id: spec for spec in sitting.scale_specs.order_by("version")}
    sat = AnswerSheet.objects.filter(registration__sitting=sitting).values("form__paper_id")
    for paper in Paper.objects.filter(pk__in=sat):
        if paper.pk not in newest:
            raise NoScale(paper=paper.name)
    return list(newest.values())


@transaction.atomic
def create_scaling(*, sitting: Sitting, by: User | None, at: datetime) -> ScalingRun:
    """Lay down a scaling of a sitting from its newest analyses and scales, to be executed."""
    specs = newest_specs(sitting)
    analyses = newest_analyses(sitting)
    _check_analyses(sitting, analyses)
    run = ScalingRun.objects.create(sitting=sitting, started_by=by, created_at=at)
    run.analyses.set(analyses)
    run.specs.set(specs)
    return run


def _check_analyses(sitting: Sitting, analyses: list[AnalysisRun]) -> None:
    """Every exam form with sheets needs a finished analysis by its newest key."""
    keyed = {run.form_id: run.key_version_id for run in analyses}
    sat = AnswerSheet.objects.filter(registration__sitting=sitting).values("form_id")
    for form in ExamForm.objects.filter(pk__in=sat):
        if keyed.get(form.pk) != newest_key(form).pk:
            raise NoAnalysis(form=form.code)


@transaction.atomic
def start_scaling(*, sitting: Sitting, by: User, at: datetime) -> ScalingRun:
    """Queue a scaling of a sitting for the worker. Refused while its sheets are not settled."""
    settled = settlement(sitting)
    if settled.left:
        raise SheetsNotSettled(what="; ".join(settled.problems))
    run = create_scaling(sitting=sitting, by=by, at=at)
    record("start_scaling", target=run, by=by, at=at)
    start(run)
    return run


def execute_scaling(run: ScalingRun, progress: Progress) -> None:
    """Equate, scale, and give everyone with a seat a score, an absence or a hold."""
    people = sitters(run.sitting)
    progress(0, len(people))
    papers: list[PaperScores] = []
    marks: dict[int, dict[int, Score]] = {}
    for spec in run.specs.select_related("base_form").order_by("paper_id"):
        forms = form_data(run, spec)
        papers.append(paper_scores(spec, forms))
        marks[spec.paper_id] = _marks(papers[-1], forms)
    held = set(held_registrations(run.sitting).values_list("registration_id", flat=True))
    rows = list(_rows(run, people, marks, held))
    tables = {
        str(form): _stored(table) for scores in papers for form, table in scores.tables.items()
    }
    with transaction.atomic():
        insert_rows(CandidateScore, SCORE_FIELDS, (_values(row) for row in rows))
        run.keep(
            tables=tables,
            result=_result(papers, rows),
            input_digest=_input_digest(run),
            digest=_digest(rows),
        )
        record("scale", target=run, by=run.started_by, at=run.created_at, digest=run.digest)
    progress(len(people), len(people))


def form_data(run: ScalingRun, spec: ScaleSpec) -> list[FormData]:
    """The answers and keys of a paper's forms, as this scaling uses them."""
    analyses = run.analyses.filter(form__paper_id=spec.paper_id).order_by("form__code")
    return [
        FormData(
            analysis.form_id,
            analysis.form.code,
            load_matrix(run.sitting, analysis.form),
            key_of(analysis.key_version),
        )
        for analysis in analyses.select_related("form", "key_version")
    ]


Score = tuple[int, int, int, bool]  # exam form, raw, scaled, passed


def _marks(scores: PaperScores, forms: list[FormData]) -> dict[int, Score]:
    """The score of everyone who handed in this paper, by registration."""
    marks: dict[int, Score] = {}
    for form in forms:
        raw = scores.raw[form.form_id].tolist()
        scaled = scores.scaled(form.form_id).tolist()
        passed = scores.passed(form.form_id).tolist()
        columns = zip(form.matrix.persons.tolist(), raw, scaled, passed, strict=True)
        marks |= {who: (form.form_id, r, s, ok) for who, r, s, ok in columns}
    return marks


def _rows(
    run: ScalingRun, people: list[Sitter], marks: dict[int, dict[int, Score]], held: set[int]
) -> Iterator[CandidateScore]:
    """One row for everyone; none for who came, has no sheet and is not held: that is a gap."""
    for who in people:
        mark = marks.get(who.paper_id, {}).get(who.registration_id)
        row = CandidateScore(run=run, registration_id=who.registration_id, paper_id=who.paper_id)
        if mark is not None:
            row.form_id, row.raw, row.scaled, row.passed = mark
            row.outcome = Outcome.HELD if who.registration_id in held else Outcome.SCORED
        elif not who.present:
            row.outcome = Outcome.ABSENT
        elif who.registration_id in held:
            row.outcome = Outcome.HELD
        else:
            continue
        yield row


def _values(row: CandidateScore) -> tuple[Any, ...]:
    who, paper, form = row.registration_id, row.paper_id, row.form_id
    return row.run_id, who, paper, form, str(row.outcome), row.raw, row.scaled, row.passed


def _stored(table: FormTable) -> dict[str, Any]:
    return {
        "equated": [round(score, 6) for score in table.equated.tolist()],
        "scaled": table.scaled.tolist(),
        "band_low": table.band_low.tolist(),
        "band_high": table.band_high.tolist(),
    }


def _result(papers: list[PaperScores], rows: list[CandidateScore]) -> dict[str, Any]:
    scored = [row for row in rows if row.outcome == Outcome.SCORED]
    return {
        "people": len(rows),
        "scored": len(scored),
        "passed": sum(bool(row.passed) for row in scored),
        "equating": {str(form): way for paper in papers for form, way in paper.methods.items()},
        "sem": {str(form): sem for paper in papers for form, (_, sem) in paper.alphas.items()},
    }


def _input_digest(run: ScalingRun) -> str:
    said = [run.input_digest for run in run.analyses.order_by("pk")]
    said += [f"{s.paper_id}/{s.version}" for s in run.specs.order_by("pk")]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _digest(rows: list[CandidateScore]) -> str:
    """SHA-256 of every outcome: two scalings agree on everybody exactly when it is equal."""
    digest = hashlib.sha256()
    for row in rows:
        line = f"{row.registration_id},{row.paper_id},{row.outcome},{row.raw},{row.scaled}\n"
        digest.update(line.encode())
    return digest.hexdigest()
