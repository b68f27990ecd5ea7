"""Registering oneself: an officer decides, nobody learns which numbers are known."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from centres.common.audit import AuditEntry
from centres.common.identity import national_number
from centres.common.outbox import Letter
from centres.models import Contact, Role, User
from scheduling.actions.applications import (
    Person,
    accept_application,
    join_account_to_card,
    send_application,
    send_back_application,
)
from scheduling.models import (
    Application,
    ApplicationState,
    Candidate,
    IdentityKind,
    Registration,
    Sitting,
)
from scheduling.request_errors import (
    AccountHasCandidate,
    ApplicationDecided,
    ApplicationOpen,
    ApplicationsClosed,
    CandidateHasAccount,
    PersonKnown,
    ReasonMissing,
)
from tests.factories import NOW, make_candidate, make_registration, make_sitting

pytestmark = pytest.mark.django_db
NUMBER = national_number("3100600445635")
ME = Person(
    identity_kind=IdentityKind.NATIONAL, identity=NUMBER, prefix="นางสาว", given_name_th="ขวัญข้าว",
    family_name_th="ทองดี", given_name_en="Khwankhao", family_name_en="Thongdi",
    birth_date=date(2001, 5, 13), institution=None, home_province="50",
)  # fmt: skip


@pytest.fixture
def sitting() -> Sitting:
    return make_sitting(closes_at=NOW + timedelta(days=5), freezes_at=NOW + timedelta(days=9))


def account(name: str = "person-1") -> User:
    user = User.objects.create(username=name)
    Contact.objects.create(
        user=user, channel="email", address=f"{name}@example.org", confirmed_at=NOW
    )
    return user


@pytest.fixture
def officer(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.STAFF)


def test_an_accepted_application_is_a_row_like_an_imported_one(
    sitting: Sitting, officer: User
) -> None:
    user = account()
    sent = send_application(user=user, sitting=sitting, person=ME, at=NOW)
    registration = accept_application(application=sent, by=officer, at=NOW)
    candidate = Candidate.objects.get(user=user)
    assert registration.candidate == candidate
    assert candidate.identity_masked == "x-xxxx-xxxxx-63-5"
    assert (candidate.prefix, candidate.given_name_th) == ("นางสาว", "ขวัญข้าว")
    assert Letter.objects.get().wording.endswith("application_accepted")
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert verbs == {"send_application", "import_candidates", "accept_application"}


def test_a_known_number_is_found_by_the_officer_and_not_by_the_sender(
    sitting: Sitting, officer: User
) -> None:
    make_candidate(number=NUMBER)
    sent = send_application(user=account(), sitting=sitting, person=ME, at=NOW)
    with pytest.raises(PersonKnown):
        accept_application(application=sent, by=officer, at=NOW)
    assert not Registration.objects.exists()
    assert Application.objects.get().state == ApplicationState.SENT


def test_two_accounts_cannot_become_one_person(sitting: Sitting, officer: User) -> None:
    first, second = (
        send_application(user=account(name), sitting=sitting, person=ME, at=NOW)
        for name in ("a", "b")
    )
    accept_application(application=first, by=officer, at=NOW)
    with pytest.raises(PersonKnown):
        accept_application(application=second, by=officer, at=NOW)


def test_one_account_cannot_become_two_people(sitting: Sitting, officer: User) -> None:
    user = account()
    accept_application(
        application=send_application(user=user, sitting=sitting, person=ME, at=NOW),
        by=officer, at=NOW,
    )  # fmt: skip
    later = make_sitting("2/2570", closes_at=NOW + timedelta(days=5), freezes_at=sitting.freezes_at)
    other = replace(ME, identity=national_number("1234545678781"))
    sent = send_application(user=user, sitting=later, person=other, at=NOW)
    with pytest.raises(AccountHasCandidate):
        accept_application(application=sent, by=officer, at=NOW)


def test_the_same_person_registers_for_the_next_sitting(sitting: Sitting, officer: User) -> None:
    user = account()
    later = make_sitting("2/2570", closes_at=NOW + timedelta(days=5), freezes_at=sitting.freezes_at)
    for one in (sitting, later):
        sent = send_application(user=user, sitting=one, person=ME, at=NOW)
        accept_application(application=sent, by=officer, at=NOW)
    assert Candidate.objects.get().registrations.count() == 2


def test_an_application_is_sent_once_returned_with_a_reason_and_sent_again(
    sitting: Sitting, officer: User
) -> None:
    user = account()
    sent = send_application(user=user, sitting=sitting, person=ME, at=NOW)
    with pytest.raises(ApplicationOpen):
        send_application(user=user, sitting=sitting, person=ME, at=NOW)
    with pytest.raises(ReasonMissing):
        send_back_application(application=sent, by=officer, at=NOW, reason=" ")
    send_back_application(application=sent, by=officer, at=NOW, reason="The name differs.")
    with pytest.raises(ApplicationDecided):
        accept_application(application=sent, by=officer, at=NOW)
    again = send_application(user=user, sitting=sitting, person=ME, at=NOW)
    assert (again.pk, again.state, again.reason) == (sent.pk, ApplicationState.SENT, "")


def test_after_the_close_nobody_can_apply(sitting: Sitting) -> None:
    with pytest.raises(ApplicationsClosed):
        send_application(user=account(), sitting=sitting, person=ME, at=sitting.closes_at)
    assert not Application.objects.exists()


def test_number_and_code_join_an_imported_record_to_an_account(sitting: Sitting) -> None:
    by_card = User.objects.create(username="1000000009")
    registration = make_registration(sitting, candidate=make_candidate(user=by_card))
    user = account()
    join_account_to_card(user=user, registration=registration, at=NOW)
    by_card.refresh_from_db()
    assert Candidate.objects.get().user == user
    assert not by_card.is_active
    join_account_to_card(user=user, registration=registration, at=NOW)
    assert AuditEntry.objects.filter(verb="join_account_to_card").count() == 1


def test_a_record_that_has_an_account_is_not_taken_over(sitting: Sitting) -> None:
    registration = make_registration(sitting, candidate=make_candidate(user=account("owner")))
    with pytest.raises(CandidateHasAccount):
        join_account_to_card(user=account("other"), registration=registration, at=NOW)
    mine = account("mine")
    make_candidate(user=mine)
    with pytest.raises(AccountHasCandidate):
        join_account_to_card(user=mine, registration=registration, at=NOW)
