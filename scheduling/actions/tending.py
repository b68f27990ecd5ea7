"""What the clock does: offers that nobody answered go on, fees not paid in time are given up,
letters cut off are written, papers that nobody needs any more are deleted."""

from datetime import datetime

from scheduling.actions.announcing import revive_announcements
from scheduling.actions.arrangements import delete_old_papers
from scheduling.actions.fees import lapse_unpaid
from scheduling.actions.waiting import tend_waiting_list
from scheduling.models import Fee, FeeState, Sitting, WaitingEntry
from scheduling.models.waiting import WAITS


def tend_bookings(*, at: datetime) -> int:
    """Tend everything that needs it; how many acts that took. Safe at any moment."""
    waited = WaitingEntry.objects.filter(state__in=WAITS).values("sitting").distinct()
    owed = Fee.objects.filter(state=FeeState.DUE, due_at__lte=at).values("registration__sitting")
    offered = sum(
        tend_waiting_list(sitting=sitting, at=at)
        for sitting in Sitting.objects.filter(pk__in=waited, freezes_at__gt=at)
    )
    lapsed = sum(
        lapse_unpaid(sitting=sitting, by=None, at=at)
        for sitting in Sitting.objects.filter(pk__in=owed.distinct())
    )
    return offered + lapsed + revive_announcements(at=at) + delete_old_papers(at=at)
