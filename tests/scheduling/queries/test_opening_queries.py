"""What everybody looks at costs no question per visitor, and a recount finds what is wrong."""

import time
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scheduling.actions.bookings import hold_seat
from scheduling.models import (
    Booking,
    RoomSession,
    SeatOffer,
    SeatPool,
    SittingMode,
    WaitedPool,
    WaitingEntry,
)
from scheduling.queries import availability as module
from scheduling.queries.availability import availability, forget_availability, read_availability
from scheduling.queries.queue import queue_picture
from scheduling.queries.soundness import soundness
from tests.factories import (
    NOW,
    fill_room,
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

AT = NOW - timedelta(days=20)


@pytest.fixture
def place(db: None) -> RoomSession:
    forget_availability()
    sitting = make_sitting(mode=SittingMode.FIRST_COME)
    return make_room_session(make_room(make_centre()), sitting.exam_sessions.get())


def test_free_places_are_read_once_however_many_look(place: RoomSession) -> None:
    sitting = place.exam_session.sitting_id
    with CaptureQueriesContext(connection) as asked:
        seen = {availability(sitting, AT) for _visitor in range(50)}
    assert (len(asked), len(seen)) == (3, 1)
    assert seen.pop().free == 12


def test_the_version_changes_when_places_do_and_only_then(
    place: RoomSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting = place.exam_session.sitting
    before = availability(sitting.pk, AT)
    assert read_availability(sitting.pk, AT) == before
    fill_room(place, sitting, leave=5)
    assert availability(sitting.pk, AT) == before  # at most a second old
    later = time.monotonic() + module.KEPT_FOR
    monkeypatch.setattr(module.time, "monotonic", lambda: later)
    after = availability(sitting.pk, AT)
    assert (after.free, after.version != before.version) == (5, True)


def test_every_place_is_free_held_or_kept_and_for_whom(place: RoomSession) -> None:
    """A hold that lapsed is over, what an arrangement needs is kept, what is waited for too."""
    session, centre = place.exam_session, place.room.building.centre
    sitting, seats = session.sitting, list(place.room.seats.order_by("pk"))
    SeatPool.objects.create(
        centre=centre, exam_session=session, access_class="wheelchair", capacity=3
    )
    early, late = AT - timedelta(hours=1), AT - timedelta(minutes=1)
    for seat, moment in ((seats[0], early), (seats[1], late)):
        me = make_registration(sitting)
        hold_seat(registration=me, room_session=place, seat=seat, by=None, at=moment)
    now = read_availability(sitting.pk, AT)
    assert (now.free, now.kept_for_arrangements, now.kept_for_the_list) == (11, 3, 0)
    make_booking(make_registration(sitting), place, seats[2])
    rush = queue_picture(sitting, AT)
    assert (rush.booked, rush.held, rush.free, rush.kept, rush.places) == (1, 1, 10, 3, 15)
    waiting = WaitingEntry.objects.create(
        registration=make_registration(sitting), sitting=sitting, paper=session.paper,
        scope="centre", centre=centre, joined_at=AT,
    )  # fmt: skip
    WaitedPool.objects.create(entry=waiting, pool=SeatPool.objects.get(access_class="standard"))
    rush, now = queue_picture(sitting, AT), read_availability(sitting.pk, AT)
    assert (now.free, now.kept_for_arrangements, now.kept_for_the_list) == (0, 3, 10)
    assert rush.booked + rush.held + rush.free + rush.kept == rush.places == 15
    frozen = read_availability(sitting.pk, sitting.freezes_at)
    assert frozen.kept_for_the_list == 0, "the list has ended"


def test_the_front_page_asks_the_database_nothing(db: None) -> None:
    client = Client()
    client.get("/")
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/").status_code == 200
    assert len(asked) == 0


def test_a_recount_finds_a_counter_that_drifted_and_a_seat_too_many(
    place: RoomSession, capsys: pytest.CaptureFixture[str]
) -> None:
    sitting = place.exam_session.sitting
    fill_room(place, sitting)
    call_command("verify_bookings")
    assert "12" in capsys.readouterr().out
    SeatPool.objects.update(taken=11)
    assert [fault.kind for fault in soundness().faults] == ["counter"]
    SeatPool.objects.update(capacity=11)
    assert [fault.kind for fault in soundness().faults] == ["counter", "over_capacity"]
    with pytest.raises(CommandError):
        call_command("verify_bookings")
    assert "over_capacity" in capsys.readouterr().out


def test_a_recount_finds_an_offer_without_its_seat(place: RoomSession) -> None:
    sitting = place.exam_session.sitting
    fill_room(place, sitting)
    person = make_registration(sitting)
    entry = WaitingEntry.objects.create(
        registration=person, sitting=sitting, paper=place.exam_session.paper, scope="near",
        within_km=5, joined_at=sitting.opens_at, state="offered",
    )  # fmt: skip
    assert [fault.kind for fault in soundness().faults] == ["offer_without_hold"]
    SeatOffer.objects.create(
        entry=entry, booking=Booking.objects.earliest("pk"), made_at=sitting.opens_at,
        until=sitting.opens_at,
    )  # fmt: skip
    assert [fault.kind for fault in soundness().faults] == ["offer_without_hold"]
