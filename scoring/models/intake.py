"""What must be settled before sheets are scored: two readings, people without a sheet, balances."""

from typing import ClassVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run, RunState
from scheduling.models import Paper, Registration, Sitting
from scoring.models.responses import Reading, ResponseFile


class DifferenceKind(models.TextChoices):
    MARKS = "marks", _("other marks in the second reading")
    FORM = "form", _("another exam form in the second reading")
    ONLY_SECOND = "only_second", _("read the second time only")
    UNPLACED = "unplaced", _("fits nowhere in the second reading")


class IntakeRun(Run):
    """A file of answers that was sent and is being read. Its lines are stored whole, or not at all.

    `sent`: the name of the file as it lies in the folder of sent files until it is read. The digest
    of the inputs is the file's own, known before it is read.
    """

    executor: ClassVar[str] = "scoring.actions.sent_files.execute_intake"

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="intake_runs"
    )
    name = models.CharField(_("file"), max_length=200)
    sent = models.UUIDField(_("name in the folder of sent files"), unique=True)
    reading = models.PositiveSmallIntegerField(
        _("reading"), choices=Reading.choices, default=Reading.FIRST
    )
    layout = models.TextField(_("layout"), blank=True)
    expected = models.PositiveIntegerField(_("sheets by the scanner's slip"), null=True)
    file = models.OneToOneField(
        ResponseFile,
        verbose_name=_("file of answers"),
        on_delete=models.PROTECT,
        null=True,
        related_name="intake_run",
    )

    class Meta:
        verbose_name = _("taking in of answers")
        verbose_name_plural = _("takings in of answers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sitting", "input_digest"],
                condition=models.Q(state__in=[RunState.QUEUED, RunState.RUNNING]),
                name="a_file_is_read_by_one_run",
            ),
        ]


class ReadingDifference(models.Model):
    """A sheet that the second reading saw otherwise. Both readings stay here, whole, for good.

    `settled`: the answers a named person decided on; empty where the line is nobody's sheet.
    """

    file = models.ForeignKey(
        ResponseFile, verbose_name=_("file"), on_delete=models.PROTECT, related_name="differences"
    )
    line = models.PositiveIntegerField(_("line of the file"))
    kind = models.CharField(_("what differs"), max_length=12, choices=DifferenceKind.choices)
    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    number = models.CharField(_("registration number as read"), max_length=40)
    first_form = models.CharField(_("exam form, first reading"), max_length=20, blank=True)
    second_form = models.CharField(_("exam form, second reading"), max_length=20, blank=True)
    first = models.TextField(_("answers, first reading"), blank=True)
    second = models.TextField(_("answers, second reading"), blank=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    settled = models.TextField(_("answers decided on"), blank=True)
    settled_form = models.CharField(_("exam form decided on"), max_length=20, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    resolved_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("difference of two readings")
        verbose_name_plural = _("differences of two readings")
        ordering = ["file_id", "line", "id"]
        constraints = [
            models.CheckConstraint(
                name="a_settled_difference_names_a_person_and_a_reason",
                condition=models.Q(resolved_at__isnull=True)
                | (models.Q(resolved_by__isnull=False) & ~models.Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class MissingKind(models.TextChoices):
    LOST = "lost", _("the sheet was lost on our side")
    NOT_HANDED_IN = "not_handed_in", _("the person handed nothing in")
    NOT_THERE = "not_there", _("the person was not there: the room's list is wrong")


class MissingSheet(models.Model):
    """Why somebody who was present has no sheet, as a named person found out. The result is held.

    It counts only while there is no sheet: one that turns up is taken in as any other.
    """

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="missing_sheets",
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("what became of it"), max_length=16, choices=MissingKind.choices)
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("person without a sheet")
        verbose_name_plural = _("people without a sheet")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "paper"], name="one_answer_per_missing_sheet"
            ),
            models.CheckConstraint(
                name="a_missing_sheet_has_a_reason", condition=~models.Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.kind}"


class SignedMatter(models.TextChoices):
    BALANCE = "balance", _("rooms that do not balance")
    READING = "reading", _("sheets that were read once")


class IntakeSignature(models.Model):
    """Two people answer for figures that do not close, or for sheets that were read once.

    It holds for these figures alone (`digest`): when they change, it must be signed anew.
    """

    sitting = models.ForeignKey(
        Sitting,
        verbose_name=_("sitting"),
        on_delete=models.PROTECT,
        related_name="intake_signatures",
    )
    matter = models.CharField(_("what is signed for"), max_length=10, choices=SignedMatter.choices)
    figures = models.JSONField(_("figures"), default=dict, encoder=DjangoJSONEncoder)
    digest = models.CharField(_("digest"), max_length=64)
    reason = models.CharField(_("reason"), max_length=500)
    first_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("signed first by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    first_at = models.DateTimeField(_("signed first at"))
    second_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("signed second by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    second_at = models.DateTimeField(_("signed second at"), null=True)
    second_reason = models.CharField(_("reason of the second person"), max_length=500, blank=True)
    withdrawn_at = models.DateTimeField(_("sent back at"), null=True)

    class Meta:
        verbose_name = _("signature for the answer sheets")
        verbose_name_plural = _("signatures for the answer sheets")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sitting", "matter", "digest"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="figures_are_signed_for_once",
            ),
            models.CheckConstraint(
                name="figures_are_signed_for_by_two",
                condition=models.Q(second_by__isnull=True)
                | ~models.Q(second_by=models.F("first_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sitting_id}: {self.matter}"

    @property
    def is_complete(self) -> bool:
        return self.second_at is not None and self.withdrawn_at is None
