"""The roster of a sitting keeps its rules, and one room can be changed on the day."""

from datetime import timedelta

import pytest

from centres.common.runs import perform
from centres.models import User
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.duties import make_duties, replace_proctor
from scheduling.errors import ProctorNotFree
from scheduling.models import Duty, Institution, Proctor
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def country(now):
    made = small_country()
    run = perform(prepare_allocation(sitting=made.sitting, by=None, at=now, seed=3))
    accept_allocation(run=run, by=None, at=now)
    return made


def hire(country, people: int, institution: Institution | None = None) -> list[Proctor]:
    made = []
    for centre in (country.north, country.south):
        for _number in range(people):
            user = User.objects.create(username=f"watch{User.objects.count()}")
            made.append(Proctor.objects.create(user=user, centre=centre, institution=institution))
    return made


def test_every_room_with_people_has_its_proctors_and_one_head(country, now):
    hire(country, 4)
    made = make_duties(sitting=country.sitting, by=None, at=now - timedelta(days=9), per_day=1)
    assert made.missing == {}
    duties = Duty.objects.all()
    rooms = set(duties.values_list("room_session", flat=True))
    assert made.duties == duties.count() == 2 * len(rooms)
    assert duties.filter(is_head=True).count() == len(rooms)
    assert duties.values("proctor").distinct().count() == duties.count()


def test_of_all_rosters_that_fill_as_much_the_ways_from_home_are_the_shortest(country, now):
    """Brute force over who could be spared: the duties go to those who live nearest."""
    proctors = hire(country, 6)
    for far, proctor in enumerate(proctors):
        proctor.home_latitude = proctor.centre.latitude + 0.07 * ((5 * far) % 7)
        proctor.home_longitude = proctor.centre.longitude
        proctor.save()
    made = make_duties(sitting=country.sitting, by=None, at=now - timedelta(days=9), per_day=1)
    assert made.missing == {}
    here = [proctor for proctor in proctors if proctor.centre == country.north]
    away = {proctor.pk: proctor.home_latitude - country.north.latitude for proctor in here}
    given = list(Duty.objects.values_list("proctor", flat=True))
    assert 2 <= len(given) < len(here)
    nearest = sorted(away.values())[: len(given)]
    assert sorted(away[key] for key in given) == pytest.approx(nearest)


def test_nobody_watches_people_of_his_own_institution(country, now):
    hire(country, 4, country.people[0].institution)
    made = make_duties(sitting=country.sitting, by=None, at=now - timedelta(days=9))
    assert made.duties == 0
    assert sum(made.missing.values()) > 0


def test_what_has_begun_keeps_its_duties(country, now):
    hire(country, 4)
    make_duties(sitting=country.sitting, by=None, at=now - timedelta(days=9))
    before = set(Duty.objects.values_list("pk", flat=True))
    make_duties(sitting=country.sitting, by=None, at=now + timedelta(days=9))
    assert set(Duty.objects.values_list("pk", flat=True)) == before


def test_another_takes_over_unless_he_is_not_free(country, now):
    proctors = hire(country, 5)
    make_duties(sitting=country.sitting, by=None, at=now - timedelta(days=9), per_day=1)
    duty = Duty.objects.select_related("room_session__room__building").first()
    centre = duty.room_session.room.building.centre_id
    used = set(Duty.objects.values_list("proctor", flat=True))
    free = next(p for p in proctors if p.centre_id == centre and p.pk not in used)
    other = next(p for p in proctors if p.centre_id != centre)
    with pytest.raises(ProctorNotFree):
        replace_proctor(duty=duty, proctor=other, by=None, at=now, reason="ill")
    replace_proctor(duty=duty, proctor=free, by=None, at=now, reason="ill")
    duty.refresh_from_db()
    assert duty.proctor == free
    with pytest.raises(ProctorNotFree):
        replace_proctor(duty=duty, proctor=free, by=None, at=now, reason="twice")
