"""People alike as one: whether everybody fits, how few do not, and prices that prove it.

Units of one choice who may have the same patterns are one *kind*. Who must go without is a whole
programme over kinds and patterns, small however many people there are (HiGHS, by SciPy).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

from .packing_prices import packing_bound
from .patterns import Choice
from .problem import Flags, Ints

_SCALE = 2**20  # prices that refute are whole numbers of a millionth


@dataclass(frozen=True, eq=False, kw_only=True)
class Kinds:
    """k kinds of the units of some choices.

    of             for each choice (m,) the kind of every unit
    choice         (k,) the choice each kind is of
    many           (k,) units of each kind
    kind, pattern  (v,) every pattern that a kind may have
    uses           (v, C) places it takes of every cell
    """

    of: tuple[Ints, ...]
    choice: Ints
    many: Ints
    kind: Ints
    pattern: Ints
    uses: csr_array

    def without(self, kind: int, pattern: int) -> "Kinds":
        """The same when a kind may no longer have a pattern."""
        left = (self.kind != kind) | (self.pattern != pattern)
        return replace(self, kind=self.kind[left], pattern=self.pattern[left], uses=self.uses[left])


def kinds_of(choices: Sequence[Choice]) -> Kinds:
    """The units of every choice by the patterns they may have."""
    of, which, many, kind, pattern, uses, first = [], [], [], [], [], [], 0
    for at, choice in enumerate(choices):
        rows, inverse, count = _alike(choice.refused)
        may, way = np.nonzero(~choice.refused[rows])
        of.append(first + inverse)
        which.append(np.full(len(rows), at))
        many.append(count)
        kind.append(first + may)
        pattern.append(way)
        uses.append(csr_array(choice.uses)[way])
        first += len(rows)
    return Kinds(
        of=tuple(of),
        choice=np.concatenate(which),
        many=np.concatenate(many),
        kind=np.concatenate(kind),
        pattern=np.concatenate(pattern),
        uses=csr_array(vstack(uses)),
    )


def left_out(kinds: Kinds, places: Ints) -> Ints:
    """How many units of each kind go without, (k,), at the least in all within `places` (C,)."""
    once, within = _rules(kinds)
    patterns, total = len(kinds.kind), len(kinds.many)
    found = milp(
        np.append(np.zeros(patterns), np.ones(total)),
        constraints=[
            LinearConstraint(once, kinds.many, kinds.many),
            LinearConstraint(within, -np.inf, places),
        ],
        integrality=np.ones(patterns + total),
        bounds=Bounds(0, np.inf),
    )
    missing: Ints = np.rint(found.x[patterns:]).astype(np.int64)
    return missing


def is_refuted(choices: Sequence[Choice], places: Ints) -> bool:
    """Whether prices prove, in whole numbers, that not everybody can have a pattern.

    When all patterns are free, and yet no plan costs less than something, there is no plan
    (Farkas). The prices are those of the programme of who must go without, in parts allowed.
    """
    kinds = kinds_of(choices)
    once, within = _rules(kinds)
    patterns, total = len(kinds.kind), len(kinds.many)
    found = linprog(
        np.append(np.zeros(patterns), np.ones(total)),
        A_ub=within,
        b_ub=places,
        A_eq=once,
        b_eq=kinds.many,
        method="highs",
    )
    prices = np.rint(-_SCALE * found.ineqlin.marginals).astype(np.int64)
    free = [replace(choice, cost=np.zeros_like(choice.cost)) for choice in choices]
    return packing_bound(free, places, np.maximum(prices, 0)) > 0


def _rules(kinds: Kinds) -> tuple[csr_array, csr_array]:
    """One pattern or none for each unit, (k, v + k), and places, (C, v + k)."""
    patterns, total = len(kinds.kind), len(kinds.many)
    once = coo_array((np.ones(patterns), (kinds.kind, np.arange(patterns))), (total, patterns))
    nobody = csr_array((kinds.uses.shape[1], total))
    within = hstack([csr_array(kinds.uses.T.astype(float)), nobody])
    return csr_array(hstack([once, eye_array(total)])), csr_array(within)


def _alike(refused: Flags) -> tuple[Ints, Ints, Ints]:
    """A row of each kind of row, the kind of every row, and how many there are of each."""
    wider = np.pad(refused, ((0, 0), (0, 1)))  # where there is no pattern at all, too
    packed = np.ascontiguousarray(np.packbits(wider, axis=1))
    whole = packed.view(f"V{packed.shape[1]}").ravel()
    _kinds, rows, inverse, many = np.unique(
        whole, return_index=True, return_inverse=True, return_counts=True
    )
    return rows, inverse, many
