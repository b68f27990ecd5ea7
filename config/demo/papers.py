"""A sitting of several papers, with seats given: the basic subjects, tried out in the north."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction

from centres.common.thai import in_bangkok
from centres.models import Room
from config.demo.before import Told, allocated
from config.demo.country import GROUNDS, plan_sessions
from config.demo.flood import evening
from config.demo.founding import HOME, found_sitting, open_once
from config.demo.people import NO_WISH, People
from config.demo.registering import register
from config.demo.stage import Stage
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.allocations import accept_allocation, publish_table
from scheduling.models import Booking, Exam, Paper, Registration, SeatPool, Sitting

EXAM = ("BAS", "การทดสอบวิชาพื้นฐาน", "Test of basic subjects")
PAPERS = (
    ("THA", "ภาษาไทยเพื่อการสื่อสาร", "Thai for communication"),
    ("ENG", "ภาษาอังกฤษเพื่อการสื่อสาร", "English for communication"),
    ("DIG", "เทคโนโลยีดิจิทัลเพื่อการศึกษา", "Digital technology in education"),
)
ROUNDS = ("THA", "ENG", "DIG", "DIG", "THA", "ENG")  # each paper once on each of two days
TAKES = ("THA, ENG, DIG", "THA, ENG", "ENG, DIG", "DIG")
MINUTES = 180
NORTH = (HOME, "C04", "C09", "C10")
FILLED = 0.9  # of the places of the paper that most people take
ROOMS = 0.12  # of every northern centre's rooms


def make_papers(stage: Stage) -> Told:
    """Everybody's papers at one centre, none at the same time; cards are issued."""
    sitting = _found(stage)
    if sitting.allocation is None:
        _register(stage, sitting)
        run = allocated(stage, sitting, at=stage.now - timedelta(days=6))
        at = stage.now - timedelta(days=5)
        accept_allocation(run=run, by=stage.user("staff2"), at=at)
        publish_table(run=run, by=stage.user("staff"), at=at)
        issue_admission_cards(sitting=sitting, by=stage.user("staff"), at=at)
    seats = Booking.objects.filter(room_session__exam_session__sitting=sitting, state="confirmed")
    figures: dict[str, Any] = {
        "people": Registration.objects.filter(sitting=sitting).count(),
        "seats": seats.count(),
    }
    what = "{people:,} people of the north have {seats:,} seats, one for each paper"
    return what.format(**figures), figures


@transaction.atomic
def _found(stage: Stage) -> Sitting:
    """The exam, its papers, and a sitting in which each is sat once on each of two days."""
    code, name_th, name_en = EXAM
    exam, _made = Exam.objects.get_or_create(
        code=code, defaults={"name_th": name_th, "name_en": name_en}
    )
    papers = {}
    for code, name_th, name_en in PAPERS:
        names = {"name_th": name_th, "name_en": name_en, "minutes": MINUTES}
        papers[code], _made = Paper.objects.get_or_create(exam=exam, code=code, defaults=names)
    year = stage.codes[0].rpartition("/")[2]
    day = in_bangkok(stage.now).date() + timedelta(weeks=5)
    closes = evening(stage.now - timedelta(days=8))
    sitting = found_sitting(
        papers["THA"], f"B/{year}", plan_sessions(day + timedelta(days=(5 - day.weekday()) % 7)),
        opens_at=closes - timedelta(days=20), closes_at=closes,
        name_th=f"การทดสอบวิชาพื้นฐาน ภาคเหนือ ปี {year}",
        name_en=f"Basic subjects in the north {year}",
    )  # fmt: skip
    for number, code in enumerate(ROUNDS, start=1):
        sitting.exam_sessions.filter(number=number).update(paper=papers[code])
    return sitting


def _register(stage: Stage, sitting: Sitting) -> None:
    """People whose first wish is in the north; they take three papers, two or one."""
    at = stage.now - timedelta(days=10)
    open_once(sitting, _rooms(), by=stage.user("staff"), at=at)
    there = [place for place in range(len(GROUNDS)) if f"C{place + 1:02}" in NORTH]
    wishing = np.flatnonzero(np.isin(stage.people.wish_centre[:, 0], there) & stage.people.comes)
    pools = SeatPool.objects.filter(exam_session__sitting=sitting, access_class="standard")
    places = sum(pools.filter(exam_session__paper__code="ENG").values_list("capacity", flat=True))
    chosen = wishing[: int(FILLED * places * len(TAKES) / sum("ENG" in some for some in TAKES))]
    taken = [TAKES[number % len(TAKES)] for number in range(len(chosen))]
    file = stage.folder / f"registrations-{sitting.pk}.csv"
    register(
        sitting, _in(there, stage.people), chosen.tolist(), file,
        seed=stage.seed, by=stage.user("staff"), at=at, papers=taken,
    )  # fmt: skip


def _in(there: list[int], people: People) -> People:
    """The same people, wishing for these centres alone, whenever the papers are."""
    centre = np.where(np.isin(people.wish_centre, there), people.wish_centre, NO_WISH)
    return replace(
        people, wish_centre=centre, wish_session=np.full_like(people.wish_session, NO_WISH)
    )


def _rooms() -> list[Room]:
    """A part of every northern centre's ordinary rooms, at least one, and its separate ones."""
    chosen: list[Room] = []
    for centre in NORTH:
        rooms = Room.objects.filter(building__centre__code=centre)
        ordered = list(rooms.filter(is_separate=False).order_by("building__code", "code"))
        chosen += ordered[: max(1, round(ROOMS * len(ordered)))]
        chosen += rooms.filter(is_separate=True)
    return chosen
