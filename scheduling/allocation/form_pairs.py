"""Neighbours with the same exam form: counted from the plan, and proved unavoidable from below."""

from collections.abc import Iterator

import numpy as np

from .forms import DIRECTIONS
from .problem import Ints


def pairs_by_direction(x: Ints, y: Ints, label: Ints) -> dict[str, tuple[int, int]]:
    """For each direction: neighbours that touch, and those of them with one label.

    `x`, `y` (S,) grid squares of the people of one room, `label` (S,) such as their exam forms.
    """
    at = {square: int(name) for *square_, name in _rows(x, y, label) for square in [tuple(square_)]}
    found = {}
    for name, (dx, dy) in DIRECTIONS.items():
        pairs = [
            (here, at[column + dx, row + dy])
            for (column, row), here in at.items()
            if (column + dx, row + dy) in at
        ]
        found[name] = (len(pairs), sum(one == other for one, other in pairs))
    return found


def fewest_alike(x: Ints, y: Ints, labels: int) -> int:
    """Pairs of neighbours no way of handing out `labels` kinds of paper can part in one room.

    People of one 2 x 2 square all touch each other. k of them with f labels make at least as many
    pairs as the most even split; squares do not overlap, so their pairs add up. The best of the
    four ways to lay the squares counts. Raises ValueError without a label.
    """
    if labels < 1:
        raise ValueError("there is no exam form to hand out")
    return max(
        (
            sum(_even_split(people, labels) for people in _squares(x + dx, y + dy))
            for dx in (0, 1)
            for dy in (0, 1)
        ),
        default=0,
    )


def _even_split(people: int, labels: int) -> int:
    each, more = divmod(people, labels)
    return more * (each + 1) * each // 2 + (labels - more) * each * (each - 1) // 2


def _squares(x: Ints, y: Ints) -> list[int]:
    """People in each 2 x 2 square."""
    squares = np.stack([x // 2, y // 2])
    people: list[int] = np.unique(squares, axis=1, return_counts=True)[1].tolist()
    return people


def _rows(x: Ints, y: Ints, label: Ints) -> Iterator[tuple[int, int, int]]:
    return zip(x.tolist(), y.tolist(), label.tolist(), strict=True)
