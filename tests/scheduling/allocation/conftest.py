"""Small countries for the tests of allocation and seating."""

from collections.abc import Callable

import numpy as np
import pytest

from scheduling.allocation.problem import AllocationProblem, Flags, Ints
from scheduling.allocation.seating import Chairs

ProblemMaker = Callable[..., AllocationProblem]
ChairMaker = Callable[..., Chairs]


def _problem(
    cost: object,
    capacity: object,
    access: object = None,
    refused: Flags | None = None,
    registration_ids: Ints | None = None,
) -> AllocationProblem:
    table = np.array(cost, np.int32)
    places = np.atleast_2d(np.array(capacity, np.int64))
    people, columns = table.shape
    return AllocationProblem(
        registration_ids=np.arange(people) + 100 if registration_ids is None else registration_ids,
        centre_ids=np.arange(columns) // 2 + 1,
        session_ids=np.arange(columns) % 2 + 1,
        access_classes=("standard", "wheelchair", "separate")[: len(places)],
        access=np.zeros(people, np.int64) if access is None else np.array(access, np.int64),
        cost=table,
        capacity=places,
        refused=refused,
    )


def _chairs(rooms: list[list[str]]) -> Chairs:
    """Rooms drawn as text: `o` a chair downstairs, `w` a wheelchair place, `u` a chair upstairs."""
    found = [
        (room, x, y, kind)
        for room, rows in enumerate(rooms)
        for y, row in enumerate(rows)
        for x, kind in enumerate(row)
        if kind in "owu"
    ]
    kinds = np.array([kind for *_, kind in found])
    return Chairs(
        seat_ids=np.arange(len(found)) + 1000,
        room_ids=np.array([room for room, *_ in found]),
        x=np.array([x for _, x, _, _ in found]),
        y=np.array([y for _, _, y, _ in found]),
        serves=np.array([kinds != "w", kinds == "w", kinds == "o"]),
    )


@pytest.fixture(scope="session")
def make_problem() -> ProblemMaker:
    """A problem from a cost table and places per column (or per class and column)."""
    return _problem


@pytest.fixture(scope="session")
def make_chairs() -> ChairMaker:
    """Chairs from drawings; class 0 anywhere, 1 wheelchair places, 2 only downstairs."""
    return _chairs
