"""What a person asks an officer for: to be registered, and to be given an arrangement.

Identity numbers, what a person wrote about the arrangement, and the document are encrypted here;
they are opened by the officer who decides, and every opening is in the audit trail.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scheduling.models.candidate import (
    ExamLanguage,
    IdentityKind,
    Institution,
    NeedKind,
    Registration,
)
from scheduling.models.sitting import Sitting


class ApplicationState(models.TextChoices):
    SENT = "sent", _("with an officer")
    RETURNED = "returned", _("sent back to be corrected")
    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused")


class Application(models.Model):
    """Somebody with an account asks to be registered for a sitting.

    Nothing here says whether the identity number is known already: that is found when an officer
    looks, never by whoever types numbers into a form.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        on_delete=models.PROTECT,
        related_name="applications",
    )
    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="applications"
    )
    identity_kind = models.CharField(
        _("identity document"), max_length=8, choices=IdentityKind.choices
    )
    identity_sealed = models.BinaryField(_("identity number, encrypted"))
    identity_hash = models.BinaryField(_("identity number, keyed hash"), max_length=32)
    identity_masked = models.CharField(_("identity number"), max_length=24)
    prefix = models.CharField(_("prefix"), max_length=40)
    given_name_th = models.CharField(_("given name in Thai"), max_length=100, blank=True)
    family_name_th = models.CharField(_("family name in Thai"), max_length=100, blank=True)
    given_name_en = models.CharField(_("given name in English"), max_length=100, blank=True)
    family_name_en = models.CharField(_("family name in English"), max_length=100, blank=True)
    birth_date = models.DateField(_("date of birth"))
    institution = models.ForeignKey(
        Institution, verbose_name=_("institution"), on_delete=models.PROTECT, null=True, blank=True
    )
    home_province = models.CharField(_("home province"), max_length=2)
    language = models.CharField(
        _("language of the exam"),
        max_length=2,
        choices=ExamLanguage.choices,
        default=ExamLanguage.THAI,
        db_default=ExamLanguage.THAI,
    )
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=ApplicationState.choices,
        default=ApplicationState.SENT,
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), on_delete=models.PROTECT,
        null=True, blank=True, related_name="+",
    )  # fmt: skip
    registration = models.OneToOneField(
        Registration, verbose_name=_("registration"), on_delete=models.PROTECT, null=True,
        blank=True, related_name="application",
    )  # fmt: skip

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "sitting"],
                condition=models.Q(state__in=["sent", "returned", "accepted"]),
                name="one_application_per_sitting",
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="applications_in_turn")]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def full_name(self) -> str:
        thai = f"{self.prefix}{self.given_name_th} {self.family_name_th}".strip()
        return thai if self.given_name_th else f"{self.given_name_en} {self.family_name_en}".strip()


class RequestState(models.TextChoices):
    SENT = "sent", _("with an officer")
    DECIDED = "decided", _("decided")
    WITHDRAWN = "withdrawn", _("withdrawn")


class ArrangementRequest(models.Model):
    """What a candidate needs the room to do, with the paper that shows it."""

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="arrangement_requests",
    )
    kinds = models.JSONField(_("asked for"), default=list)
    words_sealed = models.BinaryField(_("in their own words, encrypted"))
    state = models.CharField(
        _("state"), max_length=9, choices=RequestState.choices, default=RequestState.SENT
    )
    granted = models.JSONField(_("granted"), default=list)
    extra_minutes = models.PositiveSmallIntegerField(_("extra minutes"), default=0)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), on_delete=models.PROTECT,
        null=True, blank=True, related_name="+",
    )  # fmt: skip

    class Meta:
        verbose_name = _("request for an arrangement")
        verbose_name_plural = _("requests for arrangements")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=models.Q(state="sent"),
                name="one_open_request_per_registration",
            ),
        ]
        indexes = [models.Index(fields=["state", "id"], name="requests_in_turn")]

    def __str__(self) -> str:
        return f"{self.registration_id} {self.state}"

    @property
    def is_late(self) -> bool:
        """Sent when seats were frozen: what needs another place is for the office to find."""
        return self.registration.sitting.is_frozen(self.sent_at)

    @property
    def kinds_asked(self) -> list[NeedKind]:
        return [NeedKind(kind) for kind in self.kinds]

    @property
    def kinds_granted(self) -> list[NeedKind]:
        return [NeedKind(kind) for kind in self.granted]


class Document(models.Model):
    """The encrypted paper of one request. It lies in the database, and so in every backup of it."""

    request = models.OneToOneField(
        ArrangementRequest,
        verbose_name=_("request for an arrangement"),
        on_delete=models.PROTECT,
        related_name="document",
    )
    content_type = models.CharField(_("kind of file"), max_length=40)
    size = models.PositiveIntegerField(_("size"))
    sealed = models.BinaryField(_("file, encrypted"))

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def __str__(self) -> str:
        return f"{self.request_id} {self.content_type}"
