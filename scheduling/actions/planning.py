"""What an allocation does once it runs: solve, prove, open rooms, seat, judge, keep.

One paper is a problem of transport, solved exactly. Several papers are a choice of patterns, solved
to a proven bound. Both end as a column and a price for every row, a chair, and one judge.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from centres.common.runs import Progress, RunCancelled
from centres.models import Centre
from scheduling.allocation.assign import Allocation, InfeasibleAllocation, Shortage, assign
from scheduling.allocation.certificate import Certificate, certify
from scheduling.allocation.checks import seating_violations, violations
from scheduling.allocation.company import assign_together, certify_together
from scheduling.allocation.entries import (
    certify_patterns,
    chosen_by,
    column_of_entries,
    pattern_violations,
)
from scheduling.allocation.packing import NoPacking, NoPackingFound, pack
from scheduling.allocation.packing_prices import UNIT
from scheduling.allocation.patterns import Choice
from scheduling.allocation.plan import ColumnTooSmall, Plan, seat_everybody
from scheduling.allocation.policies import certify_pattern_turns, certify_turns, in_turn
from scheduling.allocation.problem import Ints
from scheduling.allocation.turns import patterns_in_turn
from scheduling.arrays import (
    ACCESS,
    SittingArrays,
    load_problem,
    policy_of,
    price_rows,
    save_lines,
    summary_of,
)
from scheduling.arrays.opening import open_fewest
from scheduling.arrays.sitting import Papers
from scheduling.errors import PlacesMissing, ProofFails, RoomsMissing
from scheduling.models import AccessClass, AllocationLine, AllocationRun, ExamSession, Paper, Rule
from scheduling.plan_errors import NoPlanFound

_MOST_NAMED = 10  # registrations in one sentence


def execute_allocation(run: AllocationRun, progress: Progress) -> None:
    """Allocate, prove, seat, judge, and keep the plan as lines of the run.

    The same inputs and seed give the same digest. Raises PlacesMissing, RoomsMissing and what
    `load_problem` raises; nothing is kept then.
    """
    progress(0, 100)
    arrays = load_problem(run.sitting, policy_of(run))
    allocation = solve(arrays, run.seed, _part(progress, 10, 35))
    closed = None
    if policy_of(run).rule == Rule.IN_TURN:
        allocation, closed = _take_turns(arrays, allocation)
    run.bound = allocation.bound
    proof = prove(run, arrays, allocation)
    arrays, opened = _open_rooms(run, arrays, allocation, _part(progress, 35, 45))
    plan = _seat(arrays, allocation, _part(progress, 45, 60))
    judge(arrays, plan, proof)
    try:
        save_lines(run, arrays, plan, _part(progress, 60, 100))
    except RunCancelled:
        AllocationLine.objects.filter(run=run).delete()
        raise
    run.keep(
        input_digest=arrays.digest,
        digest=plan.digest(),
        objective=allocation.objective,
        bound=proof.bound,
        prices=price_rows(arrays, plan, closed),
        result=summary_of(arrays, plan, proof) | opened | {"priced_bound": allocation.bound},
    )


def solve(arrays: SittingArrays, seed: int, progress: Progress | None = None) -> Allocation:
    """The best plan of columns, with its prices. Raises PlacesMissing, NoPlanFound."""
    if arrays.papers is not None:
        return _pack(arrays.papers, arrays, seed)
    try:
        if arrays.groups:
            return assign_together(arrays.problem, arrays.groups, seed, progress)
        return assign(arrays.problem, seed, progress)
    except InfeasibleAllocation as refusal:
        raise PlacesMissing(shortages=shortages_said(refusal)) from refusal


def _pack(papers: Papers, arrays: SittingArrays, seed: int) -> Allocation:
    """Everybody's patterns as an allocation of entries; its prices are in 1/UNIT of 0.1 km."""
    found = papers.choices(seed)
    try:
        best = pack(found, papers.problem.capacity.ravel())
    except NoPacking as refusal:
        said = _patterns_missing(papers, arrays.paper_keys, found, refusal)
        raise PlacesMissing(shortages=said) from refusal
    except NoPackingFound as refusal:
        raise NoPlanFound from refusal
    return Allocation(
        registration_ids=arrays.problem.registration_ids,
        column=column_of_entries(best.chosen, found, papers.entries),
        prices=best.prices.reshape(papers.problem.capacity.shape),
        unit_bits=UNIT.bit_length() - 1,
        seed=seed,
        draw=0,
        objective=best.objective,
        bound=best.bound,
    )


def _as_told(run: AllocationRun, arrays: SittingArrays, plan: Allocation) -> Certificate:
    """A plan by hand claims nothing but that it is sound; its bound is that of the best plan."""
    faults = {fault.code for fault in violations(arrays.problem, plan.column)}
    paid = int(arrays.paid(plan.column).sum()) if "no_column" not in faults else 0
    return Certificate(paid, run.bound or 0, 0, False, tuple(sorted(faults)))


def _patterns_missing(of: Papers, paper_keys: Ints, found: list[Choice], refusal: NoPacking) -> str:
    """How many of each kind of people cannot be placed: by class and by the papers they take."""
    keys = dict(zip(of.times.paper.tolist(), paper_keys.tolist(), strict=True))
    codes = dict(Paper.objects.filter(pk__in=keys.values()).values_list("pk", "code"))
    said = []
    for choice, missing in zip(found, refusal.missing, strict=True):
        if missing:
            papers = ", ".join(codes[keys[paper]] for paper in choice.papers.tolist())
            access = AccessClass(ACCESS[choice.classes[0]]).label
            sentence = ngettext(
                "%(access)s, papers %(papers)s: %(missing)d person finds no places that do not "
                "overlap.",
                "%(access)s, papers %(papers)s: %(missing)d people find no places that do not "
                "overlap.",
                missing,
            )
            said.append(sentence % {"access": access, "papers": papers, "missing": missing})
    return " ".join(said)


