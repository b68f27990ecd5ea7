"""A plan as rows: one line for each registration, and the published table of prices."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from centres.common.bulk import Row, insert_rows
from centres.common.runs import Progress
from scheduling.allocation.assign import Allocation
from scheduling.allocation.plan import Plan
from scheduling.allocation.problem import Ints
from scheduling.arrays.people import ACCESS
from scheduling.arrays.sitting import SittingArrays
from scheduling.models import AllocationLine, AllocationRun, RoomSession, Sitting

_BATCH = 8000
_FIELDS = (
    "run", "registration", "centre", "exam_session", "room_session", "seat", "exam_form",
    "access_class", "cost", "wish_rank", "distance_km",
)  # fmt: skip


def save_lines(run: AllocationRun, arrays: SittingArrays, plan: Plan, progress: Progress) -> None:
    """The plan as one line per registration, in batches; replaces what an earlier attempt left."""
    AllocationLine.objects.filter(run=run).delete()
    lines = _lines(run, arrays, plan)
    saved = 0
    while batch := list(islice(lines, _BATCH)):
        insert_rows(AllocationLine, _FIELDS, batch)
        saved += len(batch)
        progress(saved, arrays.problem.people)


def _lines(run: AllocationRun, arrays: SittingArrays, plan: Plan) -> Iterator[Row]:
    room_sessions = _room_sessions(run.sitting)
    column = plan.allocation.column
    rows = np.arange(len(column))
    costs = arrays.paid(column).tolist()
    ranks = arrays.journeys.rank[rows, column].tolist()
    tenths = arrays.journeys.distance[rows, column].tolist()
    access, keys = arrays.problem.access.tolist(), arrays.registration_keys.tolist()
    chairs, forms, columns = plan.chair.tolist(), plan.exam_form.tolist(), column.tolist()
    for row, here in enumerate(columns):
        centre, session = arrays.labels[here]
        hall, chair = arrays.chairs[here], chairs[row]
        yield (
            run.pk,
            keys[row],
            centre,
            session,
            room_sessions[int(hall.room_ids[chair]), session],
            int(hall.seat_ids[chair]),
            arrays.form_keys[here][forms[row]] if arrays.form_keys[here] else None,
            ACCESS[access[row]],
            costs[row],
            ranks[row],
            tenths[row] / 10,
        )


def load_plan(run: AllocationRun, arrays: SittingArrays) -> Plan | None:
    """The plan a run's lines tell, or None when a line is missing or names an unknown place."""
    column_at = {label: column for column, label in enumerate(arrays.labels)}
    row_at = {key: row for row, key in enumerate(arrays.row_keys())}
    paper_of = dict(zip(arrays.session_keys.tolist(), arrays.paper_keys.tolist(), strict=True))
    form_at = {key: form for keys in arrays.form_keys for form, key in enumerate(keys)}
    seats = [{seat: i for i, seat in enumerate(c.seat_ids.tolist())} for c in arrays.chairs]
    column, chair, exam_form = np.full((3, len(row_at)), -1, np.int64)
    lines = AllocationLine.objects.filter(run=run).values_list(
        "registration_id", "centre_id", "exam_session_id", "seat_id", "exam_form_id"
    )
    for registration, centre, session, seat, form in lines.iterator():
        here = column_at.get((centre, session), -1)
        row = row_at.get((registration, paper_of.get(session, 0)), -1)
        if row < 0 or here < 0:
            return None
        column[row], chair[row] = here, seats[here].get(seat, -1)
        exam_form[row] = form_at[form] if form else 0
    if (chair < 0).any():
        return None
    return Plan(
        allocation=_allocation(run, arrays, column),
        chair=chair,
        exam_form=exam_form,
        pairs=run.result["seating"]["pairs"],
        lower_bound=run.result["seating"]["lower_bound"],
        protected=tuple(run.result["seating"]["protected"]),
    )


def _allocation(run: AllocationRun, arrays: SittingArrays, column: Ints) -> Allocation:
    return Allocation(
        registration_ids=arrays.problem.registration_ids,
        column=column,
        prices=load_prices(run, arrays.labels),
        unit_bits=run.result["unit_bits"],
        seed=run.seed,
        draw=run.result["draw"],
        objective=run.objective or 0,
        bound=run.bound or 0,
    )


def price_rows(
    arrays: SittingArrays, plan: Plan, closed: Ints | None = None
) -> list[dict[str, object]]:
    """The published table of prices: km to read, lottery units to check.

    `closed` (A, K) are the lots that took the last places of a plan in turn, else None.
    """
    prices, km = plan.allocation.prices, plan.allocation.prices_km
    return [
        {
            "centre": centre,
            "exam_session": session,
            "access_class": name,
            "km": round(float(km[access, column]), 1),
            "units": int(prices[access, column]),
            "closed_at_lot": None if closed is None else int(closed[access, column]),
        }
        for access, name in enumerate(ACCESS)
        for column, (centre, session) in enumerate(arrays.labels)
        if arrays.problem.capacity[access, column] or prices[access, column]
    ]


def load_prices(run: AllocationRun, labels: Sequence[tuple[int, int]]) -> Ints:
    """The prices of a run in lottery units, (A, K) for these columns."""
    at = {label: column for column, label in enumerate(labels)}
    prices = np.zeros((len(ACCESS), len(labels)), np.int64)
    for row in run.prices:
        column = at.get((row["centre"], row["exam_session"]))
        if column is not None:
            prices[ACCESS.index(row["access_class"]), column] = row["units"]
    return prices


def _room_sessions(sitting: Sitting) -> dict[tuple[int, int], int]:
    rows = RoomSession.objects.filter(exam_session__sitting=sitting)
    return {
        (room, session): key
        for key, room, session in rows.values_list("pk", "room_id", "exam_session_id")
    }
