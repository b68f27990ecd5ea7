"""Re-allocation: a loss is studied, and a plan chosen from the curve is worked out.

A plan of moves is an allocation run like any other, with what is lost, the toll, and the plan it
follows among its parameters. Nothing changes until a second person accepts it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np
from django.db import transaction

from centres.common.audit import record
from centres.common.runs import Progress, RunState, start
from centres.models import User
from scheduling.actions.planning import judge, prove, rooms_missing, shortages_said, solve
from scheduling.allocation.assign import Allocation, InfeasibleAllocation, assign
from scheduling.allocation.certificate import Certificate, certify
from scheduling.allocation.curve import move_curve
from scheduling.allocation.plan import ColumnTooSmall
from scheduling.allocation.reallocate import TOLLS, MovePlan
from scheduling.arrays import SittingArrays, policy_of, price_rows, save_lines, summary_of
from scheduling.arrays.moves import (
    Lost,
    MoveArrays,
    figures_before,
    load_moves,
    lost_of,
    plan_of,
    point_of,
    seat_moves,
    tolled_arrays,
)
from scheduling.errors import AllocationNotDone, ExamBegun, NoPlanInForce, PlacesMissing
from scheduling.models import AllocationRun, MoveStudy, Rule, Sitting

TOLLS_OF_PATTERNS = (0, 200, 800, 3200, 50_000)  # 0.1 km; the last beyond every journey


def prepare_move_study(*, sitting: Sitting, lost: Lost, by: User | None, at: datetime) -> MoveStudy:
    """A study of what to do after a loss (or for late people, when nothing is lost), not begun.

    Raises NoPlanInForce, ExamBegun.
    """
    if sitting.allocation is None:
        raise NoPlanInForce
    begun = begun_sessions(sitting, at)
    if len(begun) == sitting.exam_sessions.count():
        raise ExamBegun
    lost = replace(lost, begun=begun)
    with transaction.atomic():
        study = MoveStudy.objects.create(
            sitting=sitting,
            former=sitting.allocation,
            seed=sitting.allocation.seed,
            parameters={"lost": lost.parameters()},
            started_by=by,
            created_at=at,
        )
        record("moves.study", target=study, by=by, at=at, lost=lost.parameters())
    return study


def begun_sessions(sitting: Sitting, at: datetime) -> tuple[int, ...]:
    """Exam sessions whose doors have opened: nobody is moved out of them or into them."""
    begun = sitting.exam_sessions.filter(doors_open_at__lte=at).order_by("pk")
    return tuple(begun.values_list("pk", flat=True))


def start_move_study(*, sitting: Sitting, lost: Lost, by: User, at: datetime) -> MoveStudy:
    """Prepare a study and queue it for the worker."""
    with transaction.atomic():
        study = prepare_move_study(sitting=sitting, lost=lost, by=by, at=at)
        start(study)
    return study


def execute_move_study(study: MoveStudy, progress: Progress) -> None:
    """The curve of plans, as figures. Raises PlacesMissing, by class and number."""
    progress(0, len(TOLLS) + 1)
    lost = lost_of(study.parameters["lost"])
    moves = load_moves(study.sitting, policy_of(study.former), lost)
    progress(1, len(TOLLS) + 1)
    points = []
    try:
        for plan in _curve(moves, study.seed):
            points.append(point_of(moves, plan))
            progress(min(len(points), len(TOLLS)) + 1, len(TOLLS) + 1)
    except InfeasibleAllocation as refusal:
        raise PlacesMissing(shortages=shortages_said(refusal)) from refusal
    unable = moves.arrays.persons(np.flatnonzero(~moves.before.kept))
    people = moves.arrays.persons(np.arange(moves.arrays.problem.people))
    study.keep(
        input_digest=moves.digest,
        result={
            "points": sorted(points, key=lambda point: point["toll"]),
            "before": figures_before(moves),
            "affected": unable,
            "people": people,
        },
    )


def _curve(moves: MoveArrays, seed: int) -> Iterator[MovePlan]:
    """The plans to choose from; of several papers fewer, since each takes longer to prove."""
    if moves.arrays.papers is None:
        yield from move_curve(moves.arrays.problem, moves.before, seed)
        return
    for toll in TOLLS_OF_PATTERNS:
        yield plan_of(moves, solve(tolled_arrays(moves, toll), seed), toll)


def choose_move_plan(
    *, study: MoveStudy, point: int, by: User | None, at: datetime
) -> AllocationRun:
    """A run that will work one point of a finished study out, chair by chair. It books nothing."""
    if study.state != RunState.DONE:
        raise AllocationNotDone
    toll = study.result["points"][point]["toll"]
    with transaction.atomic():
        run = AllocationRun.objects.create(
            sitting=study.sitting,
            seed=study.seed,
            seed_commitment=study.former.seed_commitment,
            parameters=study.former.parameters
            | {"rule": str(Rule.LEAST_TOTAL)}  # with the toll, whatever the former plan's
            | {"former": study.former_id, "toll": toll, "lost": study.parameters["lost"]},
            started_by=by,
            created_at=at,
        )
        record("moves.choose", target=run, by=by, at=at, study=study.pk, toll=toll)
    return run


def execute_moves(run: AllocationRun, progress: Progress) -> None:
    """Work a plan of moves out, prove it, judge it and keep its lines.

    Raises PlacesMissing, RoomsMissing and what `load_problem` raises; nothing is kept then.
    """
    progress(0, 100)
    toll = run.parameters["toll"]
    moves = load_moves(run.sitting, policy_of(run), lost_of(run.parameters["lost"]))
    arrays = tolled_arrays(moves, toll)
    try:
        several = arrays.papers is not None
        allocation = solve(arrays, run.seed) if several else assign(arrays.problem, run.seed)
        progress(40, 100)
        plan = seat_moves(moves, allocation)
    except InfeasibleAllocation as refusal:
        raise PlacesMissing(shortages=shortages_said(refusal)) from refusal
    except ColumnTooSmall as refusal:
        raise rooms_missing(arrays, refusal) from refusal
    proof = prove_moves(run, arrays, allocation)
    judge(arrays, plan, proof)
    point = plan_of(moves, allocation, toll)
    save_lines(run, moves.arrays, plan, lambda done, total: progress(50 + 50 * done // total, 100))
    run.keep(
        input_digest=moves.digest,
        digest=plan.digest(),
        objective=allocation.objective,
        bound=proof.bound,
        prices=price_rows(arrays, plan),
        result=summary_of(moves.arrays, plan, proof)
        | {"moves": point_of(moves, point), "before": figures_before(moves)}
        | {"priced_bound": allocation.bound},
    )


def prove_moves(run: AllocationRun, arrays: SittingArrays, plan: Allocation) -> Certificate:
    """The proof of a plan of moves, `arrays` with its toll."""
    if arrays.papers is not None:
        return prove(run, arrays, plan)
    return certify(arrays.problem, plan)
