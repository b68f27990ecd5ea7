"""Who watches which room: as many duties filled as any roster can, few changes, short ways.

A unit flows from a proctor and day, through one exam session, to a room that wants him. A proctor
is in one room at a time, works at most so many exam sessions a day, and never watches a room where
somebody of his institution or a relative sits, or one too far away. All filling alone is a maximum
flow (Dinic's algorithm by SciPy; Ahuja, Magnanti and Orlin, "Network Flows", 1993, theorem 6.5).
Among all rosters that fill as much, those that keep most of the duties already given, and among
those the shortest ways, are linear programmes over the same network, each on the face of optima of
the one before, which its prices show; their corners are whole (theorem 11.12; HiGHS by SciPy).
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import maximum_flow

from .problem import Flags, Floats, Ints

_NOUGHT = 1e-7  # a price below it is none


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


def may_watch(
    own: Ints,
    present: Flags,
    related: Flags | None = None,
    km: Ints | None = None,
    farthest: int | None = None,
) -> Flags:
    """Which of P proctors may watch which of W room sessions, (P, W).

    `own` (P,) the institution of each or -1, `present` (W, I) institutions that sit there,
    `related` (P, W) true where a relative sits, `km` (P, W) the way and the longest to be asked.
    """
    inside = np.column_stack([present, np.zeros(len(present), bool)])
    allowed: Flags = ~inside.T[own]
    if related is not None:
        allowed &= ~related
    if km is not None and farthest is not None:
        allowed &= km <= farthest
    return allowed


def related_watches(pairs: Ints, watch_of: Ints, proctors: int, watches: int) -> Flags:
    """Where a relative sits, (P, W): `pairs` (R, 2) of proctor and candidate, `watch_of` (n,).

    `watch_of` is the room session of each candidate, -1 where he has none.
    """
    found = np.zeros((proctors, watches + 1), bool)
    found[pairs[:, 0], watch_of[pairs[:, 1]]] = True
    return found[:, :watches]


def improve_roster(
    watch: Watch, allowed: Flags, per_day: Ints, before: Flags, km: Ints | None = None
) -> Roster:
    """A roster that fills as many duties as any, keeps most of those given, and travels least.

    `before` (P, W) the duties given so far, kept where they are still allowed; on the day it is
    called again with whoever failed to come no longer allowed. `per_day` (P,) exam sessions a day
    of each, `km` (P, W) the way. Raises ValueError.
    """
    if (per_day < 0).any():
        raise ValueError("exam sessions a day cannot be negative")
    person, room = np.nonzero(allowed & (watch.wanted > 0))
    rules, most = _rules(watch, person, room, per_day)
    goals = [np.ones(len(person)), before[person, room].astype(float)]
    if km is not None:
        goals.append(-km[person, room].astype(float))
    given = _by_goals(goals, rules, most) > 0.5
    filled = np.bincount(room[given], minlength=len(watch.wanted))
    return Roster(person[given], room[given], watch.wanted - filled)


def _rules(watch: Watch, person: Ints, room: Ints, per_day: Ints) -> tuple[csr_array, Ints]:
    """One room at a time, so many sessions a day, so many to a room: rows (r, v), at most (r,)."""
    days, day = np.unique(watch.day, return_inverse=True)
    sessions, session = np.unique(watch.session, return_inverse=True)
    at_once = person * len(sessions) + session.ravel()[room]
    daily = person * len(days) + day.ravel()[room]
    starts = np.cumsum([0, len(per_day) * len(sessions), len(per_day) * len(days)])
    row = np.concatenate([at_once, daily + starts[1], room + starts[2]])
    variable = np.tile(np.arange(len(person)), 3)
    most = np.concatenate([np.ones(starts[1], np.int64), per_day.repeat(len(days)), watch.wanted])
    rules = coo_array((np.ones(len(row)), (row, variable)), shape=(len(most), len(person)))
    return csr_array(rules), most


def _by_goals(goals: list[Floats], rules: csr_array, most: Ints) -> Floats:
    """The corner that is best for the first goal, then for the second among those, and so on."""
    tight = np.zeros(len(most), bool)
    best, lower, upper = (np.full(rules.shape[1], value) for value in (0.0, 0.0, 1.0))
    if not rules.shape[1]:
        return best
    for goal in goals:
        found = linprog(
            -goal,
            A_ub=rules[~tight] if (~tight).any() else None,
            b_ub=most[~tight] if (~tight).any() else None,
            A_eq=rules[tight] if tight.any() else None,
            b_eq=most[tight] if tight.any() else None,
            bounds=np.stack([lower, upper], 1),
            method="highs-ds",
        )
        if found.x is None:
            raise RuntimeError(f"the roster was not solved: {found.message}")
        best = found.x
        free = lower < upper
        upper = np.where(free & (found.lower.marginals > _NOUGHT), 0.0, upper)
        lower = np.where(free & (found.upper.marginals < -_NOUGHT), 1.0, lower)
        tight[np.flatnonzero(~tight)[found.ineqlin.marginals < -_NOUGHT]] = True
    return best


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
