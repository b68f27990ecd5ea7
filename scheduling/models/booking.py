"""A booking: a registration, a room session, a seat. The constraints here decide every race."""

import uuid
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Seat
from scheduling.models.candidate import Registration
from scheduling.models.sitting import ExamForm, Paper, RoomSession

LIVE = ["held", "confirmed"]


class BookingState(models.TextChoices):
    HELD = "held", _("held")
    CONFIRMED = "confirmed", _("confirmed")
    MOVED = "moved", _("moved")
    CANCELLED = "cancelled", _("cancelled")
    LAPSED = "lapsed", _("lapsed")


class Booking(models.Model):
    """A seat of a registration. Held bookings lapse by themselves; ended ones stay as history.

    While a candidate moves he has two live rows of one paper: the confirmed seat, and the new one
    on hold. Hence one live booking per state, not one per paper. That nobody is live in two exam
    sessions that overlap is a trigger, `one_place_at_a_time`, since it looks at other tables.
    """

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="bookings",
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="+"
    )
    room_session = models.ForeignKey(
        RoomSession,
        verbose_name=_("room session"),
        on_delete=models.PROTECT,
        related_name="bookings",
    )
    seat = models.ForeignKey(
        Seat, verbose_name=_("seat"), on_delete=models.PROTECT, related_name="bookings"
    )
    access_class = models.CharField(_("access class"), max_length=12)
    exam_form = models.ForeignKey(
        ExamForm,
        verbose_name=_("exam form"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    state = models.CharField(_("state"), max_length=10, choices=BookingState.choices)
    hold_until = models.DateTimeField(_("held until"), null=True, blank=True)
    # No extension and no later hold of the same person goes beyond it; a trigger keeps it as it is.
    hold_limit = models.DateTimeField(_("held at most until"), null=True, blank=True)
    extended_at = models.DateTimeField(_("hold extended at"), null=True, blank=True)
    key = models.UUIDField(_("retry key"), unique=True, default=uuid.uuid4)
    allocation = models.ForeignKey(
        "scheduling.AllocationRun",
        verbose_name=_("allocation"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="bookings",
    )
    made_at = models.DateTimeField(_("made at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.UniqueConstraint(
                fields=["room_session", "seat"],
                condition=models.Q(state__in=LIVE),
                name="one_live_booking_per_seat",
            ),
            models.UniqueConstraint(
                fields=["registration", "paper", "state"],
                condition=models.Q(state__in=LIVE),
                name="one_live_booking_per_paper",
            ),
            models.CheckConstraint(
                name="a_hold_ends",
                condition=~models.Q(state="held")
                | models.Q(hold_until__lte=models.F("hold_limit")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}@{self.room_session_id}/{self.seat_id}"

    def is_live(self, at: datetime) -> bool:
        """Confirmed, or held and not yet lapsed."""
        if self.state == BookingState.HELD:
            return self.hold_until is not None and at < self.hold_until
        return self.state == BookingState.CONFIRMED

    @property
    def may_be_extended(self) -> bool:
        """Whether there is anything left that this hold could be extended by."""
        if self.hold_until is None or self.hold_limit is None or self.extended_at is not None:
            return False
        return self.hold_until < self.hold_limit


class AdmissionCard(models.Model):
    """The proof of a registration's bookings. A replaced card is withdrawn, not removed."""

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="admission_cards",
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    issued_at = models.DateTimeField(_("issued at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("admission card")
        verbose_name_plural = _("admission cards")
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "version"], name="one_card_per_version"
            ),
            models.UniqueConstraint(
                fields=["registration"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_valid_card",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}/{self.version}"
