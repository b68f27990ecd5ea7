"""Questions about the waiting list: who waits, at which place, and what is offered to them."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from scheduling.models import OfferState, Registration, SeatOffer, Sitting, WaitingEntry, WaitState
from scheduling.models.waiting import WAITS


@dataclass(frozen=True)
class Wait:
    """A registration's place on the list. `position` counts those who wait for the same places."""

    entry: WaitingEntry
    offer: SeatOffer | None
    position: int

    @property
    def ahead(self) -> int:
        return self.position - 1


def wait_of(registration: Registration, at: datetime) -> Wait | None:
    """The wait that goes on, with the offer that is open; None when there is none.

    An offer whose hour is over is none, though nobody may have come to end it yet. Once seats are
    frozen the list has ended for everybody.
    """
    if registration.sitting.is_frozen(at):
        return None
    entries = registration.waiting_entries.filter(state__in=WAITS)
    entry = entries.select_related("centre", "exam_session").first()
    if entry is None:
        return None
    offer = (
        entry.offers.filter(state=OfferState.OPEN, until__gt=at)
        .select_related(
            "booking__seat", "booking__room_session__exam_session",
            "booking__room_session__room__building__centre",
        )
        .first()
    )  # fmt: skip
    pools = entry.waited_pools.values("pool")
    before = WaitingEntry.objects.filter(
        state=WaitState.WAITING, pk__lt=entry.pk, waited_pools__pool__in=pools
    )
    return Wait(entry, offer, before.distinct().count() + 1)


def waiting_list(sitting: Sitting) -> QuerySet[WaitingEntry]:
    """Everybody who waits or has an offer, the first in line first."""
    waiting = WaitingEntry.objects.filter(sitting=sitting, state__in=WAITS)
    return waiting.select_related("registration__candidate", "centre", "exam_session").order_by(
        "pk"
    )
