"""What was done to one registration, in sentences: for those who help a caller.

What an officer reads and decides about arrangements is not told here, and neither is what becomes
of answers and scores: each has a desk of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from centres.common.audit import AuditEntry
from centres.common.outbox import Letter
from scheduling.models import (
    AdmissionCard,
    Application,
    Booking,
    Candidate,
    Fee,
    Payment,
    Registration,
    SeatOffer,
    WaitingEntry,
)
from scheduling.queries.fees import refunds_of

NEWEST: Final = 50

# Every act of the audit trail that can stand in a history, as its line says it.
WORDS: Final[dict[str, Promise]] = {
    "accept_application": gettext_lazy("The application was accepted"),
    "assign_payment": gettext_lazy("A payment of unknown reference was counted to this fee"),
    "cancel_booking": gettext_lazy("The seat was given back"),
    "confirm_booking": gettext_lazy("Seat %(seat)s was confirmed"),
    "decline_offer": gettext_lazy("The seat offered by the waiting list was let go"),
    "extend_hold": gettext_lazy("Five minutes more were taken for a held seat"),
    "hold_seat": gettext_lazy("Seat %(seat)s was held"),
    "join_account_to_card": gettext_lazy("The account was joined with number and access code"),
    "join_waiting_list": gettext_lazy("The waiting list was joined, or its scope changed"),
    "lapse_unpaid": gettext_lazy("The fee was not paid in time; seat given up: %(seats)s"),
    "leave_waiting_list": gettext_lazy("The waiting list was left"),
    "look_at_screen": gettext_lazy("The staff looked at the person's own page"),
    "move_booking": gettext_lazy("The staff moved the person to another seat"),
    "offer_seat": gettext_lazy("The waiting list offered seat %(seat)s"),
    "read_identity_number": gettext_lazy("The identity number was read in full"),
    "release_account": gettext_lazy("The account was closed, so that a new one can be joined"),
    "replace_admission_card": gettext_lazy("The admission card was replaced"),
    "requests.apart": gettext_lazy("Noted: not in one room with somebody"),
    "requests.drop_apart": gettext_lazy("No longer noted: not in one room with somebody"),
    "requests.drop_fixed": gettext_lazy("No longer noted: a chair of their own"),
    "requests.drop_refuse": gettext_lazy("No longer noted: an exam session that is refused"),
    "requests.drop_together": gettext_lazy("No longer noted: beside somebody"),
    "requests.fixed": gettext_lazy("Noted: a chair of their own"),
    "requests.refuse": gettext_lazy("Noted: exam session %(session)s is refused"),
    "requests.together": gettext_lazy("Noted: beside somebody"),
    "send_application": gettext_lazy("The application was sent"),
    "send_back_application": gettext_lazy("The application was sent back or refused"),
    "send_letter_again": gettext_lazy("A message was sent once more"),
    "send_refund": gettext_lazy("Money was transferred back"),
    "submit_wishes": gettext_lazy("The wishes were sent"),
    "waive_fee": gettext_lazy("The fee was waived"),
    "withdraw_admission_card": gettext_lazy("The admission card was withdrawn"),
    "withdraw_registration": gettext_lazy("The registration was withdrawn"),
}


@dataclass(frozen=True)
class Act:
    """One line of a history: what was done, by whom, and the reason where one was given."""

    at: datetime
    said: str
    by: str
    reason: str


def history_of(registration: Registration) -> list[Act]:
    """What the audit trail says of a registration and all that hangs on it, the newest first."""
    entries = AuditEntry.objects.filter(target__in=_targets(registration), verb__in=WORDS)
    newest = entries.select_related("by").order_by("-number")[:NEWEST]
    own = registration.candidate.user_id
    return [
        Act(entry.at, _words(entry), _actor(entry, own), entry.facts.get("reason") or "")
        for entry in newest
    ]


def _targets(registration: Registration) -> list[str]:
    """The names under which the audit trail speaks of a registration, its seats and its money."""
    mine = Q(registration=registration)
    fees = Q(fee__registration=registration) | Q(assigned__fee__registration=registration)
    about = f"scheduling.registration:{registration.pk}"
    hanging: list[Any] = [
        Booking.objects.filter(mine), AdmissionCard.objects.filter(mine),
        Fee.objects.filter(mine), Payment.objects.filter(fees), refunds_of(registration),
        WaitingEntry.objects.filter(mine),
        SeatOffer.objects.filter(entry__registration=registration),
        Application.objects.filter(mine), Letter.objects.filter(about=about),
        Candidate.objects.filter(pk=registration.candidate_id),
    ]  # fmt: skip
    return [about, *(name for rows in hanging for name in _names(rows))]


def _names(rows: Any) -> Iterator[str]:
    label = rows.model._meta.label_lower
    return (f"{label}:{key}" for key in rows.order_by().values_list("pk", flat=True).distinct())


class _Facts(dict[str, Any]):
    """The facts of an entry; one that an old entry does not have is a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def _words(entry: AuditEntry) -> str:
    return str(WORDS[entry.verb]) % _Facts(entry.facts)


def _actor(entry: AuditEntry, own: int | None) -> str:
    if entry.by is None:
        return _("by itself")
    return _("the person") if entry.by_id == own else entry.by.shown_name
