"""The whole plan of a sitting: a column, a chair and an exam form for everybody."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .assign import Allocation, Progress
from .checks import requests_unkept
from .problem import AllocationProblem, Flags, Ints
from .requests import NO_REQUESTS, Requests, Unkept
from .seating import Chairs, RoomsTooSmall, SeatingHall


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """Where everybody of a sitting sits.

    allocation   the columns and prices
    chair        (n,) index into the chairs of the column
    exam_form    (n,) 0..forms-1
    pairs        neighbours from one institution, in all rooms
    lower_bound  no seating of the same people in the same rooms has fewer
    protected    directions in which neighbours always have different exam forms
    unkept       requests that could not be kept, by row
    """

    allocation: Allocation
    chair: Ints
    exam_form: Ints
    pairs: int
    lower_bound: int
    protected: tuple[str, ...]
    unkept: tuple[Unkept, ...] = ()

    def digest(self) -> str:
        """SHA-256 over the plan; the same inputs and seed give the same."""
        whole = hashlib.sha256()
        found = self.allocation
        for part in (found.registration_ids, found.column, found.prices, self.chair):
            whole.update(np.ascontiguousarray(part, "<i8").tobytes())
        whole.update(np.ascontiguousarray(self.exam_form, "<i8").tobytes())
        return whole.hexdigest()


class ColumnTooSmall(Exception):
    """The rooms of a column have fewer chairs for an access class than its places say."""

    def __init__(self, column: int, cause: RoomsTooSmall) -> None:
        """Keep the column and what its rooms said."""
        self.column, self.cause = column, cause
        super().__init__(f"column {column}: {cause}")


def seat_everybody(
    problem: AllocationProblem,
    allocation: Allocation,
    chairs: Sequence[Chairs],
    institution: Ints,
    in_front: Flags,
    forms: Sequence[int],
    progress: Progress,
    requests: Requests = NO_REQUESTS,
) -> Plan:
    """Seat the people of every column in its `chairs` (one per column), by the allocation's seed.

    `institution` (n,), `in_front` (n,) who must sit in front, `forms` (K,) exam forms of each
    column. `requests` are kept among people of
    one column; whom the allocation parted is among the unkept. Raises ColumnTooSmall.
    """
    chair, exam_form = np.full((2, problem.people), -1, np.int64)
    halls: dict[int, SeatingHall] = {}
    pairs = bound = seated = 0
    protected: tuple[str, ...] | None = None
    unkept = [Unkept("not_together", (a, b)) for a, b in _parted(requests, allocation.column)]
    for column, label in enumerate(problem.column_labels()):
        people = np.flatnonzero(allocation.column == column)
        hall = _hall_of(halls, chairs[column])
        seed, many = _seed_of(allocation.seed, label), forms[column]
        asked = requests.among(people, problem.people) if requests else requests
        try:
            found = hall.seat(
                institution[people],
                problem.access[people],
                in_front[people],
                many,
                seed,
                asked,
            )
        except RoomsTooSmall as cause:
            raise ColumnTooSmall(column, cause) from cause
        chair[people], exam_form[people] = found.chair, found.exam_form
        pairs, bound = pairs + found.pairs, bound + found.lower_bound
        if len(people):  # what holds in every column, of whatever paper
            every = found.protected if protected is None else protected
            protected = tuple(side for side in every if side in found.protected)
        lost = requests_unkept(asked, chairs[column], found.chair)
        unkept += [Unkept(one.kind, tuple(people[list(one.rows)].tolist())) for one in lost]
        progress(seated := seated + len(people), problem.people)
    return Plan(
        allocation=allocation,
        chair=chair,
        exam_form=exam_form,
        pairs=pairs,
        lower_bound=bound,
        protected=protected or (),
        unkept=tuple(unkept),
    )


def _parted(requests: Requests, column: Ints) -> list[list[int]]:
    """Pairs that ask to sit together and are not even in one column."""
    a, b = requests.together.T
    parted: list[list[int]] = requests.together[column[a] != column[b]].tolist()
    return parted


def _seed_of(seed: int, label: tuple[int, int]) -> int:
    digest = hashlib.sha256(f"{seed}/{label[0]}/{label[1]}".encode()).digest()
    return int.from_bytes(digest[:8])


def _hall_of(halls: dict[int, SeatingHall], chairs: Chairs) -> SeatingHall:
    """The hall of these chairs, made once for all exam sessions that share them."""
    if id(chairs) not in halls:
        halls[id(chairs)] = SeatingHall(chairs)
    return halls[id(chairs)]
