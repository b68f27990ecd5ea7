"""What has come out: counts that must close, gates before a publication, one person's result."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from centres.common.runs import RunState
from scheduling.models import Paper, Registration, Sitting
from scoring.facts import ABSENT, HELD, SCORED, Edition, Mark, PaperFacts, Personal, Result
from scoring.models import (
    AnalysisRun,
    CandidateScore,
    KeyVersion,
    Outcome,
    Publication,
    PublicationState,
    ResultHold,
    ScaleSpec,
    ScalingRun,
)
from scoring.queries.decisions import undecided
from scoring.queries.gates import (
    Gate,
    changed_since,
    exceptions_gate,
    keys_gate,
    readings_gate,
    second_gate,
    sheets_gate,
)
from scoring.queries.intake import settlement
from scoring.queries.people import sitters
from scoring.queries.responses import Reconciliation

SHOWN = 6  # items that a gate names

# --- holds --------------------------------------------------------------------------------------


def active_holds(sitting: Sitting) -> QuerySet[ResultHold]:
    """The results of a sitting that a person keeps back at this moment."""
    return ResultHold.objects.filter(registration__sitting=sitting, lifted_at__isnull=True)


def held_registrations(sitting: Sitting, at: datetime | None = None) -> QuerySet[Any]:
    """Their registrations, as a subquery; or of those held at a moment that is past."""
    if at is None:
        return active_holds(sitting).values("registration_id")
    holds = ResultHold.objects.filter(registration__sitting=sitting, at__lte=at)
    return holds.exclude(lifted_at__lte=at).values("registration_id")


# --- counts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcomes:
    """Seats of a sitting by what became of them. `lost` is what is left over, and must be 0."""

    seats: int
    scored: int
    absent: int
    held: int
    passed: int

    @property
    def lost(self) -> int:
        return self.seats - self.scored - self.absent - self.held

    @property
    def failed(self) -> int:
        return self.scored - self.passed

    @property
    def pass_rate(self) -> float:
        """Percent of those with a score."""
        return 100 * self.passed / self.scored if self.scored else 0.0


def outcomes(
    scaling: ScalingRun,
    paper: Paper | None = None,
    *,
    seats: int = 0,
    held_at: datetime | None = None,
) -> Outcomes:
    """Count the scores of a scaling, of one paper or of all, with the holds of today or then."""
    scores = CandidateScore.objects.filter(run=scaling)
    if paper is not None:
        scores = scores.filter(paper=paper)
    held = Q(registration_id__in=held_registrations(scaling.sitting, held_at))
    scored = ~held & Q(scaled__isnull=False)
    found = scores.aggregate(
        scored=Count("pk", filter=scored),
        absent=Count("pk", filter=~held & Q(outcome=Outcome.ABSENT)),
        held=Count("pk", filter=held),
        passed=Count("pk", filter=scored & Q(passed=True)),
    )
    return Outcomes(seats=seats, **found)


def score_distribution(scaling: ScalingRun, paper: Paper) -> list[tuple[int, int]]:
    """How many have each scaled score, ascending; only scores that somebody has."""
    rows = (
        CandidateScore.objects.filter(run=scaling, paper=paper, scaled__isnull=False)
        .values_list("scaled")
        .annotate(people=Count("pk"))
        .order_by("scaled")
    )
    return [(int(scaled or 0), people) for scaled, people in rows]


def newest_scaling(sitting: Sitting) -> ScalingRun | None:
    """The last finished scaling of a sitting."""
    return ScalingRun.objects.filter(sitting=sitting, state=RunState.DONE).order_by("-pk").first()


def newest_analyses(sitting: Sitting) -> list[AnalysisRun]:
    """The last finished analysis of every exam form of a sitting, in the order of the forms."""
    newest: dict[int, AnalysisRun] = {}
    done = AnalysisRun.objects.filter(sitting=sitting, state=RunState.DONE)
    for run in done.select_related("form__paper", "key_version").order_by("pk"):
        newest[run.form_id] = run
    return sorted(newest.values(), key=lambda run: (run.form.paper_id, run.form.code))


# --- gates --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where a publication stands: everybody counted, every gate, and the sheets behind it."""

    outcomes: Outcomes
    gates: tuple[Gate, ...]
    sheets: Reconciliation

    @property
    def problems(self) -> list[Gate]:
        return [gate for gate in self.gates if not gate.passed]


def standing(scaling: ScalingRun) -> Standing:
    """Count everything that must close before a scaling may be published."""
    people = sitters(scaling.sitting)
    counted = outcomes(scaling, seats=len(people))
    settled = settlement(scaling.sitting, people)
    gates = (
        exceptions_gate(settled),
        readings_gate(settled),
        sheets_gate(settled),
        keys_gate(scaling),
        _flags_gate(scaling.sitting),
        _newest_gate(scaling),
        second_gate(scaling),
        _outcomes_gate(counted),
    )
    return Standing(counted, gates, settled.sheets)


def publication_checks(scaling: ScalingRun) -> list[Gate]:
    """What still stands in the way of publishing a scaling. Empty: nothing does."""
    return standing(scaling).problems


def _outcomes_gate(counted: Outcomes) -> Gate:
    detail = f"{counted.scored:,} + {counted.absent:,} + {counted.held:,} = {counted.seats:,}"
    if counted.lost:
        detail = f"{counted.scored:,} + {counted.absent:,} + {counted.held:,} ≠ {counted.seats:,}"
    name = _("Everyone has a score, an absence or a hold")
    return Gate("outcomes", name, detail, abs(counted.lost))


