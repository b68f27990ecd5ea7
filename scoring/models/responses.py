"""What candidates answered, the files it came in, and what in them could not be placed."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from scheduling.models import ExamForm, Registration, Sitting


class FileFormat(models.TextChoices):
    CSV = "csv", _("CSV")
    FIXED = "fixed", _("fixed width")
    XLSX = "xlsx", _("workbook")
    JSONL = "jsonl", _("electronic test")


class Reading(models.IntegerChoices):
    FIRST = 1, _("first reading")
    SECOND = 2, _("second reading")


class ResponseFile(models.Model):
    """A file of answers as it was taken in, once. Its digest is the receipt.

    A second reading of the same sheets is a file of its own: it makes no sheets, it is compared.
    `expected`: how many sheets the scanner's own slip names. `layout`: as it was used, in TOML.
    """

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="response_files"
    )
    name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(_("digest"), max_length=64)
    lines = models.PositiveIntegerField(_("lines"))
    sheets = models.PositiveIntegerField(_("sheets taken in"), default=0)
    format = models.CharField(
        _("format"), max_length=6, choices=FileFormat.choices, default=FileFormat.CSV
    )
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    layout = models.TextField(_("layout"), blank=True)
    expected = models.PositiveIntegerField(_("sheets by the scanner's slip"), null=True)
    reading = models.PositiveSmallIntegerField(
        _("reading"), choices=Reading.choices, default=Reading.FIRST
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("file of answers")
        verbose_name_plural = _("files of answers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["sitting", "sha256"], name="a_file_is_taken_in_once"),
        ]

    def __str__(self) -> str:
        return self.name


class AnswerSheet(models.Model):
    """All answers of a candidate to one exam form, one character per item, as it is printed.

    `ABD-C*`: `-` omitted, `.` not reached, `*` double mark, `?` illegible, space not administered.
    """

    registration = models.ForeignKey(
        Registration,
        verbose_name=_("registration"),
        on_delete=models.PROTECT,
        related_name="answer_sheets",
        db_index=False,
    )
    form = models.ForeignKey(
        ExamForm, verbose_name=_("exam form"), on_delete=models.PROTECT, related_name="+"
    )
    file = models.ForeignKey(
        ResponseFile,
        verbose_name=_("file"),
        on_delete=models.PROTECT,
        related_name="answer_sheets",
        db_index=False,
    )
    line = models.PositiveIntegerField(_("line of the file"))
    answers = models.CharField(_("answers"), max_length=1000)
    second_file = models.ForeignKey(
        ResponseFile,
        verbose_name=_("file of the second reading"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("answer sheet")
        verbose_name_plural = _("answer sheets")
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "form"], name="one_sheet_per_exam_form"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.registration_id}/{self.form_id}"


class ExceptionKind(models.TextChoices):
    UNKNOWN_NUMBER = "unknown_number", _("no such registration number")
    UNKNOWN_FORM = "unknown_form", _("no such exam form")
    OTHER_FORM = "other_form", _("not the exam form that was handed out")
    DUPLICATE = "duplicate", _("second sheet of one person")
    ABSENT = "absent", _("sheet of an absent person")
    WRONG_LENGTH = "wrong_length", _("wrong number of answers")
    UNKNOWN_MARK = "unknown_mark", _("a mark that means nothing")
    NOTHING_MARKED = "nothing_marked", _("a sheet without a single mark")


class Resolution(models.TextChoices):
    TAKEN = "taken", _("taken as this person's sheet")
    SET_ASIDE = "set_aside", _("set aside")


class ResponseException(models.Model):
    """A line of a file that could not be placed. It waits, whole, until a named person decides."""

    file = models.ForeignKey(
        ResponseFile, verbose_name=_("file"), on_delete=models.PROTECT, related_name="exceptions"
    )
    line = models.PositiveIntegerField(_("line of the file"))
    kind = models.CharField(_("what is wrong"), max_length=16, choices=ExceptionKind.choices)
    number = models.CharField(_("registration number as read"), max_length=40)
    form_code = models.CharField(_("exam form as read"), max_length=20)
    answers = models.TextField(_("answers as read"))
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    second_file = models.ForeignKey(
        ResponseFile,
        verbose_name=_("file of the second reading"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    resolution = models.CharField(
        _("decision"), max_length=10, choices=Resolution.choices, blank=True
    )
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
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        ordering = ["file_id", "line", "id"]
        constraints = [
            models.CheckConstraint(
                name="a_resolved_exception_names_a_person_and_a_reason",
                condition=models.Q(resolution="")
                | (
                    models.Q(resolved_by__isnull=False)
                    & models.Q(resolved_at__isnull=False)
                    & ~models.Q(reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.line}"
