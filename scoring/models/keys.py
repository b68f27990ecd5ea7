"""A key entered blind: by two people, neither of whom sees what the other entered."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from scheduling.models import ExamForm
from scoring.models.items import KeyVersion


class KeyRound(models.Model):
    """One double entry of the key of one exam form. Ends in a key version, or is called off."""

    form = models.ForeignKey(
        ExamForm, verbose_name=_("exam form"), on_delete=models.PROTECT, related_name="key_rounds"
    )
    reason = models.CharField(_("reason"), max_length=500)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("begun by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    opened_at = models.DateTimeField(_("begun at"))
    closed_at = models.DateTimeField(_("ended at"), null=True)
    called_off = models.CharField(_("why it was called off"), max_length=500, blank=True)
    key_version = models.OneToOneField(
        KeyVersion,
        verbose_name=_("key version made"),
        on_delete=models.PROTECT,
        null=True,
        related_name="key_round",
    )

    class Meta:
        verbose_name = _("double entry of a key")
        verbose_name_plural = _("double entries of keys")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["form"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_entry_per_exam_form",
            ),
            models.CheckConstraint(
                name="an_entry_ends_in_a_key_or_a_reason",
                condition=models.Q(closed_at__isnull=True)
                | models.Q(key_version__isnull=False)
                | ~models.Q(called_off=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form_id}/{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class KeyEntry(models.Model):
    """What one person entered, as `KeyVersion.item_keys`. A correction is a further entry."""

    round = models.ForeignKey(
        KeyRound, verbose_name=_("double entry"), on_delete=models.PROTECT, related_name="entries"
    )
    number = models.PositiveSmallIntegerField(_("entry of this person"), default=1)
    item_keys = models.JSONField(_("right answers"), encoder=DjangoJSONEncoder)
    digest = models.CharField(_("digest"), max_length=64)
    source = models.CharField(_("file"), max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("entry of a key")
        verbose_name_plural = _("entries of keys")
        ordering = ["round_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "by", "number"], name="one_entry_per_person_and_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.round_id}: {self.by_id}/{self.number}"
