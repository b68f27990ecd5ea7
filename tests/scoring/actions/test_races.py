"""Two people in one moment: what goes wrong where nothing is in the way, and that it does not."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from centres.models import Role, User
from scoring.actions.balance import sign_intake
from scoring.actions.decisions import propose_decision, sign_decision
from scoring.actions.key_entry import _conclude, enter_blind, newest_entries, open_key_round
from scoring.actions.placing import placer_of
from scoring.actions.responses import _sort, ingest_response_file, read_file
from scoring.actions.sent_files import start_intake
from scoring.arrays import key_of, rows_of
from scoring.models import (
    AnswerSheet,
    ExceptionKind,
    IntakeRun,
    IntakeSignature,
    ItemDecision,
    KeyEntry,
    KeyRound,
    KeyVersion,
    ResponseException,
    ResponseFile,
    SignedMatter,
)
from scoring.queries.intake import matter_digest, open_figures
from tests.factories import NOW
from tests.races import PATIENCE, all_at_once, without
from tests.scoring.conftest import Sat

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(results: list[object]) -> list[str]:
    return sorted(type(one).__name__ for one in results)


# --- keys -----------------------------------------------------------------------------------------


@pytest.fixture
def key_round(sat: Sat) -> KeyRound:
    return open_key_round(form=sat.forms[0], reason="printed anew", by=sat.examiner, at=NOW)


def rows_typed(key_round: KeyRound) -> list[dict[str, object]]:
    newest = KeyVersion.objects.filter(form=key_round.form).latest("number")
    return rows_of(key_of(newest).item_keys)


def test_two_equal_keys_typed_in_one_moment_would_make_no_key_if_nobody_took_turns(
    sat: Sat, key_round: KeyRound
) -> None:
    rows, looked = rows_typed(key_round), threading.Barrier(2)

    def look_and_enter(by: User) -> KeyVersion | None:
        entries = newest_entries(key_round)
        looked.wait(PATIENCE)
        entry = KeyEntry.objects.create(
            round=key_round, item_keys=rows, digest="same", by=by, at=NOW
        )
        return _conclude(key_round, entries | {by.pk: entry}, at=NOW)

    made = all_at_once([lambda: look_and_enter(sat.examiner), lambda: look_and_enter(sat.second)])
    assert made == [None, None]
    assert KeyEntry.objects.count() == 2
    key_round.refresh_from_db()
    assert key_round.is_open


def test_two_equal_keys_typed_in_one_moment_make_one_key_signed_by_both(
    sat: Sat, key_round: KeyRound
) -> None:
    rows = rows_typed(key_round)

    def enter(by: User) -> KeyVersion | None:
        return enter_blind(key_round=key_round, rows=rows, by=by, at=NOW)

    made = all_at_once([lambda: enter(sat.examiner), lambda: enter(sat.second)])
    assert kinds(made) == ["KeyVersion", "NoneType"]
    version = KeyVersion.objects.filter(form=key_round.form).latest("number")
    assert {version.by, version.signed_by} == {sat.examiner, sat.second}


def test_a_key_sent_twice_by_one_impatient_person_counts_once(
    sat: Sat, key_round: KeyRound
) -> None:
    rows = rows_typed(key_round)
    made = all_at_once(
        [lambda: enter_blind(key_round=key_round, rows=rows, by=sat.examiner, at=NOW)] * 3
    )
    assert kinds(made) == ["KeyEnteredBefore", "KeyEnteredBefore", "NoneType"]
    assert KeyEntry.objects.get(round=key_round).by == sat.examiner
    assert KeyVersion.objects.filter(form=key_round.form).count() == 1


# --- signatures -----------------------------------------------------------------------------------


def sign_read_once(sat: Sat, by: User) -> IntakeSignature:
    digest = matter_digest(open_figures(sat.sitting, SignedMatter.READING))
    return sign_intake(
        sitting=sat.sitting, matter=SignedMatter.READING, digest=digest,
        reason="the second scanner broke", by=by, at=NOW,
    )  # fmt: skip


def test_two_signers_in_one_moment_would_both_be_the_first_if_nobody_took_turns(sat: Sat) -> None:
    sat.ingest()
    looked = threading.Barrier(2)

    def look_and_sign(by: User) -> IntakeSignature:
        begun = IntakeSignature.objects.filter(sitting=sat.sitting).exists()
        looked.wait(PATIENCE)
        assert not begun
        return IntakeSignature.objects.create(
            sitting=sat.sitting, matter=SignedMatter.READING, digest="same", reason="x",
            first_by=by, first_at=NOW,
        )  # fmt: skip

    with without(IntakeSignature, "figures_are_signed_for_once"):
        all_at_once([lambda: look_and_sign(sat.examiner), lambda: look_and_sign(sat.second)])
        assert [one.is_complete for one in IntakeSignature.objects.all()] == [False, False]


def test_two_signers_in_one_moment_are_the_first_and_the_second(sat: Sat) -> None:
    sat.ingest()
    all_at_once(
        [lambda: sign_read_once(sat, sat.examiner), lambda: sign_read_once(sat, sat.second)]
    )
    signature = IntakeSignature.objects.get()
    assert signature.is_complete
    assert {signature.first_by, signature.second_by} == {sat.examiner, sat.second}


def test_one_person_pressing_twice_signs_once(sat: Sat) -> None:
    sat.ingest()
    made = all_at_once([lambda: sign_read_once(sat, sat.examiner)] * 3)
    assert kinds(made) == ["IntakeSignature", "SamePersonTwice", "SamePersonTwice"]
    assert not IntakeSignature.objects.get().is_complete


@pytest.fixture
def proposal(sat: Sat) -> ItemDecision:
    sat.ingest()
    run = sat.analyse()[0]
    return propose_decision(
        run=run, form_item=run.form.form_items.get(position=3), kind="drop", value="",
        reason="misprinted", effects={}, by=sat.examiner, at=NOW,
    )  # fmt: skip


def test_a_proposal_is_signed_by_one_other_person_and_makes_one_key(
    sat: Sat, proposal: ItemDecision, make_staff: Callable[..., User]
) -> None:
    third = make_staff(Role.EXAMINER, username="examiner3")
    before = KeyVersion.objects.filter(form=proposal.run.form).count()
    made = all_at_once(
        [
            lambda by=by: sign_decision(decision=proposal, reason="agreed", by=by, at=NOW)
            for by in (sat.examiner, sat.second, third)
        ]
    )
    assert kinds(made) in (
        ["AnalysisRun", "NotWaiting", "SamePersonTwice"],
        ["AnalysisRun", "NotWaiting", "NotWaiting"],
    )
    assert KeyVersion.objects.filter(form=proposal.run.form).count() == before + 1
    proposal.refresh_from_db()
    assert proposal.signed_by in (sat.second, third)


def test_a_proposal_signed_twice_would_make_two_keys_if_nobody_looked_behind_a_lock(
    sat: Sat, proposal: ItemDecision, make_staff: Callable[..., User]
) -> None:
    third = make_staff(Role.EXAMINER, username="examiner3")
    looked = threading.Barrier(2)

    def look_and_sign(by: User) -> None:
        mine = ItemDecision.objects.get(pk=proposal.pk)
        looked.wait(PATIENCE)
        assert mine.signed_at is None
        mine.signed_at, mine.signed_by = NOW, by
        mine.save()

    all_at_once([lambda: look_and_sign(sat.second), lambda: look_and_sign(third)])
    proposal.refresh_from_db()
    assert proposal.signed_at  # both believe it was theirs; one name is gone


# --- files ----------------------------------------------------------------------------------------


def test_one_file_sent_twice_in_one_moment_is_read_by_one_run(sat: Sat) -> None:
    content = sat.write(sat.rows()).read_bytes()

    def send() -> IntakeRun:
        return start_intake(
            sitting=sat.sitting, content=[content], name="sheets.csv", reading=1, layout="",
            expected=None, by=sat.examiner, at=NOW,
        )  # fmt: skip

    with without(IntakeRun, "a_file_is_read_by_one_run"):
        all_at_once([send] * 3)
        assert IntakeRun.objects.count() == 3
    made = all_at_once([send] * 3)
    assert kinds(made) == ["FileBeingRead", "FileBeingRead", "IntakeRun"]
    assert IntakeRun.objects.count() == 1


def test_one_file_taken_in_twice_in_one_moment_is_taken_in_once(sat: Sat) -> None:
    path = sat.write(sat.rows())

    def take() -> ResponseFile:
        return ingest_response_file(sitting=sat.sitting, path=path, by=sat.examiner, at=NOW)

    made = all_at_once([take] * 3)
    assert kinds(made) == ["FileTakenBefore", "FileTakenBefore", "ResponseFile"]
    assert ResponseFile.objects.count() == 1
    assert AnswerSheet.objects.count() == len(sat.sheets)


def two_stacks(sat: Sat) -> list[Path]:
    """One person's sheet in two files, bubbled as another exam form in each."""
    number = sat.bookings[0].registration.number
    sat.bookings[0].exam_form = None
    sat.bookings[0].save()
    rows = [[(number, form, "ABCDE" * 4)] for form in ("A", "B")]
    return [sat.write(some, f"stack{order}.csv") for order, some in enumerate(rows)]


