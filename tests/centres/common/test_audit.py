"""The audit trail cannot be edited, and an edit behind its back is found."""

from datetime import datetime
from itertools import pairwise

import pytest
from django.db import DatabaseError, connection, transaction

from centres.common.audit import GENESIS, AuditEntry, Said, first_broken, record, record_many
from centres.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(now: datetime) -> list[AuditEntry]:
    user = User.objects.create(username="u")
    return [record("act", target=user, by=user, at=now, step=n, at_time=now) for n in range(5)]


def test_entries_are_numbered_from_one_without_gaps_and_linked(trail: list[AuditEntry]) -> None:
    assert [entry.number for entry in trail] == [1, 2, 3, 4, 5]
    assert trail[0].previous == GENESIS
    assert all(b.previous == a.hash for a, b in pairwise(trail))
    assert first_broken() is None


def test_the_database_itself_refuses_to_change_an_entry(trail: list[AuditEntry]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(number=3).update(verb="another act")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.filter(number=3).delete()
    assert AuditEntry.objects.count() == 5


@pytest.mark.parametrize("column", ["verb", "target", "facts", "at", "by_id"])
def test_an_edit_behind_the_triggers_is_found_and_located(
    trail: list[AuditEntry], column: str
) -> None:
    entries = list(AuditEntry.objects.order_by("number"))
    forged = {"verb": "b", "target": "t", "facts": {"step": 9}, "at": trail[0].at, "by_id": None}
    before = getattr(entries[3], column)
    setattr(entries[3], column, forged[column])
    if forged[column] == before:
        entries[3].at = before.replace(minute=59)
    broken = first_broken(entries)
    assert broken is not None
    assert broken.number == 4


def test_a_removed_entry_is_found(trail: list[AuditEntry]) -> None:
    entries = list(AuditEntry.objects.order_by("number"))
    broken = first_broken(entries[:2] + entries[3:])
    assert broken is not None
    assert broken.number == 4


def test_nothing_is_recorded_of_an_act_that_was_rolled_back(now: datetime) -> None:
    with transaction.atomic():
        record("act", target="x:1", by=None, at=now)
        transaction.set_rollback(True)
    assert AuditEntry.objects.count() == 0
    assert record("act", target="x:1", by=None, at=now).number == 1


def test_the_triggers_are_in_the_database() -> None:
    query = (
        "SELECT count(*) FROM sqlite_master WHERE name LIKE 'append_only_centres_auditentry%'"
        if connection.vendor == "sqlite"
        else "SELECT count(*) FROM pg_trigger WHERE tgname = 'append_only_centres_auditentry'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchone()[0] >= 1


def test_acts_committed_together_are_linked_one_by_one(now: datetime) -> None:
    record("before", target="a:1", by=None, at=now)
    said = [Said("hold_seat", f"b:{n}", None, {"n": n}) for n in range(3)]
    entries = record_many(said, at=now)
    assert [entry.number for entry in entries] == [2, 3, 4]
    assert record_many([], at=now) == []
    assert record("after", target="a:2", by=None, at=now).previous == entries[-1].hash
    assert first_broken() is None
