"""Walk every ledger from end to end and name the first changed byte of each."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from proctoring.queries.verification import verify_ledgers


class Command(BaseCommand):
    help = "Verify the hash chain of every room session's ledger."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verify_ledgers()
        for broken in verdict.breaks:
            self.stderr.write(f"room session {broken.room}, number {broken.seq}: {broken.code}")
        if verdict.breaks:
            raise CommandError(
                _("%(count)s ledgers are not what was written.") % {"count": len(verdict.breaks)}
            )
        self.stdout.write(
            _("%(ledgers)s ledgers, %(events)s events: every chain is whole. Root %(root)s")
            % {"ledgers": verdict.ledgers, "events": verdict.events, "root": verdict.root}
        )