def test_two_files_in_one_moment_would_give_a_person_two_sheets_of_one_paper(sat: Sat) -> None:
    looked = threading.Barrier(2)

    def look_and_store(path: Path) -> None:
        file, read = read_file(sitting=sat.sitting, path=path, by=sat.examiner, at=NOW)
        placer = placer_of(sat.sitting)
        looked.wait(PATIENCE)
        file.save()
        sheets, _odd = _sort(file, read.lines, placer)
        for who, form, key, line, answers in sheets:
            AnswerSheet.objects.create(
                registration_id=who, form_id=form, file_id=key, line=line, answers=answers
            )

    all_at_once([lambda path=path: look_and_store(path) for path in two_stacks(sat)])
    assert AnswerSheet.objects.filter(registration=sat.bookings[0].registration).count() == 2


def test_of_two_files_in_one_moment_the_second_sheet_of_a_person_waits(sat: Sat) -> None:
    all_at_once(
        [
            lambda path=path: ingest_response_file(
                sitting=sat.sitting, path=path, by=sat.examiner, at=NOW
            )
            for path in two_stacks(sat)
        ]
    )
    assert AnswerSheet.objects.filter(registration=sat.bookings[0].registration).count() == 1
    assert ResponseException.objects.get().kind == ExceptionKind.DUPLICATE
