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
from scoring.actions.second_reading import compare_second_reading
from scoring.models import Reading, ResponseFile


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help="CSV, workbook, fixed width (with --layout) or JSON lines"
        )
        parser.add_argument("--layout", type=Path, help="layout file in TOML; see docs/answers.md")
        parser.add_argument(
            "--expected", type=int, help="how many sheets the scanner's own slip names"
        )
        parser.add_argument(
            "--second", action="store_true", help="a second reading: compared, makes no sheet"
        )
        parser.add_argument("--sitting", required=True, help="code of the sitting, such as 1/2570")
        parser.add_argument("--by", required=True, help="user name of whoever takes the file in")

    def handle(self, *args: Any, **options: Any) -> None:
        sitting = Sitting.objects.filter(code=options["sitting"]).first()
        if sitting is None:
            raise CommandError(f"No sitting has the code {options['sitting']}.")
        person = User.objects.filter(username=options["by"]).first()
        if person is None:
            raise CommandError(f"No user is called {options['by']}.")
        for path in (options["file"], options["layout"]):
            if path is not None and not path.is_file():
                raise CommandError(f"There is no file {path}.")
        take_in = compare_second_reading if options["second"] else ingest_response_file
        try:
            layout = options["layout"].read_text(encoding="utf-8") if options["layout"] else ""
            file = take_in(
                sitting=sitting,
                path=options["file"],
                by=person,
                at=timezone.now(),
                layout=layout,
                expected=options["expected"],
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        except UnicodeDecodeError as fault:
            raise CommandError(f"{options['layout']} is not UTF-8.") from fault
        self._report(file)

    def _report(self, file: ResponseFile) -> None:
        if file.reading == Reading.SECOND:
            waiting = file.differences.count()
            said = f"{file.lines} lines: {file.sheets} equal, {waiting} differ and wait."
            self.stdout.write(f"{said}\nSHA-256 {file.sha256}")
            return
        waiting = file.exceptions.count()
        self.stdout.write(f"{file.lines} lines: {file.sheets} sheets, {waiting} wait for a person.")
        for exception in file.exceptions.all()[:50]:
            what = f"{exception.get_kind_display()} {exception.detail}".strip()
            self.stdout.write(f"  line {exception.line}: {what}")
        self.stdout.write(f"SHA-256 {file.sha256}")
