"""What staff print for a room: their own centre's, and never another's."""

from typing import Any

import pytest
from django.urls import reverse

from centres.models import Role
from scheduling.models import RoomSession
from tests.factories import fill_room, make_centre, make_room, make_room_session, make_sitting

pytestmark = pytest.mark.django_db
PAGES = ["room_cards_pdf", "door_list_pdf"]


@pytest.fixture
def place() -> RoomSession:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre("CNX")), sitting.exam_sessions.get())
    fill_room(place, sitting)
    return place


@pytest.mark.parametrize("page", PAGES)
def test_a_chief_prints_for_the_rooms_of_the_own_centre_alone(
    make_staff: Any, sign_in: Any, place: RoomSession, page: str
) -> None:
    own = sign_in(make_staff(Role.CHIEF, place.room.building.centre))
    other = sign_in(make_staff(Role.CHIEF, make_centre("BKK")))
    assert own.get(reverse(page, args=[place.pk])).content.startswith(b"%PDF")
    assert other.get(reverse(page, args=[place.pk])).status_code == 404
    assert own.get(reverse(page, args=[0])).status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("role", "status"), [(Role.STAFF, 200), (Role.HEADQUARTERS, 200), (Role.EXAMINER, 403)]
)
def test_roles_without_this_work_are_turned_away(
    make_staff: Any, sign_in: Any, place: RoomSession, page: str, role: Role, status: int
) -> None:
    answer = sign_in(make_staff(role)).get(reverse(page, args=[place.pk]))
    assert answer.status_code == status
