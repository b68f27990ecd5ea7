"""What goes on beside the played sitting: one takes wishes, one waits for seats, a drill runs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import uuid5

import numpy as np
from django.db.models import Count, Q

from centres.common.thai import in_bangkok
from centres.models import Room
from config.demo.before import Told, allocated
from config.demo.country import SessionPlan, plan_sessions, session_at
from config.demo.crews import give_duties
from config.demo.days import DEVICES, play_days
from config.demo.founding import HOME, found_exam, found_sitting, open_once
from config.demo.intake import find_more
from config.demo.morning import OF_A_PERSON, OF_THE_ROOM
from config.demo.people import NO_WISH
from config.demo.registering import register
from config.demo.stage import Stage
from proctoring.live.events import PROCTOR, Fact
from proctoring.models import Attendance
from proctoring.queries.attendance import attendance_counts
from proctoring.store import append_many
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.allocations import accept_allocation
from scheduling.models import AccessClass, Registration, SeatPool, Sitting

DRILL = "drill"
DRILL_ROOMS = 2  # in each centre
SPECIAL_SHARE = 0.02  # of those who sat: they try for a better result in the special sitting
FILLED = 0.9


def make_others(stage: Stage) -> Told:
    """The sitting whose wishes are open, the special one ready to allocate, the drill of today."""
    wishing, special = _wishing(stage), _special(stage)
    drill = _drill(stage)
    found = find_more(stage)
    figures = {
        "found": found,
        "wishing": Registration.objects.filter(sitting=wishing).count(),
        "special": Registration.objects.filter(sitting=special).count(),
        "drill": Registration.objects.filter(sitting=drill).count(),
        "drill_here": attendance_counts(drill).present,
    }
    what = "{wishing:,} may wish, {special:,} wait for seats, {drill_here:,} here in a drill"
    return what.format(**figures), figures


def _wishing(stage: Stage) -> Sitting:
    """The next sitting takes wishes now; whoever was absent from the played one registers again."""
    sitting = found_sitting(
        found_exam(), stage.codes[1], _later(stage, weeks=8),
        opens_at=_office_end(stage, -10), closes_at=_office_end(stage, 11),
    )  # fmt: skip
    absent = np.flatnonzero(~stage.people.comes).tolist()
    _enter(stage, sitting, absent, at=stage.now - timedelta(days=6))
    return sitting


def _special(stage: Stage) -> Sitting:
    """A special sitting whose wishes closed yesterday: staff may allocate it and accept."""
    year = stage.codes[0].rpartition("/")[2]
    sitting = found_sitting(
        found_exam(), f"S/{year}", _later(stage, weeks=6),
        opens_at=_office_end(stage, -20), closes_at=_office_end(stage, -1),
        name_th=f"การทดสอบรอบพิเศษ ปี {year}", name_en=f"Special sitting {year}",
    )  # fmt: skip
    came = np.flatnonzero(stage.people.comes)
    later = came[len(came) // 2 :]
    again = later[:: round(1 / (2 * SPECIAL_SHARE))].tolist()
    _enter(stage, sitting, again, at=stage.now - timedelta(days=12))
    return sitting


def _office_end(stage: Stage, days: int) -> datetime:
    """Half past four in the afternoon of Bangkok, so many days from now."""
    day = in_bangkok(stage.now) + timedelta(days=days)
    return day.replace(hour=16, minute=30, second=0, microsecond=0).astimezone(UTC)


def _later(stage: Stage, *, weeks: int) -> tuple[SessionPlan, ...]:
    """Six exam sessions from the Saturday after so many weeks."""
    day = in_bangkok(stage.now).date() + timedelta(weeks=weeks)
    return plan_sessions(day + timedelta(days=(5 - day.weekday()) % 7))


def _enter(stage: Stage, sitting: Sitting, places: Sequence[int], *, at: datetime) -> None:
    rooms = _rooms_for(len(places), len(sitting.exam_sessions.all()))
    open_once(sitting, rooms, by=stage.user("staff"), at=at)
    file = stage.folder / f"registrations-{sitting.pk}.csv"
    register(sitting, stage.people, places, file, seed=stage.seed, by=stage.user("staff"), at=at)


def _rooms_for(people: int, sessions: int) -> list[Room]:
    """Rooms of every centre, in proportion, with a tenth more chairs than people."""
    by_centre = _ordinary_rooms()
    separate = list(Room.objects.filter(is_separate=True))
    chairs = dict(
        Room.objects.filter(is_separate=False)
        .values_list("pk")
        .annotate(n=Count("seats", filter=Q(seats__is_usable=True)))
    )
    for tenth in range(1, 11):
        rooms = [room for centre in by_centre for room in centre[: -(-len(centre) * tenth // 10)]]
        if sum(chairs[room.pk] for room in rooms) * sessions * FILLED >= people:
            break
    return rooms + separate


def _ordinary_rooms() -> list[list[Room]]:
    rooms = Room.objects.filter(is_separate=False).select_related("building__centre")
    ordered = rooms.order_by("building__centre__code", "building__code", "code")
    return [list(some) for _centre, some in groupby(ordered, lambda r: r.building.centre_id)]


# --- the drill -----------------------------------------------------------------------------------


def _drill(stage: Stage) -> Sitting:
    """A rehearsal in two rooms of every centre, with its doors open at this moment."""
    at = _office_end(stage, -3)
    sitting = found_sitting(
        found_exam(), DRILL, (_session_of_now(stage),),
        opens_at=_office_end(stage, -9), closes_at=at,
        name_th="ซ้อมปฏิบัติหน้าที่คุมสอบ วันนี้", name_en="Proctors' drill, today",
    )  # fmt: skip
    rooms = [room for centre in _ordinary_rooms() for room in centre[:DRILL_ROOMS]]
    open_once(sitting, rooms, by=stage.user("staff"), at=at)
    _register_drill(stage, sitting, at - timedelta(days=1))
    if sitting.allocation is None:
        run = allocated(stage, sitting, at=at)
        accept_allocation(run=run, by=stage.user("staff2"), at=at)
    issue_admission_cards(sitting=sitting, by=stage.user("staff"), at=at)
    give_duties(sitting, at=at)
    with stage.teller.bar("drill") as report:
        play_days(
            sitting, stage.people.comes.tolist(),
            seed=stage.seed, report=report, until=stage.now,
        )  # fmt: skip
    _leave_something_to_do(stage, sitting)
    return sitting


def _leave_something_to_do(stage: Stage, drill: Sitting) -> None:
    """A face to be confirmed in the first room of the home centre, and an incident there and in two
    others: what a visitor finds open."""
    people = Attendance.objects.filter(
        room_session__exam_session__sitting=drill, state__in=("checked_in", "seated")
    ).order_by("room_session_id", "checked_in_at")
    here = people.filter(room_session__room__building__centre__code=HOME).first()
    elsewhere = people.exclude(room_session__room__building__centre__code=HOME)
    rooms = sorted(set(elsewhere.values_list("room_session_id", flat=True)))[::7][:2]
    by, at = stage.user("proctor").pk, round(stage.now.timestamp() * 1000)
    facts = [
        Fact(str(uuid5(DEVICES, f"drill/{room}")), room, "incident.open",
             {"kind": kind, "note": note}, at, by, PROCTOR)
        for room, (kind, note, _often) in zip(rooms, OF_THE_ROOM, strict=False)
    ]  # fmt: skip
    if here is not None:
        body: dict[str, Any] = {"booking": here.booking_id, "match": False}
        doubt = str(uuid5(DEVICES, "drill/doubt"))
        facts.append(Fact(doubt, here.room_session_id, "seat.id_verify", body, at, by, PROCTOR))
        kind, note, _often = OF_A_PERSON[3]
        body = {"kind": kind, "note": note, "booking": here.booking_id}
        open_id = str(uuid5(DEVICES, "drill/identity"))
        facts.append(Fact(open_id, here.room_session_id, "incident.open", body, at, by, PROCTOR))
    append_many(facts, recv=None)


def _session_of_now(stage: Stage) -> SessionPlan:
    """It starts in twenty minutes or a little more; its doors stay open for two hours after."""
    soon = stage.now + timedelta(minutes=24)
    start = soon.replace(minute=soon.minute - soon.minute % 5, second=0, microsecond=0)
    return replace(
        session_at(1, start),
        doors_open_at=start - timedelta(minutes=60),
        doors_close_at=start + timedelta(minutes=120),
    )


def _register_drill(stage: Stage, sitting: Sitting, at: datetime) -> None:
    """People without particular needs play themselves: as many as fill the rooms to nine tenths."""
    pools = SeatPool.objects.filter(
        exam_session__sitting=sitting, access_class=AccessClass.STANDARD
    )
    places = sum(pools.values_list("capacity", flat=True))
    one_session = np.full_like(stage.people.wish_session, NO_WISH)
    people = replace(stage.people, wish_session=one_session)
    needs = people.wheelchair | people.step_free | people.separate_room
    free = np.flatnonzero(~needs)
    free = free[len(free) // 2 :]
    chosen = np.random.default_rng([stage.seed, 10]).permutation(free)[: int(FILLED * places)]
    file = stage.folder / "registrations-drill.csv"
    register(
        sitting, people, sorted(chosen.tolist()), file,
        seed=stage.seed, by=stage.user("staff"), at=at,
    )  # fmt: skip
