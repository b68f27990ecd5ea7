"""Allocation: asked for, computed with its proof, accepted. Then everybody has a seat at once."""

import hashlib
import secrets
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.db.models import Count, F

from centres.common.audit import record
from centres.common.bulk import Row, insert_rows
from centres.common.runs import RunState, start
from centres.common.thai import in_bangkok
from centres.models import User
from scheduling.actions.announcing import announce_plan
from scheduling.actions.opening import use_opened
from scheduling.actions.planning import prove
from scheduling.allocation.plan import Plan
from scheduling.arrays import (
    Policy,
    SittingArrays,
    load_plan,
    load_problem,
    policy_of,
)
from scheduling.arrays.opening import opened_arrays
from scheduling.arrays.published import save_table, table_path
from scheduling.errors import (
    AllocationAccepted,
    AllocationNotDone,
    AllocationRunning,
    CommitmentTooLate,
    InputsChanged,
    ProofFails,
    SeatsBookedAlready,
    SecondPersonNeeded,
    SeedCommitted,
    TableMissing,
    WishesStillOpen,
)
from scheduling.models import (
    AllocationLine,
    AllocationRun,
    Booking,
    BookingState,
    SeatPool,
    SeedCommitment,
    Sitting,
)
from scheduling.models.booking import LIVE
from scheduling.queries.inputs import inputs_seen

LINE_FIELDS = (
    "registration_id", "exam_session__paper_id", "room_session_id", "seat_id", "access_class",
    "exam_form_id",
)  # fmt: skip
BOOKING_FIELDS = (
    "registration", "paper", "room_session", "seat", "access_class", "exam_form", "state", "key",
    "allocation", "made_at",
)  # fmt: skip
_MOST_NAMED = 10  # registrations in one sentence
_WORKING = [RunState.QUEUED, RunState.RUNNING]


def prepare_allocation(
    *,
    sitting: Sitting,
    by: User | None,
    at: datetime,
    seed: int | None = None,
    policy: Policy | None = None,
) -> AllocationRun:
    """A run of a sitting, with its seed drawn and committed to, not yet working.

    A seed that was committed to before wishes closed is the seed of every run. Raises
    AllocationRunning while another one works, SeedCommitted when another seed is named.
    """
    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        if AllocationRun.objects.filter(sitting=sitting, state__in=_WORKING).exists():
            raise AllocationRunning
        sealed = SeedCommitment.objects.filter(sitting=sitting).first()
        if sealed is not None and seed not in (None, sealed.seed):
            raise SeedCommitted(commitment=sealed.commitment)
        drawn = seed_of(sitting) if seed is None else seed
        run = AllocationRun.objects.create(
            sitting=sitting,
            seed=drawn,
            seed_commitment=commitment_of(drawn),
            parameters=(policy or Policy()).parameters(),
            started_by=by,
            created_at=at,
        )
        record("allocation.start", target=run, by=by, at=at, commitment=run.seed_commitment)
    return run


def start_allocation(
    *, sitting: Sitting, by: User, at: datetime, policy: Policy | None = None
) -> AllocationRun:
    """Prepare a run and queue it for the worker. Raises AllocationRunning."""
    with transaction.atomic():
        run = prepare_allocation(sitting=sitting, by=by, at=at, policy=policy)
        start(run)
    return run


def commit_to_seed(*, sitting: Sitting, by: User | None, at: datetime) -> SeedCommitment:
    """Draw the seed of a sitting's lottery and seal it, once, before wishes close.

    Raises CommitmentTooLate after that, and SeedCommitted the second time.
    """
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting.pk)
        if at >= sitting.closes_at:
            raise CommitmentTooLate(until=in_bangkok(sitting.closes_at).strftime("%d/%m/%Y %H:%M"))
        if earlier := SeedCommitment.objects.filter(sitting=sitting).first():
            raise SeedCommitted(commitment=earlier.commitment)
        seed = secrets.randbits(62)
        sealed = SeedCommitment.objects.create(
            sitting=sitting, seed=seed, commitment=commitment_of(seed), committed_at=at
        )
        record("allocation.commit", target=sitting, by=by, at=at, commitment=sealed.commitment)
    return sealed


def seed_of(sitting: Sitting) -> int:
    """The seed that was sealed for a sitting, or one drawn now."""
    sealed = SeedCommitment.objects.filter(sitting=sitting).first()
    return sealed.seed if sealed else secrets.randbits(62)


def commitment_of(seed: int) -> str:
    """What is shown before the seed is: SHA-256 of its decimal digits."""
    return hashlib.sha256(str(seed).encode()).hexdigest()


