"""How groups of people took a form, and a form taken apart by its standards, into rows."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from scheduling.models import ExamForm
from scoring.arrays import finite, items_of
from scoring.arrays.calibrations import Grouping
from scoring.models import AnalysisRun, GroupFigures
from scoring.psychometrics.keying import ScoredMatrix
from scoring.psychometrics.parts import by_group

Labels = NDArray[np.str_]


def standards_of(form: ExamForm) -> list[str]:
    """The standard of each item of a form, by its Thai name; empty where none is entered."""
    return [place.item.standard_th for place in items_of(form)]


def save_groups(run: AnalysisRun, scored: ScoredMatrix, groups: Mapping[str, Labels]) -> None:
    """Store the figures of every group of every way to divide people, for this run."""
    GroupFigures.objects.bulk_create(
        GroupFigures(
            run=run,
            by=by,
            name=group.name,
            people=group.test.persons,
            mean=finite(group.test.mean),
            sd=finite(group.test.sd),
            alpha=finite(group.test.alpha),
            sem=finite(group.test.sem),
            p=[finite(value) for value in group.p],
            item_rest=[finite(value) for value in group.item_rest],
        )
        for by, labels in groups.items()
        for group in by_group(scored, labels.astype(object))
    )


def labels_of(groupings: Sequence[Grouping]) -> dict[str, Labels]:
    """The label of each person by the way to divide them; only where there is something to tell."""
    return {one.code: one.labels for one in groupings if len(set(one.labels.tolist()) - {""}) > 1}
