"""What the plan of seats must respect of single people: dates, company, a chair of one's own."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Seat
from scheduling.models.candidate import Registration
from scheduling.models.sitting import ExamSession


class RefusedSession(models.Model):
    """An exam session in which somebody cannot sit, and no plan puts him. Never the reason why."""

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.CASCADE,
        related_name="refused_sessions",
    )
    exam_session = models.ForeignKey(
        ExamSession, verbose_name=_("exam session"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        verbose_name = _("refused exam session")
        verbose_name_plural = _("refused exam sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "exam_session"], name="one_refusal_per_session"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.exam_session_id}"


class Company(models.TextChoices):
    TOGETHER = "together", _("beside each other")
    APART = "apart", _("not in one room")
    FIXED = "fixed", _("on this chair")


class SeatRequest(models.Model):
    """Two people beside each other (a carer) or apart (relatives), or one on a chair of his own."""

    kind = models.CharField(_("request"), max_length=8, choices=Company.choices)
    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.CASCADE,
        related_name="seat_requests",
    )
    other = models.ForeignKey(
        Registration,
        verbose_name=_("the other registration"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    seat = models.ForeignKey(
        Seat, verbose_name=_("seat"), on_delete=models.PROTECT, null=True, blank=True,
        related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("seat request")
        verbose_name_plural = _("seat requests")
        constraints = [
            models.UniqueConstraint(fields=["registration", "other"], name="one_request_per_pair"),
            models.UniqueConstraint(
                fields=["registration"],
                condition=models.Q(kind="fixed"),
                name="one_chair_of_ones_own",
            ),
            models.CheckConstraint(
                name="a_request_names_a_person_or_a_chair",
                condition=models.Q(kind="fixed", other__isnull=True, seat__isnull=False)
                | models.Q(kind__in=["together", "apart"], other__isnull=False, seat__isnull=True),
            ),
            models.CheckConstraint(
                name="nobody_is_his_own_company",
                condition=models.Q(other__isnull=True) | ~models.Q(other=models.F("registration")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id} {self.kind} {self.other_id or self.seat_id}"
