"""manage.py allocate SITTING, or with --candidates and --places: plain files, no database."""

import json
import math
import secrets
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _t
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from centres.common.errors import DomainError
from centres.common.runs import RunState, perform
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.allocation.assign import assign
from scheduling.allocation.certificate import certify
from scheduling.allocation.policies import in_turn, least_reach, within_reach
from scheduling.allocation.prices import whole_bound, whole_prices
from scheduling.arrays.plain_files import (
    FARTHEST_KM,
    PlainProblem,
    plan_text,
    read_problem,
    replace_files,
)
from scheduling.models import AllocationRun, Sitting

MOST_PENALTY_KM = 50_000
LEAST_TOTAL, LONGEST_FIRST, IN_TURN = RULES = ("least-total", "longest-first", "in-turn")


class Command(BaseCommand):
    help = "Give everybody registered for a sitting, or in a file, a seat at least total hardship."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sitting", nargs="?", help="the code of the sitting, such as 1/2570")
        parser.add_argument("--seed", type=int, help="of the lottery; drawn if not given")
        parser.add_argument("--accept", action="store_true", help="turn the plan into bookings")
        files = parser.add_argument_group("plain files instead of a sitting")
        files.add_argument("--candidates", type=Path, metavar="C.csv")
        files.add_argument("--places", type=Path, metavar="P.csv")
        files.add_argument("--rule", choices=RULES, default=LEAST_TOTAL)
        files.add_argument("--rank-penalty", default="0,40,90,300", metavar="KM,KM,...")
        files.add_argument("--farthest-km", type=float, default=FARTHEST_KM, metavar="KM")
        files.add_argument("--out", type=Path, metavar="PLAN.csv")
        files.add_argument("--json", type=Path, metavar="REPORT.json")
        spoken = "of what is wrong with a file, and of the summary"
        files.add_argument("--language", choices=("en", "th"), default="en", help=spoken)

    def handle(self, *args: Any, **options: Any) -> None:
        """Every broken rule is said as a sentence."""
        files = [options[name] for name in ("candidates", "places", "out")]
        try:
            if all(files) and not options["sitting"]:
                with translation.override(options["language"]):
                    self._refuse_or_allocate_files(**options)
            elif options["sitting"] and not any(files):
                self._allocate_sitting(**options)
            else:
                raise CommandError("Name a sitting, or --candidates, --places and --out together.")
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _allocate_sitting(
        self, *, sitting: str, seed: int | None, accept: bool, **_others: Any
    ) -> None:
        found = Sitting.objects.filter(code=sitting).first()
        if found is None:
            known = ", ".join(Sitting.objects.values_list("code", flat=True)) or "none"
            raise CommandError(f"There is no sitting {sitting}. There are: {known}.")
        run = self._compute(found, seed)
        if accept:
            booked = accept_allocation(run=run, by=None, at=timezone.now())
            self.stdout.write(f"Accepted: {booked:,} seats given.")

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

    def _refuse_or_allocate_files(self, **options: Any) -> None:
        """A sentence is made here, in the language that was asked for."""
        try:
            self._allocate_files(**options)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _allocate_files(
        self,
        *,
        candidates: Path,
        places: Path,
        rule: str,
        rank_penalty: str,
        farthest_km: float,
        seed: int | None,
        out: Path,
        json: Path | None,
        **_others: Any,
    ) -> None:
        rank_km = _penalties(rank_penalty)
        if seed is not None and seed < 0:
            raise CommandError(_t("--seed is a whole number from 0. Nothing was written."))
        if not 0 <= farthest_km < math.inf:
            raise CommandError(_t("--farthest-km is a distance from 0. Nothing was written."))
        _refuse_same_file([candidates, places, out, *([json] if json else [])])
        drawn = secrets.randbits(62) if seed is None else seed
        try:
            plain = read_problem(candidates, places, rank_km, farthest_km)
            report, plan = _solve(plain, drawn, rank_km, rule)
        except KeyboardInterrupt:
            raise CommandError(_t("Stopped. Nothing was written.")) from None
        replace_files({out: plan} | ({json: report_text(report)} if json else {}))
        self.stdout.write(_summary(report))


