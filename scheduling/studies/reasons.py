"""Questions that must be computed while a person waits: why this centre? They write nothing."""

from dataclasses import dataclass

import numpy as np

from centres.models import Centre
from scheduling.allocation.assign import Allocation
from scheduling.allocation.certificate import Alternative, reason
from scheduling.allocation.lottery import lot_of
from scheduling.allocation.problem import AllocationProblem, Journeys, hardship
from scheduling.arrays import ACCESS, Columns, People, journeys_of, load_prices, policy_of
from scheduling.arrays.published_rows import line_name
from scheduling.arrays.requests import with_refusals
from scheduling.models import (
    AllocationLine,
    AllocationRun,
    Booking,
    BookingState,
    ExamSession,
    Registration,
)
from scheduling.studies.papers import (
    PapersReason,
    has_company,
    is_closed,
    papers_reason,
    reach_of,
)


@dataclass(frozen=True)
class EasierPlace:
    """A place that would have been easier for the candidate, and why it was not to be had.

    gain_km   what it would have saved him, in km of the published costs
    price_km  what everybody seated there would have lost, at least, by giving it to him
    closed_at_lot  in a plan in turn, the lot that took its last place
    was_kept  in a plan in turn, it was not full yet, but others could sit nowhere else
    distance_km, is_too_far  beyond what anybody goes where the longest way comes first
    """

    centre: Centre
    exam_session: ExamSession
    wish_rank: int
    gain_km: float
    price_km: float
    closed_at_lot: int | None
    was_kept: bool
    distance_km: float
    is_too_far: bool


@dataclass(frozen=True)
class SeatReason:
    """Why a registration sits where it sits: all of it can be recomputed from published numbers.

    wish_rank   of the very place, 0 when it was no wish; centre_rank of its centre at any time
    cost_km     distance and penalties together
    easier      places that would have been easier, the easiest first; empty when there was none
    rule, lot   what the plan is the best of, and in a plan in turn the lot of the registration
    line        what his line in the published table is called, empty until it is published
    in_company  he asked to sit beside somebody, and the place is the one that is least for both
    reach_km    how far anybody goes at most, where the longest way comes first
    """

    centre: Centre
    exam_session: ExamSession
    wish_rank: int
    centre_rank: int
    distance_km: float
    cost_km: float
    price_km: float
    easier: tuple[EasierPlace, ...]
    rule: str
    lot: int
    in_company: bool
    line: str
    reach_km: float | None

    @property
    def has_easiest(self) -> bool:
        """No place would have been easier for the candidate."""
        return not self.easier


def reason_for(registration: Registration) -> SeatReason | PapersReason | None:
    """Why this centre and exam session, by the accepted plan that gave the seat.

    None when it gave no seat, or the candidate has moved from it since.
    """
    if registration.sitting.allocation_id is None:
        return None
    seats = Booking.objects.filter(registration=registration, state=BookingState.CONFIRMED)
    seat = seats.filter(allocation__isnull=False).select_related("allocation").first()
    run = seat.allocation if seat else None
    if run is None:
        return None
    lines = list(AllocationLine.objects.filter(run=run, registration=registration).order_by("pk"))
    columns = Columns(registration.sitting)
    if len(columns.paper_keys) > 1:
        return papers_reason(run, registration, lines, columns) if lines else None
    return _reason(run, registration, lines[0], columns) if lines else None


def _reason(
    run: AllocationRun, registration: Registration, line: AllocationLine, columns: Columns
) -> SeatReason:
    mine = Registration.objects.filter(pk=registration.pk)
    person = People(mine)
    journeys = journeys_of(person, columns.labels, columns.places, mine, columns.paper)
    place = columns.labels.index((line.centre_id, line.exam_session_id))
    problem = _own_problem(run, line, columns, journeys)
    turnover = policy_of(run).turnover
    problem = with_refusals(problem, registration.sitting, person, columns, turnover)
    in_company = has_company(registration)
    found = reason(problem, _own_allocation(run, problem, columns, place), 0)
    centres = Centre.objects.in_bulk({centre for centre, _ in columns.labels})
    sessions = ExamSession.objects.in_bulk({session for _, session in columns.labels})
    rank = dict(zip(columns.labels, journeys.rank[0].tolist(), strict=True))
    km = dict(zip(columns.labels, (journeys.distance[0] / 10).tolist(), strict=True))
    lot, reach_km = lot_of(int(registration.number), run.seed), reach_of(run)
    closed = {
        (row["centre"], row["exam_session"]): row.get("closed_at_lot")
        for row in run.prices
        if row["access_class"] == line.access_class
    }

    def easier(other: Alternative) -> EasierPlace:
        label = other.centre_id, other.session_id
        return EasierPlace(
            centre=centres[other.centre_id],
            exam_session=sessions[other.session_id],
            wish_rank=rank[label],
            gain_km=other.gain_km,
            price_km=other.price_km,
            closed_at_lot=closed.get(label),
            was_kept=not is_closed(closed.get(label), lot),
            distance_km=km[label],
            is_too_far=reach_km is not None and km[label] > reach_km,
        )

    return SeatReason(
        centre=centres[line.centre_id],
        exam_session=sessions[line.exam_session_id],
        wish_rank=line.wish_rank,
        centre_rank=int(journeys.named[0, place]),
        distance_km=line.distance_km,
        cost_km=found.cost_km,
        price_km=found.price_km,
        easier=() if in_company else tuple(map(easier, found.easier)),
        rule=policy_of(run).rule,
        lot=lot,
        in_company=in_company,
        line=line_name(run, registration.number) if run.table_published_at else "",
        reach_km=reach_km,
    )


def _own_problem(
    run: AllocationRun, line: AllocationLine, columns: Columns, journeys: Journeys
) -> AllocationProblem:
    """The problem of one person: his row of costs, and the columns that have his kind of place."""
    policy, access = policy_of(run), ACCESS.index(line.access_class)
    return AllocationProblem(
        registration_ids=np.array([line.registration_id]),
        centre_ids=np.array([centre for centre, _ in columns.labels]),
        session_ids=np.array([session for _, session in columns.labels]),
        access_classes=ACCESS,
        access=np.array([access]),
        cost=hardship(journeys, [10 * km for km in policy.rank_km], 10 * policy.other_session_km),
        capacity=columns.capacity,
        refused=(columns.capacity[access] == 0)[None],
    )


def _own_allocation(
    run: AllocationRun, problem: AllocationProblem, columns: Columns, place: int
) -> Allocation:
    return Allocation(
        registration_ids=problem.registration_ids,
        column=np.array([place]),
        prices=load_prices(run, columns.labels),
        unit_bits=run.result["unit_bits"],
        seed=run.seed,
        draw=run.result["draw"],
        objective=run.objective or 0,
        bound=run.bound or 0,
    )
