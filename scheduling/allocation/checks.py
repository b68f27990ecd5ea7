"""The judge that trusts no solver: everything wrong with a plan, found from the plan alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .problem import AllocationProblem, Ints
from .requests import Requests, Unkept
from .seating import Chairs


@dataclass(frozen=True)
class Violation:
    """One broken rule: its code, and the label of what breaks it."""

    code: str
    subject: int | str
    amount: int = 1


def violations(problem: AllocationProblem, column: Ints) -> list[Violation]:
    """Everything wrong with any plan of a problem, `column` (n,); empty when nothing is.

    Codes: no_column (registration), refused_column (registration), over_capacity (class and
    column labels, by how many).
    """
    return [*_without_column(problem, column), *_over_capacity(problem, column)]


def seating_violations(chairs: Chairs, access: Ints, chair: Ints) -> list[Violation]:
    """Everything wrong with any seating of n people: `access` (n,), `chair` (n,).

    Codes: no_chair (row), shared_chair (seat), unfit_chair (seat; upstairs, or not of the kind).
    """
    return list(_unfit_chairs(chairs, access, chair))


def requests_unkept(requests: Requests, chairs: Chairs, chair: Ints) -> list[Unkept]:
    """Requests that a seating does not keep, counted from nothing but the plan, `chair` (n,)."""
    seat, room = chairs.seat_ids[chair], chairs.room_ids[chair]
    x, y = chairs.x[chair], chairs.y[chair]

    def touch(a: int, b: int) -> bool:
        return bool(room[a] == room[b] and abs(x[a] - x[b]) <= 1 and abs(y[a] - y[b]) <= 1)

    together, fixed = requests.together.tolist(), requests.fixed.tolist()
    found = [Unkept("not_together", (a, b)) for a, b in together if not touch(a, b)]
    for a, b in requests.apart.tolist():
        if touch(a, b):
            found.append(Unkept("touching", (a, b)))
        elif room[a] == room[b]:
            found.append(Unkept("same_room", (a, b)))
    return found + [Unkept("not_fixed", (row, row)) for row, place in fixed if seat[row] != place]


def _without_column(problem: AllocationProblem, column: Ints) -> Iterator[Violation]:
    lost = (column < 0) | (column >= problem.columns)
    for registration in problem.registration_ids[lost].tolist():
        yield Violation("no_column", registration)
    if problem.refused is not None:
        placed = np.flatnonzero(~lost)
        unfit = placed[problem.refused[placed, column[placed]]]
        for registration in problem.registration_ids[unfit].tolist():
            yield Violation("refused_column", registration)


def _over_capacity(problem: AllocationProblem, column: Ints) -> Iterator[Violation]:
    for access, name in enumerate(problem.access_classes):
        for index, (centre, session) in enumerate(problem.column_labels()):
            taken = int(((problem.access == access) & (column == index)).sum())
            over = taken - int(problem.capacity[access, index])
            if over > 0:
                yield Violation("over_capacity", f"{name} {centre}/{session}", over)


def _unfit_chairs(chairs: Chairs, access: Ints, chair: Ints) -> Iterator[Violation]:
    known = (chair >= 0) & (chair < len(chairs.seat_ids))
    for row in np.flatnonzero(~known).tolist():
        yield Violation("no_chair", row)
    seats, times = np.unique(chair[known], return_counts=True)
    for seat, people in zip(seats.tolist(), times.tolist(), strict=True):
        if people > 1:
            yield Violation("shared_chair", int(chairs.seat_ids[seat]), people)
    for row in np.flatnonzero(known).tolist():
        if not chairs.serves[access[row], chair[row]]:
            yield Violation("unfit_chair", int(chairs.seat_ids[chair[row]]))
