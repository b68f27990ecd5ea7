"""Who answered too much alike: all pairs by a fast screen, those that stand out exactly."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import transaction
from numpy.typing import NDArray
from scipy import stats

from centres.common.audit import record
from centres.common.runs import Progress, part_of, start
from centres.models import User
from scheduling.models import Paper, Sitting
from scoring.arrays import Places, input_digest, key_of, load_matrix, load_places
from scoring.arrays.calibrations import load_groups
from scoring.errors import NoFinishedAnalysis
from scoring.models import AlikePair, AnalysisRun, Reach, SimilarityRun
from scoring.psychometrics.choices import Choices, count_choices
from scoring.psychometrics.keying import ScoredMatrix, score
from scoring.psychometrics.neighbours import Neighbours, listing_level, weigh_neighbours
from scoring.psychometrics.responses import ResponseMatrix
from scoring.psychometrics.seating import Seat, nearness, place_pairs
from scoring.psychometrics.similarity import Evidence, gather_evidence, screen
from scoring.queries.results import newest_analyses

# How many standard deviations of omega make a pair worth the exact tests: more pairs, more doubt.
ROUGH: Final = {Reach.ROOM: 4.0, Reach.CENTRE: 4.5, Reach.NATION: 5.5}
LEVEL: Final = 0.01  # the chance that any pair at all is listed when everybody worked alone
A_CENTRE: Final = 5  # honest neighbours that a centre may be listed by chance: what people can read
SPEAKS_FOR: Final = 0.0  # the logarithm above which answers are likelier if copied
SAVED: Final = 100


def create_similarity(
    *,
    sitting: Sitting,
    paper: Paper,
    reach: str,
    by: User | None,
    at: datetime,
    a_centre: int = A_CENTRE,
) -> SimilarityRun:
    """Lay down a comparison of all pairs of a paper within reach, to be executed.

    `a_centre`: of those who sat side by side, how many honest pairs a centre may be listed.
    """
    analyses = [run for run in newest_analyses(sitting) if run.form.paper_id == paper.pk]
    if not analyses:
        raise NoFinishedAnalysis(paper=paper.name)
    run = SimilarityRun.objects.create(
        sitting=sitting,
        paper=paper,
        reach=Reach(reach),
        parameters={"a_centre": a_centre} if reach == Reach.BESIDE else {},
        started_by=by,
        created_at=at,
        total=SAVED,
    )
    run.analyses.set(analyses)
    return run


@transaction.atomic
def start_similarity(
    *,
    sitting: Sitting,
    paper: Paper,
    reach: str,
    by: User,
    at: datetime,
    a_centre: int = A_CENTRE,
) -> SimilarityRun:
    """Queue a comparison for the worker."""
    run = create_similarity(
        sitting=sitting, paper=paper, reach=reach, by=by, at=at, a_centre=a_centre
    )
    record("start_similarity", target=run, by=by, at=at, paper=paper.code, reach=str(run.reach))
    start(run)
    return run


@dataclass(frozen=True)
class Sheets:
    """One exam form as it was answered, and where its people sat."""

    analysis: AnalysisRun
    matrix: ResponseMatrix
    scored: ScoredMatrix
    choices: Choices
    places: Places

    @property
    def persons(self) -> NDArray[np.int64]:
        """(N,): registrations."""
        return np.asarray(self.matrix.persons, np.int64)

    @property
    def pairs(self) -> int:
        """Of all people."""
        return len(self.persons) * (len(self.persons) - 1) // 2

    @property
    def digest(self) -> str:
        return input_digest(self.matrix, self.analysis.key_version.digest)

    @property
    def seats(self) -> list[Seat | None]:
        """Of every row, None for who had no booking."""
        where = zip(self.places.room, self.places.x, self.places.y, strict=True)
        return [Seat(int(room), int(y), int(x)) if room >= 0 else None for room, x, y in where]


@dataclass(frozen=True)
class Found:
    """What one exam form gave: pairs of rows that stood out, with their evidence.

    `beside`: the same pairs, where they were found because they sat side by side.
    """

    sheets: Sheets
    pairs: list[tuple[int, int]]
    evidence: Evidence
    looked_at: int
    beside: Neighbours | None = None


def execute_similarity(run: SimilarityRun, progress: Progress) -> None:
    """Find the pairs that stand out, test them exactly, keep them; nobody is held by any of it."""
    analyses = list(run.analyses.select_related("form", "key_version").order_by("form_id"))
    find = _side_by_side if run.reach == Reach.BESIDE else _too_alike
    found, told = find(run, analyses, progress)
    looked_at = sum(one.looked_at for one in found)
    rows = [row for one in found for row in _pair_rows(run, one, looked_at)]
    if run.reach != Reach.BESIDE:
        told["nearness"] = _nearness([one.sheets for one in found], rows)
    progress(SAVED, SAVED)  # the last moment to stop: what is saved from here on stays
    with transaction.atomic():
        AlikePair.objects.bulk_create(rows)
        run.keep(
            input_digest=_digest(one.sheets.digest for one in found),
            digest=_digest(f"{row.first_id}~{row.second_id}:{row.matches}" for row in rows),
            result=told
            | {
                "people": sum(len(one.sheets.persons) for one in found),
                "looked_at": looked_at,
                "examined": sum(len(one.pairs) for one in found),
                "alike": len(rows),
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


def _load(run: SimilarityRun, analysis: AnalysisRun) -> Sheets:
    matrix, key = load_matrix(run.sitting, analysis.form), key_of(analysis.key_version)
    scored = score(matrix, key)
    return Sheets(
        analysis=analysis,
        matrix=matrix,
        scored=scored,
        choices=count_choices(matrix, scored, key),
        places=load_places(matrix.persons, run.sitting, run.paper_id),
    )


def _parts(analyses: Sequence[AnalysisRun], progress: Progress) -> Iterator[Progress]:
    """A share of the progress for each exam form."""
    for at in range(len(analyses)):
        yield part_of(progress, 95 * at // len(analyses), 95 * (at + 1) // len(analyses))


# --- all pairs within reach -----------------------------------------------------------------------


def _too_alike(
    run: SimilarityRun, analyses: Sequence[AnalysisRun], progress: Progress
) -> tuple[list[Found], dict[str, Any]]:
    """All pairs of every exam form within reach, and the exact tests of those that stand out."""
    parts = zip(analyses, _parts(analyses, progress), strict=True)
    found = [_screened(run, _load(run, analysis), part) for analysis, part in parts]
    return found, {"level": LEVEL, "rough": ROUGH[Reach(run.reach)]}


def _screened(run: SimilarityRun, sheets: Sheets, progress: Progress) -> Found:
    asked = sheets.matrix, sheets.scored, sheets.choices
    found = screen(
        *asked,
        _units(run, sheets),
        rough=ROUGH[Reach(run.reach)],
        level=np.inf,
        progress=progress,
    )
    pairs = [pair.rows for pair in found.pairs]
    return Found(sheets, pairs, gather_evidence(*asked, pairs), found.looked_at)


def _units(run: SimilarityRun, sheets: Sheets) -> NDArray[Any]:
    """(N,): with whom everyone is compared. Who had no seat is compared with others without."""
    if run.reach == Reach.ROOM:
        return sheets.places.room
    if run.reach == Reach.NATION:
        return np.zeros(len(sheets.persons), np.int64)
    return _centres(run, sheets)


def _centres(run: SimilarityRun, sheets: Sheets) -> NDArray[np.str_]:
    """(N,): where everyone sat, empty where that is not known."""
    groupings = load_groups(sheets.persons, run.sitting, run.paper_id)
    return next(one.labels for one in groupings if one.code == "centre")


# --- those who sat side by side -------------------------------------------------------------------


def _side_by_side(
    run: SimilarityRun, analyses: Sequence[AnalysisRun], progress: Progress
) -> tuple[list[Found], dict[str, Any]]:
    """Neighbours weighed against strangers of their centre, listed as far as people can read.

    Five in a hundred honest neighbours would be thousands of pairs in a country; so the list is
    bound by how many honest pairs a centre is ready to read, and says how many it expects. Pairs
    whose answers speak against copying are never on it, however unlike others they are.
    """
    weighed: list[tuple[Sheets, Neighbours]] = []
    centres: set[str] = set()
    for analysis, part in zip(analyses, _parts(analyses, progress), strict=True):
        sheets = _load(run, analysis)
        units = _centres(run, sheets)
        centres |= {str(name) for name in np.unique(units) if name}
        asked = sheets.matrix, sheets.scored, sheets.choices, sheets.seats
        near = weigh_neighbours(*asked, seed=run.seed, units=units, progress=part)
        weighed.append((sheets, near))
    looked_at = sum(len(near.rows) for _sheets, near in weighed)
    readable = run.parameters["a_centre"] * max(len(centres), 1)
    every = sum(sheets.pairs for sheets, _near in weighed)
    level = listing_level(every, looked_at, readable)
    found = [_listed(sheets, near, level) for sheets, near in weighed]
    listed = sum(len(one.pairs) for one in found)
    by_chance = sum(near.by_chance(level, SPEAKS_FOR) for _sheets, near in weighed)
    return found, {
        "level": level,
        "by_chance": by_chance,
        "p": float(stats.poisson.sf(listed - 1, by_chance)),
        "strangers": sum(near.strangers for _sheets, near in weighed),
        "centres": len(centres),
        "a_centre": run.parameters["a_centre"],
    }


def _listed(sheets: Sheets, near: Neighbours, level: float) -> Found:
    kept = near.up_to(level, SPEAKS_FOR)
    pairs = [(int(one), int(other)) for one, other in kept.rows]
    evidence = gather_evidence(sheets.matrix, sheets.scored, sheets.choices, pairs)
    return Found(sheets, pairs, evidence, len(near.rows), kept)


# --- results into rows ----------------------------------------------------------------------------


def _pair_rows(run: SimilarityRun, found: Found, looked_at: int) -> Iterable[AlikePair]:
    """The pairs that remain after correction for all pairs looked at, and all listed neighbours."""
    seen, exact, beside = found.evidence, found.evidence.exact, found.beside
    persons, places = found.sheets.persons, found.sheets.places
    for at, (i, k) in enumerate(found.pairs):
        adjusted = float(np.exp(min(seen.chances[at] + np.log(max(looked_at, 1)), 0.0)))
        if beside is None and adjusted >= LEVEL:
            continue
        together = places.room[i] == places.room[k] >= 0
        yield AlikePair(
            run=run,
            analysis=found.sheets.analysis,
            first_id=int(min(persons[i], persons[k])),
            second_id=int(max(persons[i], persons[k])),
            room_session_id=int(places.room[i]) if together else None,
            items=int(seen.items[at]),
            matches=int(seen.matches[at]),
            wrong_matches=int(seen.wrong[at]),
            expected=float(seen.expected[at]),
            expected_wrong=float(seen.expected_wrong[at]),
            omega=float(exact.omega[at]),
            log10_gbt=float(exact.log10_gbt[at]),
            log10_m4=float(exact.log10_m4[at]),
            adjusted=adjusted,
            distance=places.distance(i, k) if together else None,
            log10_factor=float(beside.log_factor[at] / np.log(10)) if beside else None,
            strangers_alike=float(beside.p[at]) if beside else None,
        )


def _nearness(every: Sequence[Sheets], rows: Sequence[AlikePair]) -> dict[str, Any]:
    """Do the pairs listed sit closer than all pairs of one room do?"""
    seats = [seat for sheets in every for seat in sheets.seats]
    persons = [person for sheets in every for person in sheets.persons.tolist()]
    place = {person: at for at, person in enumerate(persons)}
    pairs = [(place[row.first_id], place[row.second_id]) for row in rows]
    near = nearness(place_pairs(pairs, seats), seats)
    return {"together": near.together, "near": near.near, "share": near.share, "p": near.p}


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
