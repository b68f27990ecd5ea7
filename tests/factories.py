"""Plain rows with no surprises: every default is written here."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from centres.common.identity import lookup_hash, mask, registration_number, seal
from centres.common.thai import sort_key
from centres.models import Building, Centre, Room, Seat
from scheduling.models import (
    Booking,
    BookingState,
    Candidate,
    Exam,
    ExamForm,
    ExamSession,
    Institution,
    Paper,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
)

NOW = datetime(2027, 1, 16, 2, 0, tzinfo=UTC)  # Saturday 16 Jan 2570, 9.00 in Bangkok
_serial = count(1)


def make_centre(code: str = "CNX", **fields: Any) -> Centre:
    plain = {
        "name_th": f"ศูนย์สอบ {code}",
        "name_en": f"Centre {code}",
        "province": "50",
        "region": "north",
        "latitude": 18.79,
        "longitude": 98.98,
    }
    return Centre.objects.create(code=code, **{**plain, **fields})


def make_room(
    centre: Centre, code: str = "214", *, rows: int = 3, columns: int = 4, **fields: Any
) -> Room:
    """A room of rows x columns chairs, with an aisle after the second column."""
    building, _made = Building.objects.get_or_create(
        centre=centre, code="B1", defaults={"name_th": "อาคาร 1", "name_en": "Building 1"}
    )
    room = Room.objects.create(building=building, code=code, **{"step_free": True, **fields})
    Seat.objects.bulk_create(
        Seat(room=room, label=f"{'ABCDEFGHIJ'[x]}{y + 1}", x=x + (x >= 2), y=y)
        for y in range(rows)
        for x in range(columns)
    )
    return room


def make_sitting(code: str = "1/2570", *, sessions: int = 1, **fields: Any) -> Sitting:
    """A sitting whose first exam session starts now, with exam forms A and B of one paper."""
    exam, _made = Exam.objects.get_or_create(
        code="TPC", defaults={"name_th": "การทดสอบวิชาชีพครู", "name_en": "Teacher test"}
    )
    paper, _made = Paper.objects.get_or_create(
        exam=exam, code="P1", defaults={"name_th": "วิชาครู", "name_en": "Teaching", "minutes": 180}
    )
    for form in "AB":
        ExamForm.objects.get_or_create(paper=paper, code=form)
    plain = {
        "name_th": f"ครั้งที่ {code}",
        "name_en": f"Sitting {code}",
        "opens_at": NOW - timedelta(days=60),
        "closes_at": NOW - timedelta(days=30),
        "freezes_at": NOW - timedelta(days=8),
        "is_rehearsal": True,
    }
    sitting = Sitting.objects.create(exam=exam, code=code, **{**plain, **fields})
    for number in range(sessions):
        start = NOW + timedelta(hours=4 * number)
        ExamSession.objects.create(
            sitting=sitting,
            paper=paper,
            number=number + 1,
            doors_open_at=start - timedelta(minutes=45),
            starts_at=start,
            doors_close_at=start + timedelta(minutes=30),
            ends_at=start + timedelta(hours=3),
        )
    return sitting


def make_room_session(room: Room, session: ExamSession) -> RoomSession:
    """The room in that exam session; its chairs enter the standard seat pool of the centre."""
    pool, _made = SeatPool.objects.get_or_create(
        centre=room.building.centre,
        exam_session=session,
        access_class="standard",
        defaults={"capacity": 0},
    )
    pool.capacity += room.seats.filter(is_usable=True).count()
    pool.save()
    return RoomSession.objects.create(room=room, exam_session=session)


def make_candidate(**fields: Any) -> Candidate:
    serial = next(_serial)
    number = fields.pop("number", f"P{serial:07d}")
    given = fields.get("given_name_th", f"ขวัญข้าว{serial}")
    family = fields.get("family_name_th", "ทดสอบ")
    plain = {
        "identity_kind": "passport",
        "identity_sealed": seal(number),
        "identity_hash": lookup_hash(number),
        "identity_masked": mask(number),
        "prefix": "นางสาว",
        "given_name_th": given,
        "family_name_th": family,
        "given_name_en": f"Khwankhao{serial}",
        "family_name_en": "Thotsop",
        "sort_key": sort_key(f"{given} {family}"),
        "sex": "f",
    }
    return Candidate.objects.create(**{**plain, **fields})


def make_registration(sitting: Sitting, **fields: Any) -> Registration:
    candidate = fields.pop("candidate", None) or make_candidate()
    institution, _made = Institution.objects.get_or_create(
        code="I1", defaults={"name_th": "สถาบัน 1", "name_en": "Institution 1"}
    )
    plain = {
        "number": registration_number(next(_serial)),
        "institution": institution,
        "home_province": "50",
        "home_latitude": 18.7,
        "home_longitude": 98.9,
        "registered_at": NOW - timedelta(days=40),
    }
    return Registration.objects.create(candidate=candidate, sitting=sitting, **{**plain, **fields})


def make_booking(
    registration: Registration, room_session: RoomSession, seat: Seat, **fields: Any
) -> Booking:
    """A confirmed booking that is counted in its pool."""
    session = room_session.exam_session
    pool = SeatPool.objects.get(
        centre=room_session.room.building.centre, exam_session=session, access_class="standard"
    )
    pool.taken += 1
    pool.save()
    plain = {
        "paper": session.paper,
        "access_class": "standard",
        "exam_form": session.paper.exam_forms.first(),
        "state": BookingState.CONFIRMED,
        "made_at": NOW - timedelta(days=20),
    }
    return Booking.objects.create(
        registration=registration, room_session=room_session, seat=seat, **{**plain, **fields}
    )


def fill_room(room_session: RoomSession, sitting: Sitting, *, leave: int = 0) -> Sequence[Booking]:
    """Seat a new person on every usable chair of the room but the last `leave`."""
    seats = list(room_session.room.seats.filter(is_usable=True))
    return [
        make_booking(make_registration(sitting), room_session, seat)
        for seat in seats[: len(seats) - leave]
    ]
