"""Who cannot sit where: dates somebody refuses, and extra time that would meet the next session.

Both say nothing about a place but something about a person in a column, so they are forbidden
columns of his row and never a class of seats.
"""

from dataclasses import replace

import numpy as np

from .problem import AllocationProblem, Flags, Ints

NOTHING_AFTER = 24 * 60  # minutes; no extra time is longer


def refusing(problem: AllocationProblem, flags: Flags) -> AllocationProblem:
    """The same problem with more columns refused, `flags` (n, K); what was refused stays so."""
    refused = flags if problem.refused is None else flags | problem.refused
    return replace(problem, refused=refused if refused.any() else None)


def refused_sessions(problem: AllocationProblem, row: Ints, session: Ints) -> Flags:
    """Columns that somebody refuses, (n, K), from pairs (row, exam session id), each (m,)."""
    flags = np.zeros((problem.people, problem.columns), bool)
    for label in np.unique(session).tolist():
        columns = np.flatnonzero(problem.session_ids == label)
        flags[np.ix_(np.unique(row[session == label]), columns)] = True
    return flags


def spare_minutes(centre_ids: Ints, starts: Ints, ends: Ints, turnover: int = 0) -> Ints:
    """Minutes from the end of each column to the next exam session of its centre, (K,).

    `starts` and `ends` (K,) are minutes on one clock; `turnover` is kept for clearing the rooms.
    NOTHING_AFTER where no exam session follows within a day.
    """
    after = (centre_ids[:, None] == centre_ids) & (starts >= ends[:, None])
    gap = np.where(after, starts - ends[:, None] - turnover, NOTHING_AFTER)
    spare: Ints = np.clip(gap.min(1, initial=NOTHING_AFTER), 0, NOTHING_AFTER)
    return spare


def overruns(extra_minutes: Ints, spare: Ints) -> Flags:
    """Columns in which somebody's extra time would run into the next exam session, (n, K)."""
    flags: Flags = extra_minutes[:, None] > spare
    return flags
