"""One row for each paper that somebody takes: what chairs, lines and bookings are given to.

The choice of a pattern is a person's, the places are those of single papers. Between the two stand
entries: a person and one of his papers, in one column of that paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .certificate import Certificate
from .checks import Violation
from .packing import packing_faults, whole_bound_of_few
from .packing_prices import UNIT, packing_bound
from .patterns import ANY_PAPER, NO_COLUMN, Choice, Timetable, paid_for
from .problem import AllocationProblem, Costs, Flags, Ints, Journeys

MOST_GAP = 1e-4  # of the cost: a plan that may be farther from the best is not accepted
_LABELS = 64  # papers of a sitting, at most


@dataclass(frozen=True, eq=False, kw_only=True)
class Entries:
    """m rows, by person and then by paper.

    person  (m,) row of the person
    paper   (m,) 0..Q-1
    row_of  (n, Q) the entry of a person and paper, -1 where he does not take it
    """

    person: Ints
    paper: Ints
    row_of: Ints


def entries_of(takes: Flags) -> Entries:
    """The entries of n people who take some of Q papers, `takes` (n, Q) true or not."""
    person, paper = np.nonzero(takes)
    row_of = np.full(takes.shape, -1, np.int64)
    row_of[person, paper] = np.arange(len(person))
    return Entries(person=person, paper=paper, row_of=row_of)


def entry_problem(problem: AllocationProblem, times: Timetable, of: Entries) -> AllocationProblem:
    """The problem with a row for each entry, which may sit in the columns of its paper alone.

    Costs are those of the paper by itself, the way counted each time; `entry_paid` is what counts.
    """
    refused = (times.paper != of.paper[:, None]) & (times.paper != ANY_PAPER)
    if problem.refused is not None:
        refused |= problem.refused[of.person]
    return replace(
        problem,
        registration_ids=problem.registration_ids[of.person] * _LABELS + of.paper,
        access=problem.access[of.person],
        cost=problem.cost[of.person],
        refused=refused,
    )


def entry_journeys(journeys: Journeys, of: Entries) -> Journeys:
    """The journeys of every entry's person."""
    return Journeys(
        distance=journeys.distance[of.person],
        rank=journeys.rank[of.person],
        named=journeys.named[of.person],
    )


def entry_paid(
    problem: AllocationProblem, journey: Costs, day: Ints, of: Entries, column: Ints
) -> Ints:
    """What each entry adds to the total, (m,): the way is counted once a day.

    `problem` and `journey` (m, K) are of entries, `day` (K,) labels, `column` (m,).
    """
    rows = np.arange(len(column))
    paid: Ints = problem.cost[rows, column].astype(np.int64)
    days = np.stack([of.person, day[column]], 1)
    first = np.zeros(len(column), bool)
    first[np.unique(days, axis=0, return_index=True)[1]] = True
    paid[~first] -= journey[rows, column][~first]
    return paid


def column_of_entries(chosen_of: Sequence[Ints], choices: Sequence[Choice], of: Entries) -> Ints:
    """The column of each entry, (m,), by the pattern of its person: `chosen_of` each choice."""
    column = np.full(len(of.person), NO_COLUMN, np.int64)
    for choice, chosen in zip(choices, chosen_of, strict=True):
        for member in range(choice.members.shape[1]):
            rows = of.row_of[choice.members[:, [member]], choice.papers]
            column[rows] = choice.columns[chosen]
    return column


def chosen_by(choices: Sequence[Choice], of: Entries, column: Ints) -> tuple[Ints, ...]:
    """The pattern that each unit's columns are, (m,) for each choice; -1 where they are none.

    A pattern is one centre and no two papers at the same time, so whoever has none is either at
    two centres, in two places at once, or not beside the company he asked for.
    """
    found = []
    for choice in choices:
        at = {tuple(columns): pattern for pattern, columns in enumerate(choice.columns.tolist())}
        rows = of.row_of[choice.members[:, :, None], choice.papers]
        columns = column[rows]
        same = (columns == columns[:, :1]).all((1, 2))
        told = [at.get(tuple(line), -1) for line in columns[:, 0].tolist()]
        found.append(np.where(same, np.array(told, np.int64), -1))
    return tuple(found)


def certify_patterns(
    choices: Sequence[Choice], places: Ints, chosen: Sequence[Ints], prices: Ints
) -> Certificate:
    """Check a plan of patterns from scratch: it is sound, and no plan is better by MOST_GAP.

    `places` and `prices` (C,), `chosen` as from `chosen_by`; objective, bound and exact_gap are in
    0.1 km: costs are whole, so the bound of the prices is rounded up. Where so few people choose
    that single places weigh more than MOST_GAP, the whole programme bounds them all at once.
    """
    faults = packing_faults(choices, places, chosen)
    if (prices < 0).any():
        faults.append("negative_price")
    if faults:
        return Certificate(0, 0, 0, False, tuple(faults))
    objective = paid_for(choices, chosen)
    bound = -(-packing_bound(choices, places, prices) // UNIT)
    if objective - bound > MOST_GAP * objective:
        bound = max(bound, whole_bound_of_few(choices, places))
    return Certificate(
        objective=objective,
        bound=bound,
        exact_gap=objective - bound,
        is_unique=False,
        faults=(),
        allowed=int(MOST_GAP * objective),
    )


def pattern_violations(
    choices: Sequence[Choice], of: Entries, column: Ints, labels: Ints
) -> list[Violation]:
    """People whose papers are at two centres, at the same time, or apart from their company.

    `labels` (n,) names the people. Code: no_pattern.
    """
    return [
        Violation("no_pattern", int(label))
        for choice, chosen in zip(choices, chosen_by(choices, of, column), strict=True)
        for label in labels[choice.members[chosen < 0].ravel()].tolist()
    ]