def shortages_said(refusal: InfeasibleAllocation) -> str:
    """Every class that is short, and by how many places, one sentence each."""
    return " ".join(map(_shortage_sentence, refusal.shortages))


def _take_turns(arrays: SittingArrays, best: Allocation) -> tuple[Allocation, Ints]:
    """The plan in turn beside what no plan costs less than; closing lots, (A, K)."""
    if arrays.papers is not None:
        column, closed = _papers_in_turn(arrays.papers, best.seed)
    else:
        turns = in_turn(arrays.problem, best.seed)
        column, closed = turns.column, turns.closed
    plan = replace(
        best,
        column=column,
        prices=np.zeros_like(best.prices),
        objective=int(arrays.paid(column).sum()),
    )
    return plan, closed


def _papers_in_turn(papers: Papers, seed: int) -> tuple[Ints, Ints]:
    """The column of each entry, and closing lots."""
    found = papers.choices(seed)
    turns = patterns_in_turn(papers.problem, found, seed)
    assert turns is not None, "the best plan seats everybody"
    column = column_of_entries(turns.chosen, found, papers.entries)
    return column, turns.closed.reshape(papers.problem.capacity.shape)


def _open_rooms(
    run: AllocationRun, arrays: SittingArrays, plan: Allocation, progress: Progress
) -> tuple[SittingArrays, dict[str, list[dict[str, Any]]]]:
    """The arrays with as few rooms as serve everybody, where that is asked for, and which."""
    ratio = policy_of(run).one_proctor_for
    if not ratio:
        return arrays, {}
    fewer, opened = open_fewest(arrays, plan.column, ratio, progress)
    return fewer, {"opened": [column.kept() for column in opened]}


def prove(run: AllocationRun, arrays: SittingArrays, plan: Allocation) -> Certificate:
    """The proof that belongs to the rule of the run, and to one paper or several."""
    rule = policy_of(run).rule
    if arrays.papers is not None:
        return _prove_papers(rule, arrays.papers, plan)
    if rule == Rule.BY_HAND:
        return _as_told(run, arrays, plan)
    if rule == Rule.IN_TURN:
        return certify_turns(arrays.problem, plan.column, plan.seed, plan.bound)
    if arrays.groups:
        return certify_together(arrays.problem, arrays.groups, plan)
    return certify(arrays.problem, plan)


def _prove_papers(rule: str, papers: Papers, plan: Allocation) -> Certificate:
    found = papers.choices(plan.seed)
    chosen = chosen_by(found, papers.entries, plan.column)
    if rule == Rule.IN_TURN:
        return certify_pattern_turns(papers.problem, found, chosen, plan.seed, plan.bound)
    return certify_patterns(found, papers.problem.capacity.ravel(), chosen, plan.prices.ravel())


def _shortage_sentence(shortage: Shortage) -> str:
    sentence = _t("%(access)s: %(missing)d too few, for %(people)d people there are %(places)d.")
    said = sentence % {
        "access": AccessClass(shortage.access_class).label,
        "missing": shortage.missing,
        "people": shortage.people,
        "places": shortage.places,
    }
    if not shortage.nowhere:
        return said
    alone = _t(
        "No exam session is left for %(numbers)s: they refuse it, or their extra time would meet "
        "the next one."
    )
    numbers = ", ".join(f"{number:010d}" for number in shortage.nowhere[:_MOST_NAMED])
    more = "…" if len(shortage.nowhere) > _MOST_NAMED else ""
    return f"{said} {alone % {'numbers': numbers + more}}"


def _seat(arrays: SittingArrays, allocation: Allocation, progress: Progress) -> Plan:
    try:
        return seat_everybody(
            arrays.problem,
            allocation,
            arrays.chairs,
            arrays.institution,
            arrays.in_front,
            arrays.forms,
            progress,
            arrays.requests,
        )
    except ColumnTooSmall as refusal:
        raise rooms_missing(arrays, refusal) from refusal


def rooms_missing(arrays: SittingArrays, refusal: ColumnTooSmall) -> RoomsMissing:
    """The refusal with the names of its centre and exam session."""
    centre, session = arrays.labels[refusal.column]
    return RoomsMissing(
        centre=Centre.objects.get(pk=centre).name,
        session=ExamSession.objects.get(pk=session).number,
        access=AccessClass(ACCESS[refusal.cause.access]).label,
        people=refusal.cause.people,
        chairs=refusal.cause.chairs,
    )


def judge(arrays: SittingArrays, plan: Plan, proof: Certificate) -> None:
    """Let the judge that trusts no solver look at everything; raises ProofFails."""
    faults = [found.code for found in violations(arrays.problem, plan.allocation.column)]
    if arrays.papers is not None:
        papers = arrays.papers
        broken = pattern_violations(
            papers.choices(plan.allocation.seed), papers.entries, plan.allocation.column,
            papers.problem.registration_ids,
        )  # fmt: skip
        faults += [fault.code for fault in broken]
    for column, chairs in enumerate(arrays.chairs):
        here = plan.allocation.column == column
        found = seating_violations(chairs, arrays.problem.access[here], plan.chair[here])
        faults += [fault.code for fault in found]
    if faults or not proof.holds:
        raise ProofFails(faults=", ".join(sorted({*faults, *proof.faults})) or "gap")


def _part(progress: Progress, low: int, high: int) -> Progress:
    """A step of the whole: its progress in hundredths from `low` to `high`."""

    def report(done: int, total: int) -> None:
        progress(low + (high - low) * done // max(1, total), 100)

    return report
