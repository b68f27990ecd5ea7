"""manage.py verify_plan TABLE.zip: is the published plan the best there is? Needs no database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from centres.common.errors import DomainError
from scheduling.allocation.assign import assign
from scheduling.allocation.checks import violations
from scheduling.allocation.entries import MOST_GAP, certify_patterns
from scheduling.allocation.packing import pack, packing_faults
from scheduling.allocation.patterns import paid_for
from scheduling.allocation.prices import whole_bound
from scheduling.allocation.problem import Ints
from scheduling.arrays.published import PublishedTable, read_table
from scheduling.arrays.published_patterns import PublishedPatterns


class Command(BaseCommand):
    help = "Check a published table: everybody has a place, the prices prove it, and solve it anew."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("table", type=Path, metavar="TABLE.zip")

    def handle(self, *args: Any, table: Path, **options: Any) -> None:
        """Say each check with its two numbers; stop at the first that does not hold."""
        try:
            found = read_table(table)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        said = found.about["objective"] - found.about["sum_of_least_costs"]
        if isinstance(found, PublishedPatterns):
            self._check_patterns(found, said)
            return
        self._everybody_sits(found)
        self._equal("cost of the lines, beyond each one's easiest place", _paid(found), said)
        if found.prices is not None:
            self._equal("proved from the prices", whole_bound(found.problem, found.prices), said)
        best = assign(found.problem, 0)
        bound = found.about["bound"] - found.about["sum_of_least_costs"]
        self._equal("solved anew, another lottery", best.objective, bound)

    def _check_patterns(self, found: PublishedPatterns, said: int) -> None:
        """Several papers: a sound plan, its cost, and what the prices prove, or none in turn."""
        if found.faults:
            raise CommandError(f"Papers overlap or are at two centres: {found.faults[0]}")
        if faults := packing_faults(found.choices, found.places, found.chosen):
            raise CommandError(f"Not a plan: {', '.join(faults)}")
        lines = sum(len(chosen) for chosen in found.chosen)
        self.stdout.write(f"{lines:,} lines, each with its papers; none over capacity.")
        paid = paid_for(found.choices, found.chosen)
        self._equal("cost of the lines, beyond each one's easiest pattern", paid, said)
        bound = found.about["bound"] - found.about["sum_of_least_costs"]
        if found.prices is not None:
            self._check_gap(found, found.prices, said, bound)
        anew = pack(found.choices, found.places)
        if anew.objective < bound or anew.bound > said:
            raise CommandError(
                "Solved anew, another bound or plan contradicts what the table says."
            )
        least = " for the least total" if found.prices is None else ""
        self.stdout.write(f"solved anew{least}: {anew.objective:,} (0.1 km), not below the bound.")

    def _check_gap(self, found: PublishedPatterns, prices: Ints, said: int, bound: int) -> None:
        proof = certify_patterns(found.choices, found.places, found.chosen, prices)
        if proof.faults:
            raise CommandError(f"Not a plan: {', '.join(proof.faults)}")
        self._equal("proved from the prices", proof.bound, bound)
        gap = (said - bound) / max(1, found.about["objective"])
        if gap > MOST_GAP:
            raise CommandError(
                f"The plan may be {gap:.4%} from the best: more than {MOST_GAP:.2%}."
            )
        self.stdout.write(f"No plan costs less than the bound; the gap is {gap:.4%} of the cost.")

    def _everybody_sits(self, found: PublishedTable) -> None:
        faults = violations(found.problem, found.column)
        if faults:
            raise CommandError(f"Not a plan: {len(faults)} faults, the first: {faults[0]}")
        if found.about["people"] != found.problem.people:
            raise CommandError(
                f"{found.problem.people:,} lines, but {found.about['people']:,} people were seated."
            )
        self.stdout.write(f"{found.problem.people:,} lines, each with a place; none over capacity.")

    def _equal(self, what: str, ours: int, said: int) -> None:
        if ours != said:
            raise CommandError(f"{what}: {ours:,}, but the table says {said:,} (0.1 km).")
        self.stdout.write(f"{what}: {ours:,} = {said:,} (0.1 km), equal.")


def _paid(found: PublishedTable) -> int:
    rows = np.arange(found.problem.people)
    return int(found.problem.cost[rows, found.column].sum(dtype=np.int64))
