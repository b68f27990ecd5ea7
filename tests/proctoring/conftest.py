"""One small exam day: two centres, rooms of six seats, people booked, proctors on duty."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache

from centres.models import Building, Centre, Role, Room, Seat, SeatKind, StaffRole
from proctoring.live.events import CHIEF, Fact
from proctoring.queries import ledger
from scheduling.models import (
    Booking,
    BookingState,
    Candidate,
    Duty,
    Exam,
    ExamForm,
    ExamSession,
    Paper,
    Proctor,
    Registration,
    RoomSession,
    Sitting,
)

STARTS_AT = datetime(2027, 1, 16, 2, 0, tzinfo=UTC)
START = round(STARTS_AT.timestamp() * 1000)
MINUTE = 60_000


@dataclass
class Day:
    """What a test of the exam day needs, made once and readable."""

    exam_session: ExamSession
    centres: list[Centre] = field(default_factory=list)
    rooms: list[RoomSession] = field(default_factory=list)
    made: int = 0

    def user(self, name: str, role: Role | None = None, centre: Centre | None = None) -> Any:
        user = get_user_model().objects.create_user(name, name_th=name, name_en=name)
        if role is not None:
            StaffRole.objects.create(user=user, role=role, centre=centre)
        return user

    def proctor(self, name: str, *rooms: RoomSession) -> Any:
        centre = rooms[0].room.building.centre
        user = self.user(name, Role.PROCTOR, centre)
        proctor = Proctor.objects.create(user=user, centre=centre)
        for room in rooms:
            Duty.objects.create(proctor=proctor, room_session=room)
        return user

    def bookings(self, room: RoomSession) -> list[Booking]:
        return list(Booking.objects.filter(room_session=room).order_by("seat__label"))

    def room_session(self, centre: Centre, code: str, people: int = 4) -> RoomSession:
        building = centre.buildings.first() or Building.objects.create(
            centre=centre, code="1", name_th="อาคาร 1", name_en="Building 1"
        )
        room = Room.objects.create(building=building, code=code)
        room_session = RoomSession.objects.create(room=room, exam_session=self.exam_session)
        for index in range(6):
            seat = Seat.objects.create(
                room=room, label=f"{'AB'[index // 3]}{index % 3 + 1}", x=index % 3 + index % 3 // 2,
                y=index // 3, is_usable=index != 5,
                kind=SeatKind.WHEELCHAIR if index == 0 else SeatKind.STANDARD,
            )  # fmt: skip
            if index < people:
                self.book(room_session, seat)
        self.rooms.append(room_session)
        return room_session

    def book(self, room_session: RoomSession, seat: Seat) -> Booking:
        self.made += 1
        session = self.exam_session
        candidate = Candidate.objects.create(
            identity_kind="national", identity_sealed=b"x", identity_masked="9-xxxx",
            identity_hash=self.made.to_bytes(32, "big"), prefix="นางสาว",
            given_name_th=f"ขวัญข้าว{self.made}", family_name_th="ทองดี",
            given_name_en=f"Khwankhao{self.made}", family_name_en="Thongdi",
            sort_key=f"{self.made:05}",
        )  # fmt: skip
        registration = Registration.objects.create(
            candidate=candidate, sitting=session.sitting, number=f"68{self.made:08}",
            home_province="50", home_latitude=18.8, home_longitude=99.0,
            extra_minutes=45 if self.made % 4 == 0 else 0, registered_at=STARTS_AT,
        )  # fmt: skip
        form = ExamForm.objects.get(paper=session.paper, code="AB"[self.made % 2])
        return Booking.objects.create(
            registration=registration, paper=session.paper, room_session=room_session, seat=seat,
            access_class="standard", exam_form=form, state=BookingState.CONFIRMED,
            made_at=STARTS_AT,
        )  # fmt: skip


def _session() -> ExamSession:
    exam = Exam.objects.create(code="KSP", name_th="สอบครู", name_en="Teachers")
    paper = Paper.objects.create(
        exam=exam, code="TP", minutes=180, name_th="วิชาชีพครู", name_en="Teaching"
    )
    for code in "AB":
        ExamForm.objects.create(paper=paper, code=code)
    sitting = Sitting.objects.create(
        exam=exam, code="1/2570", name_th="ครั้งที่ 1/2570", name_en="1/2027",
        opens_at=STARTS_AT - timedelta(days=60), closes_at=STARTS_AT - timedelta(days=30),
        freezes_at=STARTS_AT - timedelta(days=7),
    )  # fmt: skip
    return ExamSession.objects.create(
        sitting=sitting, paper=paper, number=1, doors_open_at=STARTS_AT - timedelta(hours=1),
        starts_at=STARTS_AT, doors_close_at=STARTS_AT + timedelta(minutes=30),
        ends_at=STARTS_AT + timedelta(hours=3),
    )  # fmt: skip


def make_day() -> Day:
    day = Day(_session())
    for code, name in (("CNX", "Chiang Mai"), ("SGK", "Songkhla")):
        place = {"province": "50", "region": "north", "latitude": 18.8, "longitude": 99.0}
        centre = Centre.objects.create(code=code, name_th=name, name_en=name, **place)
        day.centres.append(centre)
    day.room_session(day.centres[0], "214")
    day.room_session(day.centres[0], "215")
    day.room_session(day.centres[1], "301")
    return day


@pytest.fixture
def day(db: None) -> Day:
    return make_day()


@pytest.fixture
def live_day(transactional_db: None) -> Day:
    """The same day, really committed, for tests with several connections."""
    return make_day()


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    """Every test reads its ledgers itself, and hears of no device of another."""
    cache.clear()
    ledger.forget()
    yield
    ledger.forget()


@pytest.fixture
def says() -> Any:
    """Make a fact: says(room, "seat.check_in", booking=7)."""

    def make(room: RoomSession | int, type_: str, *, at: int = START, **more: Any) -> Fact:
        number = room if isinstance(room, int) else room.pk
        keys = ("id", "role", "actor", "device", "dseq", "base")
        given = {key: more.pop(key) for key in keys if key in more}
        return Fact(
            given.get("id") or str(uuid.uuid4()), number, type_, more, at,
            given.get("actor"), given.get("role", CHIEF), given.get("device"), given.get("dseq"),
            given.get("base", -1),
        )  # fmt: skip

    return make
