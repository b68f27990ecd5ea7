"""Say what a database holds: rows a table, and where the audit trail ends."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from centres.common.audit import AuditHead, first_broken
from scheduling.arrays.published import FOLDER, tables_kept

APPS = ("centres", "scheduling", "proctoring", "scoring")


class Command(BaseCommand):
    help = "Count the rows of every table and check the audit trail."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        for app in APPS:
            for model in apps.get_app_config(app).get_models():
                count = model._default_manager.count()
                self.stdout.write(f"{model._meta.label_lower:36} {count:>10,}")
        tables = tables_kept()
        self.stdout.write(f"tables of plans in {FOLDER}: {tables.whole} whole")
        for name in tables.missing:
            self.stdout.write(f"  {name} is missing: copy it back beside the database")
        for name in tables.changed:
            self.stdout.write(f"  {name} is not what was accepted: copy the right one back")
        broken = first_broken()
        if broken:
            raise CommandError(f"The audit trail is broken at entry {broken.number}.")
        head = AuditHead.objects.first()
        self.stdout.write(f"audit trail whole, ends at {head or 'nothing'}")