def accept_allocation(*, run: AllocationRun, by: User | None, at: datetime) -> int:
    """Turn every line of a finished run into a confirmed booking; returns how many.

    The proof is checked again over the stored lines and the inputs of this moment, before the
    transaction; inside it stands that nothing the proof read has changed. Raises
    SecondPersonNeeded when `by` is who asked for the run, AllocationNotDone, AllocationAccepted,
    WishesStillOpen, SeatsBookedAlready, InputsChanged, ProofFails.
    """
    run = AllocationRun.objects.select_related("sitting").get(pk=run.pk)
    refuse_alone(run, by)
    _refuse_untimely(run, run.sitting, at)
    seen = inputs_seen(run)
    arrays = load_problem(run.sitting, policy_of(run))
    plan = _refuse_unproven(run, arrays)
    table = save_table(run, arrays, plan.allocation.column)
    rows = _booking_rows(run, at)
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=run.sitting_id)
        run = AllocationRun.objects.get(pk=run.pk)
        _refuse_untimely(run, sitting, at)
        refuse_changed(run, seen)
        insert_rows(Booking, BOOKING_FIELDS, rows)
        _count_taken(run)
        use_opened(run, at)
        booked = len(rows)
        run.keep(accepted_at=at, table_digest=table)
        sitting.allocation = run
        sitting.save(update_fields=["allocation"])
        announce_plan(sitting)
        record(
            "allocation.accept",
            target=run,
            by=by,
            at=at,
            bookings=booked,
            objective=run.objective,
            bound=run.bound,
            digest=run.digest,
            input_digest=run.input_digest,
            seed=str(run.seed),
            table=table,
        )
    return booked


def publish_table(*, run: AllocationRun, by: User | None, at: datetime) -> None:
    """Let everybody load the table of an accepted plan. Twice changes nothing the second time.

    Raises TableMissing, also when the file is no longer what was accepted.
    """
    with transaction.atomic():
        run = AllocationRun.objects.select_for_update().get(pk=run.pk)
        if run.table_published_at is not None:
            return
        path = table_path(run)
        if not run.table_digest or not path.is_file():
            raise TableMissing
        if hashlib.sha256(path.read_bytes()).hexdigest() != run.table_digest:
            raise TableMissing
        run.keep(table_published_at=at)
        record("allocation.publish_table", target=run, by=by, at=at, table=run.table_digest)


def refuse_alone(run: AllocationRun, by: User | None) -> None:
    """Whoever asked for a plan does not accept it: two persons stand for it."""
    if by is not None and by.pk == run.started_by_id:
        raise SecondPersonNeeded


def _refuse_untimely(run: AllocationRun, sitting: Sitting, at: datetime) -> None:
    if run.state != RunState.DONE:
        raise AllocationNotDone
    if sitting.allocation_id is not None:
        raise AllocationAccepted
    if at < sitting.closes_at:
        raise WishesStillOpen(until=in_bangkok(sitting.closes_at).strftime("%d/%m/%Y %H:%M"))
    live = Booking.objects.filter(room_session__exam_session__sitting=sitting, state__in=LIVE)
    if booked := live.count():
        raise SeatsBookedAlready(bookings=booked)


def _refuse_unproven(run: AllocationRun, arrays: SittingArrays) -> Plan:
    if arrays.digest != run.input_digest:
        raise InputsChanged
    plan = load_plan(run, opened_arrays(arrays, run.result.get("opened", [])))
    if plan is None or plan.digest() != run.digest:
        raise ProofFails(faults="digest")
    proof = prove(run, arrays, plan.allocation)
    if not proof.holds:
        raise ProofFails(faults=", ".join(proof.faults) or "gap")
    return plan


def refuse_changed(run: AllocationRun, seen: str) -> None:
    """What was proved must still be so. Raises InputsChanged."""
    if inputs_seen(run) != seen:
        raise InputsChanged


def _booking_rows(run: AllocationRun, at: datetime) -> list[Row]:
    lines = AllocationLine.objects.filter(run=run).order_by("pk").values_list(*LINE_FIELDS)
    state = str(BookingState.CONFIRMED)
    return [(*line, state, uuid4().hex, run.pk, at) for line in lines]


def _count_taken(run: AllocationRun) -> None:
    """Add the lines to the counters of their seat pools; the database refuses too many."""
    lines = AllocationLine.objects.filter(run=run)
    grouped = lines.values_list("centre_id", "exam_session_id", "access_class")
    for centre, session, access, people in grouped.annotate(people=Count("pk")).order_by():
        SeatPool.objects.filter(centre=centre, exam_session=session, access_class=access).update(
            taken=F("taken") + people
        )
