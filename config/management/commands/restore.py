"""Bring a backup back, or prove that it could be brought back."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from centres.common.audit import first_broken
from config.management.commands.backup import postgres_environment
from proctoring.actions.epochs import begin_epoch

INVENTORY_COMMAND = [sys.executable, "manage.py", "inventory"]


class Command(BaseCommand):
    help = "Restore a backup. With --drill: into a scratch database, compare, and throw it away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--drill", action="store_true", help="prove it, change nothing")
        parser.add_argument("--replace", action="store_true", help="yes, replace what is here")

    def handle(self, *, file: Path, drill: bool, replace: bool, **options: Any) -> None:
        if not file.exists():
            raise CommandError(f"There is no file {file}.")
        if drill:
            self._drill(file)
        elif not replace:
            raise CommandError("This replaces the database. Add --replace, or try --drill first.")
        else:
            self._replace(file)

    def _drill(self, file: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            with _scratch(file, Path(folder)) as url:
                there = _inventory(url)
            here = _inventory(None)
        self.stdout.write(there)
        if there != here:
            self.stdout.write("Now in use:\n" + here)
            self.stdout.write("The backup is readable and whole; it is older than what is in use.")
        else:
            self.stdout.write("The backup holds exactly what is in use.")

    def _replace(self, file: Path) -> None:
        if connection.vendor == "sqlite":
            _check_sqlite(file)
            name = Path(str(connection.settings_dict["NAME"]))
            connection.close()
            partial = name.with_name(name.name + ".restoring")
            shutil.copyfile(file, partial)
            for tail in ("-wal", "-shm"):
                name.with_name(name.name + tail).unlink(missing_ok=True)
            partial.replace(name)
        else:
            _pg_restore(file, str(connection.settings_dict["NAME"]), "--clean", "--if-exists")
        broken = first_broken()
        if broken:
            raise CommandError(f"Restored, but the audit trail is broken at entry {broken.number}.")
        begin_epoch(by=None, at=timezone.now())
        self.stdout.write("Restored. The audit trail is whole. Every console reads its room anew.")


class _scratch:  # noqa: N801 - a context manager, used like a function
    """A throw-away database made from a backup; gives its URL."""

    def __init__(self, file: Path, folder: Path) -> None:
        self.file, self.folder = file, folder
        self.name = f"drill_{os.getpid()}_{uuid4().hex[:8]}"

    def __enter__(self) -> str:
        if connection.vendor == "sqlite":
            _check_sqlite(self.file)
            copy = self.folder / "drill.sqlite3"
            shutil.copyfile(self.file, copy)
            return f"sqlite:///{copy}"
        named = connection.settings_dict
        _run(["createdb", self.name])
        _pg_restore(self.file, self.name)
        login = f"{named['USER']}:{named['PASSWORD']}".rstrip(":")
        return f"postgres://{login}@{named['HOST']}:{named['PORT'] or 5432}/{self.name}"

    def __exit__(self, *reason: object) -> None:
        if connection.vendor != "sqlite":
            _run(["dropdb", "--if-exists", self.name])


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as fault:
        raise CommandError(f"{file} is not a whole SQLite database: {fault}.") from None
    if verdict != "ok":
        raise CommandError(f"{file} is damaged: {verdict}. Use an earlier backup.")


def _pg_restore(file: Path, name: str, *options: str) -> None:
    _run(["pg_restore", "--exit-on-error", "--no-owner", *options, "--dbname", name, str(file)])


def _run(command: list[str]) -> None:
    environment = postgres_environment(connection.settings_dict)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(f"{command[0]} could not do it: {done.stderr.strip()[:400]}")


def _inventory(url: str | None) -> str:
    """What a database holds, told by a process of its own that is connected to nothing else."""
    environment = {**os.environ, **({"DATABASE_URL": url} if url else _own_url())}
    done = subprocess.run(
        INVENTORY_COMMAND,
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"The database could not be read: {done.stderr.strip()[-400:]}")
    return done.stdout


def _own_url() -> dict[str, str]:
    """The database of this process, which a test may have renamed."""
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return {"DATABASE_URL": f"sqlite:///{named['NAME']}"}
    login = f"{named['USER']}:{named['PASSWORD']}".rstrip(":")
    address = f"postgres://{login}@{named['HOST']}:{named['PORT'] or 5432}/{named['NAME']}"
    return {"DATABASE_URL": address}
