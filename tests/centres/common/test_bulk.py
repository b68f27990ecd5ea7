"""Many rows at once, on either database."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction

from centres.common.bulk import insert_rows, reserve_ids
from scheduling.models import AdmissionCard, Registration
from tests.factories import make_registration, make_sitting

FIELDS = ("id", "registration", "version", "issued_at", "withdrawn_at", "reason")


@pytest.fixture
def registrations(db: None) -> list[Registration]:
    sitting = make_sitting()
    return [make_registration(sitting) for _ in range(5)]


def test_rows_read_back_as_they_were_given(
    registrations: list[Registration], now: datetime
) -> None:
    ids = reserve_ids(AdmissionCard, 5)
    rows = [
        (key, person.pk, 1, now, None, "เพราะ \t\\N 'x'")
        for key, person in zip(ids, registrations, strict=True)
    ]
    insert_rows(AdmissionCard, FIELDS, rows)
    stored = AdmissionCard.objects.order_by("pk").values_list(*FIELDS)
    assert list(stored) == rows


def test_reserved_keys_are_never_given_again(
    registrations: list[Registration], now: datetime
) -> None:
    first = reserve_ids(AdmissionCard, 3)
    insert_rows(
        AdmissionCard, FIELDS, [(key, registrations[0].pk, key, now, now, "") for key in first]
    )
    AdmissionCard.objects.all().delete()
    later = AdmissionCard.objects.create(registration=registrations[1], issued_at=now)
    assert len(set(first)) == 3
    assert later.pk > max(first)
    assert min(reserve_ids(AdmissionCard, 2)) > later.pk


def test_constraints_still_hold(registrations: list[Registration], now: datetime) -> None:
    rows = [(key, registrations[0].pk, 1, now, now, "") for key in reserve_ids(AdmissionCard, 2)]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(AdmissionCard, FIELDS, rows)
    assert AdmissionCard.objects.count() == 0


def test_rows_may_ask_the_database_while_they_are_read(
    registrations: list[Registration], now: datetime
) -> None:
    people = (person.pk for person in Registration.objects.iterator())
    insert_rows(AdmissionCard, FIELDS, ((pk, pk, 1, now, None, "") for pk in people))
    assert AdmissionCard.objects.count() == 5
