from collections.abc import Callable

import pytest

from centres.common.audit import AuditEntry
from centres.models import User
from scoring.actions.responses import set_exception_aside, take_exception
from scoring.errors import (
    AlreadyResolved,
    CannotBeTaken,
    FileTakenBefore,
    FileUnreadable,
    ReasonMissing,
)
from scoring.models import (
    AnswerSheet,
    ExceptionKind,
    Resolution,
    ResponseException,
    ResponseFile,
)
from scoring.queries.responses import reconciliation
from tests.factories import NOW
from tests.scoring.conftest import Sat


def kinds() -> list[str]:
    return [str(kind) for kind in ResponseException.objects.values_list("kind", flat=True)]


def test_every_line_becomes_a_sheet_that_keeps_what_was_marked(sat: Sat) -> None:
    file = sat.ingest()
    assert (file.lines, file.sheets) == (23, 23)
    for sheet in AnswerSheet.objects.select_related("registration", "form"):
        assert sat.sheets[sheet.registration.number] == (sheet.form.code, sheet.answers)
    counted = reconciliation(sat.sitting)
    assert (counted.booked, counted.present, counted.absent, counted.sheets) == (24, 23, 1, 23)
    assert not counted.uneven_rooms


def test_no_line_is_dropped_silently(sat: Sat) -> None:
    rows = sat.rows()
    number, form, answers = rows[0]
    other = "B" if rows[1][1] == "A" else "A"
    absent = sat.bookings[-1].registration.number
    sat.ingest(
        [
            *rows[2:],
            rows[2],
            ("9999999999", form, answers),
            (number, "", answers),
            (rows[1][0], other, rows[1][2]),
            (absent, "B", answers),
            (number, form, answers[:-1]),
            (number, form, "#" + answers[1:]),
        ]
    )
    assert kinds() == [
        ExceptionKind.DUPLICATE,
        ExceptionKind.UNKNOWN_NUMBER,
        ExceptionKind.UNKNOWN_FORM,
        ExceptionKind.OTHER_FORM,
        ExceptionKind.ABSENT,
        ExceptionKind.WRONG_LENGTH,
        ExceptionKind.UNKNOWN_MARK,
    ]
    file = ResponseFile.objects.get()
    assert file.lines == file.sheets + ResponseException.objects.count()
    lines = ResponseException.objects.values_list("line", flat=True)
    assert list(lines) == list(range(23, 30))
    counted = reconciliation(sat.sitting)
    assert len(counted.missing_registrations) == 2
    assert sum(room.missing for room in counted.rooms) == 2


def test_the_same_file_is_recognised(sat: Sat) -> None:
    sat.ingest()
    with pytest.raises(FileTakenBefore):
        sat.ingest()
    assert ResponseFile.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [
        b"number,form\n1,A\n",
        b"\xa1\xa2,\xff",
        b"number,form,answers\n1,A\n",
        b"number,form,answers\n1,A,B,C\n",
        b"",
    ],
)
def test_a_file_that_is_no_table_of_answers_takes_in_nothing(
    sat: Sat, content: bytes, django_assert_num_queries: Callable[..., object]
) -> None:
    path = sat.folder / "bad.csv"
    path.write_bytes(content)
    rows = sat.rows
    sat.write = lambda rows, name="": path  # type: ignore[method-assign]
    with pytest.raises(FileUnreadable):
        sat.ingest(rows())
    assert not ResponseFile.objects.exists()


def test_marks_that_are_no_choice_are_kept_apart(sat: Sat) -> None:
    (number, form, answers), *rest = sat.rows()
    marked = "-.*? " + answers[5:]
    sat.ingest([(number, form, marked), *rest])
    assert AnswerSheet.objects.get(registration__number=number).answers == marked


def waiting_line(sat: Sat, form: str = "") -> ResponseException:
    (number, _form, answers), *rest = sat.rows()
    sat.ingest([(number, form, answers), *rest])
    return ResponseException.objects.get()


def take(line: ResponseException, sat: Sat, **changes: str) -> AnswerSheet:
    number = changes.get("number", line.number)
    form = changes.get("form", sat.sheets.get(line.number, ("A", ""))[0])
    reason = changes.get("reason", "the seat plan says so")
    return take_exception(
        exception=line, number=number, form=form, reason=reason, by=sat.second, at=NOW
    )


def test_a_named_person_takes_a_line_with_a_reason(sat: Sat) -> None:
    line = waiting_line(sat)
    sheet = take(line, sat)
    assert sheet.answers == sat.sheets[line.number][1]
    line.refresh_from_db()
    assert (line.resolution, line.resolved_by) == (Resolution.TAKEN, sat.second)
    assert AuditEntry.objects.latest("number").verb == "resolve_response_exception"
    with pytest.raises(AlreadyResolved):
        take(line, sat)


def test_a_decision_without_a_reason_is_none(sat: Sat) -> None:
    line = waiting_line(sat)
    with pytest.raises(ReasonMissing):
        take(line, sat, reason="  ")
    with pytest.raises(ReasonMissing):
        set_exception_aside(exception=line, reason="", by=sat.second, at=NOW)


@pytest.mark.parametrize("changes", [{"number": "123"}, {"form": "Z"}])
def test_a_line_that_still_fits_nowhere_is_not_taken(sat: Sat, changes: dict[str, str]) -> None:
    line = waiting_line(sat)
    with pytest.raises(CannotBeTaken):
        take(line, sat, **changes)
    assert reconciliation(sat.sitting).waiting == 1


def test_a_second_sheet_that_is_taken_sets_the_first_aside_whole(sat: Sat) -> None:
    rows = sat.rows()
    number, form, answers = rows[0]
    better = ("A" if answers[0] != "A" else "B") + answers[1:]
    sat.ingest([*rows, (number, form, better)])
    take(ResponseException.objects.get(), sat)
    assert AnswerSheet.objects.get(registration__number=number).answers == better
    first = ResponseException.objects.latest("pk")
    assert (first.answers, first.resolution) == (answers, Resolution.SET_ASIDE)


def test_the_sheet_of_an_absent_person_counts_only_when_a_person_says_so(sat: Sat) -> None:
    absent = sat.bookings[-1]
    code = absent.exam_form.code if absent.exam_form else ""
    sat.ingest([*sat.rows(), (absent.registration.number, code, "A" * 20)])
    assert kinds() == [ExceptionKind.ABSENT]
    take(ResponseException.objects.get(), sat, form=code)
    counted = reconciliation(sat.sitting)
    assert counted.extra_registrations == (absent.registration_id,)
    assert counted.sheets == 24


def test_one_examiner_alone_is_enough_to_set_a_line_aside(sat: Sat) -> None:
    line = waiting_line(sat)
    by: User = sat.examiner
    set_exception_aside(exception=line, reason="a test sheet of the scanner", by=by, at=NOW)
    assert reconciliation(sat.sitting).waiting == 0
