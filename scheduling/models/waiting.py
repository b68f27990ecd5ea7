"""Who waits for a returned seat, and to whom it is offered.

An offer is a hold: the seat is his in the eyes of every constraint, until the hour it ends.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Centre
from scheduling.models.booking import Booking
from scheduling.models.candidate import Registration
from scheduling.models.sitting import ExamSession, Paper, SeatPool, Sitting

WAITS = ["waiting", "offered"]


class WaitScope(models.TextChoices):
    SESSION = "session", _("this exam session at this centre")
    CENTRE = "centre", _("any exam session at this centre")
    NEAR = "near", _("any centre within a distance")


class WaitState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    OFFERED = "offered", _("a seat is offered")
    ACCEPTED = "accepted", _("offer accepted")
    DECLINED = "declined", _("offer declined")
    LAPSED = "lapsed", _("offer not answered")
    SEATED = "seated", _("found a seat otherwise")
    LEFT = "left", _("left the list")


class WaitingEntry(models.Model):
    """A registration that waits for a seat of one paper. The order of the list is that of the keys.

    `pools` are the seat pools that would do, found once from the scope and the home.
    """

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="waiting_entries",
    )
    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="+"
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="+"
    )
    scope = models.CharField(_("waits for"), max_length=8, choices=WaitScope.choices)
    centre = models.ForeignKey(
        Centre, verbose_name=_("centre"), on_delete=models.PROTECT, null=True, blank=True
    )
    exam_session = models.ForeignKey(
        ExamSession,
        verbose_name=_("exam session"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
    )
    within_km = models.PositiveSmallIntegerField(_("within km"), null=True, blank=True)
    pools: models.ManyToManyField[SeatPool, "WaitedPool"] = models.ManyToManyField(
        SeatPool, through="WaitedPool", related_name="waiting_entries"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=WaitState.choices, default=WaitState.WAITING
    )
    joined_at = models.DateTimeField(_("joined at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("place on the waiting list")
        verbose_name_plural = _("waiting list")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "paper"],
                condition=models.Q(state__in=WAITS),
                name="one_place_on_the_waiting_list",
            ),
            models.CheckConstraint(
                name="a_wait_says_for_what",
                condition=models.Q(scope="near", within_km__isnull=False)
                | models.Q(scope="centre", centre__isnull=False)
                | models.Q(scope="session", centre__isnull=False, exam_session__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["sitting", "state", "id"], name="waiting_in_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.scope}"


class WaitedPool(models.Model):
    """One seat pool that would do for one entry."""

    entry = models.ForeignKey(WaitingEntry, on_delete=models.CASCADE, related_name="waited_pools")
    pool = models.ForeignKey(SeatPool, on_delete=models.PROTECT, related_name="waited_by")

    class Meta:
        verbose_name = _("seat pool waited for")
        verbose_name_plural = _("seat pools waited for")
        constraints = [
            models.UniqueConstraint(fields=["pool", "entry"], name="one_wait_per_pool"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.pool_id}"


class OfferState(models.TextChoices):
    OPEN = "open", _("open")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    LAPSED = "lapsed", _("lapsed")


class SeatOffer(models.Model):
    """A returned seat offered to the next in line until an hour; the seat is held meanwhile."""

    entry = models.ForeignKey(
        WaitingEntry,
        verbose_name=_("place on the waiting list"),
        on_delete=models.PROTECT,
        related_name="offers",
    )
    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), on_delete=models.PROTECT, related_name="offer"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=OfferState.choices, default=OfferState.OPEN
    )
    made_at = models.DateTimeField(_("made at"))
    until = models.DateTimeField(_("open until"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("offer of a seat")
        verbose_name_plural = _("offers of seats")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=models.Q(state="open"), name="one_open_offer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}: {self.booking_id}"
