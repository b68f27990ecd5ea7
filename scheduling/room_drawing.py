"""A room as a drawing: where its desks, door, board and aisles go. Screen and paper share it."""

from dataclasses import dataclass

from centres.models import Door
from scheduling.studies.rooms import Desk, SeatedRoom

WIDE, HIGH = 92, 66  # one square of the grid
DESK_WIDE, DESK_HIGH = 82, 54
MARGIN, FRONT = 26, 54  # to the walls; the front has room for the board
DOOR = 48


@dataclass(frozen=True)
class DeskMark:
    """One desk: its corner and its middle."""

    desk: Desk
    x: int
    y: int
    middle_x: int
    middle_y: int


@dataclass(frozen=True)
class Line:
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Drawing:
    """A room of `width` by `height` units: walls around it, the board in front."""

    width: int
    height: int
    desks: tuple[DeskMark, ...]
    links: tuple[Line, ...]
    aisles: tuple[int, ...]
    door: Line | None

    @property
    def door_label_y(self) -> int:
        """Beside the door, clear of the desks."""
        near_front = self.door is not None and self.door.y1 < self.height // 2
        return 34 if near_front else self.height - 9


def drawing_of(room: SeatedRoom) -> Drawing:
    """Where everything of a room goes, the front on top."""
    width = 2 * MARGIN + room.columns * WIDE
    height = FRONT + MARGIN + room.rows * HIGH
    marks = {desk.seat.pk: _mark(desk) for desk in room.desks}
    return Drawing(
        width=width,
        height=height,
        desks=tuple(marks.values()),
        links=tuple(_link(marks[one.seat.pk], marks[other.seat.pk]) for one, other in room.links),
        aisles=tuple(MARGIN + column * WIDE + WIDE // 2 for column in room.aisles),
        door=_door(room.room_session.room.door, width, height),
    )


def _mark(desk: Desk) -> DeskMark:
    x = MARGIN + desk.column * WIDE + (WIDE - DESK_WIDE) // 2
    y = FRONT + desk.row * HIGH
    return DeskMark(desk, x, y, x + DESK_WIDE // 2, y + DESK_HIGH // 2)


def _link(one: DeskMark, other: DeskMark) -> Line:
    return Line(one.middle_x, one.middle_y, other.middle_x, other.middle_y)


def _door(door: str, width: int, height: int) -> Line | None:
    """The gap in the side wall, near the front or the back."""
    if door == Door.UNKNOWN:
        return None
    x = 2 if door in (Door.FRONT_LEFT, Door.BACK_LEFT) else width - 2
    top = 14 if door in (Door.FRONT_LEFT, Door.FRONT_RIGHT) else height - 14 - DOOR
    return Line(x, top, x, top + DOOR)
