"""What single people ask of the plan: sessions they refuse, company, a chair of their own."""

from dataclasses import replace

import numpy as np

from scheduling.allocation.problem import AllocationProblem, Ints
from scheduling.allocation.reallocate import Before
from scheduling.allocation.refusals import overruns, refused_sessions, refusing, spare_minutes
from scheduling.allocation.requests import Requests
from scheduling.allocation.seating import Chairs
from scheduling.arrays.columns import Columns
from scheduling.arrays.people import People
from scheduling.models import Company, RefusedSession, SeatRequest, Sitting


def with_refusals(
    problem: AllocationProblem, sitting: Sitting, people: People, columns: Columns, turnover: int
) -> AllocationProblem:
    """Nobody in a session he refuses, nor where his extra time would meet the next session.

    `turnover` minutes are kept between the end of the extra time and the next session.
    """
    pairs = RefusedSession.objects.filter(registration__sitting=sitting)
    row_at = {key: row for row, key in enumerate(people.keys.tolist())}
    refused = [
        (row_at[person], number)
        for person, number in pairs.values_list("registration_id", "exam_session__number")
        if person in row_at
    ]
    if refused:
        table = np.array(refused, np.int64)
        problem = refusing(problem, refused_sessions(problem, table[:, 0], table[:, 1]))
    if people.extra_minutes.any():
        spare = spare_minutes(problem.centre_ids, columns.starts, columns.ends, turnover)
        problem = refusing(problem, overruns(people.extra_minutes, spare))
    return problem


def load_requests(sitting: Sitting, people: People) -> Requests:
    """Who asks to sit beside whom, apart from whom, on which chair, by row."""
    row_at = {key: row for row, key in enumerate(people.keys.tolist())}
    found: dict[str, list[tuple[int, int]]] = {kind: [] for kind in Company.values}
    rows = SeatRequest.objects.filter(registration__sitting=sitting).order_by("pk")
    for kind, person, other, seat in rows.values_list(
        "kind", "registration_id", "other_id", "seat_id"
    ):
        row = row_at.get(person)
        second = seat if kind == Company.FIXED else row_at.get(other)
        if row is not None and second is not None:
            found[kind].append((row, second))
    return Requests(
        together=_pairs(found[Company.TOGETHER]),
        apart=_pairs(found[Company.APART]),
        fixed=_pairs(found[Company.FIXED]),
    )


def with_own_chairs(
    problem: AllocationProblem, requests: Requests, chairs: tuple[Chairs, ...]
) -> AllocationProblem:
    """Whoever has a chair of his own is given a place that has it."""
    flags = np.zeros((problem.people, problem.columns), bool)
    for row, seat in requests.fixed.tolist():
        without = np.array([seat not in hall.seat_ids for hall in chairs])
        if not without.all():
            flags[row] |= without
    return refusing(problem, flags) if flags.any() else problem


def with_company(
    problem: AllocationProblem, requests: Requests, chairs: tuple[Chairs, ...]
) -> AllocationProblem:
    """People who sit together are given one place: where their ways together are least.

    For the rules that ask for no least total. Whoever has a chair of his own is given a place that
    has it. So the rest stays a pure problem of transport.
    """
    problem = with_own_chairs(problem, requests, chairs)
    flags = np.zeros((problem.people, problem.columns), bool)
    for group in requests.groups():
        if len(group) > 1:
            column = _least_together(problem, np.array(group))
            if column is not None:
                flags[group] = True
                flags[group, column] = False
    return refusing(problem, flags) if flags.any() else problem


def staying(problem: AllocationProblem, requests: Requests, before: Before) -> AllocationProblem:
    """The same for moves: a group that can stay stays, unless it is asked for."""
    flags = np.zeros((problem.people, problem.columns), bool)
    for group in requests.groups():
        rows = np.array(group)
        if len(group) > 1 and before.kept[rows].all():
            column: int | None = int(before.column[rows[0]])
            if (before.column[rows] != column).any():
                continue
        elif len(group) > 1:
            column = _least_together(problem, rows)
        else:
            continue
        if column is not None:
            flags[group] = True
            flags[group, column] = False
    return refusing(problem, flags) if flags.any() else problem


def _least_together(problem: AllocationProblem, rows: Ints) -> int | None:
    """The column of least joint cost that none refuses and that has a place for each."""
    wanted = np.bincount(problem.access[rows], minlength=len(problem.capacity))
    open_to = (problem.capacity >= wanted[:, None]).all(0)
    if problem.refused is not None:
        open_to = open_to & ~problem.refused[rows].any(0)
    if not open_to.any():
        return None
    cost = np.where(open_to, problem.cost[rows].sum(0, dtype=np.int64), np.iinfo(np.int64).max)
    return int(cost.argmin())


def stays_allowed(before: Before, problem: AllocationProblem) -> Before:
    """Whoever refuses the session he has now cannot stay in it."""
    if problem.refused is None:
        return before
    rows = np.flatnonzero(before.kept)
    kept = before.kept.copy()
    kept[rows] = ~problem.refused[rows, before.column[rows]]
    return replace(before, kept=kept)


def _pairs(found: list[tuple[int, int]]) -> Ints:
    return np.array(found, np.int64).reshape(-1, 2)
