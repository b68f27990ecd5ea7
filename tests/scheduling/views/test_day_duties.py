"""On the day a proctor does not come: others take his duties, and nobody else's change."""

import pytest
from django.urls import reverse

from centres.common.runs import perform
from centres.common.thai import in_bangkok
from centres.models import Role, User
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.duties import excuse_proctor, make_duties, name_relative
from scheduling.models import Booking, Duty, Institution, Proctor
from scheduling.queries.duties import free_proctors
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def country(now):
    """Two rooms in the north with people; two proctors each, and three who are free."""
    made = small_country()
    run = perform(prepare_allocation(sitting=made.sitting, by=None, at=now, seed=3))
    accept_allocation(run=run, by=None, at=now)
    for number in range(5):
        user = User.objects.create(username=f"watch{number}", name_en=f"Watcher {number}")
        Proctor.objects.create(user=user, centre=made.north)
    make_duties(sitting=made.sitting, by=None, at=made.sitting.closes_at)
    return made


def duties() -> set[tuple[int, int]]:
    return set(Duty.objects.values_list("proctor_id", "room_session_id"))


def test_who_cannot_come_is_replaced_and_nobody_else_changes(country):
    gone = Duty.objects.filter(is_head=True).first().proctor
    before = duties()
    day = in_bangkok(country.sessions[0].starts_at).date()
    early = country.sitting.closes_at
    made = excuse_proctor(proctor=gone, sitting=country.sitting, day=day, by=None, at=early)
    his = {pair for pair in before if pair[0] == gone.pk}
    assert made.missing == {}
    assert made.duties == len(his) > 0
    assert before - duties() == his
    for room in {room for _proctor, room in duties()}:
        assert Duty.objects.filter(room_session=room, is_head=True).count() == 1
    assert gone not in free_proctors(Duty.objects.first())


def test_a_proctor_never_watches_the_room_of_a_relative(country):
    booking = Booking.objects.filter(room_session__room__building__centre=country.north).first()
    number = booking.registration.number
    for proctor in Proctor.objects.all()[:2]:
        name_relative(
            proctor=proctor, sitting=country.sitting, number=number, by=None,
            at=country.sitting.closes_at,
        )  # fmt: skip
        make_duties(sitting=country.sitting, by=None, at=country.sitting.closes_at)
        assert (proctor.pk, booking.room_session_id) not in duties()


def test_the_chief_changes_one_duty_and_only_to_who_may_take_it(country, make_staff, sign_in):
    duty = Duty.objects.filter(room_session__room__building__centre=country.north).first()
    known = Proctor.objects.exclude(duties__room_session=duty.room_session).last()
    known.institution = Institution.objects.get(code="I1")
    known.save()
    chief = sign_in(make_staff(Role.CHIEF, centre=country.north))
    address = reverse("duty_change", args=[duty.pk])
    page = chief.get(address).content.decode()
    assert known.user.shown_name not in page
    assert chief.post(address, {"proctor": known.pk, "reason": "ill"}).status_code == 422
    free = free_proctors(duty)[0]
    assert chief.post(address, {"proctor": free.pk, "reason": ""}).status_code == 422
    assert chief.post(address, {"proctor": free.pk, "reason": "train late"}).status_code == 302
    duty.refresh_from_db()
    assert duty.proctor == free
    page = chief.get(
        reverse("centre_roster", args=[country.sitting.pk, country.north.pk])
    ).content.decode()
    assert free.user.shown_name in page


def test_a_chief_of_another_centre_changes_nothing(country, make_staff, sign_in):
    duty = Duty.objects.filter(room_session__room__building__centre=country.north).first()
    chief = sign_in(make_staff(Role.CHIEF, centre=country.south))
    args = [country.sitting.pk, country.north.pk]
    assert chief.get(reverse("duty_change", args=[duty.pk])).status_code == 404
    assert chief.get(reverse("centre_roster", args=args)).status_code == 404
    assert chief.post(reverse("duty_excuse", args=args), {}).status_code == 404
