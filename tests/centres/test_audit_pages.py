"""An auditor reads the trail and walks its chain; nobody can do more."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from centres.common.audit import record
from centres.models import Role, User


@pytest.fixture
def auditor(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.AUDITOR))


def test_an_auditor_finds_the_acts_of_one_kind(auditor: Client, now: datetime) -> None:
    record("open_room", target="x.room:1", by=None, at=now, why="early")
    record("close_room", target="x.room:1", by=None, at=now)
    page = auditor.get("/audit/?verb=open_room").content.decode()
    assert "1 act is on record" in page
    assert "why: early" in page
    assert "close_room</td>" not in page


def test_a_fact_may_have_any_name(auditor: Client, now: datetime) -> None:
    record("publish", target="x.run:1", by=None, at=now, items=150, keys=2, values=[1])
    page = auditor.get("/audit/").content.decode()
    assert "items: 150" in page
    assert "keys: 2" in page


def test_the_check_walks_the_chain_and_shows_its_end(auditor: Client, now: datetime) -> None:
    entry = record("act", target="x:1", by=None, at=now)
    page = auditor.get("/audit/check/").content.decode()
    assert "The chain is whole" in page
    assert entry.hash in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_few_questions_for_any_length(
    auditor: Client, now: datetime, count: int, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(count):
        record("act", target="x:1", by=User.objects.get(), at=now)
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        assert auditor.get("/audit/").status_code == 200
