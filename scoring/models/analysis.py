"""One analysis of one exam form with one key: scores, figures of items and options, findings."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run
from scheduling.models import ExamForm, Registration, Sitting
from scoring.models.items import FormItem, KeyVersion


class AnalysisRun(Run):
    """Answer sheets of one exam form in one sitting, scored and analysed. Forms are never pooled.

    Once done it is never rewritten: a changed key is a new run, and the old one still opens.
    """

    executor: ClassVar[str] = "scoring.actions.analysis.execute_analysis"

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="analysis_runs"
    )
    form = models.ForeignKey(
        ExamForm,
        verbose_name=_("exam form"),
        on_delete=models.PROTECT,
        related_name="analysis_runs",
    )
    key_version = models.ForeignKey(
        KeyVersion, verbose_name=_("key"), on_delete=models.PROTECT, related_name="analysis_runs"
    )

    class Meta:
        verbose_name = _("analysis")
        verbose_name_plural = _("analyses")
        ordering = ["-id"]


class RawScore(models.Model):
    """The raw score of one candidate in one analysis, of how many possible."""

    run = models.ForeignKey(
        AnalysisRun, on_delete=models.CASCADE, related_name="raw_scores", db_index=False
    )
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="raw_scores"
    )
    raw = models.PositiveSmallIntegerField(_("raw score"))
    possible = models.PositiveSmallIntegerField(_("highest possible"))

    class Meta:
        verbose_name = _("raw score")
        verbose_name_plural = _("raw scores")
        constraints = [
            models.UniqueConstraint(fields=["run", "registration"], name="one_raw_score_per_run"),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.raw}"


class ItemStatistic(models.Model):
    """The figures of one item in one analysis. A figure that does not exist is null.

    `flags`: codes of `psychometrics.flags`, the most urgent first; `alarm` when a better key was
    found beyond doubt. `evidence`: by flag, the figures it rests on. `curve`: percent choosing the
    key in ten groups of raw score.
    """

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="item_statistics")
    form_item = models.ForeignKey(FormItem, on_delete=models.PROTECT, related_name="statistics")
    n = models.PositiveIntegerField(_("people"))
    p = models.FloatField(_("difficulty"), null=True)
    item_total = models.FloatField(_("item-total correlation"), null=True)
    item_rest = models.FloatField(_("item-rest correlation"), null=True)
    biserial = models.FloatField(_("biserial correlation"), null=True)
    upper_lower = models.FloatField(_("upper less lower group"), null=True)
    alpha_if_deleted = models.FloatField(_("alpha if deleted"), null=True)
    omitted = models.FloatField(_("share omitted"), null=True)
    not_reached = models.FloatField(_("share not reached"), null=True)
    a = models.FloatField(_("discrimination (2PL)"), null=True)
    b = models.FloatField(_("difficulty (2PL)"), null=True)
    se_a = models.FloatField(_("standard error of a"), null=True)
    se_b = models.FloatField(_("standard error of b"), null=True)
    flags = models.JSONField(_("flags"), default=list)
    alarm = models.BooleanField(_("key alarm"), default=False)
    suggested = models.CharField(_("suggested key"), max_length=12, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict)
    urgency = models.FloatField(_("urgency"), default=0)

    class Meta:
        verbose_name = _("statistics of an item")
        verbose_name_plural = _("statistics of items")
        constraints = [
            models.UniqueConstraint(fields=["run", "form_item"], name="one_statistic_per_item"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.form_item_id}"


class OptionStatistic(models.Model):
    """Who chose one option of one item. `curve`: percent choosing it in ten raw-score groups."""

    run = models.ForeignKey(
        AnalysisRun, on_delete=models.CASCADE, related_name="option_statistics", db_index=False
    )
    form_item = models.ForeignKey(FormItem, on_delete=models.PROTECT, related_name="+")
    option = models.CharField(_("option"), max_length=16)
    is_key = models.BooleanField(_("right"))
    n = models.PositiveIntegerField(_("people"))
    p = models.FloatField(_("share"), null=True)
    mean_score = models.FloatField(_("mean raw score"), null=True)
    option_total = models.FloatField(_("option-total correlation"), null=True)
    option_rest = models.FloatField(_("option-rest correlation"), null=True)
    curve = models.JSONField(_("percent by score group"), default=list)

    class Meta:
        verbose_name = _("statistics of an option")
        verbose_name_plural = _("statistics of options")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "form_item", "option"], name="one_statistic_per_option"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.form_item_id}/{self.option}"


class GroupFigures(models.Model):
    """How one group of people took the form of one analysis. Groups are never pooled.

    `by`: what divides people (`centre`, `sex`, ...); `name`: the group's own code. `p`,
    `item_rest`: by item, in the order of the form; null where there is no figure.
    """

    run = models.ForeignKey(
        AnalysisRun, on_delete=models.CASCADE, related_name="groups", db_index=False
    )
    by = models.CharField(_("divided by"), max_length=16)
    name = models.CharField(_("group"), max_length=40)
    people = models.PositiveIntegerField(_("people"))
    mean = models.FloatField(_("mean raw score"), null=True)
    sd = models.FloatField(_("standard deviation"), null=True)
    alpha = models.FloatField(_("reliability"), null=True)
    sem = models.FloatField(_("standard error of measurement"), null=True)
    p = models.JSONField(_("difficulty by item"), default=list)
    item_rest = models.JSONField(_("item-rest correlation by item"), default=list)

    class Meta:
        verbose_name = _("figures of a group")
        verbose_name_plural = _("figures of groups")
        ordering = ["run_id", "by", "name"]
        constraints = [
            models.UniqueConstraint(fields=["run", "by", "name"], name="one_row_per_group"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.by}={self.name}"


class SimilarPair(models.Model):
    """Two answer sheets of one room that agree more than chance allows. Evidence, never a verdict.

    `adjusted`: the p-value after correction for all pairs that were compared in this run.
    """

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="similar_pairs")
    first = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="+")
    room_session = models.ForeignKey(
        "scheduling.RoomSession", on_delete=models.PROTECT, related_name="+"
    )
    matches = models.PositiveSmallIntegerField(_("equal answers"))
    expected = models.FloatField(_("equal answers expected"))
    statistic = models.FloatField(_("omega"))
    p_value = models.FloatField(_("p-value"))
    adjusted = models.FloatField(_("p-value after correction"))
    distance = models.FloatField(_("distance of the seats"), null=True)

    class Meta:
        verbose_name = _("similar pair")
        verbose_name_plural = _("similar pairs")
        ordering = ["run_id", "p_value"]
        constraints = [
            models.UniqueConstraint(fields=["run", "first", "second"], name="one_row_per_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id}~{self.second_id}"


class DecisionKind(models.TextChoices):
    KEEP = "keep", _("keep the key")
    REKEY = "rekey", _("another key")
    MULTIPLE = "multiple", _("several right answers")
    CREDIT = "credit", _("the mark for everyone")
    DROP = "drop", _("drop the item")
    WEIGHT = "weight", _("another weight")


WEIGHTS = tuple("123456789")  # how many times an item may count


class ItemDecision(models.Model):
    """What is to be done with one item after one analysis: proposed by one, signed by another.

    `value`: the options that become right, or how many times the item counts; nothing where the
    kind says it all. A signed decision that changes the key names the version it made.
    """

    run = models.ForeignKey(
        AnalysisRun, verbose_name=_("analysis"), on_delete=models.PROTECT, related_name="decisions"
    )
    form_item = models.ForeignKey(
        FormItem, verbose_name=_("item"), on_delete=models.PROTECT, related_name="decisions"
    )
    kind = models.CharField(_("decision"), max_length=10, choices=DecisionKind.choices)
    value = models.CharField(_("right answers or weight"), max_length=12, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    effects = models.JSONField(_("effects shown before signing"), default=dict)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("proposed by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    proposed_at = models.DateTimeField(_("proposed at"))
    signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("signed by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    signed_at = models.DateTimeField(_("signed at"), null=True)
    sign_reason = models.CharField(_("reason of the second person"), max_length=500, blank=True)
    withdrawn_at = models.DateTimeField(_("sent back at"), null=True)
    key_version = models.ForeignKey(
        KeyVersion,
        verbose_name=_("key version made"),
        on_delete=models.PROTECT,
        null=True,
        related_name="decisions",
    )

    class Meta:
        verbose_name = _("decision about an item")
        verbose_name_plural = _("decisions about items")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "form_item"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_decision_per_item_and_run",
            ),
            models.CheckConstraint(
                name="a_decision_takes_two_people",
                condition=models.Q(signed_by__isnull=True)
                | ~models.Q(signed_by=models.F("proposed_by")),
            ),
            models.CheckConstraint(
                name="a_weight_is_a_small_number",
                condition=~models.Q(kind="weight") | models.Q(value__in=WEIGHTS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form_item_id}: {self.kind}"

    @property
    def shown_value(self) -> str:
        """The value as it is written beside the kind: BD, × 2."""
        return f"× {self.value}" if self.kind == DecisionKind.WEIGHT else self.value

    @property
    def changes_key(self) -> bool:
        return self.kind != DecisionKind.KEEP
