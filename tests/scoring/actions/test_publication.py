from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from centres.common.audit import AuditEntry
from centres.common.identity import access_code, derived_key
from centres.common.runs import perform
from centres.models import Role, User
from scheduling.actions.admission import (
    issue_admission_cards,
    replace_admission_card,
    withdraw_admission_card,
)
from scoring.actions.balance import explain_missing_sheet
from scoring.actions.holds import hold_result, lift_hold
from scoring.actions.publication import (
    Signed,
    approve_publication,
    book_entries,
    draft_publication,
    open_envelope,
    release_publication,
    send_publication_back,
    sync_pointer,
    withdraw_publication,
)
from scoring.book.pointer import read_pointer
from scoring.book.sealed import Book, BookDamaged
from scoring.errors import (
    BookBroken,
    ChecksNotPassed,
    EnvelopesClosed,
    NotASigner,
    NotTheHour,
    NotWaiting,
    PublicationChanged,
    ReasonMissing,
    ReleaseCodeWrong,
    SamePersonTwice,
)
from scoring.facts import ABSENT, BOOK_PEPPER, HELD, Personal
from scoring.models import Publication, PublicationState, ScalingRun
from scoring.queries.results import result_of
from tests.factories import NOW
from tests.scoring.conftest import Sat

HOUR = NOW + timedelta(days=40)


@pytest.fixture
def scaling(sat: Sat) -> ScalingRun:
    sat.ingest()
    sat.analyse()
    return sat.scale()


@pytest.fixture
def secretary(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.STAFF, username="secretary")


@pytest.fixture
def chair(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.STAFF, username="chair")


def draft(scaling: ScalingRun, by: User, cause: str = "") -> Signed:
    return draft_publication(scaling=scaling, release_at=HOUR, cause=cause, by=by, at=NOW)


def sealed(scaling: ScalingRun, secretary: User, chair: User, cause: str = "") -> tuple[str, str]:
    first = draft(scaling, secretary, cause)
    second = approve_publication(publication=first.publication, by=chair, at=NOW)
    perform(first.publication.sealing_runs.get())
    return first.release_code, second.release_code


def newest() -> Publication:
    return Publication.objects.order_by("-pk")[0]


def opened(scaling: ScalingRun, secretary: User, chair: User, cause: str = "") -> Publication:
    first, second = sealed(scaling, secretary, chair, cause)
    open_envelope(publication=newest(), code=first, by=secretary, at=HOUR)
    return open_envelope(publication=newest(), code=second, by=chair, at=HOUR)


def released(scaling: ScalingRun, secretary: User, chair: User, cause: str = "") -> Publication:
    publication = opened(scaling, secretary, chair, cause)
    return release_publication(publication=publication, by=secretary, at=HOUR)


