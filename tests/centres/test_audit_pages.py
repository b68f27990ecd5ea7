"""An auditor reads the trail and walks its chain; nobody can do more."""

import ast
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from centres.common.acts import ACTS
from centres.common.audit import record
from centres.models import Role, User
from scheduling.models import Company
from scoring.models import EntryKind

APPS = ("centres", "scheduling", "proctoring", "scoring", "config")
PRODUCT = [path for app in APPS for path in (Path(settings.BASE_DIR) / app).rglob("*.py")]


@pytest.fixture
def auditor(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.AUDITOR))


def test_an_auditor_finds_the_acts_of_one_kind(auditor: Client, now: datetime) -> None:
    record("open_room", target="x.room:1", by=None, at=now, why="early")
    record("close_room", target="x.room:1", by=None, at=now)
    page = auditor.get("/audit/?verb=open_room").content.decode()
    assert "1 act is on record" in page
    assert "why: early" in page
    assert "close_room</span>" not in page


def test_acts_and_times_are_said_in_the_reader_s_language(auditor: Client, now: datetime) -> None:
    record("hold_seat", target="x:1", by=None, at=datetime(2026, 11, 30, 7, 31, 52, tzinfo=UTC))
    english = auditor.get("/audit/").content.decode()
    assert "Hold a seat<br>" in english
    assert "30 Nov 2026 14:31:52" in english
    auditor.cookies["django_language"] = "th"
    thai = auditor.get("/audit/").content.decode()
    assert "กันที่นั่ง<br>" in thai
    assert "30 พ.ย. 2569 14.31.52\N{NO-BREAK SPACE}น." in thai


def test_every_act_that_the_code_records_has_words_for_the_auditor() -> None:
    told = {
        str(call.args[0].value)
        for path in PRODUCT
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in ("record", "Said")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    told |= {f"case_{kind}" for kind in EntryKind.values}
    asked = [*Company.values, "refuse"]
    told |= {f"requests.{kind}" for kind in asked} | {f"requests.drop_{kind}" for kind in asked}
    told |= {"add_by_hand", "edit_by_hand"}  # the administrator's site
    assert len(told) > 100
    assert told == set(ACTS)


def test_the_menu_of_an_auditor_begins_with_the_trail_and_every_page_of_it_opens(
    auditor: Client,
) -> None:
    home = auditor.get("/home/", follow=True)
    offered = [item.address for item in home.context["menu"]]
    assert home.redirect_chain[0][0] == offered[0] == "/audit/"
    assert len(offered) == 5
    for address in offered:
        assert auditor.get(address, follow=True).status_code == 200, address


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
