"""What a paper is meant to ask, and what people of the committee say about its items."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.i18n import in_language
from scheduling.models import Paper
from scoring.models.analysis import AnalysisRun
from scoring.models.items import FormItem


class Blueprint(models.Model):
    """How many items of which competency an exam form of a paper holds. Never edited: superseded.

    The newest version is in force; a form is held against it, whenever it was made.
    """

    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="blueprints"
    )
    number = models.PositiveSmallIntegerField(_("version"))
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("content blueprint")
        verbose_name_plural = _("content blueprints")
        ordering = ["paper_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "number"], name="one_blueprint_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} v{self.number}"


class BlueprintRow(models.Model):
    """One competency of a standard: at least and at most so many items in a form."""

    blueprint = models.ForeignKey(Blueprint, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveSmallIntegerField(_("place"))
    standard_th = models.CharField(_("standard in Thai"), max_length=120)
    standard_en = models.CharField(_("standard in English"), max_length=120, blank=True)
    competency_th = models.CharField(_("competency in Thai"), max_length=120)
    competency_en = models.CharField(_("competency in English"), max_length=120, blank=True)
    least = models.PositiveSmallIntegerField(_("at least"))
    most = models.PositiveSmallIntegerField(_("at most"))

    class Meta:
        verbose_name = _("row of a blueprint")
        verbose_name_plural = _("rows of blueprints")
        ordering = ["blueprint_id", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["blueprint", "standard_th", "competency_th"],
                name="one_row_per_competency",
            ),
            models.CheckConstraint(
                name="least_is_not_above_most", condition=models.Q(least__lte=models.F("most"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.standard_th} / {self.competency_th}"

    @property
    def standard(self) -> str:
        return in_language(self.standard_th, self.standard_en)

    @property
    def competency(self) -> str:
        return in_language(self.competency_th, self.competency_en)


class ItemRemark(models.Model):
    """What one member of the committee said about an item while looking at one analysis of it."""

    run = models.ForeignKey(
        AnalysisRun, verbose_name=_("analysis"), on_delete=models.PROTECT, related_name="remarks"
    )
    form_item = models.ForeignKey(
        FormItem, verbose_name=_("item"), on_delete=models.PROTECT, related_name="remarks"
    )
    text = models.CharField(_("remark"), max_length=1000)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("remark about an item")
        verbose_name_plural = _("remarks about items")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.form_item_id}: {self.text[:40]}"
