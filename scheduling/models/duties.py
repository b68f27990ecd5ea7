"""Who watches which room session."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.models import Centre
from scheduling.models.candidate import Institution
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

    class Meta:
        verbose_name = _("proctor")
        verbose_name_plural = _("proctors")

    def __str__(self) -> str:
        return str(self.user)


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
