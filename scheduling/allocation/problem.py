"""What is to be allocated: people, columns, hardship and places, as labelled arrays.

A *column* is one centre in one exam session. Costs are whole tenths of a kilometre, so that
every sum is exact. A place belongs to one access class and serves nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Costs: TypeAlias = NDArray[np.int32]
Ranks: TypeAlias = NDArray[np.int8]
Flags: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
MAX_COST = 2**22  # 0.1 km; ten times round the earth, and low enough to leave the lottery room


@dataclass(frozen=True, eq=False, kw_only=True)
class AllocationProblem:
    """n candidates, K columns, A access classes.

    registration_ids  (n,) distinct labels of the rows
    centre_ids        (K,) with session_ids, distinct labels of the columns
    session_ids       (K,)
    access_classes    A names
    access            (n,) the class each candidate needs, 0..A-1
    cost              (n, K) hardship in 0.1 km, 0..MAX_COST
    capacity          (A, K) places, >= 0
    refused           (n, K) true where a candidate cannot sit, or None when nothing is refused
    """

    registration_ids: Ints
    centre_ids: Ints
    session_ids: Ints
    access_classes: tuple[str, ...]
    access: Ints
    cost: Costs
    capacity: Ints
    refused: Flags | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other. Raises ValueError."""
        n, columns = self.people, self.columns
        _require(self.cost.shape == (n, columns), f"cost is {self.cost.shape}, not {n} x {columns}")
        _require(self.access.shape == (n,), "every candidate needs one access class")
        _require(self.session_ids.shape == (columns,), "every column needs an exam session")
        shape = (len(self.access_classes), columns)
        _require(self.capacity.shape == shape, f"capacity is {self.capacity.shape}, not {shape}")
        _require(self.refused is None or self.refused.shape == (n, columns), "refused misfits")
        _require(not (self.capacity < 0).any(), "a capacity is negative")
        _require(len(np.unique(self.registration_ids)) == n, "a registration stands in two rows")
        _require(len(set(self.column_labels())) == columns, "a column stands twice")
        if n:
            _require(columns > 0, "there is no column to allocate to")
            _require(self.access.min() >= 0, "an access class is negative")
            _require(self.access.max() < shape[0], "an access class has no name")
            _require(self.cost.min() >= 0, "a cost is negative")
            _require(self.cost.max() <= MAX_COST, f"a cost is above {MAX_COST}")

    @property
    def people(self) -> int:
        """n, the number of candidates."""
        return len(self.registration_ids)

    @property
    def columns(self) -> int:
        """K, the number of centres times exam sessions."""
        return len(self.centre_ids)

    def column_labels(self) -> list[tuple[int, int]]:
        """(centre id, exam session id) of every column, in order."""
        return list(zip(self.centre_ids.tolist(), self.session_ids.tolist(), strict=True))


@dataclass(frozen=True, eq=False, kw_only=True)
class Journeys:
    """What the costs were made from, kept for measures and reasons.

    distance  (n, K) in 0.1 km
    rank      (n, K) 1 for the first wish, 2 for the second, ..., 0 for a column not wished for
    named     (n, K) the best rank of a wish for the column's centre, at whatever time; 0 for none
    """

    distance: Costs
    rank: Ranks
    named: Ranks


def hardship(journeys: Journeys, rank_penalties: Sequence[int], other_session: int = 0) -> Costs:
    """The cost table: distance + the penalty of the wish's rank, (n, K) in 0.1 km.

    `rank_penalties` in 0.1 km: of the first wish, the second, ...; the last is for a column
    that was not wished for. Ranks beyond the list pay the last penalty. A wished centre in an
    exam session that was not wished for pays its rank's penalty and `other_session`, where that
    is less. Raises ValueError when a penalty is negative or there is none.
    """
    _require(len(rank_penalties) > 0, "there is no rank penalty")
    _require(min(*rank_penalties, other_session) >= 0, "a penalty is negative")
    by_rank = np.full(128, rank_penalties[-1], np.int32)
    by_rank[1 : len(rank_penalties)] = rank_penalties[:-1]
    penalty = np.minimum(by_rank[journeys.rank], by_rank[journeys.named] + np.int32(other_session))
    cost: Costs = journeys.distance + penalty
    return cost


def great_circle(latitude: Floats, longitude: Floats, places: Floats) -> Costs:
    """Distance of n people to P places, (n, P) in 0.1 km, rounded half to even.

    Degrees in, `places` is (P, 2) of latitude and longitude. Haversine formula on a sphere of
    EARTH_RADIUS_KM (R. W. Sinnott, "Virtues of the haversine", Sky and Telescope 68, 1984).
    """
    phi, lam = np.radians(latitude)[:, None], np.radians(longitude)[:, None]
    phi_place, lam_place = np.radians(places[:, 0]), np.radians(places[:, 1])
    half = np.sin((phi - phi_place) / 2) ** 2
    half += np.cos(phi) * np.cos(phi_place) * np.sin((lam - lam_place) / 2) ** 2
    km = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))
    tenths: Costs = np.rint(10 * km).astype(np.int32)
    return tenths


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
