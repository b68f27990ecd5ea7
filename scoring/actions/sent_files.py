"""Files of answers that were sent: kept until a worker has read them, then taken in or refused."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction

from centres.common.audit import record
from centres.common.runs import Progress, RunState, ask_to_cancel, start
from centres.common.sheets import MAX_FILE, SpreadsheetTooLarge
from centres.models import User
from scheduling.models import Sitting
from scoring.actions.reading import layout_of
from scoring.actions.responses import read_file, refuse_known, store_answers
from scoring.actions.second_reading import check_read_first, store_comparison
from scoring.errors import FileBeingRead
from scoring.models import IntakeRun, Reading

READ, STORED = 90, 100  # hundredths of a run


def start_intake(
    *,
    sitting: Sitting,
    content: Iterable[bytes],
    name: str,
    reading: int,
    layout: str,
    expected: int | None,
    by: User,
    at: datetime,
) -> IntakeRun:
    """Keep what was sent and queue it for the worker. What is known to be wrong is said at once."""
    layout_of(layout)
    if reading == Reading.SECOND:
        check_read_first(sitting)
    sent = uuid4()
    try:
        digest = _keep(sent, content, name)
        refuse_known(sitting, digest)
        with transaction.atomic():
            run = IntakeRun.objects.create(
                sitting=sitting, name=name[:200], sent=sent, reading=Reading(reading),
                layout=layout, expected=expected, input_digest=digest, started_by=by,
                created_at=at, total=STORED,
            )  # fmt: skip
            record("start_intake", target=run, by=by, at=at, name=run.name, sha256=digest)
            start(run)
    except IntegrityError as twice:
        _drop(sent)
        raise FileBeingRead(name=name) from twice
    except BaseException:
        _drop(sent)
        raise
    return run


def execute_intake(run: IntakeRun, progress: Progress) -> None:
    """Read a sent file, then store it whole. Whatever comes of it, the sent file goes."""
    try:
        _take_in(run, progress)
    finally:
        _drop(run.sent)


def _take_in(run: IntakeRun, progress: Progress) -> None:
    def report(done: int, total: int) -> None:
        progress(READ * done // max(total, 1), STORED)

    file, read = read_file(
        sitting=run.sitting, path=_path(run.sent), by=run.started_by, at=run.created_at,
        layout=run.layout, expected=run.expected, name=run.name, reading=Reading(run.reading),
        progress=report,
    )  # fmt: skip
    progress(READ, STORED)
    with transaction.atomic():
        if run.reading == Reading.SECOND:
            store_comparison(file=file, read=read)
        else:
            store_answers(file=file, read=read)
        run.keep(file=file, digest=file.sha256)


def cancel_intake(*, run: IntakeRun, by: User, at: datetime) -> None:
    """Wish a file not to be taken in. One that nobody has begun to read goes at once."""
    ask_to_cancel(run)
    run.refresh_from_db(fields=["state"])
    if run.state == RunState.CANCELLED:
        _drop(run.sent)
    record("cancel_intake", target=run, by=by, at=at, name=run.name)


# --- the folder of sent files ---------------------------------------------------------------------


def _path(sent: UUID) -> Path:
    folder: Path = settings.DATA_DIR / "sent"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / sent.hex


def _keep(sent: UUID, content: Iterable[bytes], name: str) -> str:
    """Write down what was sent. Returns its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with _path(sent).open("wb") as file:
        for chunk in content:
            size += len(chunk)
            if size > MAX_FILE:
                raise SpreadsheetTooLarge(name=name)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _drop(sent: UUID) -> None:
    _path(sent).unlink(missing_ok=True)
