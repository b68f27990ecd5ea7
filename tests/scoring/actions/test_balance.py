import pytest

from scoring.actions.balance import (
    explain_missing_sheet,
    sign_intake,
    withdraw_intake_signature,
)
from scoring.actions.scaling import start_scaling
from scoring.errors import (
    ExplainedBefore,
    FiguresChanged,
    NothingToSign,
    NotMissing,
    NotWaiting,
    ReasonMissing,
    SamePersonTwice,
    SheetsNotSettled,
)
from scoring.models import IntakeSignature, ResultHold, SignedMatter
from scoring.queries.intake import matter_digest, open_figures, settlement
from tests.factories import NOW
from tests.scoring.conftest import Sat


@pytest.fixture
def short(sat: Sat) -> Sat:
    """A sitting in which one sheet is missing."""
    sat.ingest(sat.rows()[1:])
    return sat


def explain(sat: Sat, **changes: str) -> None:
    number = changes.get("number", sat.rows()[0][0])
    who = next(b.registration for b in sat.bookings if b.registration.number == number)
    explain_missing_sheet(
        registration=who, paper=sat.paper, kind=changes.get("kind", "lost"),
        reason=changes.get("reason", "the envelope was empty"), by=sat.second, at=NOW,
    )  # fmt: skip


def sign(sat: Sat, by: str, digest: str = "", reason: str = "we counted twice") -> IntakeSignature:
    figures = open_figures(sat.sitting, SignedMatter.BALANCE)
    return sign_intake(
        sitting=sat.sitting, matter=SignedMatter.BALANCE, digest=digest or matter_digest(figures),
        reason=reason, by=getattr(sat, by), at=NOW,
    )  # fmt: skip


def test_a_missing_sheet_is_explained_by_a_named_person_and_the_result_is_held(short: Sat) -> None:
    assert settlement(short.sitting).unexplained == 1
    explain(short)
    assert settlement(short.sitting).unexplained == 0
    assert ResultHold.objects.get().registration.number == short.rows()[0][0]
    with pytest.raises(ExplainedBefore):
        explain(short)


def test_only_who_came_and_has_no_sheet_is_explained(short: Sat) -> None:
    with pytest.raises(NotMissing):
        explain(short, number=short.rows()[1][0])
    with pytest.raises(NotMissing):
        explain(short, number=short.bookings[-1].registration.number)
    with pytest.raises(ReasonMissing):
        explain(short, reason="")
    with pytest.raises(ReasonMissing):
        explain(short, kind="stolen")


def test_what_does_not_balance_takes_two_people_and_the_figures_they_saw(short: Sat) -> None:
    assert settlement(short.sitting).balance_left == 1
    with pytest.raises(FiguresChanged):
        sign(short, "examiner", digest="0" * 64)
    sign(short, "examiner")
    assert settlement(short.sitting).balance_left == 1
    with pytest.raises(SamePersonTwice):
        sign(short, "examiner")
    assert sign(short, "second").is_complete
    assert settlement(short.sitting).balance_left == 0
    with pytest.raises(NotWaiting):
        sign(short, "second")


def test_a_signature_ends_when_the_figures_change_or_it_is_taken_back(short: Sat) -> None:
    signed = sign(short, "examiner")
    sign(short, "second")
    withdraw_intake_signature(signature=signed, reason="found one more", by=short.second, at=NOW)
    assert settlement(short.sitting).balance_left == 1
    sign(short, "examiner")
    sign(short, "second")
    assert settlement(short.sitting).balance_left == 0
    short.ingest(short.rows()[:1])
    assert settlement(short.sitting).sheets.uneven_rooms == []
    with pytest.raises(NothingToSign):
        sign(short, "examiner")


def test_scores_wait_until_sheets_are_read_twice_or_signed_for(sat: Sat) -> None:
    sat.ingest()
    sat.analyse()
    with pytest.raises(SheetsNotSettled):
        start_scaling(sitting=sat.sitting, by=sat.examiner, at=NOW)
    sat.sign(SignedMatter.READING)
    assert start_scaling(sitting=sat.sitting, by=sat.examiner, at=NOW)
