"""An opening day that has just been: a line, holds, fees, a bank's file, people who wait and ask.

A first-come sitting with few places, so that a visitor finds a waiting list with an offer, payments
that do not match, applications and requests that no officer has decided.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from itertools import accumulate

import numpy as np
import segno
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Count, QuerySet

from centres.common.contact import Channel
from centres.common.identity import check_digit
from centres.common.thai import in_bangkok
from centres.models import Contact, Room, Seat, User
from config.demo.before import Told
from config.demo.country import plan_sessions
from config.demo.founding import HOME, found_exam, found_sitting, open_once
from config.demo.people import NO_WISH
from config.demo.registering import register
from config.demo.sign_ins import PASSWORD
from config.demo.stage import Stage
from scheduling.actions.applications import Person, send_application
from scheduling.actions.arrangements import decide_arrangement, request_arrangement
from scheduling.actions.bookings import cancel_booking, confirm_booking, hold_seat
from scheduling.actions.fees import BankFile, BankLine, enter_payments, set_fee
from scheduling.actions.queue import join_many, open_queue
from scheduling.actions.waiting import join_waiting_list, tend_waiting_list
from scheduling.booking_errors import WaitWrong
from scheduling.models import (
    Booking,
    Fee,
    IdentityKind,
    NeedKind,
    QueuePlace,
    Registration,
    RoomSession,
    SeatPool,
    Sitting,
    SittingMode,
    WaitScope,
)
from scheduling.queries.queue import queue_picture
from scheduling.queries.seats import seats_for

OPENED = timedelta(hours=3)  # ago
CHAIRS, EXTRA_PEOPLE = 60, 24  # at least so many chairs; people beyond the places
Place = tuple[RoomSession, Seat]
PACE = 4  # people a minute: the line has passed
FEE = 33_000  # satang


def make_opening_day(stage: Stage) -> Told:
    """The sitting of the opening day, played from the line to the bank's file: all or nothing.

    Offers are made once that is stored, and made again when this was stopped in between.
    """
    with transaction.atomic():
        sitting, is_new = _found(stage)
        if is_new:
            people = _line_up(stage, sitting)
            _choose(stage, sitting, people)
            _wait(stage, sitting)
            _pay(stage, sitting)
            _ask(stage, sitting)
    tend_waiting_list(sitting=sitting, at=stage.now)
    picture = queue_picture(sitting, stage.now)
    figures = {"line": picture.joined, "booked": picture.booked, "waiting": picture.waiting}
    what = "{line:,} people in a line, {booked:,} seats booked, {waiting:,} wait for one"
    return what.format(**figures), figures


def _found(stage: Stage) -> tuple[Sitting, bool]:
    year = stage.codes[0].rpartition("/")[2]
    day = in_bangkok(stage.now).date() + timedelta(weeks=7)
    sessions = plan_sessions(day + timedelta(days=(5 - day.weekday()) % 7))[:1]
    sitting = found_sitting(
        found_exam(), f"E/{year}", sessions,
        opens_at=stage.now - OPENED, closes_at=stage.now + timedelta(days=14),
        name_th=f"รอบเพิ่มเติม ปี {year} (จองตามลำดับคิว)",
        name_en=f"Extra sitting {int(year) - 543}, first come",
    )  # fmt: skip
    if sitting.mode == SittingMode.FIRST_COME:
        return sitting, not sitting.registrations.exists()
    Sitting.objects.filter(pk=sitting.pk).update(mode=SittingMode.FIRST_COME)
    sitting.refresh_from_db()
    by, before = stage.user("staff"), sitting.opens_at - timedelta(days=2)
    rooms = [*_enough_rooms(), *Room.objects.filter(is_separate=True)]
    open_once(sitting, rooms, by=by, at=before)
    set_fee(sitting=sitting, amount=FEE, hours_to_pay=72, by=by, at=before)
    open_queue(
        sitting=sitting, joins_from=sitting.opens_at - timedelta(hours=6), per_minute=PACE, by=by,
        at=before,
    )  # fmt: skip
    return sitting, True


def _enough_rooms() -> list[Room]:
    """Rooms of the home centre, then of others, until there are enough chairs."""
    ordinary = Room.objects.filter(is_separate=False).annotate(chairs=Count("seats"))
    rooms = sorted(
        ordinary.select_related("building__centre"),
        key=lambda room: (room.building.centre.code != HOME, room.building.centre.code, room.code),
    )
    before = list(accumulate((room.chairs for room in rooms), initial=0))
    return [room for room, chairs in zip(rooms, before, strict=False) if chairs < CHAIRS]


# --- the line and the seats --------------------------------------------------------------------


def _line_up(stage: Stage, sitting: Sitting) -> list[Registration]:
    """More people than places; four in five were there before the opening."""
    pools = SeatPool.objects.filter(exam_session__sitting=sitting, access_class="standard")
    places = sum(pools.values_list("capacity", flat=True))
    needs = stage.people.wheelchair | stage.people.step_free | stage.people.separate_room
    able = np.flatnonzero(stage.people.comes & ~needs)
    chosen = np.random.default_rng([stage.seed, 11]).permutation(able)[: places + EXTRA_PEOPLE]
    file = stage.folder / "registrations-extra.csv"
    anywhen = replace(stage.people, wish_session=np.full_like(stage.people.wish_session, NO_WISH))
    register(
        sitting, anywhen, sorted(chosen.tolist()), file, seed=stage.seed,
        by=stage.user("staff"), at=sitting.opens_at - timedelta(days=3),
    )  # fmt: skip
    keys = list(sitting.registrations.order_by("pk").values_list("pk", flat=True))
    early = len(keys) * 4 // 5
    join_many(keys[:early], by=None, at=sitting.opens_at - timedelta(hours=2))
    join_many(keys[early:], by=None, at=sitting.opens_at + timedelta(minutes=1))
    order = QueuePlace.objects.filter(sitting=sitting).order_by("order")
    rows = order.select_related("registration__candidate", "registration__sitting")
    return [place.registration for place in rows]


def _rooms(sitting: Sitting) -> QuerySet[RoomSession]:
    return RoomSession.objects.filter(exam_session__sitting=sitting, room__is_separate=False)


def _choose(stage: Stage, sitting: Sitting, people: Sequence[Registration]) -> None:
    """In their turn each takes a seat that is free; the last two only hold theirs."""
    seats = [
        (room, seat)
        for room in _rooms(sitting).select_related("exam_session__paper", "room__building")
        for seat in seats_for("standard", room)
    ]
    mixed = np.random.default_rng([stage.seed, 12]).permutation(len(seats))
    order = _within_pools(sitting, [seats[place] for place in mixed])
    with stage.teller.bar("opening day") as report:
        for turn, (person, (room, seat)) in enumerate(zip(people, order, strict=False), start=1):
            at = sitting.opens_at + timedelta(minutes=turn / PACE + 1.5)
            last = turn > len(order) - 2
            when = stage.now - timedelta(minutes=3) if last else at
            hold_seat(registration=person, room_session=room, seat=seat, by=None, at=when)
            if not last:
                later = when + timedelta(minutes=2)
                confirm_booking(registration=person, by=None, at=later)
            report(turn, len(order))


def _within_pools(sitting: Sitting, seats: list[Place]) -> list[Place]:
    """As many seats of each centre as its pool of standard places has."""
    pools = SeatPool.objects.filter(exam_session__sitting=sitting, access_class="standard")
    left = dict(pools.values_list("centre", "capacity"))
    kept = []
    for room, seat in seats:
        centre = room.room.building.centre_id
        if left.get(centre, 0):
            left[centre] -= 1
            kept.append((room, seat))
    return kept


# --- money -------------------------------------------------------------------------------------


def _pay(stage: Stage, sitting: Sitting) -> None:
    """What a bank's file brings: most to the satang, some with too much, too little, twice, late,
    or a reference that nobody has."""
    at = stage.now - timedelta(minutes=30)
    fees = list(Fee.objects.filter(registration__sitting=sitting).order_by("pk"))
    late = fees[0]
    for booking in Booking.objects.filter(registration=late.registration_id, state="confirmed"):
        cancel_booking(booking=booking, by=None, at=at - timedelta(minutes=5))
    paid = [(fee.reference, FEE) for fee in fees[: len(fees) * 2 // 3]]
    paid[3] = (paid[3][0], FEE - 3_000)
    paid[4] = (paid[4][0], FEE + 5_000)
    paid += [paid[5], ("0000000000000", FEE), (fees[-1].reference[:-1], FEE)]
    lines = tuple(
        BankLine(
            line=number, bank_reference=f"B{sitting.pk}-{number:05}", reference=reference,
            paid_at=at - timedelta(minutes=number % 50), amount=amount,
        )
        for number, (reference, amount) in enumerate(paid, start=2)
    )  # fmt: skip
    file = BankFile(
        name="bank-of-the-demo.csv", digest=f"{sitting.pk:064x}", covers_until=at, lines=lines
    )
    enter_payments(file=file, by=stage.user("staff"), at=at)


# --- waiting, asking ---------------------------------------------------------------------------


def _wait(stage: Stage, sitting: Sitting) -> None:
    """Those who came too late wait; the seat that comes back later is offered to the first."""
    without = Registration.objects.filter(sitting=sitting).exclude(
        bookings__state__in=("held", "confirmed")
    )
    rows = without.select_related("candidate", "sitting").order_by("queue_place__order")
    at = stage.now - timedelta(minutes=45)
    for person in rows:
        if person.fees.exists():
            continue
        with suppress(WaitWrong):  # no centre of this sitting has such a place within reach
            join_waiting_list(
                registration=person, scope=WaitScope.NEAR, within_km=1000, by=None, at=at
            )


def _ask(stage: Stage, sitting: Sitting) -> None:
    """Two accounts that apply to be registered, and three requests for arrangements."""
    for number, (given, family) in enumerate((("Wanida", "Saengthong"), ("Prasit", "Kaewmani"))):
        user = User.objects.create(
            username=f"person-demo-{number}", name_en=f"{given} {family}",
            password=make_password(PASSWORD),
        )  # fmt: skip
        Contact.objects.create(
            user=user, channel=Channel.EMAIL, address=f"newcomer{number}@example.com",
            confirmed_at=stage.now,
        )  # fmt: skip
        send_application(
            user=user, sitting=sitting, person=_newcomer(number, given, family),
            at=stage.now - timedelta(hours=2 + number),
        )  # fmt: skip
    people = list(sitting.registrations.select_related("candidate", "sitting").order_by("-pk")[:3])
    for number, person in enumerate(people):
        request = request_arrangement(
            registration=person, kinds=_KINDS[number], words=_WORDS[number], document=_paper(),
            by=stage.user("staff"), at=stage.now - timedelta(hours=5 - number),
        )  # fmt: skip
        if not number:
            decide_arrangement(
                request=request, granted=[NeedKind.EXTRA_TIME], extra_minutes=45, reason="",
                by=stage.user("care"), at=stage.now - timedelta(hours=1),
            )  # fmt: skip


_KINDS = (
    [NeedKind.EXTRA_TIME], [NeedKind.WHEELCHAIR, NeedKind.EXTRA_TIME], [NeedKind.LARGE_PRINT],
)  # fmt: skip
_WORDS = (
    "เขียนช้า ขอเวลาเพิ่มหนึ่งในสี่", "ใช้รถเข็น โต๊ะสูงไม่น้อยกว่า 75 ซม.", "อ่านตัวอักษรขนาด 18 ขึ้นไป",
)  # fmt: skip


def _newcomer(number: int, given: str, family: str) -> Person:
    thai = (("วนิดา", "แสงทอง"), ("ประสิทธิ์", "แก้วมณี"))[number]
    digits = f"90100987654{number}"
    return Person(
        identity_kind=IdentityKind.NATIONAL, identity=f"{digits}{check_digit(digits)}",
        prefix=("นางสาว", "นาย")[number], given_name_th=thai[0], family_name_th=thai[1],
        given_name_en=given, family_name_en=family, birth_date=date(2001, 5, 13 + number),
        institution=None, home_province="50",
    )  # fmt: skip


def _paper() -> bytes:
    """A picture that stands for the photograph of a paper."""
    drawn = BytesIO()
    segno.make("invented paper of the demonstration").save(drawn, kind="png", scale=6)
    return drawn.getvalue()
