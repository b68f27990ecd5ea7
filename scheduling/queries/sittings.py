"""What a candidate asks of a sitting: where do I stand, what is next, what may I wish for?"""

import math
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Sum

from centres.models import Centre
from scheduling.models import (
    AdmissionCard,
    Booking,
    BookingState,
    Candidate,
    ExamSession,
    QueueOpening,
    Registration,
    RegistrationState,
    SeatPool,
    Sitting,
    SittingMode,
    Wish,
)
from scheduling.queries.queue import place_of, queue_standing

EARTH_RADIUS_KM = 6371.0


def registrations_of(candidate: Candidate) -> list[Registration]:
    """All registrations of a candidate: accepted before withdrawn, the newest sitting first."""
    registrations = candidate.registrations.select_related("sitting__exam", "candidate")
    newest = list(registrations.order_by("-sitting__opens_at", "-pk"))
    return sorted(newest, key=lambda one: one.state == RegistrationState.WITHDRAWN)


def bookings_of(registration: Registration, state: BookingState) -> list[Booking]:
    """Bookings of one live state, in the order of the days, with all that a page says of them."""
    return list(
        registration.bookings.filter(state=state)
        .select_related(
            "seat", "paper", "room_session__exam_session",
            "room_session__room__building__centre",
        )
        .order_by("room_session__exam_session__starts_at")
    )  # fmt: skip


def last_start(registration: Registration) -> datetime | None:
    """When the last exam session begins where they sit; of the sitting while they have no seat."""
    seats = registration.bookings.filter(state=BookingState.CONFIRMED)
    own = seats.aggregate(last=Max("room_session__exam_session__starts_at"))["last"]
    last: datetime | None = (
        own or registration.sitting.exam_sessions.aggregate(last=Max("starts_at"))["last"]
    )
    return last


@dataclass(frozen=True)
class Standing:
    """Where one registration stands at one moment. `stage` is one word for it:

    withdrawn, wish (to be sent), wished, waiting (for the allocation), line (before the opening, or
    in its line), soon (booking has not opened), choose (a seat), seated, sat (the exam is over),
    without (a seat, though seats were given).
    """

    registration: Registration
    stage: str
    bookings: list[Booking]
    card: AdmissionCard | None
    wishes: list[Wish]
    first_session: ExamSession | None
    may_move: bool

    @property
    def sitting(self) -> Sitting:
        return self.registration.sitting

    @property
    def wish_rank(self) -> int:
        """Which wish the seat grants; 0 for none of them."""
        if not self.bookings:
            return 0
        room = self.bookings[0].room_session
        place = room.room.building.centre_id, room.exam_session_id
        granted = (
            wish.rank
            for wish in self.wishes
            if wish.centre_id == place[0] and wish.exam_session_id in (None, place[1])
        )
        return next(granted, 0)

    @property
    def distance_km(self) -> float:
        """Straight from home to the centre of the first booking."""
        centre = self.bookings[0].room_session.room.building.centre
        return distance_km(self.registration, centre)


def standing_of(registration: Registration, at: datetime) -> Standing:
    """Where the registration stands."""
    bookings = bookings_of(registration, BookingState.CONFIRMED)
    sitting = registration.sitting
    first = bookings[0].room_session.exam_session if bookings else None
    stage = _stage(registration, bookings, at)
    return Standing(
        registration=registration,
        stage=stage,
        bookings=bookings,
        card=registration.admission_cards.filter(withdrawn_at=None).first(),
        wishes=list(registration.wishes.select_related("centre", "exam_session")),
        first_session=first or sitting.exam_sessions.order_by("starts_at").first(),
        may_move=stage in ("seated", "choose") and not sitting.is_frozen(at),
    )


def _stage(registration: Registration, bookings: list[Booking], at: datetime) -> str:
    sitting = registration.sitting
    if registration.state == RegistrationState.WITHDRAWN:
        return "withdrawn"
    if bookings:
        last = max(booking.room_session.exam_session.ends_at for booking in bookings)
        return "sat" if at >= last else "seated"
    if sitting.mode == SittingMode.FIRST_COME:
        return _first_come_stage(registration, at)
    if at < sitting.closes_at:
        return "wished" if registration.wished_at else "wish"
    return "without" if sitting.allocation_id else "waiting"


def _first_come_stage(registration: Registration, at: datetime) -> str:
    """Of somebody without a seat: in the line until it is their turn, then choosing."""
    sitting = registration.sitting
    if sitting.is_frozen(at):
        return "without"
    if not QueueOpening.objects.filter(sitting=sitting).exists():
        return "choose" if at >= sitting.opens_at else "soon"
    place = place_of(registration)
    return "choose" if place and queue_standing(place, at).is_in else "line"


# --- wishes ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NearCentre:
    """A centre of the sitting and how far it is, straight, from the candidate's home."""

    centre: Centre
    km: float


def centres_by_distance(registration: Registration) -> list[NearCentre]:
    """Centres with places in the sitting, the nearest first."""
    pools = SeatPool.objects.filter(exam_session__sitting=registration.sitting_id, capacity__gt=0)
    centres = Centre.objects.filter(pk__in=pools.values("centre"))
    near = [NearCentre(centre, distance_km(registration, centre)) for centre in centres]
    return sorted(near, key=lambda there: (there.km, there.centre.code))


def distance_km(registration: Registration, centre: Centre) -> float:
    """How far a candidate lives from a centre."""
    return kilometres(
        registration.home_latitude, registration.home_longitude, centre.latitude, centre.longitude
    )


def kilometres(latitude: float, longitude: float, other: float, beside: float) -> float:
    """Great-circle distance of two points in degrees (haversine)."""
    here = math.radians(latitude), math.radians(longitude)
    there = math.radians(other), math.radians(beside)
    half = (
        math.sin((there[0] - here[0]) / 2) ** 2
        + math.cos(here[0]) * math.cos(there[0]) * math.sin((there[1] - here[1]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


@dataclass(frozen=True)
class Supply:
    """Places of a sitting and the people registered for it."""

    places: int
    people: int

    @property
    def is_enough(self) -> bool:
        return self.places >= self.people


def supply_of(sitting: Sitting) -> Supply:
    pools = SeatPool.objects.filter(exam_session__sitting=sitting)
    people = Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)
    return Supply(pools.aggregate(sum=Sum("capacity"))["sum"] or 0, people.count())


def live_hold_of(registration: Registration, at: datetime) -> Booking | None:
    """The seat that the registration holds now, if it holds one."""
    held = bookings_of(registration, BookingState.HELD)
    return next((booking for booking in held if booking.is_live(at)), None)
