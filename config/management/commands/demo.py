"""demo: play one whole national examination on this machine, then serve it."""

import fcntl
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone, translation

from config.demo.country import FULL_SIZE
from config.demo.journal import Journal, read_journal
from config.demo.sign_ins import PASSWORD, demo_candidates, demo_sign_ins
from config.demo.stage import Stage
from config.demo.story import play
from config.demo.teller import Teller
from config.management.commands.serve import refuse_taken_port
from scheduling.models import Sitting

SMALLEST = 200  # below this some of the planted faults have nowhere to be
SEED = 2570


class Command(BaseCommand):
    help = "Play one national examination from booking to published result, then serve it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        environment = os.environ.get
        # As words: what the environment says wrongly is refused like a wrong option.
        parser.add_argument("--size", type=int, default=environment("SIZE") or str(FULL_SIZE))
        parser.add_argument("--seed", type=int, default=environment("SEED") or str(SEED))
        parser.add_argument("--port", type=int, default=environment("PORT") or "8000")
        parser.add_argument(
            "--no-serve", action="store_true", default=environment("SERVE") == "0",
            help="end after the table (SERVE=0)",
        )  # fmt: skip

    def handle(self, *, size: int, seed: int, port: int, no_serve: bool, **options: Any) -> None:
        if not SMALLEST <= size <= FULL_SIZE:
            raise CommandError(f"SIZE is from {SMALLEST} to {FULL_SIZE:,} people who sit.")
        _refuse_beside_a_server()
        if not no_serve:
            refuse_taken_port("127.0.0.1", port)  # now, and not when the story is over
        teller = Teller()
        journal = _journal(size, seed, teller)
        with translation.override("en"):
            try:
                play(Stage(journal, teller))
            except KeyboardInterrupt:
                raise CommandError("Stopped. The same command goes on from here.") from None
            _tell_sign_ins(teller, port, goes_on=not no_serve)
        if not no_serve:
            os.environ["DEMO"] = "1"
            call_command("serve", port=port)


def _refuse_beside_a_server() -> None:
    """The demo may begin by removing the database that a running server is using."""
    with (settings.DATA_DIR / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError("A server runs on this data. Stop it first (Ctrl-C).") from None


def _journal(size: int, seed: int, teller: Teller) -> Journal:
    """The journal to go on with; a new one, on an empty database, where there is none."""
    _refuse_real_sittings()
    path = Path(settings.DATA_DIR) / "demo" / "story.json"
    database = str(connection.settings_dict["NAME"])
    begun = read_journal(path)
    if begun and _is_same(begun, size, seed, database) and _goes_on(begun):
        teller.say("Going on where the last demo was stopped.")
        call_command("migrate", verbosity=0, interactive=False)
        return begun
    path.unlink(missing_ok=True)
    _empty_database()
    journal = Journal(path, size, seed, timezone.now(), database)
    journal.keep()
    return journal


def _is_same(begun: Journal, size: int, seed: int, database: str) -> bool:
    return (begun.size, begun.seed, begun.database) == (size, seed, database)


def _goes_on(begun: Journal) -> bool:
    """Not at its end, and what it says was done is in the database, which may have been removed."""
    return not begun.finished and (_has_sittings() or not begun.done)


def _has_sittings() -> bool:
    tables = connection.introspection.table_names()
    return Sitting._meta.db_table in tables and Sitting.objects.exists()


def _refuse_real_sittings() -> None:
    if not _has_sittings():
        return
    real = Sitting.objects.filter(is_rehearsal=False).first()
    if real is not None:
        raise CommandError(
            f"This database holds a real sitting ({real.code}). The demo empties its database "
            "first, so it will not run here. Name another one with DATABASE_URL or DATA_DIR."
        )


def _empty_database() -> None:
    """Begin with no rows at all. SQLite: no file; otherwise every table is emptied."""
    connection.close()
    if connection.vendor == "sqlite":
        file = Path(str(connection.settings_dict["NAME"]))
        for name in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            name.unlink(missing_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        return
    call_command("migrate", verbosity=0, interactive=False)
    call_command("flush", verbosity=0, interactive=False)


def _tell_sign_ins(teller: Teller, port: int, *, goes_on: bool) -> None:
    """An address, and one sign-in for each kind of user."""
    if not goes_on:
        teller.say("\nmake serve DEMO=1 opens what was played, with the page of sign-ins.")
    teller.say(
        f"\nhttp://127.0.0.1:{port}/demo/ shows these with codes that are good at the moment."
    )
    teller.say("\nCandidates: registration number and access code")
    teller.figures([(c.number, f"{c.code}   {c.story}") for c in demo_candidates()])
    teller.say(f"\nStaff: user name, one-time code, and the password {PASSWORD}")
    teller.figures([(s.username, f"{s.code}   {s.roles}") for s in demo_sign_ins()])
