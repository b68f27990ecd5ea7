"""verify_bookings: recount every booking, and believe no counter."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from scheduling.queries.fees import books
from scheduling.queries.soundness import soundness

SHOWN = 20


class Command(BaseCommand):
    help = "Recount seats, people, pools, offers and fees; fail when anything disagrees."

    def handle(self, *args: Any, **options: Any) -> None:
        found, money = soundness(), books()
        for fault in found.faults[:SHOWN]:
            self.stdout.write(f"{fault.kind}: {fault.where}")
        if not money.is_balanced:
            self.stdout.write(f"books: {money}")
        if found.faults or not money.is_balanced:
            raise CommandError(
                _("Bookings disagree with themselves. Keep a backup and tell the operator.")
            )
        said = ngettext(
            "%(count)s live booking: no seat and no person twice, every counter right.",
            "%(count)s live bookings: no seat and no person twice, every counter right.",
            found.bookings,
        )
        self.stdout.write(said % {"count": f"{found.bookings:,}"})
