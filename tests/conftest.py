"""What every test may ask for: people in their roles, and a database that can be emptied."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db.backends.sqlite3.base import DatabaseOperations
from django.test import Client
from django.utils import translation
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Centre, Role, StaffRole, User
from tests.factories import NOW

# Synchronous helpers of Django may be called from tests that also drive an event loop.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

SHARED = Path(settings.BASE_DIR).parent / "shared"
# A busy machine makes examples slowly; no test asserts how fast it is.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM:
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not CHROMIUM:
        terminalreporter.write_line(
            "Browser journeys were skipped: no chromium here. On Debian: apt-get install chromium"
        )


@pytest.fixture(autouse=True)
def quiet_settings(settings: object, tmp_path: Path) -> None:
    """Every test writes its files in a folder of its own."""
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    settings.REPORTS_DIR = tmp_path / "reports"  # type: ignore[attr-defined]
    settings.BOOKS_DIR = tmp_path / "books"  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def in_thai() -> None:
    """Every test begins in Thai: a page asked for in English leaves its language behind."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(scope="session", autouse=True)
def _empty_append_only_tables() -> Iterator[None]:
    """Emptying the database after a test must get past the triggers of append-only tables.

    PostgreSQL empties by TRUNCATE, which row triggers let pass.
    """
    plain = DatabaseOperations.sql_flush

    def flush(self: Any, style: object, tables: list[str], **options: bool) -> list[str]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
        drop = [f"DROP TRIGGER {name}" for name, _sql in triggers]
        return [*drop, *plain(self, style, tables, **options), *(sql for _name, sql in triggers)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush)
        yield


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_staff(db: None) -> Callable[..., User]:
    """make_staff(Role.CHIEF, centre): a person with that role and a second factor."""

    def make(role: Role, centre: Centre | None = None, username: str = "") -> User:
        name = username or f"{role}-{centre.code if centre else 'all'}"
        user, made = User.objects.get_or_create(username=name, defaults={"name_en": name})
        StaffRole.objects.get_or_create(user=user, role=role, centre=centre)
        if made:
            TOTPDevice.objects.create(user=user, name="phone", confirmed=True)
        return user

    return make


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """sign_in(user): a browser signed in with password and one-time code."""

    def make(user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        device = TOTPDevice.objects.filter(user=user).first()
        if device:
            session = client.session
            session["otp_device_id"] = device.persistent_id
            session.save()
        return client

    return make


@pytest.fixture
def shared() -> Path:
    """The folder of reference data, where it lies beside the project."""
    if not SHARED.exists():
        pytest.skip("the reference data are not beside the project")
    return SHARED
