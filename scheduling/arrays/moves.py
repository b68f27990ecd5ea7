"""A sitting after a loss, as arrays: what is left, where everybody is, who cannot stay."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from centres.models import Room
from scheduling.allocation.assign import Allocation
from scheduling.allocation.checks import requests_unkept
from scheduling.allocation.measures import fill, measures
from scheduling.allocation.plan import Plan
from scheduling.allocation.problem import AllocationProblem, Flags, Ints
from scheduling.allocation.reallocate import NOWHERE, Before, MovePlan, move_plan, tolled
from scheduling.allocation.requests import Unkept
from scheduling.allocation.reseat import FREE, pairs_of, seat_newcomers
from scheduling.allocation.seating import Chairs
from scheduling.arrays.people import ACCESS
from scheduling.arrays.requests import staying as staying_together
from scheduling.arrays.requests import stays_allowed
from scheduling.arrays.sitting import Policy, SittingArrays, Staying, load_sitting
from scheduling.models import AccessClass, Booking, BookingState, Sitting


@dataclass(frozen=True)
class Lost:
    """What cannot be used, by primary keys.

    begun  exam sessions that have begun or are over: nobody leaves or enters them any more
    """

    centres: tuple[int, ...] = ()
    buildings: tuple[int, ...] = ()
    rooms: tuple[int, ...] = ()
    begun: tuple[int, ...] = ()

    def parameters(self) -> dict[str, list[int]]:
        """As kept with a run."""
        return {
            "centres": list(self.centres),
            "buildings": list(self.buildings),
            "rooms": list(self.rooms),
            "begun": list(self.begun),
        }

    def room_keys(self) -> list[int]:
        """Every room that is lost, whole centres and buildings room by room."""
        rooms = Room.objects.order_by("pk")
        found = (
            rooms.filter(building__centre__in=self.centres)
            | rooms.filter(building__in=self.buildings)
            | rooms.filter(pk__in=self.rooms)
        )
        return list(found.distinct().values_list("pk", flat=True))


def lost_of(kept: dict[str, list[int]]) -> Lost:
    """What a run was told is lost."""
    begun = tuple(kept.get("begun", ()))
    return Lost(tuple(kept["centres"]), tuple(kept["buildings"]), tuple(kept["rooms"]), begun)


@dataclass(frozen=True, eq=False, kw_only=True)
class MoveArrays:
    """What is left of a sitting, and where its people are.

    arrays   with the places and chairs that are left
    before   where everybody was, and whether he could stay
    chair    (n,) the chair of whoever could stay, -1 for others
    form     (n,) his exam form, by index; -1 for others
    places   (A, K) places before anything was lost
    """

    arrays: SittingArrays
    before: Before
    chair: Ints
    form: Ints
    places: Ints

    @property
    def digest(self) -> str:
        """SHA-256 over the inputs and where everybody is."""
        whole = hashlib.sha256(self.arrays.digest.encode())
        for part in (self.arrays.problem.capacity, self.before.column, self.chair):
            whole.update(np.ascontiguousarray(part).tobytes())
        return whole.hexdigest()


def load_moves(sitting: Sitting, policy: Policy, lost: Lost) -> MoveArrays:
    """Everything a re-allocation reads. Raises what `load_sitting` raises."""
    whole = load_sitting(sitting, policy)
    begun = np.isin(whole.session_keys, np.array(lost.begun, np.int64))
    arrays = _without(whole, lost.room_keys(), begun)
    column, chair, form = _where_they_are(sitting, arrays)
    before = stays_allowed(Before(column=column, kept=chair >= 0), arrays.problem)
    if arrays.papers is None:
        arrays = replace(arrays, problem=staying_together(arrays.problem, arrays.requests, before))
    arrays = _for_people(replace(arrays, problem=_without_begun(arrays.problem, column, begun)))
    return MoveArrays(
        arrays=arrays,
        before=stays_allowed(before, arrays.problem),
        chair=chair,
        form=form,
        places=whole.problem.capacity,
    )


def seat_moves(moves: MoveArrays, allocation: Allocation) -> Plan:
    """The plan with chairs: who stays keeps his own, who comes gets a free one.

    Raises ColumnTooSmall.
    """
    arrays = moves.arrays
    stays = moves.before.kept & (allocation.column == moves.before.column)
    chair, exam_form = np.where(stays, moves.chair, -1), np.where(stays, moves.form, -1)
    pairs = 0
    for column, chairs in enumerate(arrays.chairs):
        here = allocation.column == column
        new = np.flatnonzero(here & ~stays)
        if len(new):
            held = np.full(len(chairs.seat_ids), FREE)
            old = np.flatnonzero(here & stays)
            held[chair[old]] = arrays.institution[old]
            chair[new], exam_form[new] = seat_newcomers(
                column, chairs, held, arrays.institution[new], arrays.problem.access[new],
                arrays.in_front[new], arrays.forms[column],
            )  # fmt: skip
        pairs += pairs_of(chairs, chair[here], arrays.institution[here])
    return Plan(
        allocation=allocation,
        chair=chair,
        exam_form=np.maximum(exam_form, 0),
        pairs=pairs,
        lower_bound=0,
        protected=(),
        unkept=unkept_in(arrays, allocation.column, chair),
    )


def unkept_in(arrays: SittingArrays, column: Ints, chair: Ints) -> tuple[Unkept, ...]:
    """Requests about seats that a plan does not keep, by row."""
    asked, people = arrays.requests, arrays.problem.people
    apart = column[asked.together[:, 0]] != column[asked.together[:, 1]]
    found = [Unkept("not_together", (a, b)) for a, b in asked.together[apart].tolist()]
    for place, hall in enumerate(arrays.chairs) if asked else ():
        rows = np.flatnonzero(column == place)
        found += [
            Unkept(lost.kind, (int(rows[lost.rows[0]]), int(rows[lost.rows[1]])))
            for lost in requests_unkept(asked.among(rows, people), hall, chair[rows])
        ]
    return tuple(found)


def tolled_arrays(moves: MoveArrays, toll: int) -> SittingArrays:
    """The arrays a plan with this toll is proved against."""
    arrays = moves.arrays
    if arrays.papers is None:
        return replace(arrays, problem=tolled(arrays.problem, moves.before, toll))
    could = np.ones(arrays.papers.problem.people, bool)
    could[arrays.papers.entries.person[~moves.before.kept]] = False
    staying = Staying(column=moves.before.column, could=could, toll=toll)
    return replace(arrays, papers=replace(arrays.papers, staying=staying))


def plan_of(moves: MoveArrays, allocation: Allocation, toll: int) -> MovePlan:
    """What a plan with this toll means beside where people were."""
    plan = move_plan(moves.arrays.problem, moves.before, allocation, toll)
    return replace(plan, objective=int(moves.arrays.paid(allocation.column).sum()))


def _for_people(arrays: SittingArrays) -> SittingArrays:
    """With several papers: what single papers lost is lost to the people who choose among them."""
    if arrays.papers is None or arrays.problem.refused is None:
        return arrays
    of, problem = arrays.papers.entries, arrays.problem
    rows = of.row_of[:, arrays.papers.times.paper]
    refused = (rows < 0) | arrays.problem.refused[rows, np.arange(problem.columns)]
    people = replace(arrays.papers.problem, capacity=problem.capacity, refused=refused)
    return replace(arrays, papers=replace(arrays.papers, problem=people))


def _without_begun(problem: AllocationProblem, column: Ints, begun: Flags) -> AllocationProblem:
    """Whoever is in a session that has begun stays in his column; nobody else comes into it."""
    if not begun.any():
        return problem
    refused = np.zeros((problem.people, problem.columns), bool)
    if problem.refused is not None:
        refused |= problem.refused
    refused[:, begun] = True
    inside = np.flatnonzero((column >= 0) & begun[column])
    refused[inside] = True
    refused[inside, column[inside]] = False
    return replace(problem, refused=refused)


def _without(arrays: SittingArrays, rooms: Iterable[int], begun: Flags) -> SittingArrays:
    gone = np.array(list(rooms), np.int64)
    if not len(gone):
        return arrays
    made: dict[int, Chairs] = {}
    for chairs in arrays.chairs:
        if id(chairs) not in made:
            made[id(chairs)] = _chairs_left(chairs, ~np.isin(chairs.room_ids, gone))
    left = tuple(
        chairs if begun[column] else made[id(chairs)] for column, chairs in enumerate(arrays.chairs)
    )
    capacity = arrays.problem.capacity.copy()
    for column, chairs in enumerate(left):
        if len(chairs.seat_ids) < len(arrays.chairs[column].seat_ids):
            capacity[:, column] = places_left(capacity[:, column], chairs)
    return replace(arrays, chairs=left, problem=replace(arrays.problem, capacity=capacity))


def places_left(capacity: Ints, chairs: Chairs) -> Ints:
    """Places of each class (A,) that the chairs left still bear; nobody's place twice."""
    serving = chairs.serves.sum(1)
    left: Ints = np.minimum(capacity, serving)
    ordinary, step_free = (
        ACCESS.index(name) for name in (AccessClass.STANDARD, AccessClass.STEP_FREE)
    )
    left[ordinary] = min(left[ordinary], serving[ordinary] - left[step_free])
    return left


