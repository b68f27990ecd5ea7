"""A plan that somebody edited: judged like any other, kept with what it costs beside the best.

Nothing in it is taken over from a solver: the judge looks at every row. It may cost more than the
best plan, and says how much; what it may not do is to seat somebody where he cannot sit.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _t

from centres.common.audit import record
from centres.common.runs import RunState
from centres.models import User
from scheduling.actions.allocations import prepare_allocation, seed_of
from scheduling.actions.planning import judge, prove, solve
from scheduling.allocation.assign import Allocation
from scheduling.allocation.checks import seating_violations, violations
from scheduling.allocation.forms import form_of
from scheduling.allocation.measures import fill
from scheduling.allocation.plan import Plan
from scheduling.allocation.problem import Ints
from scheduling.allocation.reseat import pairs_of
from scheduling.arrays import Policy, SittingArrays, load_problem, price_rows, summary_of
from scheduling.arrays.lines import save_lines
from scheduling.arrays.moves import unkept_in
from scheduling.models import AllocationRun, Rule, Sitting
from scheduling.plan_errors import PlanNotSound, RuleOfOnePaper
from scheduling.queries.plan_files import PlanLine

Fault = tuple[int, str]  # a row of the file, and what is wrong there


def keep_plan_by_hand(
    *, sitting: Sitting, lines: Sequence[PlanLine], by: User | None, at: datetime, digest: str = ""
) -> AllocationRun:
    """Keep an edited plan as a finished run, which another person may accept.

    `lines` holds everybody once; `digest` is that of the file. Raises PlanNotSound with every
    fault by row, PlacesMissing, RuleOfOnePaper, AllocationRunning; nothing is kept then.
    """
    policy = Policy(rule=Rule.BY_HAND)
    arrays = load_problem(sitting, policy)
    if arrays.papers is not None:
        raise RuleOfOnePaper(rule=Rule.BY_HAND.label)
    row, column, chair = _as_arrays(arrays, lines)
    if faults := plan_faults(arrays, row, column, chair):
        raise PlanNotSound(faults)
    seed = seed_of(sitting)
    best = solve(arrays, seed)
    allocation = replace(
        best, column=column, objective=int(arrays.paid(column).sum()), bound=best.objective
    )
    plan = _plan_of(arrays, allocation, chair)
    with transaction.atomic():
        run = prepare_allocation(sitting=sitting, by=by, at=at, seed=seed, policy=policy)
        run.bound = best.objective
        proof = prove(run, arrays, plan.allocation)
        judge(arrays, plan, proof)
        save_lines(run, arrays, plan, lambda _done, _total: None)
        run.keep(
            state=RunState.DONE,
            started_at=at,
            finished_at=at,
            input_digest=arrays.digest,
            digest=plan.digest(),
            objective=allocation.objective,
            bound=best.objective,
            prices=price_rows(arrays, plan),
            result=summary_of(arrays, plan, proof) | {"file": digest},
        )
        record(
            "allocation.by_hand", target=run, by=by, at=at, digest=run.digest, file=digest,
            objective=run.objective, bound=run.bound,
        )  # fmt: skip
    return run


def plan_faults(arrays: SittingArrays, row: Ints, column: Ints, chair: Ints) -> list[Fault]:
    """Everything the judge finds in a plan, by row of its file; `row` (n,) of each registration."""
    problem = arrays.problem
    at = dict(zip(problem.registration_ids.tolist(), row.tolist(), strict=True))
    found: list[Fault] = [
        (at[int(fault.subject)], _said(fault.code))
        for fault in violations(problem, column)
        if fault.code != "over_capacity"
    ]
    over = fill(problem, column) - problem.capacity
    for access, place in np.argwhere(over > 0).tolist():
        here = np.flatnonzero((problem.access == access) & (column == place))
        too_many = np.sort(row[here])[-int(over[access, place]) :]
        found += [(one, _said("over_capacity")) for one in too_many.tolist()]
    for place, hall in enumerate(arrays.chairs):
        here = np.flatnonzero(column == place)
        seat_row = dict(zip(hall.seat_ids[chair[here]].tolist(), row[here].tolist(), strict=True))
        for fault in seating_violations(hall, problem.access[here], chair[here]):
            found.append((seat_row[int(fault.subject)], _said(fault.code)))
    return sorted(found)


def _said(code: str) -> str:
    """What the judge's code means to whoever edits the file."""
    return {
        "no_column": _t("This person has no place in this row."),
        "refused_column": _t(
            "This person cannot sit in this exam session: he refuses it, or his extra time would "
            "meet the next one. Choose another session."
        ),
        "over_capacity": _t(
            "There are more people of this kind of place here than places. Move this person."
        ),
        "shared_chair": _t("Somebody else sits on this chair too. Choose another chair."),
        "unfit_chair": _t("This chair does not serve this person's kind of place."),
    }[code]


def _as_arrays(arrays: SittingArrays, lines: Sequence[PlanLine]) -> tuple[Ints, Ints, Ints]:
    """Row of the file, column and chair of every registration, (n,) each."""
    column_at = {label: column for column, label in enumerate(arrays.labels)}
    place = {key: row for row, key in enumerate(arrays.registration_keys.tolist())}
    seats = [{seat: i for i, seat in enumerate(c.seat_ids.tolist())} for c in arrays.chairs]
    row, column, chair = np.full((3, len(place)), -1, np.int64)
    faults: list[Fault] = []
    for line in lines:
        person, here = place[line.registration], column_at.get((line.centre, line.exam_session))
        if here is None or line.seat not in seats[here]:
            faults.append((line.row, _said("unfit_chair")))
            continue
        row[person], column[person], chair[person] = line.row, here, seats[here][line.seat]
    if faults:
        raise PlanNotSound(faults)
    return row, column, chair


def _plan_of(arrays: SittingArrays, allocation: Allocation, chair: Ints) -> Plan:
    """The plan with exam forms by chair, as neighbours must not share them."""
    exam_form, pairs = np.zeros(len(chair), np.int64), 0
    for place, hall in enumerate(arrays.chairs):
        here = np.flatnonzero(allocation.column == place)
        exam_form[here] = form_of(hall.x, hall.y, arrays.forms[place])[chair[here]]
        pairs += pairs_of(hall, chair[here], arrays.institution[here])
    return Plan(
        allocation=allocation,
        chair=chair,
        exam_form=exam_form,
        pairs=pairs,
        lower_bound=0,
        protected=(),
        unkept=unkept_in(arrays, allocation.column, chair),
    )
