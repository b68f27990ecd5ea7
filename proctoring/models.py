"""What the day leaves behind: devices, the ledgers, and the tables computed from them."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from proctoring.live.chain import GENESIS
from proctoring.words import INCIDENT_KINDS, PHASES, SEAT_STATES


class Device(models.Model):
    """A phone or computer that speaks to the ledgers. It names itself; `user` is who used it."""

    key = models.UUIDField(_("device"), unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.PROTECT,
        related_name="devices",
    )
    first_seen_at = models.DateTimeField(_("first seen at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")

    def __str__(self) -> str:
        return str(self.key)


class Ticket(models.Model):
    """What lets one device of one signed-in person back in without a page, once at a time.

    Tickets are numbered and computed, never stored. `given` is the newest one handed out and
    `spent` the last one shown. Until the device proves that it holds the newest (`is_settled`),
    the spent one opens once more: a welcome may be lost on its way.
    """

    device = models.ForeignKey(
        Device, verbose_name=_("device"), on_delete=models.CASCADE, related_name="tickets"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    session_key = models.CharField(_("signed in by"), max_length=40)
    proof = models.CharField(_("fingerprint of the account"), max_length=128)
    given = models.PositiveIntegerField(_("number given last"), default=1)
    spent = models.PositiveIntegerField(_("number shown last"), default=0)
    is_settled = models.BooleanField(_("arrived at the device"), default=True)
    good_until = models.DateTimeField(_("good until"))

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")

    def __str__(self) -> str:
        return f"{self.pk}.{self.given}"


class RoomEvent(models.Model):
    """One entry of a room session's ledger. The database refuses to change or remove it.

    Times are milliseconds since 1970 UTC: `at` by the device's clock, `recv` by the server's.
    `body` is the canonical text that the hash covers.
    """

    room_session = models.ForeignKey(
        "scheduling.RoomSession",
        verbose_name=_("room session"),
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
    )
    seq = models.PositiveIntegerField(_("number"))
    event_id = models.CharField(_("id"), max_length=36)
    type = models.CharField(_("type"), max_length=20)
    body = models.TextField(_("body"))
    at = models.BigIntegerField(_("device time"))
    recv = models.BigIntegerField(_("server time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    role = models.CharField(_("in the role of"), max_length=8)
    device = models.ForeignKey(
        Device,
        verbose_name=_("device"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    dseq = models.PositiveBigIntegerField(_("number on the device"), null=True)
    base = models.BigIntegerField(_("had seen up to"))
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["room_session", "seq"], name="one_event_per_number"),
            models.UniqueConstraint(fields=["room_session", "event_id"], name="one_event_per_id"),
            models.UniqueConstraint(fields=["device", "dseq"], name="one_event_per_device_number"),
        ]

    def __str__(self) -> str:
        return f"{self.room_session_id}#{self.seq} {self.type}"


class RoomHead(models.Model):
    """Where a ledger ends, and what it adds up to; written in the same transaction."""

    room_session = models.OneToOneField(
        "scheduling.RoomSession",
        verbose_name=_("room session"),
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="head",
    )
    seq = models.PositiveIntegerField(_("number"), default=0)
    hash = models.CharField(_("hash"), max_length=64, default=GENESIS)
    phase = models.CharField(_("phase"), max_length=12, choices=PHASES, default="planned")
    expected = models.PositiveSmallIntegerField(_("waiting"), default=0)
    checked_in = models.PositiveSmallIntegerField(_("here"), default=0)
    provisional = models.PositiveSmallIntegerField(_("identity to confirm"), default=0)
    seated = models.PositiveSmallIntegerField(_("seated"), default=0)
    started = models.PositiveSmallIntegerField(_("working"), default=0)
    out = models.PositiveSmallIntegerField(_("out of the room"), default=0)
    submitted = models.PositiveSmallIntegerField(_("handed in"), default=0)
    absent = models.PositiveSmallIntegerField(_("absent"), default=0)
    refused = models.PositiveSmallIntegerField(_("refused"), default=0)
    withdrawn = models.PositiveSmallIntegerField(_("withdrawn"), default=0)
    disqualified = models.PositiveSmallIntegerField(_("disqualified"), default=0)
    open_incidents = models.PositiveSmallIntegerField(_("open incidents"), default=0)
    conflicts = models.PositiveSmallIntegerField(_("conflicts"), default=0)
    moved_at = models.BigIntegerField(_("last event at"), default=0, db_index=True)

    class Meta:
        verbose_name = _("state of a room")
        verbose_name_plural = _("states of rooms")

    def __str__(self) -> str:
        return f"{self.room_session_id}#{self.seq} {self.phase}"


class Attendance(models.Model):
    """What became of one booking on the day: the ledger, summed up. Never edited by hand."""

    booking = models.OneToOneField(
        "scheduling.Booking",
        verbose_name=_("booking"),
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="attendance",
    )
    room_session = models.ForeignKey(
        "scheduling.RoomSession",
        verbose_name=_("room session"),
        on_delete=models.PROTECT,
        related_name="attendances",
    )
    state = models.CharField(_("state"), max_length=12, choices=SEAT_STATES, default="expected")
    seat = models.CharField(_("seat"), max_length=6)
    exam_form = models.CharField(_("exam form"), max_length=4, blank=True)
    sheet = models.CharField(_("answer sheet"), max_length=20, blank=True)
    since = models.BigIntegerField(_("in this state since"), default=0)
    checked_in_at = models.BigIntegerField(_("checked in at"), null=True)
    started_at = models.BigIntegerField(_("started at"), null=True)
    submitted_at = models.BigIntegerField(_("handed in at"), null=True)
    is_late = models.BooleanField(_("came late"), default=False)
    is_doubtful = models.BooleanField(_("identity to confirm"), default=False)
    is_suspect = models.BooleanField(_("under suspicion"), default=False)
    extra_minutes = models.PositiveSmallIntegerField(_("extra minutes"), default=0)
    lost_ms = models.PositiveIntegerField(_("time lost to the centre"), default=0)
    last_seq = models.PositiveIntegerField(_("last ledger number"), default=0)

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")

    def __str__(self) -> str:
        return f"{self.booking_id} {self.state}"


class Incident(models.Model):
    """Something a room must answer for later. Opened, noted and closed by ledger events."""

    room_session = models.ForeignKey(
        "scheduling.RoomSession",
        verbose_name=_("room session"),
        on_delete=models.PROTECT,
        related_name="incidents",
        db_index=False,
    )
    event_id = models.CharField(_("id"), max_length=36)
    booking = models.ForeignKey(
        "scheduling.Booking",
        verbose_name=_("booking"),
        on_delete=models.PROTECT,
        null=True,
        related_name="incidents",
    )
    seq = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=12, choices=INCIDENT_KINDS)
    note = models.TextField(_("what was seen and done"), blank=True)
    opened_at = models.BigIntegerField(_("opened at"))
    is_open = models.BooleanField(_("open"), default=True, db_index=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.UniqueConstraint(
                fields=["room_session", "event_id"], name="one_incident_per_room_and_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.room_session_id}#{self.seq} {self.kind}"


class LedgerEpoch(models.Model):
    """One random row per life of this database: a restored backup gets a new one.

    A device that finds another epoch than it knew offers its whole day again.
    """

    epoch = models.UUIDField(_("epoch"), default=uuid.uuid4)

    class Meta:
        verbose_name = _("life of the ledgers")
        verbose_name_plural = _("lives of the ledgers")

    def __str__(self) -> str:
        return str(self.epoch)
