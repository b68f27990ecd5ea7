"""What if an item had another key: who would pass or fail, where, and how sure is the score then?

The same arithmetic as the scores that are published, so what is shown is what will happen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from scoring.arrays import key_of
from scoring.arrays.groups import load_divisions
from scoring.models import AnalysisRun, ScaleSpec
from scoring.psychometrics.keying import ItemKey, Key
from scoring.studies import FormData, PaperScores, paper_scores, sitting_forms

Labels = NDArray[np.str_]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Mover:
    """One candidate whose verdict would change."""

    registration_id: int
    form_id: int
    before: int
    after: int
    passes: bool


@dataclass(frozen=True)
class GroupEffect:
    """What a remedy does to one group of people, divided `by` centre, sex or language."""

    by: str
    name: str
    people: int
    passed_before: int
    passed_after: int
    up: int
    down: int

    @property
    def rate_before(self) -> float:
        return 100 * self.passed_before / self.people

    @property
    def rate_after(self) -> float:
        return 100 * self.passed_after / self.people

    @property
    def change(self) -> float:
        """Points of pass rate gained, or lost."""
        return self.rate_after - self.rate_before


@dataclass(frozen=True)
class KeyEffects:
    """What one remedy would do, against the key in force, with everything recomputed.

    `alpha`, `sem`: of the form whose key changes. `near_cut`: people by reported score around the
    cut, before the change, lowest first. `groups`: where it was asked how people divide.
    """

    people: int
    passed_before: int
    passed_after: int
    movers: tuple[Mover, ...]
    changed_scores: int
    alpha: float
    sem: float
    near_cut: tuple[tuple[int, int], ...]
    groups: tuple[GroupEffect, ...] = ()

    @property
    def up(self) -> int:
        """How many would pass who do not now."""
        return sum(mover.passes for mover in self.movers)

    @property
    def down(self) -> int:
        """How many would no longer pass."""
        return len(self.movers) - self.up

    @property
    def rate_before(self) -> float:
        return 100 * self.passed_before / self.people if self.people else 0.0

    @property
    def rate_after(self) -> float:
        return 100 * self.passed_after / self.people if self.people else 0.0


NEAR: Final = 6


@dataclass(frozen=True)
class Bench:
    """A paper laid out for questions: its forms, what everyone has now, and how people divide.

    `labels`: by form and by what divides people, the label of each in the order of its matrix.
    """

    spec: ScaleSpec
    forms: Sequence[FormData]
    before: PaperScores
    labels: Mapping[int, Mapping[str, Labels]]

    def form(self, form_id: int) -> FormData:
        return next(form for form in self.forms if form.form_id == form_id)


def open_bench(run: AnalysisRun, key: Key | None = None) -> Bench:
    """Everything that remedies of a form are reckoned from: read once, asked many times.

    `key`: another than that of the run, where it is asked what was before.
    """
    spec, forms = sitting_forms(run)
    if key is not None:
        forms = [replace(form, key=key) if form.form_id == run.form_id else form for form in forms]
    everyone = np.concatenate([form.matrix.persons for form in forms])
    stamp = (run.sitting_id, run.form.paper_id, len(everyone), int(everyone.sum()))
    found = _divided(stamp, everyone.tobytes())
    ends = np.cumsum([len(form.matrix.persons) for form in forms])[:-1]
    split = {by: np.split(labels, ends) for by, labels in found.items()}
    labels = {
        form.form_id: {by: pieces[at] for by, pieces in split.items()}
        for at, form in enumerate(forms)
    }
    return Bench(spec, forms, paper_scores(spec, forms), labels)


@lru_cache(maxsize=2)
def _divided(stamp: tuple[int, int, int, int], people: bytes) -> Mapping[str, Labels]:
    """Where people sat does not change after the day: read once for the same people."""
    sitting, paper, *_rest = stamp
    return load_divisions(np.frombuffer(people, np.int64), sitting, paper)


def remedy_effects(bench: Bench, changes: Mapping[int, Sequence[ItemKey]]) -> KeyEffects:
    """Who would move, and across which line, if these items of these forms had these keys."""
    changed = [
        replace(form, key=form.key.replace(*changes.get(form.form_id, ()))) for form in bench.forms
    ]
    after = paper_scores(bench.spec, changed)
    about = next(iter(changes), bench.forms[0].form_id)
    alpha, sem = after.alphas[about]
    moves = [_form_moves(bench, after, form) for form in bench.forms]
    return KeyEffects(
        people=sum(len(move.was) for move in moves),
        passed_before=sum(int(move.was.sum()) for move in moves),
        passed_after=sum(int(move.becomes.sum()) for move in moves),
        movers=tuple(mover for move in moves for mover in move.movers),
        changed_scores=sum(move.changed for move in moves),
        alpha=alpha,
        sem=sem,
        near_cut=_near_cut(bench.before, bench.forms),
        groups=tuple(_group_effects(bench, moves)),
    )


def rescoring_effects(before: AnalysisRun, after: AnalysisRun) -> KeyEffects:
    """What a new key did to everybody: the sheets there are now, by the old key and by the new."""
    bench = open_bench(after, key_of(before.key_version))
    return remedy_effects(bench, {after.form_id: key_of(after.key_version).item_keys})


def key_effects(
    spec: ScaleSpec,
    forms: Sequence[FormData],
    form_id: int,
    change: ItemKey,
    before: PaperScores | None = None,
) -> KeyEffects:
    """The same for one item of one form, where it is not asked how people divide.

    `before` may be given where several remedies are compared with the same key in force.
    """
    bench = Bench(spec, forms, before or paper_scores(spec, forms), {})
    return remedy_effects(bench, {form_id: [change]})


@dataclass(frozen=True)
class _Moves:
    """One form before and after: arrays of its candidates, and those who cross the cut."""

    form_id: int
    was: Bools
    becomes: Bools
    changed: int
    movers: list[Mover]


def _form_moves(bench: Bench, after: PaperScores, form: FormData) -> _Moves:
    cut = bench.spec.cut
    old, new = bench.before.scaled(form.form_id), after.scaled(form.form_id)
    was, becomes = old >= cut, new >= cut
    people = form.matrix.persons
    movers = [
        Mover(int(people[row]), form.form_id, int(old[row]), int(new[row]), bool(becomes[row]))
        for row in np.flatnonzero(was != becomes)
    ]
    return _Moves(form.form_id, was, becomes, int((old != new).sum()), movers)


def _group_effects(bench: Bench, moves: Sequence[_Moves]) -> list[GroupEffect]:
    """Every group that something divides people into, in the order of its name."""
    ways = {by: None for labels in bench.labels.values() for by in labels}
    was = np.concatenate([move.was for move in moves])
    becomes = np.concatenate([move.becomes for move in moves])
    effects = []
    for by in ways:
        label = np.concatenate([bench.labels[move.form_id][by] for move in moves])
        names, group = np.unique(label, return_inverse=True)
        if np.count_nonzero(names) < 2:
            continue  # one centre, one language: nothing to set beside it
        people, before, after, up, down = (
            np.bincount(group, kind, len(names)).astype(np.int64).tolist()
            for kind in (np.ones(len(was)), was, becomes, becomes & ~was, was & ~becomes)
        )
        effects += [
            GroupEffect(by, str(name), *counts)
            for name, *counts in zip(names, people, before, after, up, down, strict=True)
            if name
        ]
    return effects


def _near_cut(scores: PaperScores, forms: Sequence[FormData]) -> tuple[tuple[int, int], ...]:
    everyone = np.concatenate([scores.scaled(form.form_id) for form in forms])
    counts = np.bincount(everyone, minlength=scores.spec.high + 1)
    first = max(scores.spec.cut - NEAR, scores.spec.low)
    last = min(scores.spec.cut + NEAR, scores.spec.high + 1)
    return tuple((value, int(counts[value])) for value in range(first, last))
