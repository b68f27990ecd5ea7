"""Look at this machine and say what is missing, and what to type."""

import asyncio
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import typst
from channels.layers import get_channel_layer
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

Finding = tuple[bool, str]


class Command(BaseCommand):
    help = "Check Python, fonts, database, channel layer, clock and keys of this machine."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        healthy = True
        for check in (_python, _fonts, _database, _migrations, _layer, _clock, _keys, _browser):
            for good, sentence in _safely(check):
                healthy &= good
                self.stdout.write(f"{'ok  ' if good else 'LOOK'}  {sentence}")
        if not healthy:
            raise CommandError("Something needs a look; each line that begins with LOOK says what.")


def _safely(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as fault:
        yield False, f"{check.__name__.strip('_')}: {type(fault).__name__}: {fault}"


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield good, f"Python {version}" + ("" if good else ": 3.11 or newer is needed")


def _fonts() -> Iterator[Finding]:
    folder = settings.BASE_DIR / "config" / "static" / "fonts"
    families = typst.Fonts(include_system_fonts=False, font_paths=[str(folder)]).families()
    good = "Sarabun" in families
    yield good, "Font Sarabun for Thai print" + ("" if good else f" is missing from {folder}")


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA journal_mode")
            mode = cursor.fetchone()[0]
            cursor.execute("PRAGMA synchronous")
            full = cursor.fetchone()[0] == 2
            name = settings.DATABASES["default"]["NAME"]
            yield mode == "wal" and full, f"SQLite {name}, journal {mode}, full sync {full}"
        else:
            cursor.execute("SHOW synchronous_commit")
            sync = cursor.fetchone()[0]
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
            hint = "" if sync != "off" else ": set it on, or confirmed bookings can be lost"
            yield sync != "off", f"PostgreSQL {version}, synchronous_commit {sync}{hint}"


def _migrations() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    hint = f": {waiting} to apply; type: python manage.py migrate" if waiting else " are up to date"
    yield not waiting, f"Tables{hint}"


def _layer() -> Iterator[Finding]:
    kind = "Redis" if settings.REDIS_URL else "in memory (one web process)"
    began = time.perf_counter()
    good = asyncio.run(_round_trip())
    took = 1000 * (time.perf_counter() - began)
    yield good, f"Channel layer {kind}: a message came back in {took:.1f} ms"


async def _round_trip() -> bool:
    layer = get_channel_layer()
    if layer is None:
        return False
    name = await layer.new_channel()
    await layer.send(name, {"type": "doctor"})
    heard = await asyncio.wait_for(layer.receive(name), 5)
    return bool(heard["type"] == "doctor")


def _clock() -> Iterator[Finding]:
    if connection.vendor == "sqlite":
        yield True, f"Clock says {timezone.now():%Y-%m-%d %H:%M:%S} UTC; compare it with a watch"
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs((cursor.fetchone()[0] - timezone.now()).total_seconds())
    hint = "" if apart < 2 else ": set both by network time"
    yield apart < 2, f"Clock is {apart:.2f} s from the database's{hint}"


def _keys() -> Iterator[Finding]:
    folder = settings.DATA_DIR / "keys"
    for name in ("secret", "data"):
        path = folder / name
        if path.exists():
            good = path.stat().st_mode & 0o077 == 0
            hint = "" if good else f": others can read it; type: chmod 600 {path}"
            yield good, f"Key {name} is kept in {path}{hint}"
        else:
            yield True, f"Key {name} comes from the environment"


def _browser() -> Iterator[Finding]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    yield True, f"Browser for journeys: {found or 'none; make test skips them'}"
