"""Questions about moves: what can be lost, and what a finished study says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from centres.models import Building, Centre, Room
from scheduling.models import AllocationRun, MoveStudy, RoomSession, Sitting


@dataclass(frozen=True)
class Flow:
    """People who go from one centre to another; the same centre twice is a change of room."""

    former: Centre
    new: Centre
    people: int
    farther_km: float


@dataclass(frozen=True)
class CentreChange:
    """One centre before and after the moves: people there, and places there are.

    `left` counts ordinary places that nobody has; places for needs are counted by need.
    """

    centre: Centre
    before: int
    after: int
    places: int
    places_before: int
    left: int

    @property
    def change(self) -> int:
        return self.after - self.before

    @property
    def is_lost(self) -> bool:
        """Nobody can sit there any more."""
        return self.places == 0 < self.places_before


@dataclass(frozen=True)
class Change:
    """How the whole sitting stands before and after the moves.

    by_centre    people by the rank of the wish for their centre, [not wished for, first, ...]
    by_distance  people by classes of distance from DISTANCE_STEPS_KM upwards
    """

    before: dict[str, Any]
    after: dict[str, Any]
    centres: tuple[CentreChange, ...]


@dataclass(frozen=True)
class Point:
    """One plan of the curve. `number` is its place in the study, `dearer_km` beside the easiest."""

    number: int
    toll_km: float
    moved: int
    unasked: int
    placed: int
    farther_km: float
    farthest_km: float
    dearer_km: float
    flows: tuple[Flow, ...]
    change: Change


@dataclass(frozen=True)
class Moves:
    """What a run of moves says of itself."""

    point: Point
    lost: list[str]


@dataclass(frozen=True)
class Losable:
    """A centre of a sitting with its buildings and their rooms."""

    centre: Centre
    buildings: tuple[tuple[Building, tuple[Room, ...]], ...]


def losable(sitting: Sitting) -> list[Losable]:
    """Everything of a sitting that could be lost: centres, buildings, rooms in use."""
    used = RoomSession.objects.filter(exam_session__sitting=sitting, shut_at=None).values("room")
    rooms = Room.objects.filter(pk__in=used, is_open=True).select_related("building__centre")
    found: dict[Centre, dict[Building, list[Room]]] = {}
    for room in rooms.order_by("building__centre__code", "building__code", "code"):
        buildings = found.setdefault(room.building.centre, {})
        buildings.setdefault(room.building, []).append(room)
    return [
        Losable(centre, tuple((building, tuple(inside)) for building, inside in buildings.items()))
        for centre, buildings in found.items()
    ]


def said_lost(lost: dict[str, list[int]]) -> list[str]:
    """The names of what is lost: primary keys of centres, buildings and rooms."""
    return said_losses([lost])[0]


def said_losses(losses: Sequence[dict[str, list[int]]]) -> list[list[str]]:
    """The same of several losses, in three queries at most."""
    keys = {
        kind: {key for lost in losses for key in lost[kind]}
        for kind in ("centres", "buildings", "rooms")
    }
    centres = Centre.objects.in_bulk(keys["centres"])
    buildings = Building.objects.select_related("centre").in_bulk(keys["buildings"])
    rooms = Room.objects.select_related("building__centre").in_bulk(keys["rooms"])
    names = {
        "centres": {key: one.name for key, one in centres.items()},
        "buildings": {key: f"{one.name}, {one.centre.name}" for key, one in buildings.items()},
        "rooms": {
            key: f"{one.code}, {one.building.name}, {one.building.centre.name}"
            for key, one in rooms.items()
        },
    }
    return [
        [names[kind][key] for kind in names for key in lost[kind] if key in names[kind]]
        for lost in losses
    ]


def points_of(study: MoveStudy) -> list[Point]:
    """The curve of a finished study, from fewest moved to least distance.

    Each plan once, and none beside which another costs as little and moves fewer.
    """
    kept = study.result["points"]
    before = study.result["before"]
    easiest = min(point["cost"] for point in kept)
    centres = _centres(before)
    found: list[Point] = []
    cheapest = None
    for number, point in reversed(list(enumerate(kept))):
        if cheapest is None or point["cost"] < cheapest:
            found.append(_point(number, point, before, centres, easiest))
            cheapest = point["cost"]
    return found


def moves_of(run: AllocationRun) -> Moves | None:
    """What a run of moves says; None for other runs."""
    point = run.result.get("moves")
    if point is None:
        return None
    before = run.result["before"]
    shown = _point(0, point, before, _centres(before), point["cost"])
    return Moves(shown, said_lost(run.parameters["lost"]))


def _centres(figures: dict[str, Any]) -> dict[int, Centre]:
    return Centre.objects.in_bulk([row["centre"] for row in figures["centres"]])


def _point(
    number: int,
    point: dict[str, Any],
    before: dict[str, Any],
    centres: dict[int, Centre],
    easiest: int,
) -> Point:
    return Point(
        number=number,
        toll_km=point["toll"] / 10,
        moved=point["moved"],
        unasked=point["unasked"],
        placed=point["placed"],
        farther_km=point["farther_km"],
        farthest_km=point["farthest_km"],
        dearer_km=(point["cost"] - easiest) / 10,
        flows=tuple(
            Flow(centres[flow["from"]], centres[flow["to"]], flow["people"], flow["farther_km"])
            for flow in point["flows"]
        ),
        change=_change(before, point["figures"], centres),
    )


def _change(before: dict[str, Any], after: dict[str, Any], centres: dict[int, Centre]) -> Change:
    was = {row["centre"]: row for row in before["centres"]}
    rows = [
        CentreChange(
            centre=centres[row["centre"]],
            before=was[row["centre"]]["people"],
            after=row["people"],
            places=row["places"],
            places_before=was[row["centre"]]["places"],
            left=row["left"],
        )
        for row in after["centres"]
    ]
    rows.sort(key=lambda row: (not row.is_lost, -abs(row.change), row.centre.code))
    return Change(before, after, tuple(rows))
