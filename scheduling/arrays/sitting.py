"""A whole sitting as arrays, ready to be allocated."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np
from django.db.models import QuerySet

from scheduling.allocation.entries import (
    Entries,
    entries_of,
    entry_journeys,
    entry_paid,
    entry_problem,
)
from scheduling.allocation.patterns import Choice, Timetable, choices
from scheduling.allocation.policies import (
    Reach,
    least_reach,
    least_reach_of_patterns,
    within_reach,
)
from scheduling.allocation.problem import (
    AllocationProblem,
    Costs,
    Flags,
    Ints,
    Journeys,
    Ranks,
    hardship,
)
from scheduling.allocation.requests import Requests
from scheduling.allocation.seating import Chairs
from scheduling.arrays.columns import Columns, label_of
from scheduling.arrays.people import ACCESS, People, journeys_of, takes_of
from scheduling.arrays.requests import (
    load_requests,
    with_company,
    with_own_chairs,
    with_refusals,
)
from scheduling.arrays.rooms import load_chairs
from scheduling.errors import NothingToAllocate
from scheduling.models import AllocationRun, Registration, RegistrationState, Rule, Sitting
from scheduling.models.sitting import TURNOVER
from scheduling.plan_errors import CompanyTakesOtherPapers


@dataclass(frozen=True)
class Policy:
    """What a plan is the best of, and what a wish is worth, in whole km; published with it."""

    rank_km: tuple[int, ...] = (0, 40, 90, 300)  # first, second, third wish; not wished for
    other_session_km: int = 20  # the wished centre in another exam session
    turnover: int = TURNOVER  # minutes between somebody's extra time and the next exam session
    rule: str = Rule.LEAST_TOTAL
    one_proctor_for: int = 0  # people; then as few buildings and rooms as serve everybody. 0: all

    def parameters(self) -> dict[str, object]:
        """As kept with the run."""
        return asdict(self) | {"rule": str(self.rule)}


def policy_of(run: AllocationRun) -> Policy:
    """The policy a run was started with."""
    kept = run.parameters
    rule = kept.get("rule", Rule.LEAST_TOTAL)
    turnover = int(kept.get("turnover", Policy.turnover))
    return Policy(
        tuple(kept["rank_km"]),
        int(kept["other_session_km"]),
        turnover,
        rule,
        int(kept.get("one_proctor_for", 0)),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Staying:
    """What each person has now, and the toll for leaving it.

    column  (m,) of each entry, negative where it has none
    could   (n,) people who could keep all their seats
    toll    0.1 km, once for each of them who loses any
    """

    column: Ints
    could: Flags
    toll: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Papers:
    """Several papers of one sitting: who takes which, and how they can be sat.

    problem  of n people, the columns of all papers side by side
    times    what the columns are in time
    entries  a row for each person and paper: the rows of the sitting's arrays
    staying  who could stay where, and what it costs to leave; None where nobody sits yet
    """

    problem: AllocationProblem
    journeys: Journeys
    arrival: Ints  # (n,)
    times: Timetable
    entries: Entries
    requests: Requests  # by row of the people
    staying: Staying | None = None

    def choices(self, seed: int) -> list[Choice]:
        """Everybody's patterns; who asks to sit together is one unit. Raises
        CompanyTakesOtherPapers."""
        groups = [group for group in self.requests.groups() if len(group) > 1]
        takes = self.entries.row_of >= 0
        for group in groups:
            if (takes[group] != takes[group[0]]).any():
                numbers = self.problem.registration_ids[group].tolist()
                raise CompanyTakesOtherPapers(numbers=", ".join(f"{n:010d}" for n in numbers))
        distance = self.journeys.distance
        found = choices(self.problem, self.times, takes, distance, seed, groups)
        if self.staying is None:
            return found
        return [self._tolled(choice, self.staying) for choice in found]

    def _tolled(self, choice: Choice, staying: Staying) -> Choice:
        """The same choice, dearer wherever somebody who could keep all his seats would lose one."""
        cost = choice.cost.copy()
        for member in choice.members.T:
            had = staying.column[self.entries.row_of[member][:, choice.papers]]
            leaves = (had[:, None] != choice.columns).any(2) & staying.could[member][:, None]
            cost += np.int32(staying.toll) * leaves
        return replace(choice, cost=cost)


@dataclass(frozen=True, eq=False, kw_only=True)
class SittingArrays:
    """A sitting as arrays: n registrations, K columns. With several papers n entries, `papers`.

    Labels in `problem` are the same in every database: the registration number, a hash of the
    centre's code, the number of the exam session. Keys are primary keys here.
    """

    problem: AllocationProblem
    journeys: Journeys
    institution: Ints  # (n,)
    in_front: Flags  # (n,) who must sit in the front row
    arrival: Ints  # (n,) rows in the order in which they sent their wishes
    registration_keys: Ints  # (n,)
    centre_keys: Ints  # (K,)
    session_keys: Ints  # (K,)
    chairs: tuple[Chairs, ...]  # one per column; the same object where the chairs are the same
    requests: Requests
    form_keys: tuple[tuple[int, ...], ...]  # of every column
    paper_keys: Ints  # (K,)
    digest: str
    papers: Papers | None = None
    groups: tuple[Ints, ...] = ()  # rows who get one column together, chosen with everybody else's
    reach: Reach | None = None  # how far anybody goes at most, where the longest way comes first

    @cached_property
    def labels(self) -> list[tuple[int, int]]:
        """(centre key, exam session key) of every column."""
        return list(zip(self.centre_keys.tolist(), self.session_keys.tolist(), strict=True))

    @property
    def numbers(self) -> Ints:
        """The registration number of every row, (n,)."""
        if self.papers is None:
            return self.problem.registration_ids
        return self.papers.problem.registration_ids[self.papers.entries.person]

    @property
    def forms(self) -> list[int]:
        """How many exam forms each column has, at least one."""
        return [max(1, len(keys)) for keys in self.form_keys]

    def row_keys(self) -> list[tuple[int, int]]:
        """(registration key, paper key) of every row."""
        keys = self.registration_keys.tolist()
        if self.papers is None:
            return [(key, int(self.paper_keys[0])) for key in keys]
        named = np.zeros(self.papers.entries.row_of.shape[1], np.int64)
        named[self.papers.times.paper] = self.paper_keys
        return list(zip(keys, named[self.papers.entries.paper].tolist(), strict=True))

    def persons(self, rows: Ints) -> int:
        """How many people these rows are of."""
        return len(np.unique(self.registration_keys[rows]))

    def by_person(self, column: Ints) -> tuple[AllocationProblem, Journeys, Ints]:
        """Each person once, in the column of his first paper: all his papers are at one centre."""
        if self.papers is None:
            return self.problem, self.journeys, column
        first = np.unique(self.papers.entries.person, return_index=True)[1]
        return self.papers.problem, self.papers.journeys, column[first]

    def paid(self, column: Ints) -> Ints:
        """What each row costs in its column, (n,); the sum is the cost of the plan."""
        if self.papers is None:
            return self.problem.cost[np.arange(len(column)), column].astype(np.int64)
        day, distance = self.papers.times.day, self.journeys.distance
        return entry_paid(self.problem, distance, day, self.papers.entries, column)


def load_problem(sitting: Sitting, policy: Policy) -> SittingArrays:
    """Everything an allocation of a sitting reads, in a fixed number of queries.

    Raises NothingToAllocate.
    """
    found = load_sitting(sitting, policy)
    if policy.rule == Rule.BY_HAND:
        return found
    if found.papers is not None:
        return _within_reach_of_papers(found) if policy.rule == Rule.LONGEST_FIRST else found
    if policy.rule == Rule.LEAST_TOTAL:
        own = with_own_chairs(found.problem, found.requests, found.chairs)
        groups = [np.array(group) for group in found.requests.groups() if len(group) > 1]
        return replace(found, problem=own, groups=tuple(groups))
    problem = with_company(found.problem, found.requests, found.chairs)
    if policy.rule == Rule.IN_TURN:
        return replace(found, problem=problem)
    return _within_reach(found, problem)


def _within_reach(found: SittingArrays, problem: AllocationProblem) -> SittingArrays:
    """Nobody farther than the one who must go farthest; `problem` has company in one place.

    What is proved is proved of everybody by himself, so that it holds wherever company sits.
    """
    distance = found.journeys.distance
    reach = least_reach(problem, distance)
    alone = least_reach(found.problem, distance)
    if reach is not None and alone is not None:
        reach = replace(reach, bound=alone.bound)
    return replace(found, problem=within_reach(problem, distance, reach), reach=reach)


def _within_reach_of_papers(found: SittingArrays) -> SittingArrays:
    """Nobody farther than the one who must go farthest, whatever papers he takes."""
    papers = found.papers
    assert papers is not None
    distance = papers.journeys.distance
    reach = least_reach_of_patterns(papers.problem, papers.choices(0), distance)
    problem = within_reach(papers.problem, distance, reach)
    return replace(
        found,
        problem=entry_problem(problem, papers.times, papers.entries),
        papers=replace(papers, problem=problem),
        reach=reach,
    )


def load_sitting(sitting: Sitting, policy: Policy) -> SittingArrays:
    """The same before groups are given one place. Raises NothingToAllocate."""
    columns = Columns(sitting)
    people = People(accepted(sitting))
    if not len(people.keys) or not columns.capacity.size:
        raise NothingToAllocate
    entered, paper = accepted(sitting), columns.paper
    journeys = journeys_of(people, columns.labels, columns.places, entered, paper)
    takes = takes_of(people, columns.paper_keys, entered)
    problem = AllocationProblem(
        registration_ids=people.numbers,
        centre_ids=np.array([label_of(code) for code in columns.centre_codes]),
        session_ids=columns.session_numbers,
        access_classes=ACCESS,
        access=people.access,
        cost=hardship(journeys, [10 * km for km in policy.rank_km], 10 * policy.other_session_km),
        capacity=columns.capacity,
    )
    problem = with_refusals(problem, sitting, people, columns, policy.turnover)
    chairs = load_chairs(sitting, columns.labels)
    requests = load_requests(sitting, people)
    found = SittingArrays(
        problem=problem,
        journeys=journeys,
        institution=people.institution,
        in_front=people.in_front,
        arrival=people.arrival,
        registration_keys=people.keys,
        centre_keys=np.array([centre for centre, _ in columns.labels]),
        session_keys=np.array([session for _, session in columns.labels]),
        chairs=chairs,
        requests=requests,
        form_keys=columns.form_keys,
        paper_keys=np.array(columns.paper_keys, np.int64)[paper],
        digest=_digest(problem, journeys, people, chairs, columns, policy, requests, takes),
    )
    if len(columns.paper_keys) == 1:
        return found
    problem = with_own_chairs(problem, requests, chairs)
    return _with_entries(replace(found, problem=problem), columns.times, takes)


def _with_entries(found: SittingArrays, times: Timetable, takes: Flags) -> SittingArrays:
    """The same with a row for each person and paper."""
    of = entries_of(takes)
    papers = Papers(
        problem=found.problem,
        journeys=found.journeys,
        arrival=found.arrival,
        times=times,
        entries=of,
        requests=found.requests,
    )
    return replace(
        found,
        problem=entry_problem(found.problem, times, of),
        journeys=entry_journeys(found.journeys, of),
        institution=found.institution[of.person],
        in_front=found.in_front[of.person],
        registration_keys=found.registration_keys[of.person],
        requests=found.requests.of_entries(of.row_of),
        papers=papers,
    )


def accepted(sitting: Sitting) -> QuerySet[Registration]:
    """The registrations an allocation must seat."""
    return Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)


def _digest(
    problem: AllocationProblem,
    journeys: Journeys,
    people: People,
    chairs: Sequence[Chairs],
    columns: Columns,
    policy: Policy,
    requests: Requests,
    takes: Flags,
) -> str:
    """SHA-256 over all inputs, independent of primary keys."""
    whole = hashlib.sha256(json.dumps(policy.parameters()).encode())
    whole.update(
        json.dumps([columns.centre_codes, [len(keys) for keys in columns.form_keys]]).encode()
    )
    parts: list[Ints | Costs | Ranks] = [
        problem.registration_ids,
        problem.session_ids,
        problem.access,
        problem.capacity,
        problem.cost,
        journeys.rank,
        journeys.named,
        people.institution,
        people.in_front.astype(np.int64),
        people.extra_minutes,
        columns.starts,
        columns.ends,
        columns.paper,
        takes.astype(np.int8),
        requests.together,
        requests.apart,
        _chairs_of_ones_own(requests, chairs),
    ]
    if problem.refused is not None:
        parts.append(problem.refused.astype(np.int8))
    for column in chairs:
        rooms = np.unique(column.room_ids, return_inverse=True)[1]
        parts += [rooms, column.x, column.y, column.serves.astype(np.int64)]
    for part in parts:
        whole.update(np.ascontiguousarray(part).tobytes())
    return whole.hexdigest()


def _chairs_of_ones_own(requests: Requests, chairs: Sequence[Chairs]) -> Ints:
    """Row, column and chair of every fixed place, as it stands in the columns."""
    found = [
        (row, column, chair)
        for row, seat in requests.fixed.tolist()
        for column, hall in enumerate(chairs)
        for chair in np.flatnonzero(hall.seat_ids == seat).tolist()
    ]
    return np.array(found, np.int64).reshape(-1, 3)
