"""Take in a file of answers: every line becomes a sheet or an exception that waits for a person."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from centres.common.errors import DomainError
from centres.models import User
from scheduling.models import Sitting
from scoring.actions.responses import ingest_response_file
from scoring.models import ResponseFile


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV with the columns number, form, answers")
        parser.add_argument("--sitting", required=True, help="code of the sitting, such as 1/2570")
        parser.add_argument("--by", required=True, help="user name of whoever takes the file in")

    def handle(self, *args: Any, **options: Any) -> None:
        sitting = Sitting.objects.filter(code=options["sitting"]).first()
        if sitting is None:
            raise CommandError(f"No sitting has the code {options['sitting']}.")
        person = User.objects.filter(username=options["by"]).first()
        if person is None:
            raise CommandError(f"No user is called {options['by']}.")
        try:
            file = ingest_response_file(
                sitting=sitting, path=options["file"], by=person, at=timezone.now()
            )
        except FileNotFoundError as fault:
            raise CommandError(f"There is no file {options['file']}.") from fault
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self._report(file)

    def _report(self, file: ResponseFile) -> None:
        waiting = file.exceptions.count()
        self.stdout.write(f"{file.lines} lines: {file.sheets} sheets, {waiting} wait for a person.")
        for exception in file.exceptions.all()[:50]:
            what = f"{exception.get_kind_display()} {exception.detail}".strip()
            self.stdout.write(f"  line {exception.line}: {what}")
        self.stdout.write(f"SHA-256 {file.sha256}")