def _flags_gate(sitting: Sitting) -> Gate:
    """Every item that any rule flagged is decided; an alarm has no other door than the rest."""
    waiting = [row for run in newest_analyses(sitting) for row in undecided(run)]
    codes = [row.form_item.item.code for row in waiting]
    figures = {"items": ", ".join(codes[:SHOWN]), "alarms": sum(row.alarm for row in waiting)}
    detail = _("no flagged item waits")
    if len(codes) > SHOWN:
        detail = _("%(items)s and %(more)s more; %(alarms)s with a key alarm") % (
            figures | {"more": len(codes) - SHOWN}
        )
    elif codes:
        detail = _("%(items)s; %(alarms)s with a key alarm") % figures
    return Gate("flags", _("Every flagged item is decided by two people"), detail, len(codes))


def _newest_gate(scaling: ScalingRun) -> Gate:
    """Scores must rest on the newest key of every form that was sat, and on every sheet."""
    used = set(scaling.analyses.values_list("key_version_id", flat=True))
    sat = AnalysisRun.objects.filter(sitting=scaling.sitting).values("form_id")
    keys = KeyVersion.objects.filter(form__in=sat).order_by("number")
    newest = dict(keys.values_list("form_id", "pk"))
    stale = set(newest.values()) - used
    later = changed_since(scaling)
    figures = {"run": scaling.pk, "forms": len(used), "keys": len(stale), "later": later}
    detail = _("scaling %(run)s, %(forms)s exam forms") % figures
    if stale or later:
        said = _(
            "after scaling %(run)s came %(keys)s keys and %(later)s files or decisions; "
            "examiners compute the scores anew"
        )
        detail = said % figures
    return Gate(
        "newest", _("Scores rest on the newest keys and sheets"), detail, len(stale) + later
    )


# --- one person's result ------------------------------------------------------------------------


def papers_of(scaling: ScalingRun) -> list[ScaleSpec]:
    """The papers of a scaling with their scales, in a fixed order."""
    return list(scaling.specs.select_related("paper").order_by("paper_id"))


def edition_of(publication: Publication) -> Edition:
    """What all results of a publication share."""
    sitting = publication.sitting
    papers = []
    for spec in papers_of(publication.scaling):
        counted = outcomes(publication.scaling, spec.paper, held_at=publication.released_at)
        papers.append(
            PaperFacts(
                spec.paper.name_th,
                spec.paper.name_en,
                spec.low,
                spec.high,
                spec.cut,
                counted.scored,
                counted.passed,
            )
        )
    return Edition(
        sitting.name_th,
        sitting.name_en,
        publication.version,
        publication.release_at,
        publication.cause,
        tuple(papers),
    )


SCORE_FIELDS = (
    "registration_id",
    "registration__number",
    "registration__candidate__prefix",
    "registration__candidate__given_name_th",
    "registration__candidate__family_name_th",
    "registration__candidate__given_name_en",
    "registration__candidate__family_name_en",
    "paper_id",
    "form_id",
    "outcome",
    "raw",
    "scaled",
    "passed",
)


def personal_results(
    scaling: ScalingRun,
    registration: Registration | None = None,
    *,
    held_at: datetime | None = None,
) -> Iterator[tuple[str, Personal]]:
    """Everyone's number and result of a scaling, in the order of registrations; or one person's."""
    papers = [spec.paper_id for spec in papers_of(scaling)]
    holds = held_registrations(scaling.sitting, held_at)
    held = set(holds.values_list("registration_id", flat=True))
    scores = CandidateScore.objects.filter(run=scaling)
    if registration is not None:
        scores = scores.filter(registration=registration)
    rows = scores.order_by("registration_id").values(*SCORE_FIELDS)
    group: list[dict[str, Any]] = []
    for row in rows.iterator(chunk_size=5000):
        if group and group[0]["registration_id"] != row["registration_id"]:
            yield _personal(group, papers, held, scaling.tables)
            group = []
        group.append(row)
    if group:
        yield _personal(group, papers, held, scaling.tables)


def _personal(
    rows: list[dict[str, Any]], papers: list[int], held: set[int], tables: dict[str, Any]
) -> tuple[str, Personal]:
    first = {
        name.removeprefix("registration__candidate__"): value for name, value in rows[0].items()
    }
    by_paper = {row["paper_id"]: row for row in rows}
    is_held = rows[0]["registration_id"] in held
    marks = [_mark(by_paper.get(paper), tables, is_held=is_held) for paper in papers]
    name_th = f"{first['prefix']}{first['given_name_th']} {first['family_name_th']}".strip()
    name_en = f"{first['given_name_en']} {first['family_name_en']}".strip()
    return rows[0]["registration__number"], Personal(name_th, name_en, tuple(marks))


def _mark(row: dict[str, Any] | None, tables: dict[str, Any], *, is_held: bool) -> Mark:
    if row is None or row["outcome"] == Outcome.ABSENT:
        return Mark(HELD if is_held else ABSENT)
    if is_held or row["scaled"] is None:
        return Mark(HELD)
    table = tables[str(row["form_id"])]
    return Mark(
        SCORED,
        row["scaled"],
        table["band_low"][row["raw"]],
        table["band_high"][row["raw"]],
        row["passed"],
    )


def released_publication(sitting: Sitting) -> Publication | None:
    """The publication of a sitting that is out now, if one is."""
    return (
        Publication.objects.filter(sitting=sitting, state=PublicationState.RELEASED)
        .select_related("sitting", "scaling")
        .first()
    )


def result_of(registration: Registration, *, at: datetime) -> Result | None:
    """One person's result as it is out at this moment; None before the hour or without one."""
    publication = released_publication(registration.sitting)
    if publication is None or at < publication.release_at:
        return None
    mine = personal_results(publication.scaling, registration, held_at=publication.released_at)
    for _number, personal in mine:
        return Result(edition_of(publication), personal)
    return None
