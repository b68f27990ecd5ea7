"""Several exam forms on one scale: items in common are one item, the others not administered.

Concurrent calibration; Kolen & Brennan (2014), 6.3. Every form is then looked at by itself again,
since raw scores compare only within a form.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scoring.psychometrics.irt.calibration import Calibration
from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix


def together(forms: Sequence[ScoredMatrix]) -> ScoredMatrix:
    """All candidates of the forms on all their items, in the order in which they first appear.

    An item counts where it counts in every form that has it.
    """
    items = tuple(dict.fromkeys(item for form in forms for item in form.items))
    place = {item: column for column, item in enumerate(items)}
    credit = np.full((sum(len(form.persons) for form in forms), len(items)), NO_CREDIT, np.uint8)
    maximum, counted = np.zeros(len(items), np.uint8), np.ones(len(items), np.bool_)
    row = 0
    for form in forms:
        columns = [place[item] for item in form.items]
        credit[row : row + len(form.persons), columns] = form.credit
        maximum[columns] = np.maximum(maximum[columns], form.maximum)
        counted[columns] &= form.counted
        row += len(form.persons)
    persons = np.concatenate([form.persons for form in forms]) if forms else np.zeros(0, np.int64)
    return ScoredMatrix(credit, maximum, counted, persons, items)


def narrowed(calibration: Calibration, form: ScoredMatrix) -> Calibration:
    """The calibration as one form sees it: its items in its order, its candidates alone.

    Only without weights and groups of candidates, whose rows it could not tell.
    """
    if calibration.weights is not None or calibration.member is not None:
        raise ValueError("Weights and groups belong to all candidates together.")
    place = {item: column for column, item in enumerate(calibration.items)}
    columns = np.array([place[item] for item in form.items], np.intp)
    return replace(
        calibration,
        items=form.items,
        parameters=calibration.parameters[:, columns],
        used=np.flatnonzero(np.isin(columns, calibration.used)),
        fixed=np.flatnonzero(np.isin(columns, calibration.fixed)),
    )
