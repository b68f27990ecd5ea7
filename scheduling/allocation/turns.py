"""One after another: each takes the easiest pattern that is left, by arrival or by lot.

`first_come_patterns` lets whoever comes too late go without. `patterns_in_turn` is random serial
dictatorship among the plans that seat everybody: in the order of their lots each unit takes its
easiest pattern of those that leave all others one. What would leave somebody without is closed to
a whole kind of people for good, since every later choice leaves fewer plans and never more; so
whether the others still fit is asked seldom, of many choices at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .lottery import draw_lots
from .packing_kinds import Kinds, kinds_of, left_out
from .patterns import Choice
from .problem import AllocationProblem, Flags, Ints

NEVER_CLOSED = -1
NO_PATTERN = -1
_BLOCK = 1024  # choices taken before it is asked whether the others still fit
_TOO_MUCH = np.iinfo(np.int32).max
Unit = tuple[int, int]  # a choice and a unit of it


@dataclass(frozen=True, eq=False)
class PatternTurns:
    """What everybody chose in turn.

    chosen  for each choice (m,) the pattern of every unit
    lot     for each choice (m,) the lot of every unit: that of its lowest registration
    closed  (C,) the lot that took the last place of a cell, NEVER_CLOSED where places are left
    """

    chosen: tuple[Ints, ...]
    lot: tuple[Ints, ...]
    closed: Ints


def first_come_patterns(choices: Sequence[Choice], places: Ints, columns: int, order: Ints) -> Ints:
    """By `order` (n,) of rows each unit takes the easiest pattern left, when the first of it comes.

    The index of the pattern of each row, (n,); NO_PATTERN where none was left.
    """
    unit_of = {
        row: (at, unit)
        for at, choice in enumerate(choices)
        for unit, members in enumerate(choice.members.tolist())
        for row in members
    }
    left, chosen = _Left(choices, places, columns), np.full(len(order), NO_PATTERN, np.int64)
    for at, unit in dict.fromkeys(unit_of[row] for row in order.tolist()):
        best = left.take_easiest(at, unit, ~choices[at].refused[unit])
        chosen[choices[at].members[unit]] = best
    return chosen


def patterns_in_turn(
    problem: AllocationProblem, choices: Sequence[Choice], seed: int
) -> PatternTurns | None:
    """Every unit's pattern by the lots of `seed`; None when there is no plan for everybody."""
    lead = [_lead(problem, choice) for choice in choices]
    lots = draw_lots(problem, seed)
    line = _in_line(problem, lots, lead)
    left = _Left(choices, problem.capacity.ravel(), problem.columns)
    may = [~choice.refused for choice in choices]
    kinds = kinds_of(choices)
    if left_out(kinds, left.places).any():
        return None
    chosen = [np.full(len(choice.members), NO_PATTERN, np.int64) for choice in choices]
    done = 0
    while done < len(line):
        block = line[done : done + _BLOCK]
        picks = left.picks(block, may)
        good = _how_many_fit(kinds, left, block, picks)
        for (at, unit), pattern in zip(block[:good], picks, strict=False):
            left.take(at, pattern)
            chosen[at][unit] = pattern
        kinds = replace(kinds, many=kinds.many - _counted(kinds, block[:good]))
        if good < len(block):
            at, unit = block[good]
            kind = int(kinds.of[at][unit])
            may[at][kinds.of[at] == kind, picks[good]] = False
            kinds = kinds.without(kind, picks[good])
        done += good
    lot = tuple(lots[rows] for rows in lead)
    return PatternTurns(tuple(chosen), lot, _closing_lots(problem, choices, chosen, lot))


class _Left:
    """The places that are left, (C,), while units take patterns."""

    def __init__(self, choices: Sequence[Choice], places: Ints, columns: int) -> None:
        self.choices, self.columns, self.places = choices, columns, places.copy()
        self._cells = [
            np.array(choice.classes)[:, None, None] * columns + choice.columns for choice in choices
        ]
        self._many = [
            np.array([choice.classes.count(one) for one in choice.classes])[:, None, None]
            for choice in choices
        ]

    def take_easiest(self, at: int, unit: int, may: Flags) -> int:
        """Take the easiest pattern left of those a unit may have; NO_PATTERN when none is."""
        is_open = may & (self.places[self._cells[at]] >= self._many[at]).all((0, 2))
        if not is_open.any():
            return NO_PATTERN
        best = int(np.where(is_open, self.choices[at].cost[unit], _TOO_MUCH).argmin())
        self.take(at, best)
        return best

    def take(self, at: int, pattern: int) -> None:
        self.places -= self.choices[at].uses[pattern]

    def picks(self, block: Sequence[Unit], may: Sequence[Flags]) -> list[int]:
        """What the units of a block would take, up to the first who finds nothing."""
        after = _Left(self.choices, self.places, self.columns)
        found: list[int] = []
        for at, unit in block:
            if (best := after.take_easiest(at, unit, may[at][unit])) == NO_PATTERN:
                break
            found.append(best)
        return found


def _how_many_fit(kinds: Kinds, left: _Left, block: Sequence[Unit], picks: list[int]) -> int:
    """How many of the picks of a block can be granted, so that all others still find a pattern."""

    def fit(many: int) -> bool:
        taken = sum((left.choices[at].uses[p] for (at, _), p in zip(block[:many], picks,
                     strict=False)), start=np.zeros_like(left.places))  # fmt: skip
        others = replace(kinds, many=kinds.many - _counted(kinds, block[:many]))
        return not left_out(others, left.places - taken).any()

    if len(picks) == len(block) and fit(len(picks)):
        return len(picks)
    good, bad = 0, len(picks)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if fit(middle) else (good, middle)
    return good


def _counted(kinds: Kinds, units: Sequence[Unit]) -> Ints:
    """How many of some units are of each kind."""
    found = [int(kinds.of[at][unit]) for at, unit in units]
    return np.bincount(np.array(found, np.int64), minlength=len(kinds.many))


def _lead(problem: AllocationProblem, choice: Choice) -> Ints:
    """The member of each unit whose lot is the unit's, (m,): company does not draw twice."""
    first = problem.registration_ids[choice.members].argmin(1)
    rows: Ints = choice.members[np.arange(len(first)), first]
    return rows


def _in_line(problem: AllocationProblem, lots: Ints, lead: Sequence[Ints]) -> list[Unit]:
    """Every unit by its lot; among equal lots the lower registration."""
    units = [(at, unit) for at, rows in enumerate(lead) for unit in range(len(rows))]
    rows = np.concatenate(lead)
    order = np.lexsort((problem.registration_ids[rows], lots[rows]))
    return [units[place] for place in order.tolist()]


def _closing_lots(
    problem: AllocationProblem,
    choices: Sequence[Choice],
    chosen: Sequence[Ints],
    lot: Sequence[Ints],
) -> Ints:
    taken = np.zeros(problem.capacity.size, np.int64)
    closed = np.full_like(taken, NEVER_CLOSED)
    for choice, pattern, lots in zip(choices, chosen, lot, strict=True):
        unit, cell = np.nonzero(choice.uses[pattern])
        np.add.at(taken, cell, choice.uses[pattern][unit, cell])
        np.maximum.at(closed, cell, lots[unit])
    places = problem.capacity.ravel()
    closed[taken < places] = NEVER_CLOSED
    closed[places == 0] = 0
    return closed