def _refuse_same_file(paths: list[Path]) -> None:
    """What is read is not written over, and one result not over the other."""
    whole = [path.resolve() for path in paths]
    if twice := [path for path in paths if whole.count(path.resolve()) > 1]:
        said = _t("%(file)s is named twice: name four different files. Nothing was written.")
        raise CommandError(said % {"file": twice[0].name})


def _summary(report: dict[str, Any]) -> str:
    said = _t(
        "%(people)s candidates, %(places)s places. Cost %(cost)s %(sign)s bound %(bound)s "
        "(0.1 km), longest way %(longest)s km, %(seconds)s s."
    )
    return said % {
        "people": f"{report['people']:,}",
        "places": f"{report['places']:,}",
        "cost": f"{report['objective']:,}",
        "sign": ">" if report["gap"] else "=",
        "bound": f"{report['bound']:,}",
        "longest": report["longest_km"],
        "seconds": report["seconds"],
    }


def report_text(report: dict[str, Any]) -> str:
    """The report as it is written: one line, then nothing."""
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _penalties(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    whole = all(0 <= km <= MOST_PENALTY_KM and (10 * km).is_integer() for km in found)
    if not found or not whole:
        said = _t(
            "--rank-penalty %(text)s: km from 0 to %(most)s, to a tenth, parted by commas; the "
            "last is for a place not wished for. Nothing was written."
        )
        raise CommandError(said % {"text": text, "most": f"{MOST_PENALTY_KM:,}"})
    return found


def _solve(
    plain: PlainProblem, seed: int, rank_km: list[float], rule: str
) -> tuple[dict[str, Any], str]:
    """The report and the plan; the proof is checked twice, with the lottery and without it.

    In turn, cost is not what is least: the bound and the prices are those of the least total.
    """
    problem, began = plain.problem, time.process_time()
    if rule == LONGEST_FIRST:
        distance = plain.distance(rank_km)
        problem = within_reach(problem, distance, least_reach(problem, distance))
    allocation = assign(problem, seed)
    column = in_turn(problem, seed).column if rule == IN_TURN else allocation.column
    seconds = time.process_time() - began
    proof = certify(problem, allocation)
    prices = whole_prices(problem, allocation.column)
    bound = whole_bound(problem, prices)
    if not proof.holds or bound != allocation.objective:
        raise CommandError(_t("The plan does not pass its own check. Nothing was written."))
    rank = plain.rank_of(column)
    paid = problem.cost[np.arange(problem.people), column]
    penalty = np.array([10 * km for km in rank_km])[_penalty_at(rank, len(rank_km))]
    by_rank = np.bincount(rank, minlength=4).tolist()
    taken = np.bincount(column, minlength=problem.columns).tolist()
    report = {
        "objective": int(paid.sum(dtype=np.int64)),
        "bound": bound,
        "gap": int(paid.sum(dtype=np.int64)) - bound,
        "rule": rule,
        "prices": dict(zip(plain.places, prices[0].tolist(), strict=True)),
        "seconds": round(seconds, 3),
        "longest_km": round(float((paid - penalty).max()) / 10, 1),
        "mean_km": round(float((paid - penalty).mean()) / 10, 3),
        "people": problem.people,
        "places": int(problem.capacity.sum()),
        "by_rank": {"not_wished": by_rank[0]} | {f"wish_{r}": by_rank[r] for r in (1, 2, 3)},
        "taken": dict(zip(plain.places, taken, strict=True)),
        "is_unique": proof.is_unique,
        "seed": str(seed),
        "rank_penalty_km": rank_km,
    }
    return report, plan_text(plain, column)


def _penalty_at(rank: Any, penalties: int) -> Any:
    """Index into the penalties for each rank; 0 is the last."""
    return np.where(rank == 0, penalties - 1, np.minimum(rank - 1, penalties - 1))
