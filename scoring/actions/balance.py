"""What a person finds out about a missing sheet, and what two people answer for."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from centres.common.audit import record
from centres.models import User
from scheduling.models import Paper, Registration, Sitting
from scoring.actions.holds import hold_result
from scoring.errors import (
    ExplainedBefore,
    FiguresChanged,
    HeldAlready,
    NothingToSign,
    NotMissing,
    NotWaiting,
    ReasonMissing,
    SamePersonTwice,
)
from scoring.models import IntakeSignature, MissingKind, MissingSheet, SignedMatter
from scoring.queries.intake import matter_digest, missing_people, open_figures


@transaction.atomic
def explain_missing_sheet(
    *,
    registration: Registration,
    paper: Paper,
    kind: str,
    reason: str,
    by: User,
    at: datetime,
) -> MissingSheet:
    """Say why somebody who was present has no sheet. The result is held back until it is heard."""
    if not reason.strip() or kind not in MissingKind.values:
        raise ReasonMissing
    person = (registration.pk, paper.pk)
    if person not in {
        (who.registration_id, who.paper_id) for who in missing_people(registration.sitting)
    }:
        raise NotMissing(number=registration.number)
    try:
        with transaction.atomic():
            found = MissingSheet.objects.create(
                registration=registration, paper=paper, kind=kind, reason=reason.strip(),
                by=by, at=at,
            )  # fmt: skip
    except IntegrityError as before:
        raise ExplainedBefore(number=registration.number) from before
    _hold_once(registration, found, by=by, at=at)
    record(
        "explain_missing_sheet",
        target=registration,
        by=by,
        at=at,
        paper=paper.code,
        kind=str(kind),
        reason=found.reason,
    )
    return found


def _hold_once(registration: Registration, found: MissingSheet, *, by: User, at: datetime) -> None:
    reason = f"{MissingKind(found.kind).label}: {found.reason}"[:500]
    try:
        with transaction.atomic():
            hold_result(registration=registration, reason=reason, by=by, at=at)
    except HeldAlready:
        return


@transaction.atomic
def sign_intake(
    *, sitting: Sitting, matter: str, digest: str, reason: str, by: User, at: datetime
) -> IntakeSignature:
    """Sign for figures that do not close, as the first or the second person.

    `digest` stands for the figures that were shown; when they have changed, nothing is signed.
    """
    if not reason.strip():
        raise ReasonMissing
    Sitting.objects.select_for_update().get(pk=sitting.pk)  # two signers take turns
    figures = open_figures(sitting, SignedMatter(matter))
    if not figures:
        raise NothingToSign
    if matter_digest(figures) != digest:
        raise FiguresChanged
    begun = IntakeSignature.objects.filter(
        sitting=sitting, matter=matter, digest=digest, withdrawn_at=None
    ).first()
    if begun is None:
        begun = _first(sitting, matter, digest, figures, reason, by=by, at=at)
    else:
        _second(begun, reason, by=by, at=at)
    record(
        "sign_intake",
        target=begun,
        by=by,
        at=at,
        matter=str(matter),
        digest=digest,
        figures=figures,
        complete=begun.is_complete,
        reason=reason.strip(),
    )
    return begun


def _first(
    sitting: Sitting,
    matter: str,
    digest: str,
    figures: dict[str, Any],
    reason: str,
    *,
    by: User,
    at: datetime,
) -> IntakeSignature:
    return IntakeSignature.objects.create(
        sitting=sitting,
        matter=matter,
        digest=digest,
        figures=figures,
        reason=reason.strip(),
        first_by=by,
        first_at=at,
    )


def _second(begun: IntakeSignature, reason: str, *, by: User, at: datetime) -> None:
    if begun.second_at is not None:
        raise NotWaiting
    if begun.first_by_id == by.pk:
        raise SamePersonTwice
    begun.second_by, begun.second_at, begun.second_reason = by, at, reason.strip()
    begun.save(update_fields=["second_by", "second_at", "second_reason"])


@transaction.atomic
def withdraw_intake_signature(
    *, signature: IntakeSignature, reason: str, by: User, at: datetime
) -> IntakeSignature:
    """Take back what was signed for. Whoever may sign may do so, with a reason."""
    if not reason.strip():
        raise ReasonMissing
    locked = IntakeSignature.objects.select_for_update().get(pk=signature.pk)
    if locked.withdrawn_at is not None:
        raise NotWaiting
    locked.withdrawn_at = at
    locked.save(update_fields=["withdrawn_at"])
    record("withdraw_intake_signature", target=locked, by=by, at=at, reason=reason.strip())
    return locked
