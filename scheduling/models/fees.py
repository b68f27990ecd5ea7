"""Fees: what is due, what the bank says was paid, what goes back. Money is whole satang.

Nothing that was paid is ever dropped: every payment is counted to a fee, refunded, or waits for a
person to say whose it is. Payments and files are append-only.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scheduling.models.candidate import Registration
from scheduling.models.sitting import Sitting


class FeeRule(models.Model):
    """What a sitting costs, and how long after the booking it may be paid."""

    sitting = models.OneToOneField(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="fee_rule"
    )
    amount = models.PositiveIntegerField(_("fee in satang"))
    hours_to_pay = models.PositiveSmallIntegerField(_("hours to pay"), default=72)

    class Meta:
        verbose_name = _("fee of a sitting")
        verbose_name_plural = _("fees of sittings")
        constraints = [
            models.CheckConstraint(
                name="a_fee_is_something",
                condition=models.Q(amount__gt=0, hours_to_pay__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sitting_id}: {self.amount}"


class FeeState(models.TextChoices):
    DUE = "due", _("due")
    PAID = "paid", _("paid")
    LAPSED = "lapsed", _("not paid in time")
    CANCELLED = "cancelled", _("cancelled")
    WAIVED = "waived", _("waived")


class Fee(models.Model):
    """What one registration owes for its seat. `reference` is what the payer tells the bank."""

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="fees",
    )
    reference = models.CharField(_("payment reference"), max_length=13, unique=True)
    amount = models.PositiveIntegerField(_("amount in satang"))
    paid = models.PositiveIntegerField(_("paid in satang"), default=0)
    state = models.CharField(
        _("state"), max_length=10, choices=FeeState.choices, default=FeeState.DUE
    )
    made_at = models.DateTimeField(_("made at"))
    due_at = models.DateTimeField(_("to be paid until"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("fee")
        verbose_name_plural = _("fees")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=models.Q(state__in=["due", "paid", "waived"]),
                name="one_fee_in_force",
            ),
            models.CheckConstraint(
                name="a_paid_fee_is_paid",
                condition=models.Q(paid__lte=models.F("amount"))
                & (~models.Q(state="paid") | models.Q(paid=models.F("amount"))),
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="fees_due")]

    def __str__(self) -> str:
        return self.reference

    @property
    def missing(self) -> int:
        """Satang that are still to be paid."""
        return self.amount - self.paid if self.state == FeeState.DUE else 0


class PaymentFile(models.Model):
    """One file of the bank, as it was read. The same file is read once."""

    name = models.CharField(_("file"), max_length=200)
    digest = models.CharField(_("digest of the file"), max_length=64, unique=True)
    covers_until = models.DateTimeField(_("holds payments until"))
    rows = models.PositiveIntegerField(_("payments"))
    total = models.PositiveBigIntegerField(_("total in satang"))
    read_at = models.DateTimeField(_("read at"))
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("read by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("file of payments")
        verbose_name_plural = _("files of payments")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class PaymentOutcome(models.TextChoices):
    MATCHED = "matched", _("matched to the satang")
    UNDER = "under", _("less than what is due")
    OVER = "over", _("more than what is due; the rest goes back")
    DUPLICATE = "duplicate", _("paid before; goes back")
    LATE = "late", _("after the seat was given up; goes back")
    UNKNOWN = "unknown", _("no such reference; a person decides")


class Payment(models.Model):
    """One line of a bank's file. `counted` satang went to the fee; the rest is refunded."""

    file = models.ForeignKey(
        PaymentFile, verbose_name=_("file"), on_delete=models.PROTECT, related_name="payments"
    )
    line = models.PositiveIntegerField(_("line"))
    bank_reference = models.CharField(_("number given by the bank"), max_length=60, unique=True)
    reference = models.CharField(_("payment reference"), max_length=40)
    paid_at = models.DateTimeField(_("paid at"))
    amount = models.PositiveIntegerField(_("amount in satang"))
    fee = models.ForeignKey(
        Fee,
        verbose_name=_("fee"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
    )
    counted = models.PositiveIntegerField(_("counted to the fee, in satang"), default=0)
    outcome = models.CharField(_("outcome"), max_length=10, choices=PaymentOutcome.choices)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["file", "line"], name="one_payment_per_line"),
            models.CheckConstraint(
                name="no_more_counted_than_paid",
                condition=models.Q(counted__lte=models.F("amount"), amount__gt=0),
            ),
        ]
        indexes = [models.Index(fields=["outcome", "id"], name="payments_by_outcome")]

    def __str__(self) -> str:
        return self.bank_reference


class RefundState(models.TextChoices):
    DUE = "due", _("to be sent")
    SENT = "sent", _("sent")


class RefundReason(models.TextChoices):
    OVER = "over", _("paid more than was due")
    DUPLICATE = "duplicate", _("paid twice")
    LATE = "late", _("paid after the seat was given up")
    UNKNOWN = "unknown", _("nobody is known under this reference")
    CANCELLED = "cancelled", _("the fee was cancelled")
    UNPAID = "unpaid", _("part of a fee that was not paid in time")


class Refund(models.Model):
    """Money that goes back for one payment. A payment may have several, never more than it was."""

    payment = models.ForeignKey(
        Payment, verbose_name=_("payment"), on_delete=models.PROTECT, related_name="refunds"
    )
    amount = models.PositiveIntegerField(_("amount in satang"))
    reason = models.CharField(_("reason"), max_length=10, choices=RefundReason.choices)
    state = models.CharField(
        _("state"), max_length=4, choices=RefundState.choices, default=RefundState.DUE
    )
    made_at = models.DateTimeField(_("made at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    sent_reference = models.CharField(_("number of the transfer"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["payment", "reason"], name="one_refund_per_reason"),
            models.CheckConstraint(name="a_refund_is_something", condition=models.Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.amount}"


class AssignedPayment(models.Model):
    """A person's word on a payment of unknown reference: whose fee it was meant for. Append-only.

    The payment itself stays as the bank wrote it.
    """

    payment = models.OneToOneField(
        Payment, verbose_name=_("payment"), on_delete=models.PROTECT, related_name="assigned"
    )
    fee = models.ForeignKey(
        Fee, verbose_name=_("fee"), on_delete=models.PROTECT, related_name="assigned_payments"
    )
    counted = models.PositiveIntegerField(_("counted to the fee, in satang"))
    reason = models.CharField(_("reason"), max_length=300)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+",
        null=True,
    )  # fmt: skip

    class Meta:
        verbose_name = _("assigned payment")
        verbose_name_plural = _("assigned payments")

    def __str__(self) -> str:
        return f"{self.payment_id}: {self.fee_id}"
