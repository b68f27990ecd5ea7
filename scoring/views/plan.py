"""Where the chairs of a room go in a drawing: plain coordinates for inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.queries.integrity import Chair

STEP, SIDE, EDGE = 30, 24, 8


@dataclass(frozen=True)
class Square:
    """One chair: where it is drawn, and how."""

    x: int
    y: int
    middle: int
    foot: int
    chair: Chair


@dataclass(frozen=True)
class Plan:
    """A room from above, its front on top."""

    width: int
    height: int
    squares: list[Square]


def seat_plan(chairs: Sequence[Chair]) -> Plan | None:
    """The room two people shared; None when they shared none."""
    if not chairs:
        return None
    left, top = min(chair.x for chair in chairs), min(chair.y for chair in chairs)
    squares = [
        Square(
            x=EDGE + (chair.x - left) * STEP,
            y=EDGE + (chair.y - top) * STEP,
            middle=EDGE + (chair.x - left) * STEP + SIDE // 2,
            foot=EDGE + (chair.y - top) * STEP + SIDE - 7,
            chair=chair,
        )
        for chair in chairs
    ]
    return Plan(
        width=max(square.x for square in squares) + SIDE + EDGE,
        height=max(square.y for square in squares) + SIDE + EDGE,
        squares=squares,
    )
