"""Questions about moves: what can be lost, and what a finished study says."""

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
class Point:
    """One plan of the curve, with its place on a chart of 320 x 200."""

    number: int
    toll_km: float
    moved: int
    unasked: int
    placed: int
    mean_km: float
    longest_km: float
    farther_km: float
    farthest_km: float
    dearer_km: float
    flows: tuple[Flow, ...]
    x: float
    y: float


@dataclass(frozen=True)
class Losable:
    """A centre of a sitting with its buildings and their rooms."""

    centre: Centre
    buildings: tuple[tuple[Building, tuple[Room, ...]], ...]


def losable(sitting: Sitting) -> list[Losable]:
    """Everything of a sitting that could be lost: centres, buildings, rooms in use."""
    used = RoomSession.objects.filter(exam_session__sitting=sitting).values("room")
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
    centres = [centre.name for centre in Centre.objects.filter(pk__in=lost["centres"])]
    buildings = Building.objects.filter(pk__in=lost["buildings"]).select_related("centre")
    rooms = Room.objects.filter(pk__in=lost["rooms"]).select_related("building__centre")
    return [
        *centres,
        *(f"{building.name}, {building.centre.name}" for building in buildings),
        *(f"{room.code}, {room.building.name}, {room.building.centre.name}" for room in rooms),
    ]


def points_of(study: MoveStudy) -> list[Point]:
    """The curve of a finished study, from fewest moved to least distance."""
    kept = study.result["points"]
    most = max(point["moved"] for point in kept)
    fewest = min(point["moved"] for point in kept)
    cheapest = min(point["cost"] for point in kept)
    dearest = max(point["cost"] for point in kept)
    centres = Centre.objects.in_bulk(
        {flow[end] for point in kept for flow in point["flows"] for end in ("from", "to")}
    )
    return [
        Point(
            number=number,
            toll_km=point["toll"] / 10,
            moved=point["moved"],
            unasked=point["unasked"],
            placed=point["placed"],
            mean_km=point["mean_km"],
            longest_km=point["longest_km"],
            farther_km=point["farther_km"],
            farthest_km=point["farthest_km"],
            dearer_km=(point["cost"] - cheapest) / 10,
            flows=_flows(point["flows"], centres),
            x=round(44 + 260 * (point["moved"] - fewest) / max(1, most - fewest), 1),
            y=round(160 - 140 * (point["cost"] - cheapest) / max(1, dearest - cheapest), 1),
        )
        for number, point in reversed(list(enumerate(kept)))
    ]


def moves_of(run: AllocationRun) -> tuple[dict[str, Any], tuple[Flow, ...], list[str]] | None:
    """What a run of moves says: its figures, who goes where, what is lost; None for other runs."""
    point = run.result.get("moves")
    if point is None:
        return None
    centres = Centre.objects.in_bulk(
        {flow[end] for flow in point["flows"] for end in ("from", "to")}
    )
    return point, _flows(point["flows"], centres), said_lost(run.parameters["lost"])


def _flows(kept: list[dict[str, Any]], centres: dict[int, Centre]) -> tuple[Flow, ...]:
    return tuple(
        Flow(centres[flow["from"]], centres[flow["to"]], flow["people"], flow["farther_km"])
        for flow in kept
    )
