"""Lay an exam form out: which item stands at which place, from a file. Once; print order stays."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from centres.common.errors import DomainError
from centres.models import User
from scheduling.models import ExamForm
from scoring.actions.laying_out import lay_out_from_file


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV or workbook: place, item, options")
        parser.add_argument("--exam", required=True, help="code of the exam")
        parser.add_argument("--paper", required=True, help="code of the paper")
        parser.add_argument("--form", required=True, help="code of the exam form")
        parser.add_argument("--by", required=True, help="user name of whoever lays it out")

    def handle(self, *args: Any, **options: Any) -> None:
        form = ExamForm.objects.filter(
            paper__exam__code=options["exam"],
            paper__code=options["paper"],
            code=options["form"],
        ).first()
        if form is None:
            raise CommandError("There is no such exam form. Make it in the administration first.")
        person = User.objects.filter(username=options["by"]).first()
        if person is None:
            raise CommandError(f"No user is called {options['by']}.")
        try:
            places = lay_out_from_file(
                form=form, path=options["file"], by=person, at=timezone.now()
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Exam form {form.code}: {len(places)} items in their order.")
