"""Score everybody once more by other code, from stored sheets and keys. Everyone must agree."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import Progress as Bar

from centres.common.runs import RunState, perform
from centres.models import User
from scheduling.models import Sitting
from scoring.actions.second_scoring import create_second_scoring
from scoring.models import ScalingRun, SecondScoring
from scoring.queries.results import newest_scaling


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--sitting", help="code of the sitting, such as 1/2570: its last scaling"
        )
        parser.add_argument("--scaling", type=int, help="number of another scaling")
        parser.add_argument("--by", help="user name of whoever asks")

    def handle(self, *args: Any, **options: Any) -> None:
        scaling = self._scaling(options)
        person = None
        if options["by"]:
            person = User.objects.filter(username=options["by"]).first()
            if person is None:
                raise CommandError(f"No user is called {options['by']}.")
        run = create_second_scoring(scaling=scaling, by=person, at=timezone.now())
        with Bar(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("sheets", total=None)
            perform(run, lambda done, total: bar.update(task, completed=done, total=total))
        if run.state != RunState.DONE:
            raise CommandError(run.error)
        self._report(run)

    @staticmethod
    def _scaling(options: dict[str, Any]) -> ScalingRun:
        if options["scaling"]:
            found = ScalingRun.objects.filter(pk=options["scaling"], state=RunState.DONE).first()
        else:
            sitting = Sitting.objects.filter(code=options["sitting"] or "").first()
            if sitting is None:
                raise CommandError(f"No sitting has the code {options['sitting']}.")
            found = newest_scaling(sitting)
        if found is None:
            raise CommandError("There is no finished scaling to compare with.")
        return found

    def _report(self, run: SecondScoring) -> None:
        self.stdout.write(
            f"Scaling {run.scaling_id}: {run.people} sheets scored again,"
            f" {run.disagreements} people differ. SHA-256 {run.digest}"
        )
        for one in run.result["differ"]:
            items = ", ".join(one["items"]) or "sheet or key changed since"
            self.stdout.write(f"  {one['number']}: {one['first']} and {one['second']} ({items})")
        if run.disagreements:
            raise CommandError("The two scorings do not agree.")
