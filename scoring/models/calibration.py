"""One calibration of a paper by a response model: items, people, fit, and groups compared."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run
from scheduling.models import Paper, Registration, Sitting
from scoring.models.analysis import AnalysisRun
from scoring.models.items import FormItem


class ResponseModel(models.TextChoices):
    """How ability and item make a right answer. The value is the name the arithmetic knows."""

    RASCH = "rasch", _("Rasch: items differ in difficulty alone")
    ONE = "1pl", _("1PL: one slope for all items")
    TWO = "2pl", _("2PL: every item its own slope")
    THREE = "3pl", _("3PL: and a chance to guess right")


class CalibrationRun(Run):
    """Finished analyses of one paper, their exam forms put on one scale through common items.

    The analyses name the sheets and the keys. Once done it is never rewritten.
    """

    executor: ClassVar[str] = "scoring.actions.calibration.execute_calibration"

    sitting = models.ForeignKey(
        Sitting,
        verbose_name=_("sitting"),
        on_delete=models.PROTECT,
        related_name="calibration_runs",
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="calibration_runs"
    )
    analyses = models.ManyToManyField(
        AnalysisRun, verbose_name=_("analyses"), related_name="calibration_runs"
    )
    model = models.CharField(
        _("response model"), max_length=8, choices=ResponseModel.choices, default=ResponseModel.TWO
    )

    class Meta:
        verbose_name = _("calibration")
        verbose_name_plural = _("calibrations")
        ordering = ["-id"]


class CalibratedItem(models.Model):
    """One item of one exam form in one calibration. A figure that does not exist is null.

    `a`, `b`, `c` are in the logistic metric and the same wherever the item stands; fit is that of
    its form. `points`: in ranges of ability [theta, people, observed, expected, error].
    `neighbours`: items whose residuals go with its own, [[item, corrected Q3], ...].
    """

    run = models.ForeignKey(CalibrationRun, on_delete=models.CASCADE, related_name="items")
    form_item = models.ForeignKey(FormItem, on_delete=models.PROTECT, related_name="calibrated")
    a = models.FloatField(_("discrimination"), null=True)
    b = models.FloatField(_("difficulty"), null=True)
    c = models.FloatField(_("chance to guess right"), null=True)
    se_a = models.FloatField(_("standard error of a"), null=True)
    se_b = models.FloatField(_("standard error of b"), null=True)
    se_c = models.FloatField(_("standard error of c"), null=True)
    chi2 = models.FloatField(_("S-X²"), null=True)
    df = models.FloatField(_("degrees of freedom"), null=True)
    p = models.FloatField(_("p of S-X²"), null=True)
    rmsea = models.FloatField(_("RMSEA of S-X²"), null=True)
    infit = models.FloatField(_("infit"), null=True)
    outfit = models.FloatField(_("outfit"), null=True)
    points = models.JSONField(_("points seen"), default=list)
    neighbours = models.JSONField(_("items that go together"), default=list)

    class Meta:
        verbose_name = _("calibrated item")
        verbose_name_plural = _("calibrated items")
        constraints = [
            models.UniqueConstraint(fields=["run", "form_item"], name="one_calibrated_item"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.form_item_id}"


class PersonMeasure(models.Model):
    """Where one candidate stands in one calibration, and how well the answers follow the model.

    `theta`: Warm's estimate. `lz`: lz*, standard normal for who answers as the model says; `p`, the
    chance of so little or less. `u3`: 0 for a perfect order of easy and hard, 1 for its reverse.
    """

    run = models.ForeignKey(
        CalibrationRun, on_delete=models.CASCADE, related_name="people", db_index=False
    )
    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    theta = models.FloatField(_("ability"), null=True)
    error = models.FloatField(_("standard error"), null=True)
    lz = models.FloatField(_("lz*"), null=True)
    p = models.FloatField(_("p of lz*"), null=True)
    u3 = models.FloatField(_("U3"), null=True)

    class Meta:
        verbose_name = _("measure of a person")
        verbose_name_plural = _("measures of persons")
        constraints = [
            models.UniqueConstraint(fields=["run", "registration"], name="one_measure_per_person"),
        ]
        indexes = [models.Index(fields=["run", "p"], name="oddest_answers_first")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.registration_id}"


class GroupDifference(models.Model):
    """One item for one group against everybody else who did equally well.

    `delta`: Mantel-Haenszel on the ETS scale, negative when harder for the group; `shrunk`, the
    same drawn towards the mean of all items as far as chance explains. `share`: standardised
    difference in share right. `left_out`: of the score that others were matched on.
    """

    run = models.ForeignKey(CalibrationRun, on_delete=models.CASCADE, related_name="differences")
    form_item = models.ForeignKey(FormItem, on_delete=models.PROTECT, related_name="+")
    grouping = models.CharField(_("groups"), max_length=16)
    group = models.CharField(_("group"), max_length=40)
    delta = models.FloatField(_("delta"), null=True)
    error = models.FloatField(_("standard error of delta"), null=True)
    shrunk = models.FloatField(_("delta, drawn to the mean"), null=True)
    p = models.FloatField(_("p of Mantel-Haenszel"), null=True)
    ets = models.CharField(_("class"), max_length=1, blank=True)
    share = models.FloatField(_("difference in share right"), null=True)
    effect = models.FloatField(_("gain in R² by the group"), null=True)
    left_out = models.BooleanField(_("left out of the matching"), default=False)

    class Meta:
        verbose_name = _("difference between groups")
        verbose_name_plural = _("differences between groups")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "grouping", "group", "form_item"], name="one_difference_per_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.form_item_id}/{self.grouping}={self.group}"
