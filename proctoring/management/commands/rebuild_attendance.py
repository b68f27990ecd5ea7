"""Compute the tables of the exam day anew from the ledgers. It must change nothing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from proctoring.store.rebuild import rebuild


class Command(BaseCommand):
    help = "Compute heads, attendances and incidents anew from the ledgers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="say what differs, write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = rebuild(write=not options["check"])
        if wrong and options["check"]:
            raise CommandError(_("%(rows)s rows differ from the ledgers.") % {"rows": wrong})
        said = _("Nothing had to change.") if not wrong else _("%(rows)s rows were put right.")
        self.stdout.write(said % {"rows": wrong})
