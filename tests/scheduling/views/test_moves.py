"""The pages of the day a centre floods."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from centres.common.runs import perform
from centres.models import Role, Room
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.moves import prepare_move_study
from scheduling.actions.plans import accept_moves
from scheduling.arrays.moves import Lost
from scheduling.models import AllocationRun, Booking, MoveStudy
from scheduling.queries.moves import points_of
from tests.factories import NOW, make_room, make_room_session
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Ten days before the exam, for the pages too."""
    with time_machine.travel(NOW - timedelta(days=10), tick=False):
        yield NOW - timedelta(days=10)


@pytest.fixture
def country(now):
    made = small_country()
    room = make_room(made.north, "215")
    for session in made.sessions:
        make_room_session(room, session)
    run = perform(prepare_allocation(sitting=made.sitting, by=None, at=now, seed=3))
    accept_allocation(run=run, by=None, at=now)
    made.sitting.refresh_from_db()
    return made


@pytest.fixture
def staff(now, make_staff, sign_in):
    return sign_in(make_staff(Role.STAFF))


def studied(staff, country) -> MoveStudy:
    room = Room.objects.get(code="215")
    staff.post(reverse("what_if", args=[country.sitting.pk]), {"room": room.pk})
    return perform(MoveStudy.objects.get())


def test_everything_that_can_be_lost_is_offered(staff, country):
    page = staff.get(reverse("what_if", args=[country.sitting.pk])).content.decode()
    for name in ("Centre CNX", "Centre HDY", "Building 1", "215"):
        assert name in page


def test_what_was_asked_before_says_what_was_lost(staff, country):
    studied(staff, country)
    page = staff.get(
        reverse("what_if", args=[country.sitting.pk]), headers={"accept-language": "en"}
    )
    assert "Lost: 215, Building 1, Centre CNX" in page.content.decode()
    asked = {}
    for many in (1, 3):
        while MoveStudy.objects.count() < many:
            staff.post(reverse("what_if", args=[country.sitting.pk]), {"centre": country.south.pk})
        with CaptureQueriesContext(connection) as said:
            staff.get(reverse("what_if", args=[country.sitting.pk]))
        asked[many] = len(said)
    assert asked[3] <= asked[1] + 1  # the names of centres, once


def test_a_study_shows_the_curve_and_books_nothing(staff, country):
    study = studied(staff, country)
    page = staff.get(reverse("move_study", args=[study.pk])).content.decode()
    plans = page.count("data-row=")
    assert 1 <= plans <= len(study.result["points"])
    assert page.count("data-point=") == 2 * plans
    assert "none moves unasked" in page
    assert "215, Building 1, Centre CNX" in page
    assert not Booking.objects.filter(state="moved").exists()


def test_each_plan_of_the_curve_is_a_link_that_works_without_a_script(staff, country):
    study = perform(prepare_move_study(sitting=country.sitting, lost=Lost(), by=None, at=NOW))
    study.result["points"] = [
        study.result["points"][0] | {"moved": moved, "cost": cost}
        for moved, cost in ((9, 100), (7, 100), (4, 120), (1, 300))
    ]
    study.save()
    address = reverse("move_study", args=[study.pk])
    assert [point.moved for point in points_of(study)] == [1, 4, 7]
    for plan in ("0", "2", "99", "two"):
        page = staff.get(address, {"plan": plan}).content.decode()
        hidden = re.findall(r'data-point="(\d)" hidden', page)
        shown = min(int(plan), 2) if plan.isdecimal() else 0
        assert str(shown) not in hidden
        assert len(hidden) == 4


def test_before_and_after_add_up_for_every_centre(staff, country):
    study = studied(staff, country)
    lost = Room.objects.get(code="215").building.centre
    for point in points_of(study):
        rows = point.change.centres
        assert sum(row.before for row in rows) == sum(row.after for row in rows) == 20
        assert sum(row.change for row in rows) == 0
        north = next(row for row in rows if row.centre == lost)
        assert north.places_before - north.places == 24
        assert sum(point.change.after["by_distance"]) == 20


def test_the_chosen_plan_is_worked_out_accepted_by_another_and_undone(
    staff, country, make_staff, sign_in, now
):
    study = studied(staff, country)
    staff.post(reverse("move_plan_choose", args=[study.pk]), {"point": 8})
    run = perform(AllocationRun.objects.first())
    page = staff.get(reverse("allocation", args=[run.pk])).content.decode()
    assert "another person must accept it" in page
    accept = reverse("allocation_accept", args=[run.pk])
    assert "another person must accept it" in staff.post(accept, follow=True).content.decode()
    assert not Booking.objects.filter(state="moved").exists()
    accept_moves(run=run, by=None, at=now)
    page = staff.get(reverse("sitting_allocations", args=[country.sitting.pk])).content.decode()
    assert "Accept the former plan again" in page
    other = sign_in(make_staff(Role.STAFF, username="second"))
    page = other.post(reverse("moves_undo", args=[country.sitting.pk]), follow=True)
    assert "former seat" in page.content.decode()


def test_a_loss_that_cannot_be_made_good_is_said_by_class_and_number(staff, country):
    keys = [country.north.pk, country.south.pk]
    staff.post(reverse("what_if", args=[country.sitting.pk]), {"centre": keys})
    study = perform(MoveStudy.objects.get())
    page = staff.get(reverse("move_study", args=[study.pk])).content.decode()
    assert "20 too few" in page


def test_an_unknown_point_changes_nothing(staff, country):
    study = studied(staff, country)
    staff.post(reverse("move_plan_choose", args=[study.pk]), {"point": "99"})
    assert AllocationRun.objects.count() == 1


def test_a_chief_of_one_centre_does_not_see_studies(sign_in, make_staff, staff, country):
    study = studied(staff, country)
    chief = sign_in(make_staff(Role.CHIEF, centre=country.north))
    assert chief.get(reverse("move_study", args=[study.pk])).status_code == 403
