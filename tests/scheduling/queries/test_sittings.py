"""Where a candidate stands, and how far the centres are."""

from datetime import timedelta

import pytest

from centres.models import Centre
from scheduling.models import Registration, RegistrationState, SittingMode, Wish
from scheduling.queries.sittings import (
    centres_by_distance,
    distance_km,
    registrations_of,
    standing_of,
    supply_of,
)
from tests.factories import (
    NOW,
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db


def test_distance_is_that_of_the_globe() -> None:
    """Bangkok to Chiang Mai: 582 km as the crow flies."""
    home = Registration(home_latitude=13.7540, home_longitude=100.5014)
    assert distance_km(home, Centre(latitude=18.7904, longitude=98.9847)) == pytest.approx(
        582, abs=3
    )
    assert distance_km(home, Centre(latitude=13.7540, longitude=100.5014)) == 0


def test_the_nearest_centre_comes_first_and_only_those_with_places() -> None:
    sitting = make_sitting()
    far = make_centre("FAR", latitude=7.0)
    near, closed = make_centre("NEAR"), make_centre("SHUT")
    for centre in (far, near):
        make_room_session(make_room(centre), sitting.exam_sessions.get())
    found = [there.centre for there in centres_by_distance(make_registration(sitting))]
    assert found == [near, far]
    assert closed not in found


def test_accepted_registrations_come_before_withdrawn_ones_and_new_before_old() -> None:
    old, new = make_sitting("1/2570"), make_sitting("2/2570", opens_at=NOW - timedelta(days=50))
    first = make_registration(old)
    second = make_registration(new, candidate=first.candidate)
    assert registrations_of(first.candidate) == [second, first]
    second.state = RegistrationState.WITHDRAWN
    second.save()
    assert registrations_of(first.candidate) == [first, second]


@pytest.mark.parametrize(("session", "rank"), [(1, 2), (None, 2), (2, 0)])
def test_a_granted_wish_is_named_by_its_rank(session: int | None, rank: int) -> None:
    sitting = make_sitting(mode=SittingMode.FIRST_COME, sessions=2)
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get(number=1))
    person = make_registration(sitting)
    seat = place.room.seats.first()
    assert seat is not None
    make_booking(person, place, seat)
    centre = place.room.building.centre
    Wish.objects.create(registration=person, rank=1, centre=make_centre("FAR"))
    Wish.objects.create(
        registration=person, rank=2, centre=centre,
        exam_session=sitting.exam_sessions.get(number=session) if session else None,
    )  # fmt: skip
    assert standing_of(person, NOW - timedelta(days=1)).wish_rank == rank


def test_supply_counts_places_and_people() -> None:
    sitting = make_sitting()
    make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    make_registration(sitting)
    make_registration(sitting, state=RegistrationState.WITHDRAWN)
    supply = supply_of(sitting)
    assert (supply.places, supply.people, supply.is_enough) == (12, 1, True)
