"""A case: opened by one person, argued by several, closed by two. Nothing here holds a result."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from centres.common.audit import record
from centres.models import User
from scoring.errors import (
    CaseIsClosed,
    CaseIsOpen,
    ClosingMissing,
    ClosingProposed,
    OutcomeMissing,
    ReasonMissing,
    SamePersonTwice,
)
from scoring.models import AlikePair, CaseEntry, CaseOutcome, EntryKind, IntegrityCase
from scoring.queries.integrity import CaseState, standing_of


@transaction.atomic
def open_case(*, pair: AlikePair, reason: str, by: User, at: datetime) -> IntegrityCase:
    """Open the case of a pair. From here on its readers see who the two people are."""
    people = {"sitting": pair.run.sitting, "first": pair.first, "second": pair.second}
    case, made = IntegrityCase.objects.get_or_create(
        **people, defaults={"pair": pair, "opened_by": by, "opened_at": at}
    )
    if not made:
        raise CaseIsOpen(number=case.pk)
    _append(case, EntryKind.OPENED, reason, by, at)
    return case


@transaction.atomic
def add_note(*, case: IntegrityCase, text: str, by: User, at: datetime) -> CaseEntry:
    """Say something in a case: what was heard, seen, or thought."""
    _locked(case, CaseState.OPEN, CaseState.CLOSING)
    return _append(case, EntryKind.NOTE, text, by, at)


@transaction.atomic
def take_evidence(*, case: IntegrityCase, form: str, by: User, at: datetime) -> CaseEntry:
    """Note that somebody takes the evidence file out of the system, and in which form."""
    _locked(case, *CaseState)
    return _append(case, EntryKind.EVIDENCE, form, by, at)


@transaction.atomic
def propose_closing(
    *, case: IntegrityCase, outcome: str, reason: str, by: User, at: datetime
) -> CaseEntry:
    """Propose what becomes of a case; somebody else agrees or does not."""
    _locked(case, CaseState.OPEN, CaseState.CLOSING)
    if standing_of(case).state is CaseState.CLOSING:
        raise ClosingProposed
    if outcome not in CaseOutcome.values:
        raise OutcomeMissing
    return _append(case, EntryKind.CLOSING, reason, by, at, outcome=outcome)


@transaction.atomic
def agree_to_close(*, case: IntegrityCase, reason: str, by: User, at: datetime) -> CaseEntry:
    """Close a case as another person proposed. It stays, and can be opened again."""
    proposal = _proposal(case)
    if proposal.by_id == by.pk:
        raise SamePersonTwice
    outcome = proposal.outcome
    return _append(case, EntryKind.CLOSED, reason, by, at, outcome=outcome, proposed_by=proposal.by)


@transaction.atomic
def object_to_closing(*, case: IntegrityCase, reason: str, by: User, at: datetime) -> CaseEntry:
    """Keep a case open that somebody proposed to close. The proposer may take it back so, too."""
    _proposal(case)
    return _append(case, EntryKind.OBJECTION, reason, by, at)


@transaction.atomic
def reopen_case(*, case: IntegrityCase, reason: str, by: User, at: datetime) -> CaseEntry:
    """Open a closed case again: something new was learnt."""
    _locked(case, CaseState.CLOSED)
    return _append(case, EntryKind.REOPENED, reason, by, at)


def _locked(case: IntegrityCase, *allowed: CaseState) -> None:
    """Hold the case while its next entry is written, if it is in one of these states."""
    IntegrityCase.objects.select_for_update().get(pk=case.pk)
    state = standing_of(case).state
    if state not in allowed:
        raise CaseIsClosed if state is CaseState.CLOSED else CaseIsOpen(number=case.pk)


def _proposal(case: IntegrityCase) -> CaseEntry:
    _locked(case, CaseState.OPEN, CaseState.CLOSING)
    proposal = standing_of(case).proposal
    if proposal is None:
        raise ClosingMissing
    return proposal


def _append(
    case: IntegrityCase,
    kind: EntryKind,
    text: str,
    by: User,
    at: datetime,
    *,
    outcome: str = "",
    proposed_by: User | None = None,
) -> CaseEntry:
    """The next entry of a case. The words stay in the case; the audit trail says that it grew."""
    if not text.strip():
        raise ReasonMissing
    last = case.entries.aggregate(last=Max("number"))["last"] or 0
    entry = CaseEntry.objects.create(
        case=case,
        number=last + 1,
        kind=kind,
        outcome=outcome,
        text=text.strip(),
        by=by,
        at=at,
        answers=proposed_by,
    )
    record(f"case_{kind}", target=case, by=by, at=at, entry=entry.number, outcome=outcome)
    return entry
