"""What was backed up can be brought back, and this is proved, not hoped."""

import os
import subprocess
import sys
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from centres.common.audit import record
from centres.models import Centre
from tests.factories import make_centre

pytestmark = pytest.mark.django_db(transaction=True)


def backup(path: Path) -> Path:
    call_command("backup", to=path, stdout=StringIO())
    return path


def restore(path: Path, **options: bool) -> str:
    said = StringIO()
    call_command("restore", path, stdout=said, **options)
    return said.getvalue()


def test_a_drill_finds_in_the_backup_exactly_what_is_in_use(tmp_path: Path, now: datetime) -> None:
    record("act", target=make_centre("CNX"), by=None, at=now)
    said = restore(backup(tmp_path / "b"), drill=True)
    assert "holds exactly what is in use" in said
    assert "centres.centre                                1".replace(" ", "") in said.replace(
        " ", ""
    )
    assert "audit trail whole, ends at 1" in said


def test_a_drill_says_when_the_backup_is_older(tmp_path: Path) -> None:
    path = backup(tmp_path / "b")
    make_centre("CNX")
    assert "older than what is in use" in restore(path, drill=True)


def test_a_drill_leaves_no_scratch_database_behind(tmp_path: Path) -> None:
    restore(backup(tmp_path / "b"), drill=True)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            ours = f"drill_{os.getpid()}_%"
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE %s", [ours])
            assert cursor.fetchone()[0] == 0


def test_a_damaged_backup_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    make_centre("CNX")
    path = backup(tmp_path / "b")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CommandError):
        restore(path, drill=True)
    assert Centre.objects.count() == 1


def test_a_backup_is_never_written_over(tmp_path: Path) -> None:
    path = backup(tmp_path / "b")
    with pytest.raises(CommandError, match="exists already"):
        backup(path)


def test_only_the_owner_can_read_a_backup(tmp_path: Path) -> None:
    assert backup(tmp_path / "b").stat().st_mode & 0o077 == 0


def test_replacing_needs_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--replace"):
        restore(backup(tmp_path / "b"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        restore(tmp_path / "nothing", drill=True)


def test_replacing_brings_back_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    database = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/own.sqlite3"}

    def manage(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=database, capture_output=True, text=True, check=True
        )
        return done.stdout

    def centres() -> str:
        code = "from centres.models import Centre; print([c.code for c in Centre.objects.all()])"
        return manage("shell", "--no-imports", "-c", code)

    def add(code: str) -> None:
        make = "from tests.factories import make_centre; make_centre"
        manage("shell", "--no-imports", "-c", f"{make}('{code}')")

    def life() -> str:
        return manage("shell", "-c", "from proctoring.queries.ledger import epoch; print(epoch())")

    manage("migrate", "-v", "0")
    add("CNX")
    before = life()
    manage("backup", "--to", str(tmp_path / "b"))
    add("BKK")
    assert "BKK" in centres()
    assert "audit trail is whole" in manage("restore", str(tmp_path / "b"), "--replace")
    assert centres().strip() == "['CNX']"
    assert life() != before
