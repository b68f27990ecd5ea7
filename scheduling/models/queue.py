"""The line before a first-come sitting: an order nobody could choose, and a pace everybody knows.

An `order` is given once, when a place is taken. Before the opening it is drawn from the committed
seed and the registration number, so that coming early means nothing; from the opening on it counts
up, so that who comes first is first. Whose turn it is follows from the clock and the paces.
"""

import hashlib
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from scheduling.models.candidate import Registration
from scheduling.models.sitting import Sitting

LATE = 2**60  # the orders of those who came before the opening are all below it


class QueueOpening(models.Model):
    """That a sitting is entered through a line, from when it can be joined, and its order's seed.

    `commitment` is SHA-256 of the seed's decimal digits; it is shown before anybody can join, the
    seed itself from the opening on, so that everybody can draw his own order again.
    """

    sitting = models.OneToOneField(
        Sitting,
        verbose_name=_("sitting"),
        on_delete=models.PROTECT,
        related_name="queue_opening",
    )
    joins_from = models.DateTimeField(_("can be joined from"))
    seed = models.CharField(_("seed"), max_length=40)
    commitment = models.CharField(_("commitment to the seed"), max_length=64)
    committed_at = models.DateTimeField(_("committed at"))

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")

    def __str__(self) -> str:
        return self.commitment

    def drawn_order(self, number: str) -> int:
        """The order of a registration number that joined before the opening; below LATE.

        The first 60 bits of SHA-256 of "seed:number".
        """
        drawn = hashlib.sha256(f"{self.seed}:{number}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") >> 4


class QueuePace(models.Model):
    """How many people a minute are let in from this moment until the next row. Append-only."""

    STEP = timedelta(microseconds=1)  # between two paces set in the same moment

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="queue_paces"
    )
    begins_at = models.DateTimeField(_("from"))
    per_minute = models.PositiveIntegerField(_("people let in per minute"))

    class Meta:
        verbose_name = _("pace of a queue")
        verbose_name_plural = _("paces of queues")
        ordering = ["sitting_id", "begins_at"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "begins_at"], name="one_pace_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.per_minute}/min"


class QueuePlace(models.Model):
    """A registration's place in the line of its sitting. Append-only: it is kept by whoever has it.

    Joining again, in another tab or a day later, finds the same row.
    """

    registration = models.OneToOneField(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="queue_place",
    )
    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="+"
    )
    order = models.BigIntegerField(_("order"))
    joined_at = models.DateTimeField(_("joined at"))

    class Meta:
        verbose_name = _("place in the queue")
        verbose_name_plural = _("places in the queue")
        ordering = ["sitting_id", "order"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "order"], name="one_place_per_order"),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.order}"

    def came_early(self, opens_at: datetime) -> bool:
        """Whether the place was taken before the opening, and so drawn by lot."""
        return self.joined_at < opens_at
