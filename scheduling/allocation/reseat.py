"""Chairs for people who come into rooms where others already sit: nobody else gets up."""

import numpy as np

from .forms import form_of
from .plan import ColumnTooSmall
from .problem import Flags, Ints
from .seating import NO_INSTITUTION, Chairs, RoomsTooSmall

FREE = -2


def seat_newcomers(
    column: int,
    chairs: Chairs,
    held: Ints,
    institution: Ints,
    access: Ints,
    in_front: Flags,
    forms: int,
) -> tuple[Ints, Ints]:
    """A chair and an exam form for m newcomers of one column, ((m,), (m,)).

    `held` (S,) the institution of who sits on each chair, FREE where nobody does; `institution`,
    `access`, `in_front` (m,) of the newcomers. Those whom the fewest chairs serve come first; each
    takes the chair with the fewest neighbours of his institution, then the one nearest the front
    if he must sit there. Raises ColumnTooSmall when the free chairs do not serve them.
    """
    held = held.copy()
    chair = np.full(len(access), -1, np.int64)
    beside = _Beside(chairs)
    scarce = chairs.serves.sum(1)[access]
    for person in np.lexsort((institution, ~in_front, scarce)).tolist():
        fits = np.flatnonzero((held == FREE) & chairs.serves[access[person]])
        if not len(fits):
            people = int((access == access[person]).sum())
            open_chairs = int((chairs.serves[access[person]] & (held == FREE)).sum())
            cause = RoomsTooSmall(int(access[person]), people, open_chairs)
            raise ColumnTooSmall(column, cause)
        like = beside.like(held, int(institution[person]))[fits]
        row = chairs.y[fits] if in_front[person] else np.zeros(len(fits), np.int64)
        best = int(fits[np.lexsort((fits, like, row))[0]])
        chair[person], held[best] = best, institution[person]
    return chair, form_of(chairs.x, chairs.y, forms)[chair]


class _Beside:
    """Who sits beside whom, room by room, on a padded grid."""

    def __init__(self, chairs: Chairs) -> None:
        rooms = np.unique(chairs.room_ids, return_inverse=True)[1]
        high, wide = (int(axis.max(initial=0)) + 3 for axis in (chairs.y, chairs.x))
        self.shape = (int(rooms.max(initial=0)) + 1, high, wide)
        self.at = (rooms, chairs.y + 1, chairs.x + 1)

    def like(self, held: Ints, institution: int) -> Ints:
        """For every chair, how many of its eight neighbours share an institution, (S,)."""
        found = np.zeros(len(held), np.int64)
        if institution == NO_INSTITUTION:
            return found
        grid = np.zeros(self.shape, np.int64)
        grid[self.at] = held == institution
        room, y, x = self.at
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                if dx or dy:
                    found += grid[room, y + dy, x + dx]
        return found


def pairs_of(chairs: Chairs, chair: Ints, institution: Ints) -> int:
    """Neighbours from one institution in a plan, `chair` and `institution` (n,)."""
    if not len(chairs.seat_ids):
        return 0
    beside = _Beside(chairs)
    grid = np.full(beside.shape, NO_INSTITUTION)
    room, y, x = (axis[chair] for axis in beside.at)
    grid[room, y, x] = institution
    found = 0
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        other = grid[room, y + dy, x + dx]
        found += int(((other == institution) & (institution != NO_INSTITUTION)).sum())
    return found
