"""An exam and one administration of it: papers, exam sessions, and the places they have."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.i18n import Named
from centres.models import Centre, Room

TURNOVER = 20  # minutes between somebody's extra time and the next exam session of the centre


class Exam(Named):
    """An examination programme, such as the test of teachers' professional competency."""

    code = models.CharField(_("code"), max_length=20, unique=True)

    class Meta:
        verbose_name = _("exam")
        verbose_name_plural = _("exams")


class Paper(Named):
    """One subject of an exam, with its own exam forms and score."""

    exam = models.ForeignKey(
        Exam, verbose_name=_("exam"), on_delete=models.PROTECT, related_name="papers"
    )
    code = models.CharField(_("code"), max_length=20)
    minutes = models.PositiveSmallIntegerField(_("minutes"))

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        constraints = [
            models.UniqueConstraint(fields=["exam", "code"], name="one_paper_per_code"),
        ]


class ExamForm(models.Model):
    """One version of a paper. Scoring adds its items in their order."""

    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="exam_forms"
    )
    code = models.CharField(_("exam form"), max_length=4)

    class Meta:
        verbose_name = _("exam form")
        verbose_name_plural = _("exam forms")
        ordering = ["paper_id", "code"]
        constraints = [
            models.UniqueConstraint(fields=["paper", "code"], name="one_exam_form_per_code"),
        ]

    def __str__(self) -> str:
        return self.code


class SittingMode(models.TextChoices):
    WISHES = "wishes", _("by wishes")
    FIRST_COME = "first_come", _("first come")


class Sitting(Named):
    """One administration of an exam. What stage it is in follows from its times and pointers."""

    exam = models.ForeignKey(
        Exam, verbose_name=_("exam"), on_delete=models.PROTECT, related_name="sittings"
    )
    code = models.CharField(_("sitting"), max_length=20, unique=True)
    mode = models.CharField(
        _("seats are given"), max_length=10, choices=SittingMode.choices, default=SittingMode.WISHES
    )
    opens_at = models.DateTimeField(_("wishes or booking open at"))
    closes_at = models.DateTimeField(_("wishes or booking close at"))
    freezes_at = models.DateTimeField(_("seats can be moved until"))
    is_rehearsal = models.BooleanField(_("rehearsal with invented people"), default=False)
    allocation = models.ForeignKey(
        "scheduling.AllocationRun",
        verbose_name=_("accepted allocation"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("sitting")
        verbose_name_plural = _("sittings")
        ordering = ["-opens_at"]
        constraints = [
            models.CheckConstraint(
                name="sitting_times_in_order",
                condition=models.Q(opens_at__lt=models.F("closes_at"))
                & models.Q(closes_at__lte=models.F("freezes_at")),
            ),
        ]

    def is_open(self, at: datetime) -> bool:
        """Whether candidates may submit wishes (or book) at this moment."""
        return self.opens_at <= at < self.closes_at

    def is_frozen(self, at: datetime) -> bool:
        """Whether candidates may no longer move their seat."""
        return at >= self.freezes_at


class ExamSession(models.Model):
    """One timed round of a sitting, the same in every centre."""

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="exam_sessions"
    )
    paper = models.ForeignKey(
        Paper, verbose_name=_("paper"), on_delete=models.PROTECT, related_name="+"
    )
    number = models.PositiveSmallIntegerField(_("exam session"))
    doors_open_at = models.DateTimeField(_("report from"))
    starts_at = models.DateTimeField(_("starts at"))
    doors_close_at = models.DateTimeField(_("doors close at"))
    ends_at = models.DateTimeField(_("ends at"))

    class Meta:
        verbose_name = _("exam session")
        verbose_name_plural = _("exam sessions")
        ordering = ["sitting_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["sitting", "number"], name="one_exam_session_per_number"
            ),
            models.CheckConstraint(
                name="exam_session_times_in_order",
                condition=models.Q(doors_open_at__lt=models.F("starts_at"))
                & models.Q(starts_at__lte=models.F("doors_close_at"))
                & models.Q(doors_close_at__lt=models.F("ends_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sitting_id}/{self.number}"


class AccessClass(models.TextChoices):
    STANDARD = "standard", _("standard place")
    STEP_FREE = "step_free", _("place reached without a step")
    WHEELCHAIR = "wheelchair", _("wheelchair place")
    SEPARATE = "separate", _("place in a separate room")
    MAGNIFIER = "magnifier", _("place with a magnifier")
    SIGN_LANGUAGE = "signs", _("place with sign language")


class SeatPool(models.Model):
    """The places of one centre, exam session and access class. The only counter there is."""

    centre = models.ForeignKey(Centre, verbose_name=_("centre"), on_delete=models.PROTECT)
    exam_session = models.ForeignKey(
        ExamSession,
        verbose_name=_("exam session"),
        on_delete=models.PROTECT,
        related_name="seat_pools",
    )
    access_class = models.CharField(_("access class"), max_length=12, choices=AccessClass.choices)
    capacity = models.PositiveIntegerField(_("capacity"))
    taken = models.PositiveIntegerField(_("taken"), default=0)

    class Meta:
        verbose_name = _("seat pool")
        verbose_name_plural = _("seat pools")
        constraints = [
            models.UniqueConstraint(
                fields=["exam_session", "centre", "access_class"], name="one_seat_pool"
            ),
            models.CheckConstraint(
                name="no_more_taken_than_there_are",
                condition=models.Q(taken__lte=models.F("capacity")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.centre_id}/{self.exam_session_id}/{self.access_class}"


class RoomSession(models.Model):
    """One room during one exam session: what a proctor watches."""

    room = models.ForeignKey(
        Room, verbose_name=_("room"), on_delete=models.PROTECT, related_name="room_sessions"
    )
    exam_session = models.ForeignKey(
        ExamSession,
        verbose_name=_("exam session"),
        on_delete=models.PROTECT,
        related_name="room_sessions",
    )
    shut_at = models.DateTimeField(_("not used since"), null=True, blank=True)

    class Meta:
        verbose_name = _("room session")
        verbose_name_plural = _("room sessions")
        constraints = [
            models.UniqueConstraint(fields=["exam_session", "room"], name="one_room_session"),
        ]

    def __str__(self) -> str:
        return f"{self.room_id}@{self.exam_session_id}"

    @property
    def is_used(self) -> bool:
        return self.shut_at is None
