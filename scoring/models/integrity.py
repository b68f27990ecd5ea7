"""Answers that agree too well: who was compared with whom, what stood out, what people made of it.

Evidence, never a verdict: nothing here holds a result or names a culprit.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run
from scheduling.models import Paper, Registration, RoomSession, Sitting
from scoring.models.analysis import AnalysisRun


class Reach(models.TextChoices):
    """Who is compared with whom."""

    ROOM = "room", _("everyone in one room")
    CENTRE = "centre", _("everyone of one centre")
    NATION = "nation", _("everyone in the country")
    BESIDE = "beside", _("those who sat side by side")


class SimilarityRun(Run):
    """Every pair of a paper within reach compared by omega; those that stand out tested exactly.

    Those who sat side by side are weighed instead, and judged by strangers. Only people with the
    same exam form are compared.
    """

    executor: ClassVar[str] = "scoring.actions.similarity.execute_similarity"

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="similarity_runs"
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="similarity_runs"
    )
    analyses = models.ManyToManyField(
        AnalysisRun, verbose_name=_("analyses"), related_name="similarity_runs"
    )
    reach = models.CharField(
        _("compared"), max_length=8, choices=Reach.choices, default=Reach.CENTRE
    )

    class Meta:
        verbose_name = _("comparison of answers")
        verbose_name_plural = _("comparisons of answers")
        ordering = ["-id"]


class AlikePair(models.Model):
    """Two answer sheets that agree more than working alone explains.

    `expected`: equal answers if both worked alone. `omega`: the excess in standard deviations.
    `log10_gbt`, `log10_m4`: exact chances of so much agreement, as powers of ten. `adjusted`: the
    smaller of the two, doubled because there are two, times all pairs looked at. `distance`: seats
    apart in one room, null when they did not sit in one. Of a pair listed because it sat side by
    side: `log10_factor`, how much likelier its answers are if half or more was copied, as a power
    of ten; `strangers_alike`, the share of pairs of other rooms with as much evidence.
    """

    run = models.ForeignKey(SimilarityRun, on_delete=models.CASCADE, related_name="pairs")
    analysis = models.ForeignKey(AnalysisRun, on_delete=models.PROTECT, related_name="+")
    first = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    room_session = models.ForeignKey(
        RoomSession, on_delete=models.PROTECT, null=True, related_name="+"
    )
    items = models.PositiveSmallIntegerField(_("answered by both"))
    matches = models.PositiveSmallIntegerField(_("equal answers"))
    wrong_matches = models.PositiveSmallIntegerField(_("equal wrong answers"))
    expected = models.FloatField(_("equal answers expected"))
    expected_wrong = models.FloatField(_("equal wrong answers expected"))
    omega = models.FloatField(_("omega"))
    log10_gbt = models.FloatField(_("log₁₀ of p, equal answers"))
    log10_m4 = models.FloatField(_("log₁₀ of p, right and wrong apart"))
    adjusted = models.FloatField(_("p after correction"))
    distance = models.FloatField(_("seats apart"), null=True)
    log10_factor = models.FloatField(_("log₁₀ of the evidence for copying"), null=True)
    strangers_alike = models.FloatField(_("share of strangers as alike"), null=True)

    class Meta:
        verbose_name = _("pair too alike")
        verbose_name_plural = _("pairs too alike")
        ordering = ["run_id", "adjusted", "log10_m4"]
        constraints = [
            models.UniqueConstraint(fields=["run", "first", "second"], name="one_pair_per_run"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.first_id}~{self.second_id}"


class IntegrityCase(models.Model):
    """A pair that people look into. What they made of it stands in its entries, and only grows."""

    pair = models.OneToOneField(
        AlikePair, verbose_name=_("pair"), on_delete=models.PROTECT, related_name="case"
    )
    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="integrity_cases"
    )
    first = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("opened by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    opened_at = models.DateTimeField(_("opened at"))

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sitting", "first", "second"], name="one_case_per_pair_of_people"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sitting_id}/{self.pk}"


class EntryKind(models.TextChoices):
    OPENED = "opened", _("opened the case")
    NOTE = "note", _("noted")
    EVIDENCE = "evidence", _("took the evidence file")
    CLOSING = "closing", _("proposed to close")
    OBJECTION = "objection", _("did not agree to close")
    CLOSED = "closed", _("agreed; the case is closed")
    REOPENED = "reopened", _("opened it again")


class CaseOutcome(models.TextChoices):
    """What becomes of a case. None of them is a verdict: that is the committee's."""

    NOTHING = "nothing", _("nothing to pursue")
    REFERRED = "referred", _("handed to the disciplinary committee")


class CaseEntry(models.Model):
    """One thing somebody did in a case. The database refuses to change or remove one.

    `answers`: who proposed what this entry agrees to; never the same person.
    """

    case = models.ForeignKey(IntegrityCase, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("act"), max_length=10, choices=EntryKind.choices)
    outcome = models.CharField(
        _("what becomes of it"), max_length=10, choices=CaseOutcome.choices, blank=True
    )
    text = models.TextField(_("in words"), blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("at"))
    answers = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("proposed by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("entry of a case")
        verbose_name_plural = _("entries of cases")
        ordering = ["case_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="one_entry_per_number"),
            models.CheckConstraint(
                name="a_case_is_closed_by_two_people",
                condition=~models.Q(kind="closed")
                | (models.Q(answers__isnull=False) & ~models.Q(answers=models.F("by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}#{self.number} {self.kind}"
