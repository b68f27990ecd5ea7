"""Admission cards: issued to everybody with a seat, replaced, withdrawn. Never removed.

A card follows the booking: after a move it says the new seat, and stays the same card.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from centres.actions import end_sessions
from centres.common.audit import record
from centres.common.bulk import insert_rows
from centres.models import User
from scheduling.errors import AlreadyWithdrawn, NoCard, NoSeatYet
from scheduling.letters import tell
from scheduling.models import (
    AdmissionCard,
    Booking,
    BookingState,
    Registration,
    RegistrationState,
    Sitting,
)


def issue_admission_cards(*, sitting: Sitting, by: User | None, at: datetime) -> int:
    """A first card for everybody of the sitting who has a seat; how many it made.

    Whoever has or had a card is left alone: a withdrawn card is replaced by hand or not at all.
    """
    seated = Booking.objects.filter(registration=OuterRef("pk"), state=BookingState.CONFIRMED)
    card = AdmissionCard.objects.filter(registration=OuterRef("pk"))
    with transaction.atomic():
        Sitting.objects.select_for_update().get(pk=sitting.pk)
        waiting = (
            Registration.objects.filter(sitting=sitting, state=RegistrationState.ACCEPTED)
            .filter(Exists(seated), ~Exists(card))
            .order_by("pk")
        )
        rows = [(key, 1, at, "") for key in waiting.values_list("pk", flat=True)]
        insert_rows(AdmissionCard, ("registration", "version", "issued_at", "reason"), rows)
        record("issue_admission_cards", target=sitting, by=by, at=at, cards=len(rows))
    return len(rows)


def replace_admission_card(
    *, registration: Registration, by: User | None, at: datetime, reason: str
) -> AdmissionCard:
    """Withdraw the valid card, if there is one, and issue the next, with a new access code."""
    with transaction.atomic():
        registration = _locked(registration)
        confirmed = registration.bookings.filter(state=BookingState.CONFIRMED)
        if not confirmed.exists():
            raise NoSeatYet
        cards = registration.admission_cards
        cards.filter(withdrawn_at=None).update(withdrawn_at=at, reason=reason)
        newest = cards.aggregate(newest=Max("version"))["newest"] or 0
        card = AdmissionCard.objects.create(
            registration=registration, version=newest + 1, issued_at=at
        )
        _shut(registration, at, key=f"{registration.pk}/{card.version}")
        record("replace_admission_card", target=card, by=by, at=at, reason=reason)
    return card


def withdraw_admission_card(
    *, registration: Registration, by: User | None, at: datetime, reason: str
) -> None:
    """Make the valid card invalid: a scan says so. Raises NoCard."""
    with transaction.atomic():
        registration = _locked(registration)
        valid = registration.admission_cards.filter(withdrawn_at=None)
        if not valid.update(withdrawn_at=at, reason=reason):
            raise NoCard
        _shut(registration, at, key=f"{registration.pk}/withdrawn/{at.isoformat()}")
        record("withdraw_admission_card", target=registration, by=by, at=at, reason=reason)


def _shut(registration: Registration, at: datetime, *, key: str) -> None:
    """Who came in with the old card, or on any device, comes in anew; and is told why."""
    if registration.candidate.user is not None:
        end_sessions(user=registration.candidate.user)
    tell(registration, "card_replaced", key=key, at=at)


def _locked(registration: Registration) -> Registration:
    found = (
        Registration.objects.select_for_update(of=("self",))
        .select_related("candidate__user", "sitting")
        .get(pk=registration.pk)
    )
    if found.state == RegistrationState.WITHDRAWN:
        raise AlreadyWithdrawn
    return found
