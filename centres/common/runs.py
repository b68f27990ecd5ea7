"""Long jobs as rows: what went in, how far it is, what came out.

A subclass names its `executor`, a function `execute_…(run, progress)`. `start(run)` queues it for
the worker; a command calls `perform(run, progress)` itself and shows a bar.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django_tasks import task

from centres.common.errors import DomainError

logger = logging.getLogger("sanamsob.runs")

Progress = Callable[[int, int], None]
SILENT_FOR = timedelta(minutes=5)
REPORT_EVERY = 0.5  # seconds


class RunState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class Run(models.Model):
    """One execution of a long job. The same inputs, seed and parameters give the same digest."""

    executor: ClassVar[str]

    state = models.CharField(
        _("state"), max_length=10, choices=RunState.choices, default=RunState.QUEUED
    )
    parameters = models.JSONField(_("parameters"), default=dict, encoder=DjangoJSONEncoder)
    seed = models.BigIntegerField(_("seed"), default=0)
    input_digest = models.CharField(_("digest of the inputs"), max_length=64, blank=True)
    digest = models.CharField(_("digest of the result"), max_length=64, blank=True)
    result = models.JSONField(_("result"), default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(_("what went wrong"), blank=True)
    done = models.PositiveBigIntegerField(_("done"), default=0)
    total = models.PositiveBigIntegerField(_("of"), default=0)
    cancel_asked = models.BooleanField(_("asked to stop"), default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    created_at = models.DateTimeField(_("asked for at"))
    started_at = models.DateTimeField(_("started at"), null=True)
    heard_at = models.DateTimeField(_("last heard of at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.state in (RunState.DONE, RunState.FAILED, RunState.CANCELLED)

    def keep(self, **fields: object) -> Self:
        """Store these fields alone, at once."""
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=list(fields))
        return self


def part_of(progress: Progress, first: int, last: int) -> Progress:
    """The part of a run from `first` to `last` hundredths, as a progress of its own."""

    def report(done: int, total: int) -> None:
        progress(first + (last - first) * done // max(total, 1), 100)

    return report


class RunCancelled(DomainError):
    code = "run_cancelled"
    sentence = _("The run was stopped as asked. Nothing of it was kept; start it again any time.")


def start(run: Run) -> None:
    """Queue a saved run for the worker, once its transaction has committed.

    What it says of a broken rule is said in the language of whoever asked.
    """
    label, key, language = run._meta.label, run.pk, get_language() or settings.LANGUAGE_CODE
    transaction.on_commit(lambda: execute_run.enqueue(label, key, language))


@task()
def execute_run(label: str, key: int, language: str = settings.LANGUAGE_CODE) -> None:
    """What the worker does with one queued run; of several workers only one gets it."""
    rows = apps.get_model(label)._default_manager.filter(pk=key)
    if rows.filter(state=RunState.QUEUED).update(state=RunState.RUNNING, heard_at=timezone.now()):
        with override(language):
            perform(rows.get())


def perform(run: Run, progress: Progress | None = None) -> Run:
    """Execute a run here and now, keeping its state; a broken rule becomes its error sentence.

    A run whose process is killed stays `running` and silent until `revive_silent` finds it.
    """
    now = timezone.now()
    run.keep(
        state=RunState.RUNNING, started_at=now, heard_at=now, error="", attempts=run.attempts + 1
    )
    try:
        import_string(run.executor)(run, _reporter(run, progress))
    except RunCancelled as stop:
        run.keep(state=RunState.CANCELLED, error=str(stop), finished_at=timezone.now())
    except DomainError as refusal:
        run.keep(state=RunState.FAILED, error=str(refusal), finished_at=timezone.now())
    except Exception as fault:
        logger.exception("%s failed", run)
        sentence = _t("Our fault, not yours: %(kind)s. Nothing was changed. Tell the operator.")
        run.keep(
            state=RunState.FAILED,
            error=sentence % {"kind": type(fault).__name__},
            finished_at=timezone.now(),
        )
        raise
    else:
        run.keep(state=RunState.DONE, done=run.total, finished_at=timezone.now())
    return run


def _reporter(run: Run, also: Progress | None) -> Progress:
    """A `progress(done, total)` that keeps the row fresh and notices a wish to stop."""
    rows = type(run)._default_manager.filter(pk=run.pk)
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if also:
            also(done, total)
        if time.monotonic() - last < REPORT_EVERY and done < total:
            return
        last = time.monotonic()
        run.done, run.total = done, total
        rows.update(done=done, total=total, heard_at=timezone.now())
        if rows.filter(cancel_asked=True).exists():
            raise RunCancelled

    return report


def ask_to_cancel(run: Run) -> None:
    """Wish a run to stop: at once when it still waits, at its next report when it works."""
    rows = type(run)._default_manager.filter(pk=run.pk)
    if not rows.filter(state=RunState.QUEUED).update(state=RunState.CANCELLED):
        rows.update(cancel_asked=True)


def revive_silent(*, at: datetime) -> int:
    """Take up runs whose worker was killed: working ones silent for five minutes, waiting ones too.

    Returns how many were found.
    """
    found = 0
    for model in [m for m in apps.get_models() if issubclass(m, Run)]:
        rows = model._default_manager.annotate(last=Coalesce("heard_at", "created_at"))
        for run in rows.filter(
            state__in=(RunState.RUNNING, RunState.QUEUED), last__lt=at - SILENT_FOR
        ):
            found += 1
            _revive(run, at)
    return found


def _revive(run: Run, at: datetime) -> None:
    """Done when its result was stored already; queued once more; given up when silent twice.

    A waiting run may have lost its place in the queue; being queued twice does no harm.
    """
    if run.state == RunState.RUNNING and run.digest:
        run.keep(state=RunState.DONE, done=run.total, finished_at=at)
    elif run.attempts < 2:
        run.keep(state=RunState.QUEUED, heard_at=at)
        start(run)
    else:
        sentence = _t("The run fell silent twice and was given up. Start it again.")
        run.keep(state=RunState.FAILED, error=sentence, finished_at=at)
