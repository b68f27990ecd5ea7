"""Arrangements: asked for, decided by one officer, encrypted, booked by those entitled."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from centres.common.audit import AuditEntry
from centres.common.documents import LARGEST, DocumentTooLarge, DocumentWrong, document_type
from centres.models import Role, User
from scheduling.actions.arrangements import (
    KEPT_FOR,
    decide_arrangement,
    delete_old_papers,
    open_document,
    open_words,
    request_arrangement,
    withdraw_request,
)
from scheduling.models import ArrangementRequest, Document, NeedKind, Registration
from scheduling.request_errors import (
    ArrangementMissing,
    MinutesMissing,
    ReasonMissing,
    RequestDecided,
    RequestOpen,
)
from tests.factories import NOW, make_candidate, make_registration, make_sitting

pytestmark = pytest.mark.django_db
PAPER = b"%PDF-1.7 a doctor's paper"
WORDS = "ใช้รถเข็นและเขียนช้า"


@pytest.fixture
def officer(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.ARRANGEMENTS)


@pytest.fixture
def registration() -> Registration:
    user = User.objects.create(username="me")
    return make_registration(make_sitting(), candidate=make_candidate(user=user, email="a@b.co"))


def asked(registration: Registration, **fields: object) -> ArrangementRequest:
    given = {
        "kinds": [NeedKind.EXTRA_TIME, NeedKind.WHEELCHAIR], "words": WORDS, "document": PAPER,
        "by": registration.candidate.user, "at": NOW,
    }  # fmt: skip
    return request_arrangement(registration=registration, **{**given, **fields})  # type: ignore[arg-type]


def test_what_is_granted_becomes_the_place_and_the_minutes(
    registration: Registration, officer: User
) -> None:
    granted = [NeedKind.WHEELCHAIR, NeedKind.EXTRA_TIME]
    decide_arrangement(
        request=asked(registration),
        granted=granted,
        extra_minutes=45,
        reason="",
        by=officer,
        at=NOW,
    )
    registration.refresh_from_db()
    assert (registration.access_class, registration.extra_minutes) == ("wheelchair", 45)
    assert {need.kind for need in registration.needs.all()} == {"wheelchair", "extra_time"}


def test_what_is_not_granted_needs_a_reason(registration: Registration, officer: User) -> None:
    request = asked(registration)
    plain = {"request": request, "by": officer, "at": NOW}
    with pytest.raises(ReasonMissing):
        decide_arrangement(granted=[], extra_minutes=0, reason=" ", **plain)  # type: ignore[arg-type]
    with pytest.raises(MinutesMissing):
        decide_arrangement(
            granted=[NeedKind.EXTRA_TIME], extra_minutes=0, reason="no lift", **plain  # type: ignore[arg-type]
        )  # fmt: skip
    decide_arrangement(granted=[], extra_minutes=0, reason="The paper is old.", **plain)  # type: ignore[arg-type]
    with pytest.raises(RequestDecided):
        decide_arrangement(granted=[], extra_minutes=0, reason="again", **plain)  # type: ignore[arg-type]


def test_neither_words_nor_document_lie_readable_in_a_table_or_the_audit_trail(
    registration: Registration,
) -> None:
    asked(registration)
    with connection.cursor() as cursor:
        cursor.execute("SELECT words_sealed FROM scheduling_arrangementrequest")
        words = bytes(cursor.fetchone()[0])
        cursor.execute("SELECT sealed FROM scheduling_document")
        paper = bytes(cursor.fetchone()[0])
    assert WORDS.encode() not in words
    assert b"doctor" not in paper
    entry = AuditEntry.objects.get(verb="request_arrangement")
    assert entry.facts == {"document": True}


def test_every_opening_is_on_record(registration: Registration, officer: User) -> None:
    request = asked(registration)
    assert open_words(request=request, by=officer, at=NOW) == WORDS
    assert open_document(request=request, by=officer, at=NOW) == (PAPER, "application/pdf")
    verbs = AuditEntry.objects.filter(by=officer).values_list("verb", flat=True)
    assert sorted(verbs) == ["open_document", "read_arrangement_request"]


def test_one_request_at_a_time_until_it_is_withdrawn(registration: Registration) -> None:
    first = asked(registration)
    with pytest.raises(RequestOpen):
        asked(registration)
    user = registration.candidate.user
    assert user is not None
    withdraw_request(request=first, by=user, at=NOW)
    asked(registration)
    assert ArrangementRequest.objects.count() == Document.objects.count() == 2


def test_a_request_for_nothing_is_refused(registration: Registration) -> None:
    with pytest.raises(ArrangementMissing):
        asked(registration, kinds=[])


@pytest.mark.parametrize("content", [b"", b"MZ\x90\x00", b"<html>", b"PK\x03\x04 %PDF-1.7"])
def test_a_file_is_what_its_first_bytes_say(content: bytes) -> None:
    with pytest.raises(DocumentWrong):
        document_type(content)


def test_a_large_file_is_refused_with_its_limit() -> None:
    with pytest.raises(DocumentTooLarge, match="5"):
        document_type(PAPER + b"x" * LARGEST)


def test_papers_and_words_are_deleted_ninety_days_after_the_decision(
    registration: Registration, officer: User
) -> None:
    request = asked(registration)
    assert delete_old_papers(at=NOW + 2 * KEPT_FOR) == 0  # nobody has decided yet
    decide_arrangement(
        request=request, granted=[], extra_minutes=0, reason="No paper.", by=officer, at=NOW
    )
    assert delete_old_papers(at=NOW + KEPT_FOR - timedelta(seconds=1)) == 0
    assert [delete_old_papers(at=NOW + KEPT_FOR) for _twice in range(2)] == [1, 0]
    request.refresh_from_db()
    assert not Document.objects.exists()
    assert (bytes(request.words_sealed), request.reason) == (b"", "No paper.")
    assert open_words(request=request, by=officer, at=NOW) == ""
    entry = AuditEntry.objects.get(verb="delete_old_papers")
    assert entry.facts == {"requests": [request.pk], "papers": 1}
