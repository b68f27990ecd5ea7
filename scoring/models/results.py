"""From raw scores to what a candidate is told: scale, scores, holds, and the publication."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run
from scheduling.models import ExamForm, Paper, Registration, Sitting
from scoring.models.analysis import AnalysisRun


class Equating(models.TextChoices):
    BY_SIZE = "by_size", _("by the number of people")
    IDENTITY = "identity", _("none: raw scores as they are")
    LINEAR = "linear", _("chained linear")
    EQUIPERCENTILE = "equipercentile", _("chained equipercentile, presmoothed")


class ScaleSpec(models.Model):
    """How raw scores of one paper become reported ones: whole numbers, rounded once, half up.

    A line from `at_zero`, for no mark on the base form, to `at_full`, for all its marks, within
    the bounds; a dropped item leaves the denominator. The cut is a reported score: passed means
    cut or more.
    """

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="scale_specs"
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="+"
    )
    base_form = models.ForeignKey(
        ExamForm, verbose_name=_("base form"), on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    low = models.PositiveSmallIntegerField(_("lowest score"), default=0)
    high = models.PositiveSmallIntegerField(_("highest score"), default=100)
    at_zero = models.SmallIntegerField(_("score for no mark"), default=0)
    at_full = models.SmallIntegerField(_("score for full marks"), default=100)
    cut = models.PositiveSmallIntegerField(_("cut score"), default=60)
    equating = models.CharField(
        _("way of equating"), max_length=20, choices=Equating.choices, default=Equating.BY_SIZE
    )
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
        verbose_name = _("scale and cut")
        verbose_name_plural = _("scales and cuts")
        ordering = ["sitting_id", "paper_id", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["sitting", "paper", "version"], name="one_scale_per_version"
            ),
            models.CheckConstraint(
                name="the_cut_lies_on_the_scale",
                condition=models.Q(low__lt=models.F("cut")) & models.Q(cut__lte=models.F("high")),
            ),
            models.CheckConstraint(
                name="the_scale_rises",
                condition=models.Q(at_zero__lt=models.F("at_full")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.paper_id} v{self.version}"


class ScalingRun(Run):
    """All papers of a sitting: forms equated, scale and cut applied, an outcome for everyone.

    `tables`: by exam form id, lists by raw score from 0: `scaled`, `band_low`, `band_high`,
    `equated`.
    """

    executor: ClassVar[str] = "scoring.actions.scaling.execute_scaling"

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="scaling_runs"
    )
    analyses = models.ManyToManyField(
        AnalysisRun, verbose_name=_("analyses"), related_name="scaling_runs"
    )
    specs = models.ManyToManyField(
        ScaleSpec, verbose_name=_("scales and cuts"), related_name="scaling_runs"
    )
    tables = models.JSONField(_("tables"), default=dict)

    class Meta:
        verbose_name = _("scaling")
        verbose_name_plural = _("scalings")
        ordering = ["-id"]


class Outcome(models.TextChoices):
    SCORED = "scored", _("score")
    ABSENT = "absent", _("absent")
    HELD = "held", _("held back")


class CandidateScore(models.Model):
    """What one registration has in one paper by one scaling: a score, an absence or a hold.

    A held score keeps its figures; only the publication keeps them back.
    """

    run = models.ForeignKey(
        ScalingRun, on_delete=models.CASCADE, related_name="candidate_scores", db_index=False
    )
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="candidate_scores"
    )
    paper = models.ForeignKey(Paper, on_delete=models.PROTECT, related_name="+", db_index=False)
    form = models.ForeignKey(
        ExamForm, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    raw = models.PositiveSmallIntegerField(_("raw score"), null=True)
    scaled = models.PositiveSmallIntegerField(_("scaled score"), null=True)
    passed = models.BooleanField(_("passed"), null=True)

    class Meta:
        verbose_name = _("score of a candidate")
        verbose_name_plural = _("scores of candidates")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "registration", "paper"], name="one_outcome_per_paper"
            ),
            models.CheckConstraint(
                name="a_score_has_figures_and_an_absence_has_none",
                condition=(
                    models.Q(outcome="scored", scaled__isnull=False, passed__isnull=False)
                    | models.Q(outcome="absent", scaled__isnull=True, passed__isnull=True)
                    | models.Q(outcome="held")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.outcome}"


class ResultHold(models.Model):
    """A person keeps one result back, with a reason, until a person lets it go."""

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="result_holds",
    )
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("at"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("lifted by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    lifted_at = models.DateTimeField(_("lifted at"), null=True)
    lift_reason = models.CharField(_("reason for lifting"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=models.Q(lifted_at__isnull=True),
                name="one_hold_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}"


class PublicationState(models.TextChoices):
    DRAFTED = "drafted", _("drafted")
    APPROVED = "approved", _("approved")
    SEALED = "sealed", _("book written")
    RELEASED = "released", _("released")
    REPLACED = "replaced", _("replaced by a newer version")
    WITHDRAWN = "withdrawn", _("withdrawn")
    SENT_BACK = "sent_back", _("sent back")


class Publication(models.Model):
    """The decision that makes one scaling of a sitting visible. A correction is a new version.

    Each signer's `*_half` is the public half of his release code; each `*_share` is sealed to it.
    Neither opens the book; `*_opened` is a share that its holder has opened for this release,
    sealed again under the installation's key until the second one is there.
    """

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="publications"
    )
    version = models.PositiveSmallIntegerField(_("version"))
    scaling = models.ForeignKey(
        ScalingRun, verbose_name=_("scaling"), on_delete=models.PROTECT, related_name="publications"
    )
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=PublicationState.choices,
        default=PublicationState.DRAFTED,
    )
    release_at = models.DateTimeField(_("the hour of release"))
    cause = models.CharField(_("what this version corrects, and why"), max_length=500, blank=True)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("drafted by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    drafted_at = models.DateTimeField(_("drafted at"))
    drafter_half = models.BinaryField(_("release code of the drafter, public half"), max_length=32)
    drafter_share = models.BinaryField(_("sealed share of the drafter"), max_length=80, default=b"")
    drafter_opened = models.BinaryField(_("opened share of the drafter"), default=b"")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved at"), null=True)
    approver_half = models.BinaryField(
        _("release code of the approver, public half"), max_length=32, default=b""
    )
    approver_share = models.BinaryField(
        _("sealed share of the approver"), max_length=80, default=b""
    )
    approver_opened = models.BinaryField(_("opened share of the approver"), default=b"")
    digest = models.CharField(_("digest of what was approved"), max_length=64)
    book = models.CharField(_("results book"), max_length=80, blank=True)
    manifest = models.TextField(_("manifest"), blank=True)
    signature = models.BinaryField(_("signature"), max_length=64, default=b"")
    released_at = models.DateTimeField(_("released at"), null=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("withdrawn by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    withdrawal = models.CharField(_("why it was withdrawn"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["sitting_id", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "version"], name="one_publication_version"),
            models.UniqueConstraint(
                fields=["sitting"],
                condition=models.Q(state="released"),
                name="one_released_publication_per_sitting",
            ),
            models.CheckConstraint(
                name="a_publication_takes_two_people",
                condition=models.Q(approved_by__isnull=True)
                | ~models.Q(approved_by=models.F("drafted_by")),
            ),
            models.CheckConstraint(
                name="nothing_is_released_without_two_people_and_a_book",
                condition=~models.Q(state="released")
                | (models.Q(approved_by__isnull=False) & ~models.Q(book="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sitting_id} v{self.version}"


class SealingRun(Run):
    """Writing one results book."""

    executor: ClassVar[str] = "scoring.actions.publication.execute_sealing"

    publication = models.ForeignKey(
        Publication,
        verbose_name=_("publication"),
        on_delete=models.PROTECT,
        related_name="sealing_runs",
    )

    class Meta:
        verbose_name = _("writing of a results book")
        verbose_name_plural = _("writings of results books")
        ordering = ["-id"]
