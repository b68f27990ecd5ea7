"""Making results visible: drafted by one, approved by another, sealed, opened by both at the hour.

A correction is a new version of the whole; the old one stays. Which book is out is said by one
file, replaced in one step after the database has agreed.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django_tasks import task

from centres.common.audit import record
from centres.common.identity import access_code, derived_key
from centres.common.runs import Progress, start
from centres.models import User
from scheduling.models import AdmissionCard, Sitting
from scoring.book import release, signing
from scoring.book.pointer import Released, write_pointer
from scoring.book.sealed import BookDamaged, Entry, write_book
from scoring.errors import (
    AlreadyDrafted,
    BookBroken,
    ChecksNotPassed,
    EnvelopesClosed,
    NotApproved,
    NotASigner,
    NotTheHour,
    NotWaiting,
    PublicationChanged,
    ReasonMissing,
    ReleaseCodeWrong,
    SamePersonTwice,
)
from scoring.facts import BOOK_PEPPER
from scoring.models import Publication, PublicationState, ScalingRun, SealingRun
from scoring.queries.results import (
    active_holds,
    edition_of,
    personal_results,
    publication_checks,
)

SIGNATURE: Final = "results book/signature"
OPENED: Final = "results book/opened share"


OPEN_STATES: Final = (
    PublicationState.DRAFTED,
    PublicationState.APPROVED,
    PublicationState.SEALED,
)


@dataclass(frozen=True)
class Signed:
    """A publication after one person signed, and the release code only that person is shown."""

    publication: Publication
    release_code: str


def digest_of(scaling: ScalingRun) -> str:
    """SHA-256 of what would be published: every outcome of the scaling, and who is held back."""
    held = active_holds(scaling.sitting).order_by("registration_id")
    digest = hashlib.sha256(scaling.digest.encode())
    for registration in held.values_list("registration_id", flat=True):
        digest.update(f"\n{registration}".encode())
    return digest.hexdigest()


@transaction.atomic
def draft_publication(
    *, scaling: ScalingRun, release_at: datetime, cause: str = "", by: User, at: datetime
) -> Signed:
    """Draft the publication of a scaling. The drafter's release code is shown once and not kept."""
    sitting = Sitting.objects.select_for_update().get(pk=scaling.sitting_id)
    versions = Publication.objects.filter(sitting=sitting)
    begun = versions.filter(state__in=OPEN_STATES).first()
    if begun is not None:
        raise AlreadyDrafted(version=begun.version)
    version = (versions.aggregate(newest=Max("version"))["newest"] or 0) + 1
    if version > 1 and versions.filter(released_at__isnull=False).exists() and not cause.strip():
        raise ReasonMissing
    code = release.new_release_code()
    publication = Publication.objects.create(
        sitting=sitting,
        version=version,
        scaling=scaling,
        release_at=release_at,
        cause=cause.strip(),
        drafted_by=by,
        drafted_at=at,
        drafter_half=release.public_half(code),
        digest=digest_of(scaling),
    )
    record(
        "draft_publication",
        target=publication,
        by=by,
        at=at,
        version=version,
        scaling=scaling.pk,
        digest=publication.digest,
        release_at=release_at,
    )
    return Signed(publication, code)


@transaction.atomic
def approve_publication(*, publication: Publication, by: User, at: datetime) -> Signed:
    """Approve another's draft and have the book written. Refused while anything does not close."""
    publication = _locked(publication, PublicationState.DRAFTED)
    if publication.drafted_by_id == by.pk:
        raise SamePersonTwice
    _check_unchanged(publication)
    problems = publication_checks(publication.scaling)
    if problems:
        raise ChecksNotPassed(what="; ".join(f"{gate.name}: {gate.left}" for gate in problems))
    code = release.new_release_code()
    publication.state = PublicationState.APPROVED
    publication.approved_by, publication.approved_at = by, at
    publication.approver_half = release.public_half(code)
    publication.save()
    record("approve_publication", target=publication, by=by, at=at, digest=publication.digest)
    start(SealingRun.objects.create(publication=publication, started_by=by, created_at=at))
    return Signed(publication, code)


