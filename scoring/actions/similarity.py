"""Who answered too much alike: all pairs by a fast screen, those that stand out exactly."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from centres.common.audit import record
from centres.common.runs import Progress, part_of, start
from centres.models import User
from scheduling.models import Paper, Sitting
from scoring.arrays import Places, input_digest, key_of, load_matrix, load_places
from scoring.arrays.calibrations import load_groups
from scoring.errors import NoFinishedAnalysis
from scoring.models import AlikePair, AnalysisRun, Reach, SimilarityRun
from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.keying import score
from scoring.psychometrics.seating import Seat, nearness, place_pairs
from scoring.psychometrics.similarity import Evidence, gather_evidence, screen
from scoring.queries.results import newest_analyses

# How many standard deviations of omega make a pair worth the exact tests: more pairs, more doubt.
ROUGH: Final = {Reach.ROOM: 4.0, Reach.CENTRE: 4.5, Reach.NATION: 5.5}
LEVEL: Final = 0.01  # the chance that any pair at all is listed when everybody worked alone
SAVED: Final = 100


def create_similarity(
    *, sitting: Sitting, paper: Paper, reach: str, by: User | None, at: datetime
) -> SimilarityRun:
    """Lay down a comparison of all pairs of a paper within reach, to be executed."""
    analyses = [run for run in newest_analyses(sitting) if run.form.paper_id == paper.pk]
    if not analyses:
        raise NoFinishedAnalysis(paper=paper.name)
    run = SimilarityRun.objects.create(
        sitting=sitting,
        paper=paper,
        reach=Reach(reach),
        started_by=by,
        created_at=at,
        total=SAVED,
    )
    run.analyses.set(analyses)
    return run


@transaction.atomic
def start_similarity(
    *, sitting: Sitting, paper: Paper, reach: str, by: User, at: datetime
) -> SimilarityRun:
    """Queue a comparison for the worker."""
    run = create_similarity(sitting=sitting, paper=paper, reach=reach, by=by, at=at)
    record("start_similarity", target=run, by=by, at=at, paper=paper.code, reach=str(run.reach))
    start(run)
    return run


@dataclass(frozen=True)
class Screened:
    """What one exam form gave: pairs of rows that stood out, with their evidence."""

    analysis: AnalysisRun
    persons: NDArray[np.int64]
    places: Places
    pairs: list[tuple[int, int]]
    evidence: Evidence
    looked_at: int
    digest: str


def execute_similarity(run: SimilarityRun, progress: Progress) -> None:
    """Screen every form, test what stands out, keep what remains; nobody is held by any of it."""
    analyses = list(run.analyses.select_related("form", "key_version").order_by("form_id"))
    found = []
    for at, analysis in enumerate(analyses):
        first, last = 95 * at // len(analyses), 95 * (at + 1) // len(analyses)
        found.append(_screened(run, analysis, part_of(progress, first, last)))
    looked_at = sum(one.looked_at for one in found)
    rows = [row for one in found for row in _pair_rows(run, one, looked_at)]
    progress(SAVED, SAVED)  # the last moment to stop: what is saved from here on stays
    with transaction.atomic():
        AlikePair.objects.bulk_create(rows)
        run.keep(
            input_digest=_digest(one.digest for one in found),
            digest=_digest(f"{row.first_id}~{row.second_id}:{row.matches}" for row in rows),
            result={
                "people": sum(len(one.persons) for one in found),
                "looked_at": looked_at,
                "examined": sum(len(one.pairs) for one in found),
                "alike": len(rows),
                "level": LEVEL,
                "rough": ROUGH[Reach(run.reach)],
                "nearness": _nearness(found, rows),
            },
        )
        record(
            "compare_answers",
            target=run,
            by=run.started_by,
            at=run.created_at,
            paper=run.paper.code,
            reach=run.reach,
            looked_at=looked_at,
            alike=len(rows),
            digest=run.digest,
        )


def _screened(run: SimilarityRun, analysis: AnalysisRun, progress: Progress) -> Screened:
    """All pairs of one exam form within reach, and the exact tests of those that stand out."""
    matrix, key = load_matrix(run.sitting, analysis.form), key_of(analysis.key_version)
    scored = score(matrix, key)
    choices = count_choices(matrix, scored, key)
    places = load_places(matrix.persons, run.sitting, run.paper_id)
    found = screen(
        matrix,
        scored,
        choices,
        _units(run, matrix.persons, places),
        rough=ROUGH[Reach(run.reach)],
        level=np.inf,
        progress=progress,
    )
    pairs = [pair.rows for pair in found.pairs]
    return Screened(
        analysis=analysis,
        persons=matrix.persons,
        places=places,
        pairs=pairs,
        evidence=gather_evidence(matrix, scored, choices, pairs),
        looked_at=found.looked_at,
        digest=input_digest(matrix, analysis.key_version.digest),
    )


def _units(run: SimilarityRun, persons: NDArray[np.int64], places: Places) -> NDArray[Any]:
    """(N,): with whom everyone is compared. Who had no seat is compared with others without."""
    if run.reach == Reach.ROOM:
        return places.room
    if run.reach == Reach.NATION:
        return np.zeros(len(persons), np.int64)
    groupings = load_groups(persons, run.sitting, run.paper_id)
    return next(one.labels for one in groupings if one.code == "centre")


def _pair_rows(run: SimilarityRun, found: Screened, looked_at: int) -> Iterable[AlikePair]:
    """The pairs that remain after correction for all pairs looked at."""
    seen, exact = found.evidence, found.evidence.exact
    for at, (i, k) in enumerate(found.pairs):
        adjusted = float(np.exp(min(seen.chances[at] + np.log(max(looked_at, 1)), 0.0)))
        if adjusted >= LEVEL:
            continue
        together = found.places.room[i] == found.places.room[k] >= 0
        yield AlikePair(
            run=run,
            analysis=found.analysis,
            first_id=int(min(found.persons[i], found.persons[k])),
            second_id=int(max(found.persons[i], found.persons[k])),
            room_session_id=int(found.places.room[i]) if together else None,
            items=int(seen.items[at]),
            matches=int(seen.matches[at]),
            wrong_matches=int(seen.wrong[at]),
            expected=float(seen.expected[at]),
            expected_wrong=float(seen.expected_wrong[at]),
            omega=float(exact.omega[at]),
            log10_gbt=float(exact.log10_gbt[at]),
            log10_m4=float(exact.log10_m4[at]),
            adjusted=adjusted,
            distance=found.places.distance(i, k) if together else None,
        )


def _nearness(found: Sequence[Screened], rows: Sequence[AlikePair]) -> dict[str, Any]:
    """Do the pairs listed sit closer than all pairs of one room do?"""
    seats, place = list[Seat | None](), dict[int, int]()
    for one in found:
        where = zip(one.places.room, one.places.x, one.places.y, strict=True)
        for person, (room, x, y) in zip(one.persons.tolist(), where, strict=True):
            place[person] = len(seats)
            seats.append(Seat(int(room), int(y), int(x)) if room >= 0 else None)
    pairs = [(place[row.first_id], place[row.second_id]) for row in rows]
    near = nearness(place_pairs(pairs, seats), seats)
    return {"together": near.together, "near": near.near, "share": near.share, "p": near.p}


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
