"""A room drawn as the room: who sits where, what is alike, and only for whom it is."""

import pytest
from django.urls import reverse

from centres.models import Role
from scheduling.models import Institution
from scheduling.seating_print import seating_plan, seating_plan_pdf
from scheduling.studies.rooms import seated_room
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


@pytest.fixture
def place():
    """Three rows of two and two, an aisle between; six people, three of one institution."""
    sitting = make_sitting()
    room = make_room(make_centre(), door="back_right")
    place = make_room_session(room, sitting.exam_sessions.get())
    forms = list(place.exam_session.paper.exam_forms.order_by("code"))
    other = Institution.objects.create(code="I2", name_th="สถาบัน 2", name_en="Institution 2")
    for label in ("A1", "B1", "C1", "D1", "A2", "B2"):
        seat = room.seats.get(label=label)
        own = {} if label in ("A1", "B1", "C1") else {"institution": other}
        form = forms[(seat.x + seat.y) % 2]
        make_booking(make_registration(sitting, **own), place, seat, exam_form=form)
    return place


def test_pairs_are_counted_from_the_shape_of_the_room(place):
    room = seated_room(place)
    assert {(a.seat.label, b.seat.label) for a, b in room.links} == {("A1", "B1"), ("A2", "B2")}
    assert (room.people, room.pairs, room.aisles) == (6, 2, (2,))
    assert room.bound <= room.pairs


def test_two_forms_protect_sides_and_rows_and_the_rest_is_bounded(place):
    room = seated_room(place)
    assert set(room.protected) == {"side", "front"}
    assert room.form_pairs == room.form_bound == 2


def test_the_page_draws_every_desk_the_aisle_and_the_door(make_staff, sign_in, place):
    chief = sign_in(make_staff(Role.CHIEF, centre=place.room.building.centre))
    page = chief.get(reverse("seating", args=[place.pk])).content.decode()
    assert page.count('class="deskbox') == 12 + 1  # and one in the legend
    assert page.count('class="alike"') == 2 + 1
    assert 'class="door"' in page
    assert "2 pairs of neighbours from one institution" in page


def test_a_chief_of_another_centre_does_not_see_it(make_staff, sign_in, place):
    chief = sign_in(make_staff(Role.CHIEF, centre=make_centre("HDY")))
    for name in ("seating", "seating_plan_pdf"):
        assert chief.get(reverse(name, args=[place.pk])).status_code in (403, 404)


def test_rooms_are_those_of_the_chiefs_own_centre(make_staff, sign_in, place):
    far = make_room(make_centre("HDY"), "999")
    make_room_session(far, place.exam_session)
    chief = sign_in(make_staff(Role.CHIEF, centre=place.room.building.centre))
    address = reverse("sitting_rooms", args=[place.exam_session.sitting_id])
    for asked in ("", str(far.building.centre_id)):
        page = chief.get(address, {"centre": asked}).content.decode()
        assert "214" in page
        assert "999" not in page


def test_the_page_asks_the_same_questions_for_few_and_for_many(
    make_staff, sign_in, place, django_assert_max_num_queries
):
    chief = sign_in(make_staff(Role.CHIEF, centre=place.room.building.centre))
    with django_assert_max_num_queries(30):
        chief.get(reverse("seating", args=[place.pk]))


@pytest.mark.parametrize("door", ["", "front_left"])
def test_the_printed_plan_says_the_same(place, door):
    place.room.door = door
    place.room.save()
    place.refresh_from_db()
    told = seating_plan(place, NOW)
    assert [desk[2] for desk in told["drawing"]["desks"]].count("A1") == 1
    assert bool(told["drawing"]["door"]) == bool(door)
    assert seating_plan_pdf(place, NOW).startswith(b"%PDF")
