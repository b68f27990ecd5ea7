"""Arrangements: asked for with a document, decided by an officer, booked like any other place."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from centres.common.audit import record
from centres.common.documents import document_type, seal_bytes, unseal_bytes
from centres.models import User
from scheduling.actions.registrations import access_class_of
from scheduling.errors import AlreadyWithdrawn
from scheduling.letters import tell
from scheduling.models import (
    ArrangementRequest,
    Document,
    Need,
    NeedKind,
    Registration,
    RegistrationState,
    RequestState,
)
from scheduling.queries.sittings import last_start
from scheduling.request_errors import (
    ArrangementMissing,
    ArrangementTooLate,
    MinutesMissing,
    ReasonMissing,
    RequestDecided,
    RequestOpen,
)

MOST_MINUTES = 180
KEPT_FOR = timedelta(days=90)  # after the decision: as long as somebody may speak against it
_AT_ONCE = 200


def request_arrangement(
    *,
    registration: Registration,
    kinds: Sequence[NeedKind],
    words: str,
    document: bytes | None,
    by: User,
    at: datetime,
) -> ArrangementRequest:
    """Ask for what the room must do, also late: whoever breaks a leg does so after the last day.

    Raises ArrangementMissing, ArrangementTooLate once the last exam session has begun, RequestOpen,
    AlreadyWithdrawn, DocumentTooLarge, DocumentWrong; the audit entry does not say what was asked.
    """
    if not kinds:
        raise ArrangementMissing
    if registration.state == RegistrationState.WITHDRAWN:
        raise AlreadyWithdrawn
    began = last_start(registration)
    if began is not None and began <= at:
        raise ArrangementTooLate(began=began)
    content_type = document_type(document) if document else ""
    try:
        with transaction.atomic():
            request = ArrangementRequest.objects.create(
                registration=registration,
                kinds=[kind.value for kind in NeedKind if kind in set(kinds)],
                words_sealed=seal_bytes(words.strip()[:2000].encode()),
                sent_at=at,
            )
            if document:
                Document.objects.create(
                    request=request, content_type=content_type, size=len(document),
                    sealed=seal_bytes(document),
                )  # fmt: skip
            record("request_arrangement", target=request, by=by, at=at, document=bool(document))
            return request
    except IntegrityError as error:
        raise RequestOpen from error


def withdraw_request(*, request: ArrangementRequest, by: User, at: datetime) -> None:
    """Take an undecided request back."""
    with transaction.atomic():
        found = _locked(request)
        found.state, found.decided_at = RequestState.WITHDRAWN, at
        found.save(update_fields=["state", "decided_at"])
        record("withdraw_request", target=found, by=by, at=at)


def decide_arrangement(
    *,
    request: ArrangementRequest,
    granted: Sequence[NeedKind],
    extra_minutes: int,
    reason: str,
    by: User,
    at: datetime,
) -> None:
    """Grant all, some or none. What is granted becomes the registration's arrangements.

    From then on the person books the places kept for them, in the same pages as everybody. A seat
    they have already stays theirs until they move. Raises ReasonMissing when something is not
    granted without one, MinutesMissing, RequestDecided.
    """
    with_time = NeedKind.EXTRA_TIME in granted
    if with_time != (1 <= extra_minutes <= MOST_MINUTES):
        raise MinutesMissing
    with transaction.atomic():
        found = _locked(request)
        if set(found.kinds) - {kind.value for kind in granted} and not reason.strip():
            raise ReasonMissing
        registration = Registration.objects.select_for_update(of=("self",)).get(
            pk=found.registration_id
        )
        registration.needs.all().delete()
        Need.objects.bulk_create(Need(registration=registration, kind=kind) for kind in granted)
        registration.access_class = access_class_of(granted)
        registration.extra_minutes = extra_minutes
        registration.save(update_fields=["access_class", "extra_minutes"])
        found.state, found.granted = RequestState.DECIDED, [kind.value for kind in granted]
        found.extra_minutes, found.reason = extra_minutes, reason.strip()[:500]
        found.decided_at, found.decided_by = at, by
        found.save()
        tell(registration, "arrangement_decided", key=str(found.pk), at=at)
        record("decide_arrangement", target=found, by=by, at=at, granted=len(granted))


def open_words(*, request: ArrangementRequest, by: User, at: datetime) -> str:
    """What the person wrote, for the officer's eyes; that it was read is on record."""
    if not request.words_sealed:
        return ""
    with transaction.atomic():
        record("read_arrangement_request", target=request, by=by, at=at)
    return unseal_bytes(bytes(request.words_sealed)).decode()


def open_document(*, request: ArrangementRequest, by: User, at: datetime) -> tuple[bytes, str]:
    """The document and its media type; that it was opened is on record before it is shown."""
    with transaction.atomic():
        document = Document.objects.get(request=request)
        record("open_document", target=request, by=by, at=at)
    return unseal_bytes(bytes(document.sealed)), document.content_type


def delete_old_papers(*, at: datetime) -> int:
    """Delete papers and words of requests that ended long ago; of how many. The decisions stay.

    What is deleted leaves the backups as they are replaced.
    """
    with transaction.atomic():
        old = ArrangementRequest.objects.select_for_update().filter(
            decided_at__lte=at - KEPT_FOR
        ).exclude(words_sealed=b"")  # fmt: skip
        keys = list(old.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
        if keys:
            papers, _kinds = Document.objects.filter(request__in=keys).delete()
            ArrangementRequest.objects.filter(pk__in=keys).update(words_sealed=b"")
            record(
                "delete_old_papers", target="scheduling.arrangementrequest", by=None, at=at,
                requests=keys, papers=papers,
            )  # fmt: skip
    return len(keys)


def _locked(request: ArrangementRequest) -> ArrangementRequest:
    found = ArrangementRequest.objects.select_for_update().get(pk=request.pk)
    if found.state != RequestState.SENT:
        raise RequestDecided
    return found