@transaction.atomic
def send_publication_back(
    *, publication: Publication, reason: str, by: User, at: datetime
) -> Publication:
    """End a publication that is not out. It stays on record; a new draft gets the next version."""
    if not reason.strip():
        raise ReasonMissing
    publication = _locked(publication, *OPEN_STATES)
    publication.state = PublicationState.SENT_BACK
    publication.withdrawn_by, publication.withdrawn_at = by, at
    publication.withdrawal = reason.strip()
    publication.save()
    record("send_publication_back", target=publication, by=by, at=at, reason=reason.strip())
    return publication


# --- the book -----------------------------------------------------------------------------------


def execute_sealing(run: SealingRun, progress: Progress) -> None:
    """Write and sign the results book. Its release key is drawn, sealed twice, and forgotten."""
    publication = Publication.objects.select_related("sitting", "scaling__sitting").get(
        pk=run.publication_id
    )
    if publication.state not in (PublicationState.APPROVED, PublicationState.SEALED):
        raise NotApproved
    _check_unchanged(publication)
    shares = release.draw_shares(bytes(publication.drafter_half), bytes(publication.approver_half))
    folder = Path(settings.BOOKS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{publication.pk}-{secrets.token_hex(6)}.book"
    write_book(
        path,
        book_entries(publication),
        pepper=derived_key(BOOK_PEPPER),
        release_key=shares.release_key,
        salt=secrets.token_bytes(16),
        preface=edition_of(publication).to_bytes(),
        progress=progress,
    )
    signed = signing.sign(signing.describe(path, str(publication.pk)), derived_key(SIGNATURE))
    with transaction.atomic():
        _keep_book(publication, path.name, signed, shares)
        run.keep(digest=hashlib.sha256(signed.text).hexdigest(), input_digest=publication.digest)
        record(
            "seal_results_book",
            target=publication,
            by=run.started_by,
            at=run.created_at,
            book=path.name,
            manifest=signed.text.decode(),
        )


def _keep_book(
    publication: Publication, name: str, signed: signing.SignedManifest, shares: release.Shares
) -> None:
    locked = _locked(publication, PublicationState.APPROVED, PublicationState.SEALED)
    locked.state, locked.book = PublicationState.SEALED, name
    locked.manifest, locked.signature = signed.text.decode(), signed.signature
    locked.drafter_share, locked.approver_share = shares.first, shares.second
    locked.drafter_opened = locked.approver_opened = b""
    locked.save()


def book_entries(publication: Publication) -> Iterator[Entry]:
    """Everyone's result under registration number and the code of the valid admission card.

    While the newest card is withdrawn it opens nothing; only its successor will.
    """
    cards = AdmissionCard.objects.filter(registration__sitting=publication.sitting)
    opens = {
        number: valid or newest + 1
        for number, newest, valid in cards.values_list("registration__number").annotate(
            newest=Max("version"), valid=Max("version", filter=Q(withdrawn_at=None))
        )
    }
    for number, personal in personal_results(publication.scaling):
        yield Entry(number, access_code(number, opens.get(number, 1)), personal.to_bytes())


# --- the hour -----------------------------------------------------------------------------------


@transaction.atomic
def open_envelope(*, publication: Publication, code: str, by: User, at: datetime) -> Publication:
    """Enter one signer's release code. With both, results come out at the hour by themselves."""
    publication = _locked(publication, PublicationState.SEALED)
    if by.pk not in (publication.drafted_by_id, publication.approved_by_id):
        raise NotASigner
    is_drafter = by.pk == publication.drafted_by_id
    share = publication.drafter_share if is_drafter else publication.approver_share
    try:
        opened = release.open_with(code, bytes(share))
    except release.WrongReleaseCode as wrong:
        raise ReleaseCodeWrong from wrong
    if is_drafter:
        publication.drafter_opened = _kept(publication, opened)
    else:
        publication.approver_opened = _kept(publication, opened)
    publication.save()
    record("open_envelope", target=publication, by=by, at=at)
    if publication.drafter_opened and publication.approver_opened:
        key = publication.pk
        due = release_when_due.using(run_after=publication.release_at)
        transaction.on_commit(lambda: due.enqueue(key, by.pk))
    return publication


@task()
def release_when_due(publication: int, by: int) -> None:
    """What the worker does at the hour, once both envelopes are open."""
    waiting = Publication.objects.filter(pk=publication, state=PublicationState.SEALED).first()
    if waiting is not None and waiting.drafter_opened and waiting.approver_opened:
        person = User.objects.get(pk=by)
        release_publication(publication=waiting, by=person, at=timezone.now())


@transaction.atomic
def release_publication(*, publication: Publication, by: User, at: datetime) -> Publication:
    """Let the results out: all of them, in one step. A version that was out before is replaced."""
    publication = _locked(publication, PublicationState.SEALED)
    if at < publication.release_at:
        raise NotTheHour(hour=timezone.localtime(publication.release_at).strftime("%d/%m/%Y %H.%M"))
    for opened, person in (
        (publication.drafter_opened, publication.drafted_by),
        (publication.approver_opened, publication.approved_by),
    ):
        if not opened:
            raise EnvelopesClosed(who=person)
    _check_unchanged(publication)
    _check_book(publication)
    Publication.objects.filter(
        sitting_id=publication.sitting_id, state=PublicationState.RELEASED
    ).update(state=PublicationState.REPLACED)
    publication.state, publication.released_at = PublicationState.RELEASED, at
    publication.save(update_fields=["state", "released_at"])
    record("release_publication", target=publication, by=by, at=at, book=publication.book)
    transaction.on_commit(sync_pointer)
    return publication


@transaction.atomic
def withdraw_publication(
    *, publication: Publication, reason: str, by: User, at: datetime
) -> Publication:
    """Take results back that are out: all of them, in one step. One person is enough."""
    if not reason.strip():
        raise ReasonMissing
    publication = _locked(publication, PublicationState.RELEASED)
    publication.state = PublicationState.WITHDRAWN
    publication.withdrawn_by, publication.withdrawn_at = by, at
    publication.withdrawal = reason.strip()
    publication.save()
    record("withdraw_publication", target=publication, by=by, at=at, reason=reason.strip())
    transaction.on_commit(sync_pointer)
    return publication


def sync_pointer() -> None:
    """Make the pointer say what the database says. Doing it twice, or late, changes nothing."""
    folder = Path(settings.BOOKS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    out = Publication.objects.filter(state=PublicationState.RELEASED).order_by("pk")
    books = [
        Released(str(one.pk), one.book, release_key_of(one))
        for one in out
        if (folder / one.book).exists()
    ]
    write_pointer(folder, books)


def release_key_of(publication: Publication) -> bytes:
    """The release key, from the two shares their holders have opened."""
    first = _opened(publication, bytes(publication.drafter_opened))
    second = _opened(publication, bytes(publication.approver_opened))
    return release.combine(first, second)


def _kept(publication: Publication, share: bytes) -> bytes:
    nonce = secrets.token_bytes(12)
    bound = str(publication.pk).encode()
    return nonce + AESGCM(derived_key(OPENED)).encrypt(nonce, share, bound)


def _opened(publication: Publication, kept: bytes) -> bytes:
    bound = str(publication.pk).encode()
    return AESGCM(derived_key(OPENED)).decrypt(kept[:12], kept[12:], bound)


# --- shared checks ------------------------------------------------------------------------------


def _locked(publication: Publication, *states: PublicationState) -> Publication:
    """The row, locked for this transaction. NotWaiting when it is in no state of these."""
    locked = (
        Publication.objects.select_for_update(of=("self",))
        .select_related("sitting", "scaling__sitting", "drafted_by", "approved_by")
        .get(pk=publication.pk)
    )
    if locked.state not in states:
        raise NotWaiting
    return locked


def _check_unchanged(publication: Publication) -> None:
    if digest_of(publication.scaling) != publication.digest:
        raise PublicationChanged


def _check_book(publication: Publication) -> None:
    """The file on disk is, byte for byte, the one that was signed."""
    signed = signing.SignedManifest(publication.manifest.encode(), bytes(publication.signature))
    public = signing.public_key(derived_key(SIGNATURE))
    try:
        signing.check_book(Path(settings.BOOKS_DIR) / publication.book, signed, public)
    except (BookDamaged, signing.WrongSignature, FileNotFoundError) as broken:
        raise BookBroken from broken
