"""Everybody of a scaling scored once more by other means; every person must agree."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import transaction

from centres.common.audit import record
from centres.common.runs import Progress, start
from centres.models import User
from scheduling.models import Registration
from scoring.arrays import items_of, key_of, options_of
from scoring.models import (
    AnalysisRun,
    AnswerSheet,
    CandidateScore,
    RawScore,
    ScalingRun,
    SecondScoring,
)
from scoring.psychometrics.keying import score
from scoring.psychometrics.responses import from_strings
from scoring.recount import Recount, differing, reported

MOST_TOLD: Final = 200
REPORT_EVERY: Final = 5000


@dataclass(frozen=True)
class Outcome:
    """What one scoring says about one person in one paper."""

    form: int | None
    raw: int | None
    scaled: int | None
    passed: bool | None


NOTHING: Final = Outcome(None, None, None, None)


@transaction.atomic
def start_second_scoring(*, scaling: ScalingRun, by: User, at: datetime) -> SecondScoring:
    """Queue a second scoring of a scaling for the worker."""
    run = create_second_scoring(scaling=scaling, by=by, at=at)
    record("start_second_scoring", target=run, by=by, at=at, scaling=scaling.pk)
    start(run)
    return run


def create_second_scoring(*, scaling: ScalingRun, by: User | None, at: datetime) -> SecondScoring:
    """Lay down a second scoring of a scaling, to be executed."""
    return SecondScoring.objects.create(scaling=scaling, started_by=by, created_at=at)


def execute_second_scoring(run: SecondScoring, progress: Progress) -> None:
    """Recompute everybody from the stored sheets and keys; keep whom the two scorings differ on."""
    scaling = run.scaling
    first = _first_scoring(scaling)
    raw_of_first = _raw_of_first(scaling)
    progress(0, len(first))
    second = dict(_second_scoring(scaling, len(first), progress))
    differ = sorted(
        person
        for person in first.keys() | second.keys()
        if _differs(first.get(person), second.get(person, NOTHING), raw_of_first.get(person))
    )
    told = [
        _told(person, first.get(person, NOTHING), second.get(person, NOTHING), scaling)
        for person in differ[:MOST_TOLD]
    ]
    with transaction.atomic():
        run.keep(
            people=len(second),
            disagreements=len(differ),
            input_digest=scaling.digest,
            digest=_digest(second),
            result={
                "people": len(second),
                "differ": told,
                "without_sheet": len(first) - len(second),
            },
        )
        record(
            "second_scoring",
            target=run,
            by=run.started_by,
            at=run.created_at,
            scaling=scaling.pk,
            scaling_digest=scaling.digest,
            people=len(second),
            disagreements=len(differ),
            digest=run.digest,
        )
    progress(len(first), len(first))


Person = tuple[int, int]  # registration, paper


def _first_scoring(scaling: ScalingRun) -> dict[Person, Outcome]:
    rows = CandidateScore.objects.filter(run=scaling).values_list(
        "registration_id", "paper_id", "form_id", "raw", "scaled", "passed"
    )
    return {
        (who, paper): Outcome(form, raw, scaled, passed)
        for who, paper, form, raw, scaled, passed in rows
    }


def _raw_of_first(scaling: ScalingRun) -> dict[Person, int]:
    """The raw scores of the analyses: what the examiners looked at must be what is published."""
    rows = RawScore.objects.filter(run__in=scaling.analyses.all())
    return {
        (who, paper): raw
        for who, paper, raw in rows.values_list("registration_id", "run__form__paper_id", "raw")
    }


def _second_scoring(
    scaling: ScalingRun, total: int, progress: Progress
) -> Iterator[tuple[Person, Outcome]]:
    cuts = {spec.paper_id: spec.cut for spec in scaling.specs.all()}
    done = 0
    for analysis in scaling.analyses.select_related("form", "key_version").order_by("pk"):
        recount = Recount(analysis.key_version.item_keys)
        table = scaling.tables[str(analysis.form_id)]["scaled"]
        paper = analysis.form.paper_id
        for who, answers in _sheets(scaling, analysis):
            raw = recount.total(answers)
            score_, passed = reported(raw, table, cuts[paper])
            yield (who, paper), Outcome(analysis.form_id, raw, score_, passed)
            done += 1
            if done % REPORT_EVERY == 0:
                progress(min(done, total), total)


def _sheets(scaling: ScalingRun, analysis: AnalysisRun) -> Iterator[tuple[int, str]]:
    sheets = AnswerSheet.objects.filter(
        registration__sitting=scaling.sitting_id, form=analysis.form_id
    )
    return sheets.values_list("registration_id", "answers").iterator(chunk_size=5000)


def _differs(first: Outcome | None, second: Outcome, raw: int | None) -> bool:
    """Whether two scorings differ on a person. Without a sheet, the first must have no figures."""
    if first != second:
        return True
    return second.raw is not None and raw != second.raw


def _digest(second: dict[Person, Outcome]) -> str:
    digest = hashlib.sha256()
    for (who, paper), outcome in sorted(second.items()):
        digest.update(f"{who},{paper},{outcome.raw},{outcome.scaled},{outcome.passed}\n".encode())
    return digest.hexdigest()


# --- naming what differs --------------------------------------------------------------------------


def _told(person: Person, first: Outcome, second: Outcome, scaling: ScalingRun) -> dict[str, Any]:
    """One disagreement as it is shown: the person, both scorings, and the items behind it."""
    who, paper = person
    number = Registration.objects.values_list("number", flat=True).get(pk=who)
    return {
        "number": number,
        "registration": who,
        "paper": paper,
        "first": [first.raw, first.scaled, first.passed],
        "second": [second.raw, second.scaled, second.passed],
        "items": _items_that_differ(person, second, scaling),
    }


def _items_that_differ(person: Person, second: Outcome, scaling: ScalingRun) -> list[str]:
    """Where the first scoring credits otherwise today; empty where the sheet or key has changed."""
    who, _paper = person
    analysis = scaling.analyses.filter(form_id=second.form).select_related("key_version").first()
    if analysis is None:
        return []
    sheet = AnswerSheet.objects.get(registration_id=who, form_id=second.form)
    recount = Recount(analysis.key_version.item_keys)
    credit = _credit_of_first(analysis, sheet.answers)
    return differing(credit, recount.credits(sheet.answers), recount.items)


def _credit_of_first(analysis: AnalysisRun, answers: str) -> list[int]:
    """What the first scoring gives each answer, of what counts."""
    places = list(items_of(analysis.form))
    items = [place.item.code for place in places]
    matrix = from_strings([answers], persons=[0], items=items, options=options_of(places))
    scored = score(matrix, key_of(analysis.key_version))
    earned = np.where(scored.administered & scored.counted, scored.credit, 0)
    return [int(credit) for credit in earned[0]]
