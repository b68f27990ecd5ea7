"""Plans in force: a plan of moves replaces the former plan, and the former can come back.

Both change the same things in one transaction: the bookings of those whose seat differs, the
counters of the seat pools, which rooms are open, and the cards of those who move.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import transaction
from django.db.models import Count, Max

from centres.common.audit import record
from centres.common.bulk import insert_rows
from centres.common.runs import Progress, RunState
from centres.models import Room, User
from scheduling.actions.allocations import (
    BOOKING_FIELDS,
    LINE_FIELDS,
    refuse_alone,
    refuse_changed,
)
from scheduling.actions.announcing import announce_plan
from scheduling.actions.moves import begun_sessions, execute_moves, prove_moves
from scheduling.actions.places import close_offers
from scheduling.actions.planning import execute_allocation
from scheduling.arrays import load_plan, policy_of
from scheduling.arrays.moves import Lost, MoveArrays, load_moves, lost_of, tolled_arrays
from scheduling.errors import (
    AllocationAccepted,
    AllocationNotDone,
    InputsChanged,
    NoPlanInForce,
    PlanNotFollowing,
    ProofFails,
    SeatTakenSince,
)
from scheduling.models import (
    AdmissionCard,
    AllocationLine,
    AllocationRun,
    Booking,
    BookingState,
    RegistrationState,
    SeatPool,
    Sitting,
)
from scheduling.models.booking import LIVE
from scheduling.queries.inputs import inputs_seen

_BATCH = 500  # keys in one condition


class Seated(NamedTuple):
    """A seat as lines and bookings both tell it."""

    registration: int
    paper: int
    room_session: int
    seat: int
    access_class: str
    exam_form: int | None


def execute_plan(run: AllocationRun, progress: Progress) -> None:
    """What a run of either kind does: a plan for all, or moves after a loss."""
    if is_move(run):
        execute_moves(run, progress)
    else:
        execute_allocation(run, progress)


def is_move(run: AllocationRun) -> bool:
    """Whether a run follows another plan."""
    return "former" in run.parameters


def accept_moves(*, run: AllocationRun, by: User | None, at: datetime) -> int:
    """Put a plan of moves in force; returns how many seats changed.

    The proof is checked again over the stored lines and the bookings of this moment, before the
    transaction; inside it stands that nothing the proof read has changed. Raises
    SecondPersonNeeded, AllocationNotDone, AllocationAccepted, PlanNotFollowing, InputsChanged,
    ProofFails, SeatTakenSince; nothing has changed then.
    """
    run = AllocationRun.objects.select_related("sitting").get(pk=run.pk)
    refuse_alone(run, by)
    _refuse_untimely(run, run.sitting)
    if lost_of(run.parameters["lost"]).begun != begun_sessions(run.sitting, at):
        raise InputsChanged
    seen = inputs_seen(run)
    moves = _proven(run, run.sitting)
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=run.sitting_id)
        run = AllocationRun.objects.get(pk=run.pk)
        _refuse_untimely(run, sitting)
        refuse_changed(run, seen)
        _end_holds(sitting, at)
        closed = _close(sitting, moves, lost_of(run.parameters["lost"]))
        moved = _seat(sitting, _lines(run), run, at)
        run.keep(accepted_at=at, result=run.result | {"closed": closed})
        _point_to(sitting, run)
        announce_plan(sitting)
        record(
            "moves.accept", target=run, by=by, at=at, seats=moved, digest=run.digest,
            former=run.parameters["former"], lost=run.parameters["lost"],
        )  # fmt: skip
    return moved


def undo_moves(*, sitting: Sitting, by: User | None, at: datetime) -> int:
    """Accept the former plan again: rooms open, whoever was moved gets his seat back.

    Returns how many seats changed. Whoever moved by himself since, or came late, keeps his seat;
    if it is one that somebody must have back, nothing is changed. Raises NoPlanInForce,
    PlanNotFollowing (the plan in force follows no other), SecondPersonNeeded, SeatTakenSince, and
    InputsChanged once another exam session has begun.
    """
    with transaction.atomic():
        sitting = Sitting.objects.select_for_update().get(pk=sitting.pk)
        run = sitting.allocation
        if run is None:
            raise NoPlanInForce
        if not is_move(run):
            raise PlanNotFollowing
        refuse_alone(run, by)
        if lost_of(run.parameters["lost"]).begun != begun_sessions(sitting, at):
            raise InputsChanged
        former = AllocationRun.objects.get(pk=run.parameters["former"])
        _end_holds(sitting, at)
        _reopen(run.result["closed"])
        moved = _seat(sitting, _to_restore(run, sitting), former, at)
        _point_to(sitting, former)
        announce_plan(sitting)
        record("moves.undo", target=former, by=by, at=at, seats=moved, undone=run.pk)
    return moved


def _refuse_untimely(run: AllocationRun, sitting: Sitting) -> None:
    if run.state != RunState.DONE:
        raise AllocationNotDone
    if run.accepted_at is not None:
        raise AllocationAccepted
    if run.parameters["former"] != sitting.allocation_id:
        raise PlanNotFollowing


def _proven(run: AllocationRun, sitting: Sitting) -> MoveArrays:
    """The inputs of this moment, once the stored plan has been proved against them."""
    moves = load_moves(sitting, policy_of(run), lost_of(run.parameters["lost"]))
    if moves.digest != run.input_digest:
        raise InputsChanged
    arrays = tolled_arrays(moves, run.parameters["toll"])
    plan = load_plan(run, arrays)
    if plan is None or plan.digest() != run.digest:
        raise ProofFails(faults="digest")
    proof = prove_moves(run, arrays, plan.allocation)
    if not proof.holds:
        raise ProofFails(faults=", ".join(proof.faults) or "gap")
    return moves


def _lines(run: AllocationRun) -> list[Seated]:
    rows = AllocationLine.objects.filter(run=run).order_by("pk").values_list(*LINE_FIELDS)
    return [Seated(*row) for row in rows]


def _to_restore(run: AllocationRun, sitting: Sitting) -> list[Seated]:
    """Seats of the former plan for those who still sit where the plan in force put them."""
    now = {(seat.registration, seat.paper): seat for seat in _booked(sitting)}
    here = {(seat.registration, seat.paper): seat for seat in _lines(run)}
    before = Booking.objects.filter(
        room_session__exam_session__sitting=sitting,
        state=BookingState.MOVED,
        ended_at=run.accepted_at,
    ).values_list(*_SEAT_FIELDS)
    return [
        seat
        for seat in (Seated(*row) for row in before)
        if now.get((seat.registration, seat.paper)) == here.get((seat.registration, seat.paper), ())
    ]


_SEAT_FIELDS = (
    "registration_id", "paper_id", "room_session_id", "seat_id", "access_class", "exam_form_id",
)  # fmt: skip


def _booked(sitting: Sitting) -> Iterable[Seated]:
    rows = Booking.objects.filter(
        room_session__exam_session__sitting=sitting,
        state=BookingState.CONFIRMED,
        registration__state=RegistrationState.ACCEPTED,
    ).values_list(*_SEAT_FIELDS)
    return (Seated(*row) for row in rows)


def _seat(sitting: Sitting, wanted: list[Seated], run: AllocationRun, at: datetime) -> int:
    """Make these seats the bookings of their people, where they are not yet."""
    now = {(seat.registration, seat.paper): seat for seat in _booked(sitting)}
    changed = [seat for seat in wanted if now.get((seat.registration, seat.paper)) != seat]
    moved = _end_confirmed(sitting, changed, at)
    _refuse_taken(sitting, changed)
    state = str(BookingState.CONFIRMED)
    rows = ((*seat, state, uuid4().hex, run.pk, at) for seat in changed)
    insert_rows(Booking, BOOKING_FIELDS, rows)
    _recount(sitting)
    _replace_cards(moved, at)
    return len(changed)


def _end_confirmed(sitting: Sitting, changed: list[Seated], at: datetime) -> list[int]:
    """End the seats that these people have for these papers; the registrations that had one."""
    had: set[int] = set()
    for paper in sorted({seat.paper for seat in changed}):
        for part in _parts([seat.registration for seat in changed if seat.paper == paper]):
            bookings = Booking.objects.filter(
                room_session__exam_session__sitting=sitting,
                registration__in=part,
                paper=paper,
                state=BookingState.CONFIRMED,
            )
            had.update(bookings.values_list("registration_id", flat=True))
            bookings.update(state=BookingState.MOVED, ended_at=at)
    return sorted(had)


def _refuse_taken(sitting: Sitting, wanted: Iterable[Seated]) -> None:
    live = Booking.objects.filter(room_session__exam_session__sitting=sitting, state__in=LIVE)
    taken = set(live.values_list("room_session_id", "seat_id"))
    if lost := sum((seat.room_session, seat.seat) in taken for seat in wanted):
        raise SeatTakenSince(seats=lost)


def _end_holds(sitting: Sitting, at: datetime) -> None:
    held = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.HELD
    )
    keys = list(held.values_list("pk", flat=True))
    held.update(state=BookingState.LAPSED, ended_at=at)
    for part in _parts(keys):
        close_offers(part, BookingState.LAPSED, at)


def _recount(sitting: Sitting) -> None:
    """Count every pool of the sitting anew from its live bookings."""
    grouped = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state__in=LIVE
    ).values_list(
        "room_session__room__building__centre_id", "room_session__exam_session_id", "access_class"
    )
    counted = {tuple(key): people for *key, people in grouped.annotate(n=Count("pk")).order_by()}
    for pool in SeatPool.objects.select_for_update().filter(exam_session__sitting=sitting):
        taken = counted.get((pool.centre_id, pool.exam_session_id, pool.access_class), 0)
        if pool.taken != taken:
            pool.taken = taken
            pool.save(update_fields=["taken"])


def _close(sitting: Sitting, moves: MoveArrays, lost: Lost) -> dict[str, Any]:
    """Take what is lost out of use; what was there before, to give it back."""
    rooms = Room.objects.filter(pk__in=lost.room_keys(), is_open=True)
    keys = list(rooms.values_list("pk", flat=True))
    left = moves.arrays
    columns = {label: column for column, label in enumerate(left.labels)}
    pools: list[tuple[int, int, int]] = []
    classes = {name: row for row, name in enumerate(left.problem.access_classes)}
    for pool in SeatPool.objects.filter(exam_session__sitting=sitting):
        column = columns[pool.centre_id, pool.exam_session_id]
        capacity = int(left.problem.capacity[classes[pool.access_class], column])
        if capacity != pool.capacity:
            pools.append((pool.pk, pool.capacity, capacity))
    rooms.update(is_open=False)
    # Counters follow once people have moved; until then no pool may have fewer places than taken.
    for key, _before, after in pools:
        SeatPool.objects.filter(pk=key).update(capacity=after, taken=0)
    return {"rooms": keys, "pools": pools}


def _reopen(closed: dict[str, Any]) -> None:
    Room.objects.filter(pk__in=closed["rooms"]).update(is_open=True)
    for key, before, _after in closed["pools"]:
        SeatPool.objects.filter(pk=key).update(capacity=before)


def _replace_cards(people: list[int], at: datetime) -> None:
    """Withdraw the valid cards of these people, which show an old seat, and issue the next."""
    for part in _parts(people):
        valid = AdmissionCard.objects.filter(registration__in=part, withdrawn_at=None)
        holders = list(valid.values_list("registration_id", flat=True))
        valid.update(withdrawn_at=at, reason="moved")
        newest = AdmissionCard.objects.filter(registration__in=holders)
        versions = newest.values_list("registration_id").annotate(last=Max("version")).order_by()
        rows = [(key, last + 1, at, "") for key, last in versions]
        insert_rows(AdmissionCard, ("registration", "version", "issued_at", "reason"), rows)


def _point_to(sitting: Sitting, run: AllocationRun) -> None:
    sitting.allocation = run
    sitting.save(update_fields=["allocation"])


def _parts(keys: list[int]) -> Iterable[list[int]]:
    return (keys[start : start + _BATCH] for start in range(0, len(keys), _BATCH))
