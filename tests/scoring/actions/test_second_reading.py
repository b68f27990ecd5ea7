import pytest

from centres.common.audit import AuditEntry
from scoring.actions.responses import take_exception
from scoring.actions.second_reading import (
    compare_second_reading,
    settle_alike,
    settle_difference,
)
from scoring.errors import (
    AlreadyResolved,
    FileTakenBefore,
    NothingReadFirst,
    NotSettled,
    ReasonMissing,
)
from scoring.models import (
    AnswerSheet,
    DifferenceKind,
    ReadingDifference,
    ResponseException,
    ResponseFile,
)
from scoring.queries.readings import mark_pairs, readings
from tests.factories import NOW
from tests.scoring.conftest import Sat


def read_again(
    sat: Sat, rows: list[tuple[str, str, str]], name: str = "second.csv"
) -> ResponseFile:
    path = sat.write(rows[::-1], name)  # the stack goes through the other way round
    return compare_second_reading(sitting=sat.sitting, path=path, by=sat.second, at=NOW)


def settle(difference: ReadingDifference, sat: Sat, answers: str, reason: str = "seen") -> None:
    settle_difference(difference=difference, answers=answers, reason=reason, by=sat.second, at=NOW)


def other(mark: str) -> str:
    return "A" if mark != "A" else "B"


@pytest.fixture
def differing(sat: Sat) -> ReadingDifference:
    """Two marks of the first sheet were read otherwise the second time."""
    (number, form, answers), *rest = sat.rows()
    sat.ingest()
    changed = other(answers[0]) + answers[1:4] + "*" + answers[5:]
    read_again(sat, [(number, form, changed), *rest])
    return ReadingDifference.objects.get()


def test_equal_readings_confirm_every_sheet_and_make_none(sat: Sat) -> None:
    sat.ingest()
    assert readings(sat.sitting).once == 23
    file = read_again(sat, sat.rows())
    found = readings(sat.sitting)
    assert (file.lines, file.sheets, AnswerSheet.objects.count()) == (23, 23, 23)
    assert (found.twice, found.once, found.differences) == (23, 0, 0)


def test_a_difference_is_listed_by_sheet_and_item_and_changes_nothing(
    differing: ReadingDifference, sat: Sat
) -> None:
    number, (_form, answers) = next(iter(sat.sheets.items()))
    assert (differing.kind, differing.number) == (DifferenceKind.MARKS, number)
    assert [(pair.place, pair.item, pair.first) for pair in mark_pairs(differing)] == [
        (1, "C00", answers[0]),
        (5, "C04", answers[4]),
    ]
    assert AnswerSheet.objects.get(registration__number=number).answers == answers
    found = readings(sat.sitting)
    assert (found.twice, found.once, found.waiting) == (22, 1, 1)


def test_a_named_person_settles_it_item_by_item(differing: ReadingDifference, sat: Sat) -> None:
    decided = differing.first[:4] + "*" + differing.first[5:]
    settle(differing, sat, decided)
    sheet = AnswerSheet.objects.get(registration__number=differing.number)
    assert sheet.answers == decided
    assert readings(sat.sitting).once == 0
    entry = AuditEntry.objects.latest("number")
    assert (entry.verb, entry.by) == ("settle_difference", sat.second)
    assert entry.facts["settled"] == decided
    with pytest.raises(AlreadyResolved):
        settle(differing, sat, decided)


def test_only_what_one_of_the_readings_saw_can_be_decided(
    differing: ReadingDifference, sat: Sat
) -> None:
    invented = "?" + differing.first[1:]
    for answers in (invented, differing.first[:-1], ""):
        with pytest.raises(NotSettled):
            settle(differing, sat, answers)
    with pytest.raises(ReasonMissing):
        settle(differing, sat, differing.first, reason=" ")
    assert readings(sat.sitting).waiting == 1


def test_several_are_settled_together_or_none(sat: Sat) -> None:
    rows = sat.rows()
    sat.ingest()
    read_again(sat, [(n, f, other(a[0]) + a[1:]) for n, f, a in rows[:3]] + rows[3:])
    some = list(ReadingDifference.objects.all())
    settle(some[-1], sat, some[-1].first)
    with pytest.raises(AlreadyResolved):
        settle_alike(differences=some, second=True, reason="light marks", by=sat.second, at=NOW)
    assert readings(sat.sitting).waiting == 2
    settle_alike(differences=some[:2], second=True, reason="light marks", by=sat.second, at=NOW)
    assert readings(sat.sitting).waiting == 0
    assert AnswerSheet.objects.get(registration__number=some[0].number).answers == some[0].second


def test_a_line_that_waits_already_waits_once(sat: Sat) -> None:
    (number, form, answers), *rest = sat.rows()
    rows = [(number, "", answers), *rest]
    sat.ingest(rows)
    read_again(sat, rows)
    assert not ReadingDifference.objects.exists()
    line = ResponseException.objects.get()
    take_exception(
        exception=line, number=number, form=form, reason="seat plan", by=sat.second, at=NOW
    )
    assert readings(sat.sitting).once == 0


def test_a_sheet_fed_twice_the_first_time_and_once_the_second_was_read_twice(sat: Sat) -> None:
    rows = sat.rows()
    sat.ingest([*rows, rows[3]])
    read_again(sat, rows)
    assert (readings(sat.sitting).once, readings(sat.sitting).differences) == (0, 0)


def test_a_sheet_the_first_reading_missed_comes_in_by_decision(sat: Sat) -> None:
    rows = sat.rows()
    sat.ingest(rows[1:])
    read_again(sat, rows)
    difference = ReadingDifference.objects.get()
    assert difference.kind == DifferenceKind.ONLY_SECOND
    settle(difference, sat, difference.second)
    assert AnswerSheet.objects.get(registration__number=rows[0][0]).answers == rows[0][2]


def test_another_form_and_an_unknown_number_are_differences_too(sat: Sat) -> None:
    rows = sat.rows()
    number, form, answers = rows[0]
    swapped = "B" if form == "A" else "A"
    sat.ingest()
    read_again(sat, [(number, swapped, answers), ("12345", rows[1][1], rows[1][2]), *rows[2:]])
    by_kind = {d.kind: d for d in ReadingDifference.objects.all()}
    assert set(by_kind) == {DifferenceKind.FORM, DifferenceKind.UNPLACED}
    assert readings(sat.sitting).once == 2
    settle(by_kind[DifferenceKind.UNPLACED], sat, "")
    assert readings(sat.sitting).waiting == 1


def test_a_second_reading_needs_a_first_and_is_no_copy_of_it(sat: Sat) -> None:
    with pytest.raises(NothingReadFirst):
        read_again(sat, sat.rows())
    file = sat.ingest()
    with pytest.raises(FileTakenBefore):
        compare_second_reading(
            sitting=sat.sitting, path=sat.folder / file.name, by=sat.second, at=NOW
        )
