"""Which buildings and rooms to open for one centre and exam session: the fewest, exactly.

min sum_b W y_b + sum_r z_r + v * proctors,  z_r <= y_b,  places of every class served,
k_r people in room r need ceil(k_r / ratio) proctors. Buildings weigh so much that no saving of
rooms pays for one more (W = rooms + 1), and proctors break ties. Solved by HiGHS through
`scipy.optimize.milp` to a proven gap of 0 (Q. Huangfu and J. Hall, Math. Prog. Comp. 10, 2018).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

from .problem import Flags, Ints


class RoomsInsufficient(Exception):
    """Even all rooms together do not serve everybody; classes by index, with how many are left."""

    def __init__(self, missing: tuple[tuple[int, int], ...]) -> None:
        """Keep each class that is short and its fewest people left over, alone among others."""
        self.missing = missing
        said = ", ".join(f"class {access}: {people} too few" for access, people in missing)
        super().__init__(said or "the classes together are too many")


@dataclass(frozen=True, eq=False)
class RoomStock:
    """What a centre has. A kind is a set of chairs that serve the same access classes.

    building  (R,) label of each room's building
    chairs    (R, C) chairs of each kind
    serves    (A, C) true where a kind of chair serves a class
    """

    building: Ints
    chairs: Ints
    serves: Flags


@dataclass(frozen=True, eq=False)
class OpenRooms:
    """The rooms to open.

    opened     (R,) true where a room is open
    people     (R, A) people of each class in each room
    proctors   (R,) ceil(people / ratio), 0 where closed
    buildings  how many are open; no choice that serves everybody opens fewer
    bound      the proven lower bound of `buildings * (R + 1) + rooms`, equal to what was found
    """

    opened: Flags
    people: Ints
    proctors: Ints
    buildings: int
    bound: int


def open_rooms(stock: RoomStock, demand: Ints, ratio: int) -> OpenRooms:
    """The fewest buildings, then rooms, then proctors that serve `demand` (A,) people.

    `ratio` is the most people one proctor watches. Raises RoomsInsufficient, ValueError for a
    ratio below 1.
    """
    if ratio < 1:
        raise ValueError("a proctor watches at least one person")
    if not _together(stock, demand):
        raise RoomsInsufficient(_missing(stock, demand))
    rooms, kinds = stock.chairs.shape
    classes = len(demand)
    labels, of = np.unique(stock.building, return_inverse=True)
    sits = rooms * classes * kinds
    heavy = rooms + 1
    watch = 1.0 / (1 + int(-(-int(demand.sum()) // ratio)) + rooms)
    weight = np.concatenate(
        [np.zeros(sits), np.full(len(labels), heavy), np.ones(rooms), np.full(rooms, watch)]
    )
    found = milp(
        weight,
        constraints=_constraints(stock, demand, ratio, of.ravel(), len(labels)),
        integrality=np.ones(len(weight)),
        bounds=_bounds(stock, classes, len(labels), ratio),
        options={"mip_rel_gap": 0.0},
    )
    if found.x is None:
        raise RuntimeError(f"the rooms were not solved: {found.message}")
    whole = np.rint(found.x).astype(np.int64)
    people = whole[:sits].reshape(rooms, classes, kinds).sum(2)
    opened = people.sum(1) > 0
    buildings = len(np.unique(stock.building[opened]))
    return OpenRooms(
        opened=opened,
        people=people,
        proctors=-(-people.sum(1) // ratio),
        buildings=buildings,
        bound=int(np.floor(found.mip_dual_bound + 1e-6)),
    )


def _constraints(
    stock: RoomStock, demand: Ints, ratio: int, building: Ints, buildings: int
) -> list[LinearConstraint]:
    """Everybody sits; a kind holds its chairs, if its room is open; proctors; buildings."""
    rooms, kinds = stock.chairs.shape
    classes = len(demand)
    sits, others = rooms * classes * kinds, buildings + 2 * rooms
    y, z = np.zeros((rooms, buildings)), eye_array(rooms)
    y[np.arange(rooms), building] = 1
    by_class = csr_array(np.tile(np.repeat(np.eye(classes), kinds, 1), rooms))
    everybody = hstack([by_class, csr_array((classes, others))])
    one_room = csr_array(np.tile(np.eye(kinds), classes))
    chairs = hstack(
        [
            block_diag([one_room] * rooms),
            csr_array((rooms * kinds, buildings)),
            block_diag([csr_array(-stock.chairs[room][:, None]) for room in range(rooms)]),
            csr_array((rooms * kinds, rooms)),
        ]
    )
    nobody = csr_array((rooms, sits))
    watched = hstack(
        [
            block_diag([csr_array(np.ones((1, classes * kinds)))] * rooms),
            csr_array((rooms, buildings + rooms)),
            -ratio * z,
        ]
    )
    inside = hstack([nobody, csr_array(-y), z, csr_array((rooms, rooms))])
    return [
        LinearConstraint(everybody, demand, demand),
        LinearConstraint(vstack([chairs, watched, inside]), -np.inf, 0),
    ]


def _bounds(stock: RoomStock, classes: int, buildings: int, ratio: int) -> Bounds:
    rooms, kinds = stock.chairs.shape
    most = np.where(stock.serves[None], stock.chairs[:, None, :], 0).reshape(-1)
    proctors = -(-stock.chairs.sum(1) // ratio)
    upper = np.concatenate([most, np.ones(buildings + rooms), proctors])
    return Bounds(np.zeros(rooms * classes * kinds + buildings + 2 * rooms), upper)


def _together(stock: RoomStock, demand: Ints) -> bool:
    """Hall's condition over the classes: every set of them finds as many chairs as people."""
    chairs, classes = stock.chairs.sum(0), len(demand)
    for chosen in range(1, 1 << classes):
        members = [access for access in range(classes) if chosen >> access & 1]
        serving = stock.serves[members].any(0)
        if demand[members].sum() > chairs[serving].sum():
            return False
    return True


def _missing(stock: RoomStock, demand: Ints) -> tuple[tuple[int, int], ...]:
    chairs = stock.chairs.sum(0)
    short = [int(people - chairs[stock.serves[a]].sum()) for a, people in enumerate(demand)]
    return tuple((access, people) for access, people in enumerate(short) if people > 0)
