"""The questions of a paper, their order in each exam form, and their keys."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.i18n import in_language
from scheduling.models import ExamForm, Paper


class Item(models.Model):
    """A question. It may stand in several exam forms, at a different place in each."""

    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="items"
    )
    code = models.CharField(_("item"), max_length=20)
    standard_th = models.CharField(_("standard in Thai"), max_length=120, blank=True)
    standard_en = models.CharField(_("standard in English"), max_length=120, blank=True)
    competency_th = models.CharField(_("competency in Thai"), max_length=120, blank=True)
    competency_en = models.CharField(_("competency in English"), max_length=120, blank=True)
    text_th = models.TextField(_("question in Thai"), blank=True)
    text_en = models.TextField(_("question in English"), blank=True)
    options = models.CharField(_("options"), max_length=12, default="ABCDE")

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["paper_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "code"], name="one_item_per_code"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def standard(self) -> str:
        """The professional standard this item measures, in the reader's language."""
        return in_language(self.standard_th, self.standard_en)

    @property
    def competency(self) -> str:
        """The part of the standard it asks for, in the reader's language."""
        return in_language(self.competency_th, self.competency_en)

    @property
    def text(self) -> str:
        return in_language(self.text_th, self.text_en)

    @property
    def text_beside(self) -> str:
        """The question in the other language, where it is put in both."""
        return in_language(self.text_en, self.text_th) if self.text_th and self.text_en else ""


class FormItem(models.Model):
    """An item at its place in one exam form. Places count from 1; answers are stored in order."""

    form = models.ForeignKey(
        ExamForm, verbose_name=_("exam form"), on_delete=models.PROTECT, related_name="form_items"
    )
    item = models.ForeignKey(
        Item, verbose_name=_("item"), on_delete=models.PROTECT, related_name="form_items"
    )
    position = models.PositiveSmallIntegerField(_("place"))

    class Meta:
        verbose_name = _("item of an exam form")
        verbose_name_plural = _("items of exam forms")
        ordering = ["form_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["form", "position"], name="one_item_per_place"),
            models.UniqueConstraint(fields=["form", "item"], name="one_place_per_item"),
            models.CheckConstraint(
                name="places_count_from_one", condition=models.Q(position__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}@{self.form_id}/{self.position}"


class KeyVersion(models.Model):
    """The right answers of one exam form, as they were decided once. Never edited: superseded.

    `item_keys`: for each item in form order {"item", "right": [...], "rule", "weight"}, the fields
    of `psychometrics.keying.ItemKey`.
    """

    form = models.ForeignKey(
        ExamForm, verbose_name=_("exam form"), on_delete=models.PROTECT, related_name="key_versions"
    )
    number = models.PositiveSmallIntegerField(_("key version"))
    item_keys = models.JSONField(_("right answers"), encoder=DjangoJSONEncoder)
    digest = models.CharField(_("digest"), max_length=64)
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    at = models.DateTimeField(_("at"))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("signed by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("key")
        verbose_name_plural = _("keys")
        ordering = ["form_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["form", "number"], name="one_key_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.form_id} v{self.number}"
