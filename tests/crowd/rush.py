"""People who have signed in and wait for an opening day, and seats that nobody has yet."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from centres.models import Building, Centre, Room, Seat, User
from scheduling.models import (
    Candidate,
    Exam,
    ExamForm,
    ExamSession,
    Paper,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
)


@contextmanager
def empty_database() -> Iterator[None]:
    made = setup_databases(verbosity=0, interactive=False, serialized_aliases=())
    try:
        yield
    finally:
        connection.close()
        teardown_databases(made, verbosity=0)


@dataclass(frozen=True)
class Ask:
    """One person's wish: his session cookie, and a seat nobody else asks for."""

    cookie: str
    registration: int
    room_session: int
    seat: int
    pool: int


@dataclass
class Rush:
    """People who have signed in, and seats that nobody has yet."""

    sitting: Sitting
    people: Iterator[tuple[str, int]]
    hot: Iterator[tuple[int, int, int]]
    many: Iterator[tuple[int, int, int]]

    def asks(self, number: int, *, hot: bool) -> list[Ask]:
        """The next people with the next seats: of the one hot session, or of all others."""
        seats = self.hot if hot else self.many
        return [
            Ask(cookie, registration, *spot)
            for _n, (cookie, registration), spot in zip(
                range(number), self.people, seats, strict=False
            )
        ]


def make_rush(
    *, people: int, hot: int, centres: int = 12, sessions: int = 4, seats_a_room: int = 40,
    in_seconds: float = -60,
) -> Rush:  # fmt: skip
    """A first-come sitting, `hot` seats in one session; booking opens `in_seconds` from now."""
    now = timezone.now()
    day = timedelta(days=1)
    exam = Exam.objects.create(code="TPC", name_th="สอบ", name_en="Exam")
    paper = Paper.objects.create(exam=exam, code="P1", name_th="วิชา", minutes=180)
    ExamForm.objects.bulk_create(ExamForm(paper=paper, code=code) for code in "AB")
    opens = now + timedelta(seconds=in_seconds)
    sitting = Sitting.objects.create(
        exam=exam, code="rush", name_th="ครั้งที่", mode="first_come", opens_at=opens,
        closes_at=opens + 30 * day, freezes_at=opens + 40 * day,
    )  # fmt: skip
    rounds = [_session(sitting, paper, n, opens + (60 + n) * day) for n in range(sessions)]
    hot_rooms = -(-hot // seats_a_room)
    places = [_centre(n, 20 if n else hot_rooms, seats_a_room) for n in range(centres)]
    spots = _spots(places, rounds)
    hottest = [spot for name, spot in spots if name == (places[0].pk, rounds[0].pk)]
    rest = [spot for name, spot in spots if name[0] != places[0].pk]
    many = [spot for part in range(97) for spot in rest[part::97]]  # neighbours far apart
    signed_in = _sign_in(people, sitting)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as any database has done by itself before opening day
    return Rush(sitting, iter(signed_in), iter(hottest), iter(many))


def _session(sitting: Sitting, paper: Paper, number: int, starts: Any) -> ExamSession:
    hour = timedelta(hours=1)
    return ExamSession.objects.create(
        sitting=sitting, paper=paper, number=number + 1, doors_open_at=starts - hour,
        starts_at=starts, doors_close_at=starts + hour / 2, ends_at=starts + 3 * hour,
    )  # fmt: skip


def _centre(number: int, rooms: int, seats_a_room: int) -> Centre:
    centre = Centre.objects.create(
        code=f"C{number}", name_th=f"ศูนย์ {number}", province="50", region="north",
        latitude=18.8, longitude=99.0,
    )  # fmt: skip
    building = Building.objects.create(centre=centre, code="B", name_th="อาคาร")
    made = Room.objects.bulk_create(Room(building=building, code=f"R{n}") for n in range(rooms))
    Seat.objects.bulk_create(
        (
            Seat(room=room, label=f"{'ABCDEFGH'[n % 8]}{n // 8 + 1}", x=n % 8, y=n // 8)
            for room in made for n in range(seats_a_room)
        ),
        batch_size=2_000,
    )  # fmt: skip
    return centre


def _spots(
    centres: Sequence[Centre], sessions: Sequence[ExamSession]
) -> list[tuple[tuple[int, int], tuple[int, int, int]]]:
    """Every seat of every session: (centre, session), (room session, seat, pool)."""
    found = []
    for centre in centres:
        seats = list(Seat.objects.filter(room__building__centre=centre).values_list("pk", "room"))
        for session in sessions:
            pool = SeatPool.objects.create(
                centre=centre, exam_session=session, access_class="standard", capacity=len(seats)
            )
            rooms = {room for _seat, room in seats}
            made = RoomSession.objects.bulk_create(
                RoomSession(room_id=room, exam_session=session) for room in sorted(rooms)
            )
            by_room = {one.room_id: one.pk for one in made}
            name = centre.pk, session.pk
            found += [(name, (by_room[room], seat, pool.pk)) for seat, room in seats]
    return found


def _sign_in(people: int, sitting: Sitting) -> list[tuple[str, int]]:
    """People with accounts, registrations and sessions: (session key, registration)."""
    users = User.objects.bulk_create(
        (User(username=f"u{n}", password="!") for n in range(people)), batch_size=2_000
    )
    plain = {"identity_kind": "passport", "identity_sealed": b"", "prefix": "", "sort_key": ""}
    candidates = Candidate.objects.bulk_create(
        (
            Candidate(user=user, identity_hash=(2**60 + n).to_bytes(32, "big"), given_name_th="x",
                      **plain)
            for n, user in enumerate(users)
        ),
        batch_size=2_000,
    )  # fmt: skip
    home = {"home_province": "50", "home_latitude": 18.8, "home_longitude": 99.0}
    registrations = Registration.objects.bulk_create(
        (
            Registration(candidate=one, sitting=sitting, number=f"{7 * 10**9 + n}",
                         registered_at=sitting.opens_at, **home)
            for n, one in enumerate(candidates)
        ),
        batch_size=2_000,
    )  # fmt: skip
    store, until = SessionStore(), timezone.now() + timedelta(days=1)
    backend = "django.contrib.auth.backends.ModelBackend"
    keys = [uuid4().hex for _user in users]
    Session.objects.bulk_create(
        (
            Session(session_key=key, expire_date=until, session_data=store.encode({
                SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: backend,
                HASH_SESSION_KEY: user.get_session_auth_hash(),
            }))
            for key, user in zip(keys, users, strict=True)
        ),
        batch_size=2_000,
    )  # fmt: skip
    return [(key, one.pk) for key, one in zip(keys, registrations, strict=True)]
