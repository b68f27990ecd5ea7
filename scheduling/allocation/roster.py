"""Who watches which room, as a maximum flow: as many duties filled as any roster can fill.

A unit flows from a proctor and day, through one exam session, to a room that wants him. A proctor
is in one room at a time, works at most so many exam sessions a day, and never watches a room where
somebody of his institution sits, or one he is kept from. Dinic's algorithm by SciPy; integral,
because all capacities are (Ahuja, Magnanti and Orlin, "Network Flows", 1993, theorem 6.5).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from .problem import Flags, Ints


@dataclass(frozen=True, eq=False)
class Watch:
    """The rooms of one centre that want proctors.

    session  (W,) exam session of each room session
    day      (W,) the day it is on
    wanted   (W,) proctors it needs
    """

    session: Ints
    day: Ints
    wanted: Ints


@dataclass(frozen=True, eq=False)
class Roster:
    """Duties, and what is missing.

    proctor, watch  (D,) pairs of indices, one per duty
    missing         (W,) proctors that no roster could add without taking one from elsewhere
    """

    proctor: Ints
    watch: Ints
    missing: Ints


def proctors_wanted(people: Ints, ratio: int, least: int = 1) -> Ints:
    """ceil(people / ratio), at least `least` where somebody sits, 0 where nobody does."""
    if ratio < 1:
        raise ValueError("a proctor watches at least one person")
    wanted: Ints = np.where(people > 0, np.maximum(-(-people // ratio), least), 0)
    return wanted


def make_roster(watch: Watch, allowed: Flags, per_day: int) -> Roster:
    """Fill as many duties as can be filled, `allowed` (P, W) true where a proctor may watch.

    At most `per_day` exam sessions a day for each. Raises ValueError when that is negative.
    """
    if per_day < 0:
        raise ValueError("exam sessions a day cannot be negative")
    proctors, watches = allowed.shape
    days, day_of = np.unique(watch.day, return_inverse=True)
    sessions, session_of = np.unique(watch.session, return_inverse=True)
    day_of_session = np.zeros(len(sessions), np.int64)
    day_of_session[session_of.ravel()] = day_of.ravel()
    person, room = np.nonzero(allowed & (watch.wanted > 0))
    first_slot = 1 + proctors * len(days)
    first_room = first_slot + proctors * len(sessions)
    sink = first_room + watches
    every, session = np.divmod(np.arange(proctors * len(sessions)), max(1, len(sessions)))
    daily = 1 + np.arange(proctors * len(days))
    tail = [
        np.zeros(len(daily), np.int64),
        1 + every * len(days) + day_of_session[session],
        first_slot + person * len(sessions) + session_of.ravel()[room],
        first_room + np.arange(watches),
    ]
    head = [
        daily,
        first_slot + np.arange(proctors * len(sessions)),
        first_room + room,
        np.full(watches, sink),
    ]
    width = [
        np.full(len(daily), per_day),
        np.ones(len(every), np.int64),
        np.ones(len(person), np.int64),
        watch.wanted,
    ]
    arcs = np.concatenate(tail), np.concatenate(head)
    graph = csr_array((np.concatenate(width).astype(np.int32), arcs), shape=(sink + 1, sink + 1))
    flow = maximum_flow(graph, 0, sink).flow.tocoo()
    used = (flow.data > 0) & (flow.row >= first_slot) & (flow.row < first_room)
    used &= flow.col >= first_room
    proctor = (flow.row[used] - first_slot) // max(1, len(sessions))
    at = (flow.col[used] - first_room).astype(np.int64)
    filled = np.bincount(at, minlength=watches)
    return Roster(proctor.astype(np.int64), at, watch.wanted - filled)
