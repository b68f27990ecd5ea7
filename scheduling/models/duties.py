"""Who watches which room session."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Centre
from scheduling.models.candidate import Institution, Registration
from scheduling.models.sitting import RoomSession


class Proctor(models.Model):
    """A person who watches rooms at one centre."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        on_delete=models.PROTECT,
        related_name="proctor",
    )
    centre = models.ForeignKey(
        Centre, verbose_name=_("centre"), on_delete=models.PROTECT, related_name="proctors"
    )
    institution = models.ForeignKey(
        Institution, verbose_name=_("institution"), on_delete=models.PROTECT, null=True, blank=True
    )
    home_latitude = models.FloatField(_("home latitude"), null=True, blank=True)
    home_longitude = models.FloatField(_("home longitude"), null=True, blank=True)

    class Meta:
        verbose_name = _("proctor")
        constraints = [
            models.CheckConstraint(
                name="a_home_has_both_degrees",
                condition=models.Q(home_latitude=None, home_longitude=None)
                | models.Q(home_latitude__isnull=False, home_longitude__isnull=False),
            ),
        ]
        verbose_name_plural = _("proctors")

    def __str__(self) -> str:
        return str(self.user)


class Relative(models.Model):
    """A candidate whose room a proctor must not watch. Never how they are related."""

    proctor = models.ForeignKey(
        Proctor, verbose_name=_("proctor"), on_delete=models.CASCADE, related_name="relatives"
    )
    registration = models.ForeignKey(
        Registration, verbose_name=_("registration"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        verbose_name = _("relative of a proctor")
        verbose_name_plural = _("relatives of proctors")
        constraints = [
            models.UniqueConstraint(fields=["proctor", "registration"], name="one_relative_once"),
        ]

    def __str__(self) -> str:
        return f"{self.proctor_id}: {self.registration_id}"


class ProctorAbsence(models.Model):
    """A day on which a proctor does not come; no roster gives him a duty on it."""

    proctor = models.ForeignKey(
        Proctor, verbose_name=_("proctor"), on_delete=models.CASCADE, related_name="absences"
    )
    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("absence of a proctor")
        verbose_name_plural = _("absences of proctors")
        constraints = [
            models.UniqueConstraint(fields=["proctor", "day"], name="one_absence_per_day"),
        ]

    def __str__(self) -> str:
        return f"{self.proctor_id}: {self.day}"


class Duty(models.Model):
    """A proctor's assignment to a room session."""

    proctor = models.ForeignKey(
        Proctor, verbose_name=_("proctor"), on_delete=models.PROTECT, related_name="duties"
    )
    room_session = models.ForeignKey(
        RoomSession,
        verbose_name=_("room session"),
        on_delete=models.PROTECT,
        related_name="duties",
    )
    is_head = models.BooleanField(_("head of the room"), default=False)

    class Meta:
        verbose_name = _("duty")
        verbose_name_plural = _("duties")
        constraints = [
            models.UniqueConstraint(
                fields=["proctor", "room_session"], name="one_duty_per_room_session"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proctor_id}@{self.room_session_id}"
