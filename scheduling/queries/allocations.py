"""Questions about allocations: which there are, and what a finished one says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from centres.common.runs import RunState
from centres.models import Centre
from centres.queries import works_everywhere as works_everywhere
from scheduling.models import (
    AccessClass,
    AllocationLine,
    AllocationRun,
    Booking,
    BookingState,
    ExamSession,
    MoveStudy,
    Registration,
    SeatPool,
    SeedCommitment,
    Sitting,
)


@dataclass(frozen=True)
class SessionFill:
    """One exam session of a centre; `left` counts ordinary places that nobody got."""

    number: int
    given: int
    places: int
    left: int
    price_km: float


@dataclass(frozen=True)
class CentreFill:
    """One centre of a plan: how many put it first, got it, at what price, from how far.

    `left` counts ordinary places that nobody got; places for needs are counted by need.
    """

    centre: Centre
    wanted: int
    given: int
    places: int
    left: int
    price_km: float
    mean_km: float
    sessions: tuple[SessionFill, ...]


@dataclass(frozen=True)
class NeedFill:
    """People of an access class, and the places there are for them."""

    label: str
    people: int
    places: int


@dataclass(frozen=True)
class Overview:
    """A finished allocation as its page shows it. `plan` and `first_come` are the measures."""

    people: int
    entries: int
    places: int
    plan: dict[str, Any]
    first_come: dict[str, Any]
    seating: dict[str, Any]
    steps_km: list[int]
    is_unique: bool
    gap_percent: float
    centres: tuple[CentreFill, ...]
    papers: dict[int, str]  # code of the paper of each exam session, by number
    needs: tuple[NeedFill, ...] = field(default=())

    @property
    def sessions(self) -> list[tuple[int, str]]:
        """Number of each exam session, and its paper where there are several."""
        numbers = {session.number for centre in self.centres for session in centre.sessions}
        several = len(set(self.papers.values())) > 1
        return [(number, self.papers[number] if several else "") for number in sorted(numbers)]

    @property
    def with_needs(self) -> int:
        """People who needed a place of a kind of its own, and got it."""
        return sum(need.people for need in self.needs)

    @property
    def left(self) -> int:
        """Ordinary places nobody got."""
        return sum(centre.left for centre in self.centres)


def sittings_to_allocate() -> QuerySet[Sitting]:
    """All sittings with `people` registered, `seats` there are, and the `last_run`.

    `open_study` is what could be done after a loss, of which nothing has been accepted yet.
    """
    entered = Registration.objects.filter(sitting=OuterRef("pk"), state="accepted").order_by()
    people = entered.values("sitting").annotate(n=Count("pk")).values("n")
    pools = SeatPool.objects.filter(exam_session__sitting=OuterRef("pk")).order_by()
    seats = pools.values("exam_session__sitting").annotate(n=Sum("capacity")).values("n")
    last = AllocationRun.objects.filter(sitting=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    studies = (
        MoveStudy.objects.filter(former=OuterRef("allocation"), state=RunState.DONE)
        .order_by("-pk")
        .values("pk")[:1]
    )
    return Sitting.objects.select_related("exam", "allocation").annotate(
        people=Coalesce(Subquery(people), 0),
        seats=Coalesce(Subquery(seats), 0),
        last_run=Subquery(last),
        open_study=Subquery(studies),
    )


def runs_of(sitting: Sitting) -> QuerySet[AllocationRun]:
    """The allocations of a sitting, the newest first, with who started them."""
    return sitting.allocation_runs.select_related("started_by").order_by("-pk")


def people_and_places(sitting: Sitting) -> tuple[int, int]:
    """How many are registered, and how many places all pools have."""
    people = Registration.objects.filter(sitting=sitting, state="accepted").count()
    pools = SeatPool.objects.filter(exam_session__sitting=sitting)
    return people, pools.aggregate(places=Coalesce(Sum("capacity"), 0))["places"]


def overview_of(run: AllocationRun) -> Overview:
    """The stored result of a finished run with its names, in two queries."""
    kept = run.result
    centres = Centre.objects.in_bulk([row["centre"] for row in kept["centres"]])
    sessions = ExamSession.objects.filter(sitting=run.sitting_id)
    told = list(sessions.values_list("pk", "number", "paper__code"))
    number = {key: at for key, at, _paper in told}
    return Overview(
        people=kept["people"],
        entries=kept.get("entries", kept["people"]),
        places=kept["places"],
        plan=kept["plan"],
        first_come=kept["first_come"],
        seating=kept["seating"],
        steps_km=kept["steps_km"],
        is_unique=kept["is_unique"],
        gap_percent=100 * ((run.objective or 0) - (run.bound or 0)) / max(1, run.objective or 0),
        centres=tuple(
            sorted(
                (_centre_fill(row, centres, number) for row in kept["centres"]),
                key=lambda fill: (-fill.wanted, fill.centre.code),
            )
        ),
        papers={at: paper for _key, at, paper in told},
        needs=tuple(
            NeedFill(str(AccessClass(row["access_class"]).label), row["people"], row["places"])
            for row in kept["needs"]
            if row["access_class"] != AccessClass.STANDARD and (row["people"] or row["places"])
        ),
    )


def _centre_fill(
    row: dict[str, Any], centres: dict[int, Centre], number: dict[int, int]
) -> CentreFill:
    sessions = [
        SessionFill(number[s["exam_session"]], s["given"], s["places"], s["left"], s["price_km"])
        for s in row["sessions"]
    ]
    return CentreFill(
        centre=centres[row["centre"]],
        wanted=row["wanted"],
        given=row["given"],
        places=row["places"],
        left=row["left"],
        price_km=row["price_km"],
        mean_km=row["mean_km"],
        sessions=tuple(sorted(sessions, key=lambda session: session.number)),
    )


@dataclass(frozen=True)
class CutOff:
    """One published price: what a place of a class costs in a centre and exam session."""

    centre: Centre
    session: int
    access_class: str
    km: float
    closed_at_lot: int | None


def sealed_of(sitting: Sitting) -> SeedCommitment | None:
    """The commitment to the seed of a sitting's lottery, if there is one."""
    return SeedCommitment.objects.filter(sitting=sitting).first()