def test_the_same_person_cannot_draft_and_approve(scaling: ScalingRun, secretary: User) -> None:
    drafted = draft(scaling, secretary)
    with pytest.raises(SamePersonTwice):
        approve_publication(publication=drafted.publication, by=secretary, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_after_two_people_and_the_hour_everybody_reads_his_own_result(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    publication = released(scaling, secretary, chair)
    (out,) = read_pointer(Path(settings.BOOKS_DIR))
    pepper = derived_key(BOOK_PEPPER)
    with Book(Path(settings.BOOKS_DIR) / out.book) as book:
        assert len(book) == len(sat.bookings)
        for booking in sat.bookings:
            number = booking.registration.number
            body = book.read(
                number, access_code(number, 1), pepper=pepper, release_key=out.release_key
            )
            personal = Personal.from_bytes(body)
            assert booking.registration.candidate.given_name_th in personal.name_th
            shown = result_of(booking.registration, at=HOUR)
            assert shown is not None
            assert shown.personal == personal
            assert shown.edition.version == publication.version
    assert [entry.verb for entry in AuditEntry.objects.order_by("number")][-6:] == [
        "draft_publication",
        "approve_publication",
        "seal_results_book",
        "open_envelope",
        "open_envelope",
        "release_publication",
    ]


def test_the_code_of_a_withdrawn_card_names_no_result_of_the_book(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    stolen, replaced, plain = (booking.registration for booking in sat.bookings[:3])
    issue_admission_cards(sitting=scaling.sitting, by=None, at=NOW)
    withdraw_admission_card(registration=stolen, by=secretary, at=NOW, reason="stolen")
    replace_admission_card(registration=replaced, by=secretary, at=NOW, reason="lost")
    first = draft(scaling, secretary)
    approve_publication(publication=first.publication, by=chair, at=NOW)
    named = {(entry.number, entry.code) for entry in book_entries(newest())}
    for registration, version in ((stolen, 2), (replaced, 2), (plain, 1)):
        number = registration.number
        codes = {1: access_code(number, 1), 2: access_code(number, 2)}
        assert (number, codes.pop(version)) in named
        assert all((number, code) not in named for code in codes.values())


def test_nothing_is_out_before_the_hour_and_both_envelopes(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    first, second = sealed(scaling, secretary, chair)
    publication = newest()
    with pytest.raises(EnvelopesClosed):
        release_publication(publication=publication, by=secretary, at=HOUR)
    open_envelope(publication=publication, code=first, by=secretary, at=NOW)
    with pytest.raises(EnvelopesClosed):
        release_publication(publication=publication, by=secretary, at=HOUR)
    open_envelope(publication=publication, code=second, by=chair, at=NOW)
    with pytest.raises(NotTheHour):
        release_publication(publication=publication, by=secretary, at=HOUR - timedelta(seconds=1))
    assert result_of(sat.bookings[0].registration, at=HOUR) is None
    assert read_pointer(Path(settings.BOOKS_DIR)) == []


def test_each_envelope_opens_with_its_own_code_and_for_its_own_signer(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    first, second = sealed(scaling, secretary, chair)
    with pytest.raises(ReleaseCodeWrong):
        open_envelope(publication=newest(), code=second, by=secretary, at=HOUR)
    with pytest.raises(NotASigner):
        open_envelope(publication=newest(), code=first, by=sat.examiner, at=HOUR)


def test_what_the_database_keeps_before_the_envelopes_open_does_not_open_the_book(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    sealed(scaling, secretary, chair)
    kept = newest()
    number = sat.bookings[0].registration.number
    stored = [kept.drafter_half, kept.approver_half, kept.drafter_share, kept.approver_share]
    with Book(Path(settings.BOOKS_DIR) / kept.book) as book:
        for guess in (bytes(part)[:32] for part in stored):
            with pytest.raises(BookDamaged):
                book.read(
                    number,
                    access_code(number, 1),
                    pepper=derived_key(BOOK_PEPPER),
                    release_key=guess,
                )


def test_a_sheet_that_is_missing_stops_the_approval_until_it_is_explained_and_signed_for(
    sat: Sat, secretary: User, chair: User
) -> None:
    rows = sat.rows()
    sat.ingest(rows[1:])
    sat.analyse()
    drafted = draft(sat.scale(), secretary)
    with pytest.raises(ChecksNotPassed) as refused:
        approve_publication(publication=drafted.publication, by=chair, at=NOW)
    assert "Sheets equal the people present" in str(refused.value) or "กระดาษ" in str(refused.value)
    send_publication_back(publication=drafted.publication, reason="a sheet", by=chair, at=NOW)
    missing = next(b.registration for b in sat.bookings if b.registration.number == rows[0][0])
    explain_missing_sheet(
        registration=missing, paper=sat.paper, kind="lost", reason="the van was robbed",
        by=chair, at=NOW,
    )  # fmt: skip
    sat.sign("balance")
    assert released(sat.scale(), secretary, chair).state == PublicationState.RELEASED
    shown = result_of(missing, at=HOUR)
    assert shown is not None
    assert shown.verdict == HELD


def test_a_hold_after_the_draft_means_drafting_again(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    drafted = draft(scaling, secretary)
    who = sat.bookings[0].registration
    hold_result(registration=who, reason="two answer sheets alike", by=chair, at=NOW)
    with pytest.raises(PublicationChanged):
        approve_publication(publication=drafted.publication, by=chair, at=NOW)
    lift_hold(registration=who, reason="explained", by=chair, at=NOW)
    approve_publication(publication=drafted.publication, by=chair, at=NOW)


def test_a_hold_after_the_release_does_not_change_what_is_out(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    released(scaling, secretary, chair)
    who = sat.bookings[0].registration
    hold_result(registration=who, reason="a complaint came in", by=chair, at=HOUR)
    shown = result_of(who, at=HOUR)
    assert shown is not None
    lift_hold(registration=who, reason="explained", by=chair, at=HOUR)


def test_an_absent_person_is_told_so_and_has_no_figures(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    released(scaling, secretary, chair)
    shown = result_of(sat.bookings[-1].registration, at=HOUR)
    assert shown is not None
    assert shown.verdict == ABSENT
    assert shown.personal.marks[0].score is None


@pytest.mark.django_db(transaction=True)
def test_a_correction_is_a_new_version_and_the_old_one_stays(
    scaling: ScalingRun, secretary: User, chair: User
) -> None:
    first = released(scaling, secretary, chair)
    with pytest.raises(ReasonMissing):
        draft(scaling, secretary)
    second = released(scaling, secretary, chair, cause="item 3 had the wrong key")
    first.refresh_from_db()
    assert (first.state, second.state) == (PublicationState.REPLACED, PublicationState.RELEASED)
    assert (first.version, second.version) == (1, 2)
    (out,) = read_pointer(Path(settings.BOOKS_DIR))
    assert out.book == second.book
    assert (Path(settings.BOOKS_DIR) / first.book).exists()


@pytest.mark.django_db(transaction=True)
def test_withdrawing_takes_every_result_back_at_once(
    scaling: ScalingRun, secretary: User, chair: User, sat: Sat
) -> None:
    publication = released(scaling, secretary, chair)
    withdraw_publication(publication=publication, reason="wrong cut", by=chair, at=HOUR)
    assert read_pointer(Path(settings.BOOKS_DIR)) == []
    assert all(result_of(b.registration, at=HOUR) is None for b in sat.bookings)


@pytest.mark.django_db(transaction=True)
def test_the_pointer_can_be_made_again_from_the_database(
    scaling: ScalingRun, secretary: User, chair: User
) -> None:
    released(scaling, secretary, chair)
    before = read_pointer(Path(settings.BOOKS_DIR))
    (Path(settings.BOOKS_DIR) / "released.json").unlink()
    sync_pointer()
    assert read_pointer(Path(settings.BOOKS_DIR)) == before


def test_an_altered_book_is_not_released(scaling: ScalingRun, secretary: User, chair: User) -> None:
    publication = opened(scaling, secretary, chair)
    path = Path(settings.BOOKS_DIR) / publication.book
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(bytes(whole))
    with pytest.raises(BookBroken):
        release_publication(publication=publication, by=secretary, at=HOUR)


def test_a_publication_sent_back_goes_no_further(
    scaling: ScalingRun, secretary: User, chair: User
) -> None:
    drafted = draft(scaling, secretary)
    send_publication_back(publication=drafted.publication, reason="wrong hour", by=chair, at=NOW)
    with pytest.raises(NotWaiting):
        approve_publication(publication=drafted.publication, by=chair, at=NOW)
