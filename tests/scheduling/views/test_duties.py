"""The roster's page and its workbook."""

from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.urls import reverse
from openpyxl import load_workbook

from centres.common.runs import perform
from centres.models import Role, User
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.models import Duty, Proctor
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def sitting(now):
    made = small_country()
    run = perform(prepare_allocation(sitting=made.sitting, by=None, at=now, seed=3))
    accept_allocation(run=run, by=None, at=now)
    for number in range(4):
        user = User.objects.create(username=f"watch{number}", name_en=f"Watcher {number}")
        Proctor.objects.create(user=user, centre=made.north)
    return made.sitting


def test_the_roster_is_made_shown_and_exported(sitting, sign_in, make_staff, now):
    with time_machine.travel(now - timedelta(days=9)):
        staff = sign_in(make_staff(Role.STAFF))
        page = staff.post(reverse("roster_make", args=[sitting.pk]), follow=True).content.decode()
        data = staff.get(reverse("roster_export", args=[sitting.pk])).content
    assert "Who watches which room" in page
    duties = Duty.objects.count()
    assert duties > 0
    book = load_workbook(BytesIO(data))
    assert book.active.max_row == 1 + duties
    book.close()


def test_an_auditor_looks_but_makes_nothing(sitting, sign_in, make_staff):
    auditor = sign_in(make_staff(Role.AUDITOR))
    assert auditor.get(reverse("roster", args=[sitting.pk])).status_code == 200
    assert auditor.post(reverse("roster_make", args=[sitting.pk])).status_code == 403
