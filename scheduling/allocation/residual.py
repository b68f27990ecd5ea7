"""The K-node residual graph: what it costs to move somebody from one column to another.

An arc j -> k is the cheapest person of column j to move to k, or an empty place of j at no cost.
Rows are people, columns are columns, and each arc keeps a queue of its cheapest people, complete
below a cut and filled again when it runs dry. Shortest paths over these arcs are the successive
shortest paths of the transportation problem (Ahuja, Magnanti and Orlin, "Network Flows", 1993,
section 9.7), with n people folded into K nodes.
"""

from itertools import pairwise

import numpy as np

from .lottery import NEVER
from .problem import Ints

_QUEUE = 48  # cheapest people kept per arc, more or less
_MOST = 4 * _QUEUE  # where many are as cheap, or may not move at all
_LOOKED_AT = 128  # people of a column of whom the cut of a queue is read
_NOBODY = -1
_EMPTY_PLACE = -2


class ResidualGraph:
    """Moves between columns under an assignment that is optimal for some prices.

    table     (n, K) lottery costs
    column_of (n,) the column of each person; changed in place by `augment`
    spare     (K,) empty places held by each column; changed in place by `augment`
    """

    def __init__(self, table: Ints, column_of: Ints, spare: Ints) -> None:
        """Fill every queue: one pass over the table."""
        columns = table.shape[1]
        self.table, self.column_of, self.spare = table, column_of, spare
        self.move = np.full((columns, columns), NEVER, np.int64)
        self.mover = np.full((columns, columns), _NOBODY, np.int64)
        self._cut = np.full((columns, columns), NEVER, np.int64)
        self._values: list[Ints] = [table[:0]] * columns
        self._people: list[Ints] = [table[:0]] * columns
        self._lengths: list[list[int]] = [[]] * columns
        self._heads: list[list[int]] = [[]] * columns
        self._arrived: list[list[int]] = [[] for _ in range(columns)]
        self._arrived_values: list[Ints] = [table[:0]] * columns
        self._every = np.arange(columns)
        for column in range(columns):
            self._fill(column)
            self._refresh(column, self._every.tolist())

    def shortest_from(self, sources: Ints) -> tuple[Ints, Ints]:
        """Distance and predecessor of every column from the nearest source, Bellman and Ford."""
        distance = np.full(len(self.spare), NEVER, np.int64)
        before = np.full(len(self.spare), _NOBODY, np.int64)
        distance[sources] = 0
        active = sources
        while len(active):
            through = distance[active, None] + self.move[active]
            best = through.argmin(0)
            reached = through[best, self._every]
            better = (reached < distance).nonzero()[0]
            distance[better], before[better] = reached[better], active[best[better]]
            active = better
        return distance, before

    def prices(self) -> Ints:
        """The lowest prices >= 0 that support the assignment, (K,); call it when it is optimal."""
        potential = np.zeros(len(self.spare), np.int64)
        while True:
            lower = np.minimum(potential, (potential[:, None] + self.move).min(0))
            if (lower == potential).all():
                break
            potential = lower
        scarcity: Ints = potential.max(initial=0) - potential
        return scarcity

    def augment(self, path: list[int], surplus: int, room: int) -> int:
        """Move one person along each arc of a path; returns how many units went.

        When every arc is an empty place, as many go at once as surplus, room and places allow.
        """
        arcs = [(j, k, int(self.mover[j, k])) for j, k in pairwise(path)]
        units = 1
        if all(person == _EMPTY_PLACE for _, _, person in arcs):
            units = int(min(surplus, room, *(self.spare[j] for j, _, _ in arcs)))
        for j, k, person in arcs:
            if person == _EMPTY_PLACE:
                self._shift_places(j, k, units)
            else:
                self.column_of[person] = k
        moved = [arc for arc in arcs if arc[2] != _EMPTY_PLACE]
        for _, k, person in moved:
            self._arrive(k, person)
        for j, _, person in moved:
            self._leave(j, person)
        return units

    def _shift_places(self, j: int, k: int, units: int) -> None:
        self.spare[j] -= units
        self.spare[k] += units
        if self.spare[j] == 0:
            self._refresh(j, self._every.tolist())
        if self.spare[k] == units:
            self._refresh(k, self._every.tolist())

    def _arrive(self, column: int, person: int) -> None:
        value = self.table[person] - self.table[person, column]
        value[column] = NEVER
        if len(self._arrived[column]) == len(self._arrived_values[column]):
            more = np.empty((_QUEUE, len(value)), np.int64)
            self._arrived_values[column] = np.vstack([self._arrived_values[column], more])
        self._arrived_values[column][len(self._arrived[column])] = value
        self._arrived[column].append(person)
        better = value < self.move[column]
        self.move[column][better] = value[better]
        self.mover[column][better] = person

    def _leave(self, column: int, person: int) -> None:
        arrived = self._arrived[column]
        if person in arrived:
            at, values = arrived.index(person), self._arrived_values[column]
            arrived[at], values[at] = arrived[-1], values[len(arrived) - 1]
            arrived.pop()
        self._refresh(column, (self.mover[column] == person).nonzero()[0].tolist())

    def _refresh(self, column: int, targets: list[int]) -> None:
        """Find the cheapest mover again on the arcs from a column to some targets."""
        for target in targets:
            if target == column:
                continue
            value, person = self._cheapest(column, target)
            if value > self._cut[column, target]:
                self._fill(column)
                value, person = self._cheapest(column, target)
            if value > 0 and self.spare[column] > 0:
                value, person = 0, _EMPTY_PLACE
            self.move[column, target] = min(value, NEVER)
            self.mover[column, target] = person

    def _cheapest(self, column: int, target: int) -> tuple[int, int]:
        people, heads = self._people[column], self._heads[column]
        head, last = heads[target], self._lengths[column][target]
        while head < last and self.column_of[people[head, target]] != column:
            head += 1
        heads[target] = head
        value, person = NEVER, _NOBODY
        if head < last:
            value, person = int(self._values[column][head, target]), int(people[head, target])
        if arrived := self._arrived[column]:
            values = self._arrived_values[column][: len(arrived), target]
            first = int(values.argmin())
            if values[first] < value:
                value, person = int(values[first]), arrived[first]
        return value, person

    def _fill(self, column: int) -> None:
        """Queue the cheapest people of a column for every target; forget who arrived since."""
        members = np.flatnonzero(self.column_of == column)
        values = self.table[members] - self.table[members, column][:, None]
        cut = _cut_of(values)
        place, target = (values <= cut).nonzero()
        order = np.lexsort((values[place, target], target))
        place, target = place[order], target[order]
        many = np.bincount(target, minlength=len(cut))
        rank = np.arange(len(target)) - (many.cumsum() - many)[target]
        kept = rank < _MOST
        place, target, rank = place[kept], target[kept], rank[kept]
        queue = np.full((min(many.max(initial=0), _MOST), len(cut)), NEVER, np.int64)
        people = np.full(queue.shape, _NOBODY, np.int64)
        queue[rank, target], people[rank, target] = values[place, target], members[place]
        self._values[column], self._people[column] = queue, people
        self._cut[column] = np.where(many > _MOST, queue[-1:].max(0, initial=0), cut)
        self._lengths[column] = np.minimum(many, _MOST).tolist()
        self._heads[column] = [0] * len(cut)
        self._arrived[column], self._arrived_values[column] = [], self.table[:0]


def _cut_of(values: Ints) -> Ints:
    """For each target a value that some _QUEUE people of a column stay within, (K,).

    It is read off a few of them: that a queue is complete below its cut matters, how long
    it is does not, and to part thousands at an exact rank was most of the work.
    """
    step = max(1, len(values) // _LOOKED_AT)
    some = values[::step]
    rank = -(-_QUEUE // step)
    if len(some) <= rank:
        return np.full(values.shape[1], NEVER, np.int64)
    cut: Ints = np.partition(some, rank, axis=0)[rank]
    return cut
