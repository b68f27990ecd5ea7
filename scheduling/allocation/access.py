"""Access classes as data: what a place must have, and what it must not be taken for.

A chair has features: a way without a step, space for a wheelchair, a magnifier, a room of its own,
an interpreter of sign language in its session. A class needs some of them. Features that are scarce
are kept for those who need them; the others, such as a way without a step, harm nobody. A body that
needs another class adds a rule, and everything from the pools to the certificate knows it by its
place in the list.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from .problem import Flags, Ints


@dataclass(frozen=True)
class AccessRule:
    """One access class.

    needs    features a place of the class must have
    may_use  scarce features a place of the class may have besides
    """

    name: str
    needs: frozenset[str] = frozenset()
    may_use: frozenset[str] = frozenset()


def serves(rules: Sequence[AccessRule], features: Mapping[str, Flags], scarce: Set[str]) -> Flags:
    """Which classes S chairs serve, (A, S) in the order of the rules.

    `features` are (S,) each, true where a chair has it; `scarce` those kept for who needs them.
    Raises ValueError when a rule needs a feature that no chair was asked about.
    """
    if unknown := sorted({name for rule in rules for name in rule.needs} - set(features)):
        raise ValueError(f"no chair says whether it has: {', '.join(unknown)}")
    return np.array([_served(rule, features, scarce) for rule in rules])


def _served(rule: AccessRule, features: Mapping[str, Flags], scarce: Set[str]) -> Flags:
    chairs = len(next(iter(features.values()), ()))
    found = np.ones(chairs, bool)
    for name, has in features.items():
        if name in rule.needs:
            found &= has
        elif name in scarce and name not in rule.may_use:
            found &= ~has
    return found


def rule_for(rules: Sequence[AccessRule], needed: Set[str]) -> int | None:
    """The class for somebody who needs some features, by index; None when no class covers them.

    Of the classes that cover them, the one that needs the fewest; among equals the first.
    """
    covering = [index for index, rule in enumerate(rules) if rule.needs >= needed]
    return min(covering, key=lambda index: len(rules[index].needs), default=None)


def share_places(served: Flags, wanted: Ints) -> tuple[Ints, Ints]:
    """Places of each class and how many are missing, both (A,), for `wanted` (A,) people.

    `served` (A, S) as from `serves`. As many people find a place as any sharing allows (a maximum
    flow); every chair left over goes to the least demanding class it serves: that of most chairs.
    """
    classes, chairs = served.shape
    patterns, many = np.unique(served.T, axis=0, return_counts=True)
    kinds, sink = len(patterns), classes + len(patterns) + 1
    kind, access = np.nonzero(patterns)
    tail = np.concatenate([np.zeros(classes, int), access + 1, np.arange(kinds) + classes + 1])
    head = np.concatenate([np.arange(classes) + 1, kind + classes + 1, np.full(kinds, sink)])
    most = np.minimum(wanted, chairs)
    width = np.concatenate([most, most[access], many]).astype(np.int32)
    graph = csr_array((width, (tail, head)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(graph, 0, sink).flow.toarray()[1 : classes + 1, classes + 1 : sink]
    places: Ints = flow.sum(1).astype(np.int64)
    missing = wanted - places
    weight = served.sum(1)
    for at, left in enumerate((many - flow.sum(0)).tolist()):
        if left and patterns[at].any():
            least = int(np.where(patterns[at], weight, -1).argmax())
            places[least] += left
    return places, missing
