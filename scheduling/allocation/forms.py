"""Exam forms on a grid of chairs: which neighbours are sure to hold different ones.

Touching chairs of a full grid need four colours. With two exam forms a checkerboard parts those
beside and those before and behind, and leaves the diagonals; three part one diagonal as well;
four part everybody.
"""

import numpy as np

from .problem import Ints

DIRECTIONS = {
    "side": (1, 0),
    "front": (0, 1),
    "diagonal_right": (1, 1),
    "diagonal_left": (-1, 1),
}


def form_of(x: Ints, y: Ints, forms: int) -> Ints:
    """The exam form of each chair, 0..forms-1. Raises ValueError when there is no form."""
    if forms < 1:
        raise ValueError("there is no exam form to hand out")
    if forms >= 4:
        return x % 2 + 2 * (y % 2)
    return (x + y) % forms


def protected_directions(forms: int) -> tuple[str, ...]:
    """Names of the directions in which neighbours never hold the same exam form."""
    x, y = np.meshgrid(np.arange(12), np.arange(12))
    here = form_of(x, y, forms)
    return tuple(
        name
        for name, (dx, dy) in DIRECTIONS.items()
        if (form_of(x + dx, y + dy, forms) != here).all()
    )
