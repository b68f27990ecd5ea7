"""Staff note what single people ask; what cannot be is said and nothing is kept."""

import pytest
from django.urls import reverse

from centres.common.audit import AuditEntry
from centres.models import Role
from scheduling.models import RefusedSession, SeatRequest
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def country():
    return small_country(4)


@pytest.fixture
def staff(make_staff, sign_in):
    return sign_in(make_staff(Role.STAFF))


def asked(staff, country, kind, value, number=None):
    address = reverse("seat_requests", args=[country.sitting.pk])
    number = number or country.people[0].number
    return staff.post(address, {"number": number, "kind": kind, "value": value})


@pytest.mark.parametrize("kind", ["refuse", "together", "apart", "fixed"])
def test_each_request_is_noted_shown_and_taken_back(staff, country, kind):
    other = country.people[1].number
    value = {"refuse": "2", "fixed": "hdy/214/b2"}.get(kind, other)
    assert asked(staff, country, kind, value).status_code == 302
    page = staff.get(reverse("seat_requests", args=[country.sitting.pk])).content.decode()
    assert "Take back" in page
    row = RefusedSession.objects.first() or SeatRequest.objects.get()
    assert AuditEntry.objects.first().verb == f"requests.{kind}"
    address = reverse("seat_request_drop", args=[country.sitting.pk])
    staff.post(address, {"kind": kind if kind == "refuse" else "", "request": row.pk})
    assert not RefusedSession.objects.exists()
    assert not SeatRequest.objects.exists()


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("refuse", "9", "no exam session 9"),
        ("refuse", "two", "no exam session two"),
        ("together", "1234567890", "1234567890"),
        ("fixed", "CNX/214", "no usable seat CNX/214"),
        ("fixed", "CNX/214/Z9", "no usable seat"),
    ],
)
def test_what_does_not_exist_is_said_and_what_was_typed_is_kept(
    staff, country, kind, value, sentence
):
    answer = asked(staff, country, kind, value)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert f'value="{value}"' in page
    assert not RefusedSession.objects.exists()
    assert not SeatRequest.objects.exists()


def test_nobody_is_his_own_company_and_a_pair_stands_once(staff, country):
    one, other = country.people[0].number, country.people[1].number
    assert asked(staff, country, "apart", one).status_code == 422
    assert asked(staff, country, "apart", other).status_code == 302
    assert asked(staff, country, "together", one, number=other).status_code == 422
    assert SeatRequest.objects.get().kind == "apart"


def test_others_are_refused(make_staff, sign_in, country):
    auditor = sign_in(make_staff(Role.AUDITOR))
    address = reverse("seat_requests", args=[country.sitting.pk])
    assert auditor.get(address).status_code == 403
