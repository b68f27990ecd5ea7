"""One allocation: its inputs and proof, and where it puts each registration."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.runs import Run
from centres.models import Centre, Seat
from scheduling.models.candidate import Registration
from scheduling.models.sitting import ExamForm, ExamSession, RoomSession, Sitting


class Rule(models.TextChoices):
    """What a plan is the best of; kept in the parameters of its run."""

    LEAST_TOTAL = "least_total", _("least total hardship")
    LONGEST_FIRST = "longest_first", _("shortest longest way, then least total hardship")
    IN_TURN = "in_turn", _("in turn, by lot")
    BY_HAND = "by_hand", _("put together by hand")


class AllocationRun(Run):
    """All registrations of a sitting to centres, exam sessions and chairs, with the certificate.

    Costs, prices, objective and bound are in 0.1 km. Optimal exactly when objective == bound.
    """

    executor: ClassVar[str] = "scheduling.actions.plans.execute_plan"

    sitting = models.ForeignKey(
        Sitting,
        verbose_name=_("sitting"),
        on_delete=models.PROTECT,
        related_name="allocation_runs",
    )
    seed_commitment = models.CharField(_("commitment to the seed"), max_length=64, blank=True)
    objective = models.BigIntegerField(_("total cost"), null=True)
    bound = models.BigIntegerField(_("proven lower bound"), null=True)
    prices = models.JSONField(_("prices"), default=list)
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    table_digest = models.CharField(_("digest of its table"), max_length=64, blank=True)
    table_published_at = models.DateTimeField(_("table published at"), null=True)

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["-id"]


class SeedCommitment(models.Model):
    """The seed of a sitting's lottery, drawn and sealed before wishes close, shown after.

    `commitment` is SHA-256 of the seed's decimal digits. Nobody can choose a seed that suits the
    wishes, because it stood before they were all there.
    """

    sitting = models.OneToOneField(
        Sitting,
        verbose_name=_("sitting"),
        on_delete=models.PROTECT,
        related_name="seed_commitment",
    )
    seed = models.BigIntegerField(_("seed"))
    commitment = models.CharField(_("commitment to the seed"), max_length=64)
    committed_at = models.DateTimeField(_("committed at"))

    class Meta:
        verbose_name = _("commitment to the seed")
        verbose_name_plural = _("commitments to seeds")

    def __str__(self) -> str:
        return self.commitment


class MoveStudy(Run):
    """What could be done after a loss, or for people who come late: points along a curve."""

    executor: ClassVar[str] = "scheduling.actions.moves.execute_move_study"

    sitting = models.ForeignKey(
        Sitting, verbose_name=_("sitting"), on_delete=models.PROTECT, related_name="move_studies"
    )
    former = models.ForeignKey(
        AllocationRun, verbose_name=_("plan in force"), on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("study of moves")
        verbose_name_plural = _("studies of moves")
        ordering = ["-id"]


class AllocationLine(models.Model):
    """Where one allocation puts one registration for one paper. `wish_rank` 0: not a wish of his.

    Lines are always asked for by run, and by registration within it: one index serves both.
    """

    run = models.ForeignKey(
        AllocationRun, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    centre = models.ForeignKey(Centre, on_delete=models.PROTECT, related_name="+", db_index=False)
    exam_session = models.ForeignKey(
        ExamSession, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    room_session = models.ForeignKey(
        RoomSession, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="+", db_index=False)
    exam_form = models.ForeignKey(
        ExamForm, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    access_class = models.CharField(_("access class"), max_length=12)
    cost = models.BigIntegerField(_("cost"))
    wish_rank = models.PositiveSmallIntegerField(_("wish granted"))
    distance_km = models.FloatField(_("distance in km"))

    class Meta:
        verbose_name = _("allocation line")
        verbose_name_plural = _("allocation lines")
        constraints = [
            models.UniqueConstraint(
                fields=["run", "registration", "exam_session"], name="one_line_per_exam_session"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.registration_id}"
