"""Walk every ledger from end to end, and name where each is not what was written or seen."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from proctoring.queries.verification import verify_ledgers


class Command(BaseCommand):
    help = "Verify the hash chain of every ledger, and compare it with what the witness saw."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify_ledgers()
        for broken in verdict.breaks:
            self.stderr.write(f"room session {broken.room}, number {broken.seq}: {broken.code}")
        for fault in verdict.faults:
            self.stderr.write(fault)
        if verdict.breaks:
            raise CommandError(
                _("%(count)s ledgers are not what was written.") % {"count": len(verdict.breaks)}
            )
        if verdict.faults:
            raise CommandError(_("The ledgers agree with themselves; their witness does not."))
        self.stdout.write(
            _("%(ledgers)s ledgers, %(events)s events: every chain is whole. Root %(root)s")
            % {"ledgers": verdict.ledgers, "events": verdict.events, "root": verdict.root}
        )
        self.stdout.write(
            _("%(seen)s ends are as the witness saw them; %(former)s are of before a restore.")
            % {"seen": verdict.seen, "former": verdict.former}
        )
        if verdict.returned:
            self.stdout.write(
                _("%(count)s entries came back from devices after a restore.")
                % {"count": verdict.returned}
            )