def _chairs_left(chairs: Chairs, left: Flags) -> Chairs:
    return Chairs(
        seat_ids=chairs.seat_ids[left],
        room_ids=chairs.room_ids[left],
        x=chairs.x[left],
        y=chairs.y[left],
        serves=chairs.serves[:, left],
    )


def _where_they_are(sitting: Sitting, arrays: SittingArrays) -> tuple[Ints, Ints, Ints]:
    """Column, chair if it is left and serves him, and exam form of everybody, from bookings."""
    column_at = {label: column for column, label in enumerate(arrays.labels)}
    row_at = {key: row for row, key in enumerate(arrays.row_keys())}
    form_at = {key: form for keys in arrays.form_keys for form, key in enumerate(keys)}
    seats = [{seat: i for i, seat in enumerate(c.seat_ids.tolist())} for c in arrays.chairs]
    column, chair, form = np.full((3, len(row_at)), NOWHERE, np.int64)
    booked = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED
    ).values_list(
        "registration_id", "paper_id", "room_session__room__building__centre_id",
        "room_session__exam_session_id", "seat_id", "exam_form_id",
    )  # fmt: skip
    for registration, paper, centre, session, seat, exam_form in booked.iterator():
        row, here = row_at.get((registration, paper), -1), column_at.get((centre, session), -1)
        if row < 0 or here < 0:
            continue
        column[row] = here
        place = seats[here].get(seat, -1)
        if place >= 0 and arrays.chairs[here].serves[arrays.problem.access[row], place]:
            chair[row], form[row] = place, form_at.get(exam_form, 0)
    return column, chair, form


