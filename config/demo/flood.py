"""A sitting with seats given, three weeks ahead, on the day a centre floods: what would move?"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Sum

from centres.common.runs import RunState, perform
from centres.common.thai import in_bangkok
from centres.models import Centre, Door, Room
from config.demo.before import Told, allocated
from config.demo.country import plan_sessions
from config.demo.founding import found_exam, found_sitting, open_once
from config.demo.people import NO_WISH
from config.demo.registering import register
from config.demo.stage import Stage
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.allocations import accept_allocation, publish_table
from scheduling.actions.moves import prepare_move_study
from scheduling.actions.seat_requests import ask_for_company, refuse_session
from scheduling.arrays.moves import Lost
from scheduling.models import Company, MoveStudy, Registration, SeatPool, Sitting

FLOODED = "C10"  # the centre that cannot be used
SESSIONS = 2
FILLED = 0.93  # of the ordinary places, so that a lost centre is felt everywhere
ROOMS = 0.08  # of every centre's rooms


def flood(stage: Stage) -> Told:
    """Seats are given; the water has come; the plans to choose from are worked out."""
    sitting = _sitting(stage)
    if sitting.allocation is None:
        _ask(sitting, stage)
        run = allocated(stage, sitting, at=stage.now - timedelta(days=6))
        at = stage.now - timedelta(days=5)
        accept_allocation(run=run, by=stage.user("staff2"), at=at)
        publish_table(run=run, by=stage.user("staff"), at=at)
        issue_admission_cards(sitting=sitting, by=stage.user("staff"), at=at)
        sitting.refresh_from_db()
    study = MoveStudy.objects.filter(sitting=sitting).first() or prepare_move_study(
        sitting=sitting, lost=Lost(centres=(_flooded().pk,)), by=stage.user("staff"), at=stage.now
    )
    if study.state != RunState.DONE:
        perform(study)
    if study.state != RunState.DONE:
        raise RuntimeError(study.error)
    figures: dict[str, Any] = {
        "people": Registration.objects.filter(sitting=sitting).count(),
        "affected": study.result["affected"],
        "plans": len(study.result["points"]),
    }
    what = "{people:,} have seats, {affected:,} lose theirs to water, {plans} plans to choose from"
    return what.format(**figures), figures


def _flooded() -> Centre:
    """The centre of the story, or the last one in a small country without it."""
    return Centre.objects.filter(code=FLOODED).first() or Centre.objects.order_by("code").last()  # type: ignore[return-value]


def _sitting(stage: Stage) -> Sitting:
    year = stage.codes[0].rpartition("/")[2]
    day = in_bangkok(stage.now).date() + timedelta(weeks=3)
    closes = stage.now - timedelta(days=8)
    saturday = day + timedelta(days=(5 - day.weekday()) % 7)
    sitting = found_sitting(
        found_exam(), f"R/{year}", plan_sessions(saturday)[:SESSIONS],
        opens_at=evening(closes - timedelta(days=20)), closes_at=evening(closes),
        name_th=f"การทดสอบแก้ตัว ปี {year}", name_en=f"Second-chance sitting {year}",
    )  # fmt: skip
    if not sitting.exam_sessions.filter(room_sessions__isnull=False).exists():
        _hang_doors()
        rooms = _rooms()
        open_once(sitting, rooms, by=stage.user("staff"), at=closes - timedelta(days=25))
        pools = SeatPool.objects.filter(exam_session__sitting=sitting, access_class="standard")
        left = pools.exclude(centre=_flooded()).aggregate(places=Sum("capacity"))["places"]
        wanted = int(FILLED * left)
        came = np.flatnonzero(stage.people.comes)
        places = np.linspace(0, len(came) - 1, min(wanted, len(came)))
        again = came[np.unique(places.astype(int))].tolist()
        no_session = np.full_like(stage.people.wish_session, NO_WISH)
        people = replace(stage.people, wish_session=no_session)
        register(
            sitting, people, again, stage.folder / f"registrations-{sitting.pk}.csv",
            seed=stage.seed, by=stage.user("staff"), at=closes - timedelta(days=10),
        )  # fmt: skip
    return sitting


def evening(when: datetime) -> datetime:
    day = in_bangkok(when).replace(hour=16, minute=30, second=0, microsecond=0)
    return day.astimezone(UTC)


def _hang_doors() -> None:
    """Half of the rooms have said where their door is; the others have not yet."""
    doors = (Door.FRONT_LEFT, Door.BACK_RIGHT)
    for number, door in enumerate(doors):
        keys = [key for key in Room.objects.values_list("pk", flat=True) if key % 4 == number]
        Room.objects.filter(pk__in=keys).update(door=door)


def _rooms() -> list[Room]:
    """A part of every centre's ordinary rooms, at least two, and its separate ones."""
    chosen: list[Room] = []
    for centre in Centre.objects.all():
        rooms = Room.objects.filter(building__centre=centre, is_separate=False)
        ordered = list(rooms.order_by("building__code", "code"))
        chosen += ordered[: max(1, round(ROOMS * len(ordered)))]
        chosen += Room.objects.filter(building__centre=centre, is_separate=True)
    return chosen


def _ask(sitting: Sitting, stage: Stage) -> None:
    """A carer beside whom he cares for, two relatives apart, three who cannot come on a day."""
    if Registration.objects.filter(sitting=sitting, seat_requests__isnull=False).exists():
        return
    by, at = stage.user("staff"), stage.now - timedelta(days=12)
    numbers = list(
        Registration.objects.filter(sitting=sitting, access_class="standard")
        .order_by("number")
        .values_list("number", flat=True)[:7]
    )
    if len(numbers) < 7:
        return
    pairs = ((Company.TOGETHER, 0, 1), (Company.APART, 2, 3))
    for kind, one, other in pairs:
        ask_for_company(
            sitting=sitting, kind=kind, number=numbers[one], other=numbers[other], by=by, at=at
        )
    for number, session in zip(numbers[4:], ("1", "1", "2"), strict=True):
        refuse_session(sitting=sitting, number=number, session=session, by=by, at=at)
