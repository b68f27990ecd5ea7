"""Patterns for everybody within the places of every cell: a whole plan and a proven bound.

min sum c_up x_up, one pattern per unit, no cell over its places. Prices p >= 0 of the cells give
the bound of Lagrange, sum_u min_p (c_up + uses_p . p) - p . places, which no plan goes below
(Fisher, "The Lagrangian relaxation method for solving integer programming problems", Management
Science 27, 1981). They are learnt from the same bound with soft minima, cooled step by step. Then
everybody but those whose choice the prices leave most open has his best pattern, and a whole
programme gives the open ones theirs (HiGHS, by SciPy). The bound takes nothing from all this but
the prices, in whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, vstack

from .packing_kinds import kinds_of, left_out
from .packing_prices import (
    CLOSE,
    LOTS,
    NEVER_TAKEN,
    UNIT,
    learn_prices,
    margins_of,
    packing_bound,
    reduced,
)
from .patterns import Choice, paid_for
from .problem import Floats, Ints

_FEW, _MANY = 4, 24  # patterns that an open unit has at least, and at most
_OPEN = 2500  # units whose choice a programme leaves open at first
_NODES = 4000  # of the whole programme; a number, so that every machine stops at the same
_MOST_OPEN = 10_000  # when there is a plan


@dataclass(frozen=True, eq=False, kw_only=True)
class Packing:
    """A pattern for every unit, and what no plan can go below.

    chosen     for each choice (m,) the pattern of every unit
    prices     (C,) of each cell, in 1/UNIT of 0.1 km
    objective  total cost in 0.1 km
    bound      no plan costs less, in 0.1 km, rounded up
    """

    chosen: tuple[Ints, ...]
    prices: Ints
    objective: int
    bound: int

    @property
    def gap(self) -> float:
        """How far the plan may be from the best, as a share of its cost."""
        return (self.objective - self.bound) / max(1, self.objective)


class NoPacking(Exception):
    """Not everybody can be placed: how many units at least, for each choice by its place."""

    def __init__(self, missing: tuple[int, ...]) -> None:
        """Keep how many units of each choice the fewest without places leave out."""
        self.missing = missing
        super().__init__(f"{sum(missing)} cannot be placed")


class NoPackingFound(Exception):
    """Everybody could be placed, but so little is to spare that no way was found."""


def pack(choices: Sequence[Choice], places: Ints) -> Packing:
    """Everybody's pattern within `places` (C,), at a cost proved close to the least.

    The same input gives the same plan. Raises NoPacking, NoPackingFound.
    """
    units = sum(len(choice.members) for choice in choices)
    if not units:
        nobody = tuple(np.empty(0, np.int64) for _ in choices)
        return _packing(choices, places, nobody, np.zeros(len(places)))
    if any(choice.refused.all(1).any() for choice in choices):
        raise NoPacking(_missing(choices, places))
    prices, wanted, wide = learn_prices(choices, places), _OPEN, 1
    best: Packing | None = None
    while best is None or (best.gap > CLOSE and wanted <= min(_MOST_OPEN, 2 * units)):
        chosen = _whole(choices, places, prices, wanted, wide)
        if chosen is not None:
            found = _packing(choices, places, chosen, prices)
            best = min((best or found, found), key=lambda plan: plan.objective)
        elif sum(missing := _missing(choices, places)):
            raise NoPacking(missing)
        elif wanted > _MOST_OPEN:
            raise NoPackingFound
        wanted, wide = 2 * wanted, wide if best else 2 * wide
    return best


def packing_faults(choices: Sequence[Choice], places: Ints, chosen: Sequence[Ints]) -> list[str]:
    """Codes of what is wrong with any plan: no_pattern, refused_pattern, over_places."""
    found = []
    taken = np.zeros_like(places)
    for choice, pattern in zip(choices, chosen, strict=True):
        if ((pattern < 0) | (pattern >= len(choice.columns))).any():
            found.append("no_pattern")
            continue
        if choice.refused[np.arange(len(pattern)), pattern].any():
            found.append("refused_pattern")
        taken += choice.uses[pattern].sum(0)
    return found + (["over_places"] if (taken > places).any() else [])


def whole_bound_of_few(choices: Sequence[Choice], places: Ints) -> int:
    """What no plan costs less than, in 0.1 km, by one programme of all; 0 when they are many.

    Prices leave a gap where one place more or less is a large part of the whole.
    """
    units = sum(len(choice.members) for choice in choices)
    if units > _OPEN:
        return 0
    unit, cost, uses, first = [], [], [], 0
    for choice in choices:
        row, pattern = np.nonzero(~choice.refused)
        unit.append(row + first)
        cost.append(choice.cost[row, pattern])
        uses.append(choice.uses[pattern])
        first += len(choice.members)
    of, paid = np.concatenate(unit), np.concatenate(cost)
    once = coo_array((np.ones(len(of)), (of, np.arange(len(of)))), shape=(units, len(of)))
    found = milp(
        paid,
        constraints=[
            LinearConstraint(csr_array(once), 1, 1),
            LinearConstraint(csr_array(np.concatenate(uses).T.astype(float)), -np.inf, places),
        ],
        integrality=np.ones(len(of)),
        bounds=Bounds(0, 1),
        options={"node_limit": _NODES},
    )
    bound = found.mip_dual_bound
    return 0 if bound is None else int(np.ceil(bound - 1e-6))


def _packing(
    choices: Sequence[Choice], places: Ints, chosen: tuple[Ints, ...], prices: Floats
) -> Packing:
    whole = np.rint(np.maximum(prices, 0) * UNIT).astype(np.int64)
    objective = paid_for(choices, chosen)
    bound = -(-packing_bound(choices, places, whole) // UNIT)
    return Packing(chosen=chosen, prices=whole, objective=objective, bound=bound)


@dataclass(frozen=True, eq=False)
class _Open:
    """A programme over the units whose choice the prices leave open; the others have theirs.

    row, choice, pattern, cost  (v,) of each variable
    matrix                      (units + C, v) one pattern per unit, then places
    room                        (C,) places that the others leave
    settled                     for each choice (m,) the pattern of everybody at these prices
    reach                       how far the next centre of an open unit is behind, at most
    """

    units: int
    row: Ints
    choice: Ints
    pattern: Ints
    cost: Floats
    matrix: csr_array
    room: Ints
    settled: tuple[Ints, ...]
    reach: float


def _open(
    choices: Sequence[Choice], places: Ints, prices: Floats, wanted: int, wide: int = 1
) -> _Open:
    """Open units: half by the least between two patterns, half by the least between two centres.

    `wide` times as far, and as many patterns of each.
    """
    margins = [margins_of(choice, prices) for choice in choices]
    limit, reach = (
        wide * _lowest(np.concatenate([getattr(margin, name) for margin in margins]), wanted // 2)
        for name in ("pattern", "centre")
    )
    room, parts, first = places.copy(), [], 0
    for at, (choice, margin) in enumerate(zip(choices, margins, strict=True)):
        is_open = (margin.pattern <= limit) | (margin.centre <= reach)
        closed = margin.best[~is_open]
        room -= np.bincount(closed, minlength=len(choice.uses)) @ choice.uses
        if len(rows := np.flatnonzero(is_open)):
            parts.append(_variables(choice, at, rows, prices, limit, reach, first, wide))
            first += len(rows)
    unit, row, which, pattern, cost, uses = (np.concatenate(p) for p in zip(*parts, strict=True))
    once = coo_array((np.ones(len(unit)), (unit, np.arange(len(unit)))), shape=(first, len(unit)))
    return _Open(
        units=first,
        row=row,
        choice=which,
        pattern=pattern,
        cost=cost,
        matrix=csr_array(vstack([once, csr_array(uses.T.astype(float))])),
        room=room,
        settled=tuple(margin.best for margin in margins),
        reach=reach,
    )


def _lowest(values: Floats, wanted: int) -> float:
    """The value that `wanted` of them do not pass."""
    last = min(wanted, len(values)) - 1
    return float(np.partition(values, last)[last])


def _variables(
    choice: Choice,
    at: int,
    rows: Ints,
    prices: Floats,
    limit: float,
    reach: float,
    first: int,
    wide: int,
) -> tuple[Ints, Ints, Ints, Ints, Floats, Ints]:
    """Patterns of open units near their best, and the best of every centre that is near."""
    table = reduced(choice, rows, prices)
    few, most = (min(count, table.shape[1]) - 1 for count in (_FEW, _MANY * wide))
    ranked = np.partition(table, (few, most), axis=1)
    least = table.min(1)
    near = np.clip(least + 2 * limit, ranked[:, few], ranked[:, most])
    starts = np.flatnonzero(np.diff(choice.centre, prepend=-1))
    of = np.repeat(np.arange(len(starts)), np.diff([*starts, table.shape[1]]))
    leads = table == np.minimum.reduceat(table, starts, axis=1)[:, of]
    taken = (table <= near[:, None]) | (leads & (table <= least[:, None] + 2 * reach))
    unit, pattern = np.nonzero(taken & (table < NEVER_TAKEN))
    row = rows[unit]
    cost = choice.cost[row, pattern] + LOTS[choice.lot[row, pattern]]
    return unit + first, row, np.full(len(row), at), pattern, cost, choice.uses[pattern]


def _whole(
    choices: Sequence[Choice], places: Ints, prices: Floats, wanted: int, wide: int
) -> tuple[Ints, ...] | None:
    """The best whole plan that keeps the settled units, or None where there is none."""
    part = _open(choices, places, prices, wanted, wide)
    lower = np.concatenate([np.ones(part.units), np.full(len(places), -np.inf)])
    upper = np.concatenate([np.ones(part.units), part.room])
    found = milp(
        part.cost,
        constraints=LinearConstraint(part.matrix, lower, upper),
        integrality=np.ones(len(part.cost)),
        bounds=Bounds(0, 1),
        options={"node_limit": _NODES, "mip_rel_gap": CLOSE / 10},
    )
    if found.x is None:
        return None
    taken = np.flatnonzero(found.x > 0.5)
    chosen = [pattern.copy() for pattern in part.settled]
    for at, pattern in enumerate(chosen):
        mine = taken[part.choice[taken] == at]
        pattern[part.row[mine]] = part.pattern[mine]
    return tuple(chosen)


def _missing(choices: Sequence[Choice], places: Ints) -> tuple[int, ...]:
    """How many units of each choice must go without, at the least in all."""
    kinds = kinds_of(choices)
    missing = np.bincount(kinds.choice, left_out(kinds, places), len(choices))
    return tuple(missing.astype(int).tolist())
