"""The second scoring: everyone's score once more, by other means, and where the two differ."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run
from scoring.models.results import ScalingRun


class SecondScoring(Run):
    """One independent scoring of everybody in a scaling. `result` lists whom it differs on.

    `input_digest`: the digest of the scaling that it checked, so that it answers for no other.
    """

    executor: ClassVar[str] = "scoring.actions.second_scoring.execute_second_scoring"

    scaling = models.ForeignKey(
        ScalingRun,
        verbose_name=_("scaling"),
        on_delete=models.PROTECT,
        related_name="second_scorings",
    )
    people = models.PositiveIntegerField(_("people"), default=0)
    disagreements = models.PositiveIntegerField(_("people it differs on"), default=0)

    class Meta:
        verbose_name = _("second scoring")
        verbose_name_plural = _("second scorings")
        ordering = ["-id"]
