"""import_candidates FILE: check a file of candidates, and with --commit register everyone in it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from centres.common.errors import DomainError
from centres.common.sheets import CellFault, Sheet, read_sheet, write_returned, write_template
from scheduling.actions.registrations import Entry, import_candidates
from scheduling.forms.entries import EXAMPLES, read_entries, template_columns
from scheduling.models import Sitting
from scheduling.queries.candidates import import_catalogue

SHOWN = 20  # faults printed; the copy holds all


class Command(BaseCommand):
    help = "Check a .xlsx or .csv file of candidates; with --commit, register them all or nobody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="the .xlsx or .csv file")
        parser.add_argument("--sitting", help="code of the sitting; the newest unless named")
        parser.add_argument("--commit", action="store_true", help="write; a dry run unless given")
        parser.add_argument("--returned", type=Path, help="where to write the marked copy")
        parser.add_argument("--template", type=Path, help="write a workbook to fill in, and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["template"]:
                write_template(options["template"], template_columns(), EXAMPLES)
                self.stdout.write(_("Wrote %(name)s.") % {"name": options["template"]})
            elif options["file"]:
                self._import(options)
            else:
                raise CommandError(
                    _("Name a file to import, or --template FILE.xlsx for a new one.")
                )
        except DomainError as error:
            raise CommandError(str(error)) from error

    def _import(self, options: dict[str, Any]) -> None:
        sitting = self._sitting(options["sitting"])
        sheet = read_sheet(options["file"])
        read = read_entries(sheet, import_catalogue(sitting))
        if read.faults:
            self._send_back(options, sheet, read.faults)
        elif options["commit"]:
            self._write(read.entries, sheet, sitting)
        else:
            count = len(read.entries)
            found = ngettext(
                "%(count)d row is in order. Nothing was written: add --commit to register it.",
                "%(count)d rows are in order. Nothing was written: add --commit to register them.",
                count,
            )
            self.stdout.write(found % {"count": count})

    def _sitting(self, code: str | None) -> Sitting:
        sittings = Sitting.objects.filter(code=code) if code else Sitting.objects.all()
        sitting = sittings.first()
        if sitting is None:
            known = ", ".join(Sitting.objects.values_list("code", flat=True)) or "-"
            raise CommandError(_("There is no such sitting. Known: %(known)s") % {"known": known})
        return sitting

    def _send_back(self, options: dict[str, Any], sheet: Sheet, faults: list[CellFault]) -> None:
        source: Path = options["file"]
        copy = options["returned"] or source.with_name(f"{source.stem}-faults.xlsx")
        write_returned(copy, sheet, faults)
        for fault in faults[:SHOWN]:
            self.stdout.write(str(fault))
        if len(faults) > SHOWN:
            self.stdout.write(_("... and %(count)d more.") % {"count": len(faults) - SHOWN})
        raise CommandError(
            ngettext(
                "%(count)d cell must be mended first. Nothing was written. "
                "It is marked in %(copy)s; send that back.",
                "%(count)d cells must be mended first. Nothing was written. "
                "They are marked in %(copy)s; send that back.",
                len(faults),
            )
            % {"count": len(faults), "copy": copy}
        )

    def _write(self, entries: list[Entry], sheet: Sheet, sitting: Sitting) -> None:
        receipt = import_candidates(
            rows=entries, sitting=sitting, by=None, at=timezone.now(), digest=sheet.digest
        )
        self.stdout.write(
            _(
                "Registered %(registrations)d for sitting %(sitting)s: %(new)d new candidates, "
                "%(known)d known, %(wishes)d wishes, %(needs)d arrangements."
            )
            % {
                "registrations": receipt.registrations,
                "sitting": sitting.code,
                "new": receipt.new_candidates,
                "known": receipt.known_candidates,
                "wishes": receipt.wishes,
                "needs": receipt.needs,
            }
        )
        self.stdout.write(_("SHA-256 of the file: %(digest)s") % {"digest": receipt.digest})
