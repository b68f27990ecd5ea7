"""The staff's pages: a run is started, followed, looked at and accepted; others are refused."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from centres.common.runs import RunState, perform
from centres.models import Role
from scheduling.actions.allocations import accept_allocation, commit_to_seed, prepare_allocation
from scheduling.models import AllocationRun, Booking
from tests.factories import make_centre, make_registration, make_room, make_room_session
from tests.scheduling.small_country import small_country, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def country():
    return small_country()


@pytest.fixture
def staff(make_staff, sign_in):
    return sign_in(make_staff(Role.STAFF))


@pytest.fixture
def run(country, now):
    return perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=1))


def test_the_list_shows_how_many_are_registered_and_what_was_done(staff, country, run):
    page = staff.get(reverse("sittings")).content.decode()
    assert "Sitting 1/2570" in page
    assert "Computed, not accepted" in page


def test_a_press_of_the_button_queues_a_run(staff, country, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = staff.post(reverse("allocation_start", args=[country.sitting.pk]))
    run = AllocationRun.objects.get()
    assert answer.headers["location"] == reverse("allocation", args=[run.pk])
    page = staff.get(answer.headers["location"]).content.decode()
    assert "A plan is being computed" in page
    assert "data-live" in page
    assert run.seed_commitment in page
    assert str(run.seed) not in page


def test_a_second_press_is_answered_with_a_sentence(staff, country, now):
    prepare_allocation(sitting=country.sitting, by=None, at=now)
    address = reverse("allocation_start", args=[country.sitting.pk])
    page = staff.post(address, follow=True).content.decode()
    assert "already running" in page
    assert AllocationRun.objects.count() == 1


def test_the_fragment_says_how_far_it_is(staff, country, now):
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    run.keep(state=RunState.RUNNING, done=40, total=100)
    page = staff.get(reverse("allocation_progress", args=[run.pk])).content.decode()
    assert "40 / 100" in page


def test_a_working_run_can_be_stopped(staff, country, now):
    run = prepare_allocation(sitting=country.sitting, by=None, at=now)
    staff.post(reverse("allocation_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == RunState.CANCELLED


def test_a_failed_run_says_what_is_missing(staff, now):
    country = small_country(people=50)
    run = perform(prepare_allocation(sitting=country.sitting, by=None, at=now))
    page = staff.get(reverse("allocation", args=[run.pk])).content.decode()
    assert run.error
    assert run.error in page


def test_the_plan_is_shown_with_its_figures_and_its_proof(staff, country, run):
    page = staff.get(reverse("allocation", args=[run.pk])).content.decode()
    assert "Accept this plan?" in page
    for figure in (run.digest, str(run.seed), "Centre CNX", "Centre HDY", "Session 2"):
        assert figure in page
    assert "No plan costs less" in page


def test_accepting_gives_everybody_a_seat_and_says_so(staff, country, run):
    country.sitting.opens_at = timezone.now() - timedelta(days=2)
    country.sitting.closes_at = timezone.now() - timedelta(days=1)
    country.sitting.save()
    page = staff.post(reverse("allocation_accept", args=[run.pk]), follow=True).content.decode()
    assert "20 candidates have a seat now." in page
    assert "The plan in force" in page
    assert Booking.objects.filter(state="confirmed").count() == 20


def test_accepting_twice_is_refused_with_a_sentence(staff, country, run, now):
    accept_allocation(run=run, by=None, at=now)
    page = staff.post(reverse("allocation_accept", args=[run.pk]), follow=True).content.decode()
    assert "was accepted before" in page


@pytest.mark.parametrize("role", [Role.PROCTOR, Role.CHIEF, Role.EXAMINER, Role.ADMINISTRATOR])
def test_other_roles_are_refused(make_staff, sign_in, country, run, role):
    centre = country.north if role in (Role.PROCTOR, Role.CHIEF) else None
    client = sign_in(make_staff(role, centre))
    assert client.get(reverse("allocation", args=[run.pk])).status_code == 403
    assert client.post(reverse("allocation_accept", args=[run.pk])).status_code == 403
    assert not Booking.objects.exists()


def test_headquarters_and_auditors_look_but_do_not_touch(make_staff, sign_in, country, run):
    for role in (Role.HEADQUARTERS, Role.AUDITOR):
        client = sign_in(make_staff(role))
        page = client.get(reverse("allocation", args=[run.pk])).content.decode()
        assert "Accept this plan?" in page
        assert reverse("allocation_accept", args=[run.pk]) not in page
        assert client.post(reverse("allocation_accept", args=[run.pk])).status_code == 403


def test_staff_of_one_centre_do_not_see_the_whole_country(make_staff, sign_in, country, run):
    client = sign_in(make_staff(Role.STAFF, country.north))
    for address in ("sittings", "allocation"):
        args = [run.pk] if address == "allocation" else []
        assert client.get(reverse(address, args=args)).status_code == 403


def test_an_unknown_plan_is_not_found(staff):
    assert staff.get(reverse("allocation", args=[999])).status_code == 404


def test_the_pages_ask_the_same_questions_for_few_and_for_many(staff, country, now, run):
    addresses = [
        reverse("sittings"),
        reverse("sitting_allocations", args=[country.sitting.pk]),
        reverse("allocation", args=[run.pk]),
    ]
    few = [_queries(staff, address) for address in addresses]
    third = make_centre("UBP", latitude=15.2, longitude=104.9)
    room = make_room(third)
    for session in country.sessions:
        make_room_session(room, session)
    for _ in range(5):
        wish(make_registration(country.sitting), third)
    more = perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=2))
    addresses[2] = reverse("allocation", args=[more.pk])
    assert [_queries(staff, address) for address in addresses] == few


def _queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_everybody_sees_the_commitment_but_the_seed_only_once_seats_are_given(
    client, country, run, now
):
    address = reverse("lottery", args=[country.sitting.pk])
    sealed = commit_to_seed(
        sitting=country.sitting, by=None, at=country.sitting.closes_at - timedelta(days=1)
    )
    page = client.get(address).content.decode()
    assert sealed.commitment in page
    assert str(sealed.seed) not in page
    assert str(run.seed_commitment) not in page
    accept_allocation(run=run, by=None, at=now)
    page = client.get(address).content.decode()
    assert run.digest in page
    assert page.count("<tr>") == 1 + len(run.prices)
