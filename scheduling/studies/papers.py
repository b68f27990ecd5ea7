"""Why this centre and these exam sessions, for whoever takes papers of a sitting of several."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from centres.models import Centre
from scheduling.allocation.lottery import lot_of
from scheduling.allocation.packing_prices import UNIT
from scheduling.allocation.patterns import Choice, choices
from scheduling.allocation.problem import AllocationProblem, Floats, hardship
from scheduling.arrays import ACCESS, Columns, People, journeys_of, load_prices, policy_of
from scheduling.arrays.people import takes_of
from scheduling.arrays.published_rows import line_name
from scheduling.arrays.requests import with_refusals
from scheduling.models import (
    AllocationLine,
    AllocationRun,
    Company,
    ExamSession,
    Registration,
    SeatRequest,
)

_KM = 10  # costs are in 0.1 km


@dataclass(frozen=True)
class EasierPattern:
    """A way to sit all his papers that would have been easier, and why it was not to be had.

    gain_km   what it would have saved him, in km of the published costs
    price_km  how much more its places cost than his own
    closed_at_lot  in a plan in turn, the lot before his that took the last place of one of its
              sessions; None where none was full yet, but others could sit nowhere else
    distance_km, is_too_far  beyond what anybody goes where the longest way comes first
    """

    centre: Centre
    sessions: tuple[int, ...]
    gain_km: float
    price_km: float
    closed_at_lot: int | None
    distance_km: float
    is_too_far: bool

    @property
    def left_km(self) -> float:
        """What the cut-offs do not explain."""
        return 0.0 if self.is_too_far else max(0.0, self.gain_km - self.price_km)


@dataclass(frozen=True)
class PapersReason:
    """Why somebody sits his papers where and when he does, from published numbers alone.

    easier  the easiest first; left_km  the most that the cut-offs leave of any of them
    gap_km  what the prices leave of the whole plan: all that is left of everybody is less
    rule, lot, reach_km  what the plan is the best of; his lot; how far anybody goes at most
    """

    centre: Centre
    sessions: tuple[int, ...]
    cost_km: float
    price_km: float
    easier: tuple[EasierPattern, ...]
    gap_km: float
    in_company: bool
    line: str
    sitting_id: int
    rule: str
    lot: int
    reach_km: float | None

    papers = True  # for the page: several of them

    @property
    def has_easiest(self) -> bool:
        """No way would have been easier for him."""
        return not self.easier

    @property
    def left_km(self) -> float:
        return max((way.left_km for way in self.easier), default=0.0)


def papers_reason(
    run: AllocationRun, registration: Registration, lines: list[AllocationLine], columns: Columns
) -> PapersReason:
    """The reason from the plan's lines of one registration, one for each paper."""
    own, km = _own_choice(run, registration, columns, ACCESS.index(lines[0].access_class))
    at = {label: column for column, label in enumerate(columns.labels)}
    by_paper = {int(columns.paper[at[one]]): at[one] for one in map(_label, lines)}
    mine = own.columns.tolist().index([by_paper[paper] for paper in own.papers.tolist()])
    price = own.uses @ load_prices(run, columns.labels).ravel() / UNIT / _KM
    cost = own.cost[0] / _KM
    names = Centre.objects.in_bulk({centre for centre, _ in columns.labels})
    number = dict(ExamSession.objects.filter(sitting=run.sitting).values_list("pk", "number"))
    lot, reach_km = lot_of(int(registration.number), run.seed), reach_of(run)
    closed = {
        at[row["centre"], row["exam_session"]]: row.get("closed_at_lot")
        for row in run.prices
        if row["access_class"] == lines[0].access_class
    }

    def where(pattern: int) -> tuple[Centre, tuple[int, ...]]:
        labels = [columns.labels[column] for column in own.columns[pattern].tolist()]
        return names[labels[0][0]], tuple(sorted(number[session] for _, session in labels))

    def easier(way: int) -> EasierPattern:
        lots = [closed.get(column) for column in own.columns[way].tolist()]
        return EasierPattern(
            *where(way),
            gain_km=float(cost[mine] - cost[way]),
            price_km=float(price[way] - price[mine]),
            closed_at_lot=next((one for one in lots if is_closed(one, lot)), None),
            distance_km=float(km[way]),
            is_too_far=reach_km is not None and km[way] > reach_km,
        )

    in_company = has_company(registration)
    would = np.flatnonzero((own.cost[0] < own.cost[0, mine]) & ~own.refused[0])
    ways = [] if in_company else would[np.argsort(own.cost[0, would], kind="stable")].tolist()
    centre, sessions = where(mine)
    return PapersReason(
        centre=centre,
        sessions=sessions,
        cost_km=float(cost[mine]),
        price_km=float(price[mine]),
        easier=tuple(map(easier, ways)),
        gap_km=((run.objective or 0) + 1 - run.result["priced_bound"]) / _KM,
        in_company=in_company,
        line=line_name(run, registration.number) if run.table_published_at else "",
        sitting_id=registration.sitting_id,
        rule=policy_of(run).rule,
        lot=lot,
        reach_km=reach_km,
    )


def reach_of(run: AllocationRun) -> float | None:
    """How far anybody goes at most in km, in a plan that puts the longest way first."""
    reach = run.result.get("reach")
    return reach["km"] if reach else None


def is_closed(closed_at_lot: int | None, lot: int) -> bool:
    """Whether the last place was taken before this lot chose."""
    return closed_at_lot is not None and 0 <= closed_at_lot <= lot


def has_company(registration: Registration) -> bool:
    """Whether somebody sits beside him because they asked for it."""
    pairs = SeatRequest.objects.filter(kind=Company.TOGETHER)
    return pairs.filter(Q(registration=registration) | Q(other=registration)).exists()


def _label(line: AllocationLine) -> tuple[int, int]:
    return line.centre_id, line.exam_session_id


def _own_choice(
    run: AllocationRun, registration: Registration, columns: Columns, access: int
) -> tuple[Choice, Floats]:
    """The patterns of one person, the same as the plan chose among for him; how far each is, km."""
    mine, policy = Registration.objects.filter(pk=registration.pk), policy_of(run)
    person = People(mine)
    journeys = journeys_of(person, columns.labels, columns.places, mine, columns.paper)
    problem = AllocationProblem(
        registration_ids=person.numbers,
        centre_ids=np.array([centre for centre, _ in columns.labels]),
        session_ids=columns.session_numbers,
        access_classes=ACCESS,
        access=np.array([access]),
        cost=hardship(journeys, [_KM * km for km in policy.rank_km], _KM * policy.other_session_km),
        capacity=columns.capacity,
    )
    problem = with_refusals(problem, registration.sitting, person, columns, policy.turnover)
    takes = takes_of(person, columns.paper_keys, mine)
    own = choices(problem, columns.times, takes, journeys.distance, run.seed)[0]
    return own, journeys.distance[0, own.columns[:, 0]] / _KM
