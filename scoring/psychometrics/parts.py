"""Parts and groups: a form taken apart by what its items ask, and its people by where they sat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.classical import (
    Reliability,
    cronbach_alpha,
    item_statistics,
    reliability,
)
from scoring.psychometrics.findings import Finding, FindingCode
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.moments import moments
from scoring.psychometrics.precision import stratified_alpha

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """Items of one kind: how many count, their mean and spread of score, alpha, and the
    correlation of their score with the rest of the form.
    """

    name: str
    items: int
    possible: int
    mean: float
    sd: float
    alpha: float
    with_rest: float


@dataclass(frozen=True)
class Parts:
    """A form by parts, and the reliability of the sum that allows for them."""

    parts: tuple[Part, ...]
    stratified: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why a part has no reliability, by its name."""
        return tuple(
            Finding(
                FindingCode.ONE_ITEM if part.items == 1 else FindingCode.NO_TOTAL_VARIANCE,
                part.name,
            )
            for part in self.parts
            if not np.isfinite(part.alpha)
        )


def parts_of(scored: ScoredMatrix, names: Sequence[str]) -> Parts:
    """Take a form apart. ``names``: (J,), the part of each item, in the order of the items."""
    sums = moments(scored)
    counted = np.flatnonzero(scored.counted)
    covariance = sums.covariance[np.ix_(counted, counted)]
    label = np.array([names[int(j)] for j in counted], np.str_)
    mean = np.array([sums.total_credit[j] / sums.n[j] if sums.n[j] else np.nan for j in counted])
    worth = scored.maximum[counted].astype(np.int64)
    total = float(covariance.sum())
    found = []
    for name in dict.fromkeys(label.tolist()):
        own = label == name
        inside = covariance[np.ix_(own, own)]
        variance, cross = float(inside.sum()), float(covariance[np.ix_(own, ~own)].sum())
        rest = total - variance - 2 * cross
        found.append(
            Part(
                name=name,
                items=int(own.sum()),
                possible=int(worth[own].sum()),
                mean=float(mean[own].sum()),
                sd=float(np.sqrt(variance)) if variance >= 0 else float("nan"),
                alpha=cronbach_alpha(inside),
                with_rest=cross / np.sqrt(variance * rest) if variance > 0 < rest else float("nan"),
            )
        )
    single = [0.0 if part.items == 1 else part.alpha for part in found]  # one item: nothing shown
    return Parts(tuple(found), stratified_alpha([part.sd**2 for part in found], single, total))


@dataclass(frozen=True)
class GroupFigures:
    """A form as one group of people took it. ``p``, ``item_rest``: (J,), in the order of items."""

    name: str
    test: Reliability
    p: Floats
    item_rest: Floats

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why the group has no reliability, by its name."""
        if np.isfinite(self.test.alpha) or self.test.items < 2:
            return ()
        alone = self.test.persons == 1
        code = FindingCode.ONE_PERSON if alone else FindingCode.NO_TOTAL_VARIANCE
        return (Finding(code, self.name),)


def by_group(
    scored: ScoredMatrix, names: Sequence[str] | NDArray[np.object_]
) -> list[GroupFigures]:
    """The figures of every group, in the order of their names. ``names``: (N,), of each person;
    who has none is in no group. Groups are never pooled: each is scored against itself alone.
    """
    label = np.asarray(names, object)
    found = []
    for name in sorted({text for text in label.tolist() if text}):
        rows = label == name
        own = ScoredMatrix(
            scored.credit[rows], scored.maximum, scored.counted, scored.persons[rows], scored.items
        )
        sums = moments(own)
        items = item_statistics(own, sums)
        found.append(GroupFigures(name, reliability(own, sums), items.p, items.item_rest))
    return found
