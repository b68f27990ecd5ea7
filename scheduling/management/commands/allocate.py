"""manage.py allocate SITTING [--seed N] [--accept]: compute a plan here and now, with a bar."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from centres.common.errors import DomainError
from centres.common.runs import RunState, perform
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.models import AllocationRun, Sitting


class Command(BaseCommand):
    help = "Give everybody registered for a sitting a seat, at the least total hardship."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sitting", help="the code of the sitting, such as 1/2570")
        parser.add_argument("--seed", type=int, help="of the lottery; drawn if not given")
        parser.add_argument("--accept", action="store_true", help="turn the plan into bookings")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, perform, report; every broken rule is said as a sentence."""
        sitting = Sitting.objects.filter(code=options["sitting"]).first()
        if sitting is None:
            known = ", ".join(Sitting.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no sitting {options['sitting']}. There are: {known}.")
        try:
            run = self._compute(sitting, options["seed"])
            if options["accept"]:
                booked = accept_allocation(run=run, by=None, at=timezone.now())
                self.stdout.write(f"Accepted: {booked:,} seats given.")
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _compute(self, sitting: Sitting, seed: int | None) -> AllocationRun:
        run = prepare_allocation(sitting=sitting, by=None, at=timezone.now(), seed=seed)
        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
        console = Console(file=self.stdout)  # type: ignore[arg-type]
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
            task = bar.add_task(f"Allocating {sitting.code}", total=100)
            perform(run, lambda done, total: bar.update(task, completed=done, total=total))
        if run.state != RunState.DONE:
            raise CommandError(run.error)
        self._report(run)
        return run

    def _report(self, run: AllocationRun) -> None:
        plan, chance = run.result["plan"], run.result["first_come"]
        self.stdout.write(
            f"{plan['people']:,} people. Cost {run.objective:,} = bound {run.bound:,} (0.1 km): "
            f"proved best{', and the only one' if run.result['is_unique'] else ''}.\n"
            f"Mean distance {plan['mean_km']:.1f} km (first come {chance['mean_km']:.1f}), "
            f"longest {plan['longest_km']:.0f} km (first come {chance['longest_km']:.0f}).\n"
            f"Neighbours of one institution {run.result['seating']['pairs']}, "
            f"unavoidable {run.result['seating']['lower_bound']}.\n"
            f"Plan {run.pk}, digest {run.digest}."
        )