def point_of(moves: MoveArrays, plan: MovePlan) -> dict[str, Any]:
    """One point of the curve as figures: who moves where, and how much farther, as JSON."""
    before, arrays = moves.before, moves.arrays
    keys = arrays.registration_keys
    column, rows = plan.allocation.column, np.arange(arrays.problem.people)
    km = arrays.journeys.distance[rows, column] / 10
    had = plan.moved
    farther = km[had] - arrays.journeys.distance[had, before.column[had]] / 10
    return {
        "toll": plan.toll,
        "moved": arrays.persons(plan.moved),
        "unasked": len(set(keys[plan.moved].tolist()) - set(keys[~before.kept].tolist())),
        "placed": arrays.persons(np.flatnonzero(before.column == NOWHERE)),
        "cost": plan.objective,
        "mean_km": round(float(km.mean()), 2),
        "longest_km": round(float(km.max(initial=0)), 1),
        "farther_km": round(float(farther.mean()), 1) if len(had) else 0.0,
        "farthest_km": round(float(farther.max(initial=0)), 1),
        "flows": _flows(moves, column, had),
        "figures": figures_of(moves, column, arrays.problem.capacity),
    }


def figures_before(moves: MoveArrays) -> dict[str, Any]:
    """How it was before the loss: the same figures, of those who had a place."""
    return figures_of(moves, moves.before.column, moves.places)


def figures_of(moves: MoveArrays, column: Ints, places: Ints) -> dict[str, Any]:
    """Wishes, distances and how full each centre is, for one column each, as JSON.

    `column` (n,), NOWHERE for whoever has none; `places` (A, K) that there are.
    """
    arrays = moves.arrays
    told = asdict(measures(*arrays.by_person(column)))
    taken = fill(arrays.problem, column)
    ordinary = ACCESS.index(AccessClass.STANDARD)
    told["centres"] = [
        {
            "centre": centre,
            "people": int(taken[:, here].sum()),
            "places": int(places[:, here].sum()),
            "left": int((places - taken)[ordinary, here].sum()),
        }
        for centre in np.unique(arrays.centre_keys).tolist()
        for here in [arrays.centre_keys == centre]
    ]
    return told


def _flows(moves: MoveArrays, column: Ints, moved: Ints) -> list[dict[str, Any]]:
    """People who move from one centre to another (or stay in theirs), most first."""
    arrays = moves.arrays
    old, new = moves.before.column[moved], column[moved]
    pairs = np.stack([arrays.centre_keys[old], arrays.centre_keys[new]], 1)
    kinds, inverse, many = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    distance = arrays.journeys.distance
    farther = (distance[moved, new] - distance[moved, old]) / 10
    total = np.bincount(inverse.ravel(), farther, len(kinds))
    return [
        {
            "from": int(kinds[flow, 0]),
            "to": int(kinds[flow, 1]),
            "people": int(many[flow]),
            "farther_km": round(float(total[flow] / many[flow]), 1),
        }
        for flow in np.argsort(-many, kind="stable").tolist()
    ]
