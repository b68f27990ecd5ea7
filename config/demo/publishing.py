"""The last step: results drafted by one, approved by another, and read by their owners alone."""

from datetime import timedelta
from typing import Any

import numpy as np

from centres.common.identity import access_code
from centres.common.runs import RunState, perform
from config.demo.before import Told
from config.demo.stage import Stage
from scheduling.models import AdmissionCard
from scoring.actions.publication import (
    approve_publication,
    draft_publication,
    open_envelope,
    release_publication,
    send_publication_back,
    sync_pointer,
)
from scoring.book.sealed import NoSuchResult
from scoring.errors import SamePersonTwice
from scoring.lookup import shelf
from scoring.models import CandidateScore, Publication, PublicationState, SealingRun
from scoring.queries.results import newest_scaling

LOOKED_UP = 200  # people whose result is read from the book, each also with somebody else's code


def publish(stage: Stage) -> Told:
    """Draft, refuse the drafter's own approval, approve, seal, open both envelopes, release."""
    released = _released(stage)
    if released is None:
        _clear_away(stage)
        released = _publish(stage)
    sync_pointer()
    own, others = _looked_up(stage)
    figures = {
        "version": released.version,
        "digest": released.digest,
        "own_results_read": own,
        "others_results_read": others,
    }
    return f"{_published(released):,} results out; {own} read, {others} by anyone else", figures


def _released(stage: Stage) -> Publication | None:
    return Publication.objects.filter(
        sitting=stage.sitting, state=PublicationState.RELEASED
    ).first()


def _clear_away(stage: Stage) -> None:
    """A draft whose release codes were lost with the process is sent back, as it would be."""
    begun = Publication.objects.filter(
        sitting=stage.sitting,
        state__in=[PublicationState.DRAFTED, PublicationState.APPROVED, PublicationState.SEALED],
    )
    for publication in begun:
        send_publication_back(
            publication=publication, reason="รหัสเปิดซองสูญหาย",
            by=stage.user("staff"), at=stage.day(18),
        )  # fmt: skip


def _publish(stage: Stage) -> Publication:
    scaling = newest_scaling(stage.sitting)
    if scaling is None:
        raise RuntimeError("nothing is scaled yet")
    one, other = stage.user("staff"), stage.user("staff2")
    hour = stage.day(21)
    draft = draft_publication(scaling=scaling, release_at=hour, by=one, at=stage.day(18))
    _refuse_same_person(draft.publication, stage)
    approved = approve_publication(publication=draft.publication, by=other, at=stage.day(19))
    run = SealingRun.objects.filter(publication=approved.publication).latest("pk")
    with stage.teller.bar("results book") as report:
        perform(run, report)
    if run.state != RunState.DONE:
        raise RuntimeError(run.error)
    opening = hour - timedelta(hours=1)
    publication = open_envelope(
        publication=approved.publication, code=draft.release_code, by=one, at=opening
    )
    publication = open_envelope(
        publication=publication, code=approved.release_code, by=other, at=opening
    )
    return release_publication(publication=publication, by=other, at=hour)


def _refuse_same_person(publication: Publication, stage: Stage) -> None:
    """Show that whoever drafted cannot approve."""
    try:
        approve_publication(publication=publication, by=stage.user("staff"), at=stage.day(18.5))
    except SamePersonTwice as refusal:
        stage.teller.say(f"  Refused, as it must be: {refusal}")
    else:
        raise RuntimeError("one person could draft and approve")


def _published(publication: Publication) -> int:
    return CandidateScore.objects.filter(run=publication.scaling).count()


def _looked_up(stage: Stage) -> tuple[int, int]:
    """How many of a sample read their own result, and how many read somebody else's."""
    cards = AdmissionCard.objects.filter(
        registration__sitting=stage.sitting, withdrawn_at__isnull=True
    )
    numbers: list[Any] = list(
        cards.order_by("registration__number").values_list("registration__number", "version")
    )
    rng = np.random.default_rng([stage.seed, 9])
    chosen = rng.choice(len(numbers), min(LOOKED_UP, len(numbers)), replace=False).tolist()
    own = others = 0
    for here, there in zip(chosen, chosen[1:] + chosen[:1], strict=True):
        own += _reads(numbers[here][0], access_code(*numbers[here]))
        others += _reads(numbers[here][0], access_code(*numbers[there]))
    return own, others


def _reads(number: str, code: str) -> bool:
    try:
        shelf().find(number, code)
    except NoSuchResult:
        return False
    return True