def cut_offs_of(sitting: Sitting) -> list[CutOff]:
    """The published table of the plan in force; empty before there is one."""
    if sitting.allocation is None:
        return []
    rows = sitting.allocation.prices
    centres = Centre.objects.in_bulk({row["centre"] for row in rows})
    number = dict(sitting.exam_sessions.values_list("pk", "number"))
    return [
        CutOff(
            centre=centres[row["centre"]],
            session=number[row["exam_session"]],
            access_class=str(AccessClass(row["access_class"]).label),
            km=row["km"],
            closed_at_lot=row.get("closed_at_lot"),
        )
        for row in rows
    ]


def plan_rows(sitting: Sitting) -> Iterator[list[str | int | float | None]]:
    """Every confirmed seat, by registration number: where, and what was granted."""
    run = sitting.allocation_id
    lines = {
        (person, number): (rank, km)
        for person, number, rank, km in AllocationLine.objects.filter(run=run).values_list(
            "registration_id", "exam_session__number", "wish_rank", "distance_km"
        )
    }
    room = "room_session__room"
    rows = Booking.objects.filter(
        room_session__exam_session__sitting=sitting, state=BookingState.CONFIRMED
    ).order_by("registration__number", "room_session__exam_session__number")
    for person, number, centre, session, building, code, seat, form, access in rows.values_list(
        "registration_id", "registration__number", f"{room}__building__centre__code",
        "room_session__exam_session__number", f"{room}__building__code", f"{room}__code",
        "seat__label", "exam_form__code", "access_class",
    ).iterator():  # fmt: skip
        rank, km = lines.get((person, session), (None, None))
        yield [number, centre, session, building, code, seat, form, access, rank, km]
