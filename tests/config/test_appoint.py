"""The first person gets in, and only with a role that has its place."""

import getpass
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from centres.common.audit import AuditEntry
from centres.models import StaffRole, User
from tests.factories import make_centre

pytestmark = pytest.mark.django_db


def appoint(*words: str) -> str:
    said = StringIO()
    call_command("appoint", *words, stdout=said)
    return said.getvalue()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "a long enough password")


def test_the_first_administrator_is_appointed_from_the_shell(typed: None) -> None:
    assert appoint("root", "administrator") == "root is administrator everywhere.\n"
    user = User.objects.get(username="root")
    assert user.check_password("a long enough password")
    assert AuditEntry.objects.filter(verb="assign_role").count() == 1


def test_appointing_twice_changes_nothing(typed: None) -> None:
    appoint("root", "administrator")
    appoint("root", "administrator")
    assert StaffRole.objects.count() == 1


def test_a_weak_password_leaves_no_account_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "short")
    with pytest.raises(CommandError):
        appoint("root", "administrator")
    assert not User.objects.exists()


def test_a_proctor_needs_a_centre(typed: None) -> None:
    make_centre("CNX")
    with pytest.raises(CommandError, match="Known: CNX"):
        appoint("p", "proctor")
    assert appoint("p", "proctor", "--centre", "CNX") == "p is proctor at CNX.\n"
