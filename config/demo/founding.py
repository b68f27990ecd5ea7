"""Put the invented country into the database: places, staff, the exam and its sittings."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.actions import assign_role
from centres.common.audit import record
from centres.models import Building, Centre, Role, Room, Seat, SeatKind, User
from config.demo.country import PAPER_MINUTES, CentrePlan, Country, RoomPlan, SessionPlan
from config.demo.institutions import FACULTIES
from config.demo.sign_ins import PASSWORD
from scheduling.actions.opening import open_rooms
from scheduling.models import (
    Exam,
    ExamForm,
    ExamSession,
    Institution,
    Paper,
    RoomSession,
    Sitting,
)

HOME = "C03"  # the centre whose proctors and chief a visitor can be: Chiang Mai
STAFF = (
    ("proctor", "สมหญิง คุมสอบ", "Somying Khumsop", Role.PROCTOR, HOME),
    ("proctor2", "มานะ คุมสอบ", "Mana Khumsop", Role.PROCTOR, HOME),
    ("chief", "วิไล หัวหน้าศูนย์", "Wilai Huana", Role.CHIEF, HOME),
    ("headquarters", "อรทัย ส่วนกลาง", "Orathai Suanklang", Role.HEADQUARTERS, ""),
    ("observer", "เพ็ญศรี สังเกตการณ์", "Phensi Sangketkan", Role.OBSERVER, ""),
    ("examiner", "กิตติ วัดผล", "Kitti Watphon", Role.EXAMINER, ""),
    ("examiner2", "พรทิพย์ วัดผล", "Phonthip Watphon", Role.EXAMINER, ""),
    ("integrity", "สุรีย์ สุจริต", "Suri Sucharit", Role.INTEGRITY, ""),
    ("integrity2", "ธีระ สุจริต", "Thira Sucharit", Role.INTEGRITY, ""),
    ("staff", "ธนากร งานสอบ", "Thanakon Ngansop", Role.STAFF, ""),
    ("staff2", "ปาริชาติ งานสอบ", "Parichat Ngansop", Role.STAFF, ""),
    ("care", "อรุณี ดูแลผู้เข้าสอบ", "Arunee Dulae", Role.ARRANGEMENTS, ""),
    ("auditor", "ดำรง ตรวจสอบ", "Damrong Truatsop", Role.AUDITOR, ""),
    ("admin", "ศศิธร ดูแลระบบ", "Sasithon Dulae", Role.ADMINISTRATOR, ""),
)
EXAM = ("TPC", "การทดสอบสมรรถนะทางวิชาชีพครู", "Test of teachers' professional competency")
PAPER = ("PED", "วิชาครู", "The teaching profession")


@transaction.atomic
def found_places(country: Country, *, at: datetime) -> None:
    """All centres with their buildings, rooms and chairs, unless they are there."""
    if Centre.objects.exists():
        return
    centres = Centre.objects.bulk_create(_centre(plan) for plan in country.centres)
    for centre, plan in zip(centres, country.centres, strict=True):
        _found_buildings(centre, plan)
    record("found_places", target="demo", by=None, at=at, centres=len(centres), rooms=country.rooms)


def _centre(plan: CentrePlan) -> Centre:
    town = plan.province
    return Centre(
        code=plan.code, name_th=plan.name_th, name_en=plan.name_en,
        province=town.code, region=town.region,
        latitude=plan.latitude, longitude=plan.longitude,
        address_th=f"อำเภอเมือง จังหวัด{town.name_th}" if town.code != "10" else "กรุงเทพมหานคร",
        address_en=f"{town.name_en}, Thailand",
    )  # fmt: skip


def _found_buildings(centre: Centre, plan: CentrePlan) -> None:
    buildings = Building.objects.bulk_create(
        Building(
            centre=centre, code=b.code, name_th=b.name_th, name_en=b.name_en, has_lift=b.has_lift
        )
        for b in plan.buildings
    )
    pairs = [(b, r) for b, p in zip(buildings, plan.buildings, strict=True) for r in p.rooms]
    rooms = Room.objects.bulk_create(_room(building, room) for building, room in pairs)
    Seat.objects.bulk_create(
        [seat for room, (_b, r) in zip(rooms, pairs, strict=True) for seat in _seats(room, r)],
        batch_size=2000,
    )


def _room(building: Building, plan: RoomPlan) -> Room:
    return Room(
        building=building, code=plan.code, floor=plan.floor,
        step_free=plan.step_free, is_separate=plan.is_separate,
    )  # fmt: skip


def _seats(room: Room, plan: RoomPlan) -> Iterable[Seat]:
    for seat in plan.seats:
        kind = SeatKind.WHEELCHAIR if seat.is_wheelchair else SeatKind.STANDARD
        yield Seat(
            room=room, label=seat.label, x=seat.x, y=seat.y, kind=kind, is_usable=seat.is_usable
        )


@transaction.atomic
def found_staff(*, at: datetime) -> None:
    """One person of each kind, with the demo's password and a one-time code of their own."""
    password = make_password(PASSWORD)
    centres = {centre.code: centre for centre in Centre.objects.all()}
    for username, name_th, name_en, role, centre in STAFF:
        user, made = User.objects.get_or_create(
            username=username, defaults={"name_th": name_th, "name_en": name_en}
        )
        if made:
            user.password = password
            user.is_staff = user.is_superuser = role == Role.ADMINISTRATOR
            user.save()
            TOTPDevice.objects.create(user=user, name="phone", confirmed=True)
        assign_role(user=user, role=role, centre=centres.get(centre), by=None, at=at)


@transaction.atomic
def found_exam() -> Paper:
    """The exam, its one paper of three hours in two forms, and the institutions."""
    code, name_th, name_en = EXAM
    exam, _made = Exam.objects.get_or_create(
        code=code, defaults={"name_th": name_th, "name_en": name_en}
    )
    code, name_th, name_en = PAPER
    names = {"name_th": name_th, "name_en": name_en, "minutes": PAPER_MINUTES}
    paper, _made = Paper.objects.get_or_create(exam=exam, code=code, defaults=names)
    for form in "AB":
        ExamForm.objects.get_or_create(paper=paper, code=form)
    Institution.objects.bulk_create(
        [Institution(code=f.code, name_th=f.name_th, name_en=f.name_en) for f in FACULTIES],
        ignore_conflicts=True,
    )
    return paper


@transaction.atomic
def found_sitting(
    paper: Paper,
    code: str,
    sessions: Sequence[SessionPlan],
    *,
    opens_at: datetime,
    closes_at: datetime,
    name_th: str = "",
    name_en: str = "",
) -> Sitting:
    """A rehearsal sitting with its exam sessions; seats can be moved until a week before."""
    first = sessions[0].starts_at
    sitting, made = Sitting.objects.get_or_create(
        code=code,
        defaults={
            "exam": paper.exam,
            "name_th": name_th or f"การทดสอบครั้งที่ {code}",
            "name_en": name_en or f"Sitting {code}",
            "opens_at": opens_at,
            "closes_at": closes_at,
            "freezes_at": max(closes_at, first - timedelta(days=7)),
            "is_rehearsal": True,
        },
    )
    if made:
        ExamSession.objects.bulk_create(
            ExamSession(sitting=sitting, paper=paper, **vars(session)) for session in sessions
        )
    return sitting


def open_once(sitting: Sitting, rooms: Iterable[Room], *, by: User | None, at: datetime) -> None:
    """Open these rooms for a sitting, unless an earlier attempt has."""
    if not RoomSession.objects.filter(exam_session__sitting=sitting).exists():
        open_rooms(sitting=sitting, rooms=rooms, by=by, at=at)
