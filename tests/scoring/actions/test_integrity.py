from collections.abc import Callable

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from centres.common.audit import AuditEntry
from centres.models import Role, User
from scoring.actions.integrity import (
    add_note,
    agree_to_close,
    object_to_closing,
    open_case,
    propose_closing,
    reopen_case,
    take_evidence,
)
from scoring.errors import (
    CaseIsClosed,
    CaseIsOpen,
    ClosingMissing,
    ClosingProposed,
    OutcomeMissing,
    ReasonMissing,
    SamePersonTwice,
)
from scoring.models import AlikePair, CaseEntry, IntegrityCase, ResultHold
from scoring.queries.integrity import CaseState, cases_of, standing_of
from tests.factories import NOW


@pytest.fixture
def first(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.INTEGRITY, username="first")


@pytest.fixture
def second(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.INTEGRITY, username="second")


@pytest.fixture
def case(alike: AlikePair, first: User) -> IntegrityCase:
    return open_case(pair=alike, reason="forty equal mistakes", by=first, at=NOW)


def test_a_case_is_opened_with_a_reason_once(alike: AlikePair, first: User, second: User) -> None:
    with pytest.raises(ReasonMissing):
        open_case(pair=alike, reason="  ", by=first, at=NOW)
    assert not IntegrityCase.objects.exists()
    case = open_case(pair=alike, reason="forty equal mistakes", by=first, at=NOW)
    with pytest.raises(CaseIsOpen):
        open_case(pair=alike, reason="again", by=second, at=NOW)
    assert [entry.kind for entry in standing_of(case).entries] == ["opened"]
    assert AuditEntry.objects.get(verb="case_opened").by == first


def test_a_later_comparison_finds_the_case_that_is_open(
    alike: AlikePair, case: IntegrityCase, second: User
) -> None:
    again = AlikePair.objects.get(pk=alike.pk)
    with pytest.raises(CaseIsOpen):
        open_case(pair=again, reason="seen anew", by=second, at=NOW)


def test_two_people_close_a_case(case: IntegrityCase, first: User, second: User) -> None:
    propose_closing(case=case, outcome="nothing", reason="heard both", by=first, at=NOW)
    with pytest.raises(SamePersonTwice):
        agree_to_close(case=case, reason="I agree with myself", by=first, at=NOW)
    agree_to_close(case=case, reason="read it all", by=second, at=NOW)
    standing = standing_of(case)
    assert standing.state is CaseState.CLOSED
    assert (standing.last.by, standing.last.answers) == (second, first)
    assert standing.last.outcome == "nothing"


def test_the_database_itself_wants_two_people(case: IntegrityCase, first: User) -> None:
    row = {"case": case, "number": 9, "kind": "closed", "text": "x", "by": first, "at": NOW}
    for answers in (None, first):
        with pytest.raises(IntegrityError), transaction.atomic():
            CaseEntry.objects.create(**row, answers=answers)


def test_an_objection_keeps_a_case_open(case: IntegrityCase, first: User, second: User) -> None:
    propose_closing(case=case, outcome="referred", reason="enough", by=first, at=NOW)
    with pytest.raises(ClosingProposed):
        propose_closing(case=case, outcome="nothing", reason="not at all", by=second, at=NOW)
    object_to_closing(case=case, reason="nobody heard her", by=second, at=NOW)
    assert standing_of(case).state is CaseState.OPEN
    with pytest.raises(ClosingMissing):
        agree_to_close(case=case, reason="late", by=second, at=NOW)


def test_a_closed_case_takes_nothing_until_it_is_opened_again(
    case: IntegrityCase, first: User, second: User
) -> None:
    propose_closing(case=case, outcome="nothing", reason="heard both", by=first, at=NOW)
    agree_to_close(case=case, reason="read it all", by=second, at=NOW)
    with pytest.raises(CaseIsClosed):
        add_note(case=case, text="one thing more", by=first, at=NOW)
    reopen_case(case=case, reason="a witness wrote", by=first, at=NOW)
    add_note(case=case, text="one thing more", by=first, at=NOW)
    assert [entry.number for entry in standing_of(case).entries] == [1, 2, 3, 4, 5]


def test_an_open_case_is_not_opened_again(case: IntegrityCase, first: User) -> None:
    with pytest.raises(CaseIsOpen):
        reopen_case(case=case, reason="twice", by=first, at=NOW)


def test_what_becomes_of_a_case_is_one_of_two_things(case: IntegrityCase, first: User) -> None:
    with pytest.raises(OutcomeMissing):
        propose_closing(case=case, outcome="guilty", reason="obvious", by=first, at=NOW)


def test_taking_the_evidence_out_is_on_record(case: IntegrityCase, second: User) -> None:
    take_evidence(case=case, form="PDF", by=second, at=NOW)
    assert standing_of(case).last.kind == "evidence"
    assert AuditEntry.objects.get(verb="case_evidence").by == second


def test_the_database_refuses_to_rewrite_what_was_said(case: IntegrityCase) -> None:
    for statement in (
        "UPDATE scoring_caseentry SET text = 'x'",
        "DELETE FROM scoring_caseentry",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_no_step_of_a_case_holds_a_result(case: IntegrityCase, first: User, second: User) -> None:
    propose_closing(case=case, outcome="referred", reason="enough", by=first, at=NOW)
    agree_to_close(case=case, reason="yes", by=second, at=NOW)
    assert not ResultHold.objects.exists()


def test_a_case_that_waits_is_listed_as_such(case: IntegrityCase, first: User) -> None:
    propose_closing(case=case, outcome="referred", reason="enough", by=first, at=NOW)
    assert [row.standing.state for row in cases_of(case.sitting)] == [CaseState.CLOSING]
