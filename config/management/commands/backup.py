"""Copy the whole database to one file while the system goes on."""

import os
import sqlite3
import subprocess
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone


class Command(BaseCommand):
    help = "Write a backup of the database: SQLite's own online copy, or pg_dump."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, help="file to write; var/backups/TIME unless said")

    def handle(self, *, to: Path | None, **options: Any) -> None:
        target = to or _default_target()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise CommandError(f"{target} exists already. Name another file; none is overwritten.")
        partial = target.with_name(target.name + ".partial")
        partial.unlink(missing_ok=True)
        (_copy_sqlite if connection.vendor == "sqlite" else _dump_postgres)(partial)
        partial.chmod(0o600)
        partial.rename(target)
        size = target.stat().st_size / 1e6
        self.stdout.write(f"Backup of {size:.1f} MB in {target}")
        self.stdout.write("It holds personal data, and opens only with the keys: keep them apart.")


def _default_target() -> Path:
    kind = "sqlite3" if connection.vendor == "sqlite" else "dump"
    return Path(settings.DATA_DIR) / "backups" / f"{timezone.now():%Y%m%d-%H%M%S}.{kind}"


def _copy_sqlite(target: Path) -> None:
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy, pages=4096)


def _dump_postgres(target: Path) -> None:
    named = connection.settings_dict
    command = ["pg_dump", "--format=custom", "--file", str(target), "--dbname", named["NAME"]]
    try:
        subprocess.run(command, check=True, env=postgres_environment(named))
    except FileNotFoundError:
        raise CommandError("pg_dump is not here. Install PostgreSQL's client programs.") from None
    except subprocess.CalledProcessError as fault:
        raise CommandError(f"pg_dump ended with code {fault.returncode}; see above.") from None


def postgres_environment(named: dict[str, Any]) -> dict[str, str]:
    """The connection as libpq's own variables: a password must not show in a list of processes."""
    given = {
        "PGHOST": named.get("HOST"),
        "PGPORT": named.get("PORT"),
        "PGUSER": named.get("USER"),
        "PGPASSWORD": named.get("PASSWORD"),
    }
    return {**os.environ, **{name: str(value) for name, value in given.items() if value}}
