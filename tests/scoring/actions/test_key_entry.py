from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from centres.models import Role
from scoring.actions.items import newest_key
from scoring.actions.key_entry import (
    call_off_key_round,
    enter_blind,
    key_differences,
    open_key_round,
    plan_of,
    sent_key,
    typed_key,
)
from scoring.errors import (
    KeyAlreadyEqual,
    KeyEnteredBefore,
    KeyEnteredByTwo,
    KeyRoundOpen,
    KeyRoundOver,
    KeyUnreadable,
)
from scoring.intake.keys import Row, read_word, word_of
from scoring.intake.lines import IntakeFault
from scoring.models import KeyEntry, KeyRound, KeyVersion
from tests.factories import NOW
from tests.scoring.conftest import Sat


@pytest.fixture
def key_round(sat: Sat) -> KeyRound:
    return open_key_round(form=sat.forms[0], reason="set by the panel", by=sat.examiner, at=NOW)


def words(sat: Sat, **changes: str) -> list[Row]:
    form = sat.forms[0]
    plain = dict(zip(plan_of(form).items, sat.keys[form.pk], strict=True))
    return typed_key(form, plain | changes)


def enter(key_round: KeyRound, rows: list[Row], by: object) -> KeyVersion | None:
    return enter_blind(key_round=key_round, rows=rows, by=by, at=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("word", "right", "rule", "weight"),
    [
        ("b", ["B"], "right_answers", 1),
        ("D, B", ["B", "D"], "right_answers", 1),
        ("ข", ["B"], "right_answers", 1),
        ("*", [], "everyone", 1),
        ("-", [], "dropped", 1),
        ("C~", ["C"], "unscored", 1),
        ("A=3", ["A"], "right_answers", 3),
    ],
)
def test_a_key_is_one_short_word(word: str, right: list[str], rule: str, weight: int) -> None:
    row = read_word("t1", word, "ABCD")
    assert row == {"item": "t1", "right": right, "rule": rule, "weight": weight}
    assert read_word("t1", word_of(row), "ABCD") == row


@pytest.mark.parametrize("word", ["", "E", "B=0", "B=251", "*~", "B==2", "B~~", "=2", "BX"])
def test_a_word_that_is_no_key_is_a_fault(word: str) -> None:
    with pytest.raises(IntakeFault, match="key_"):
        read_word("t1", word, "ABCD")


def test_two_equal_entries_become_a_version_signed_by_both(sat: Sat, key_round: KeyRound) -> None:
    assert enter(key_round, words(sat, C00="*", C01="AB"), sat.examiner) is None
    version = enter(key_round, words(sat, C00="*", C01="AB"), sat.second)
    assert version == newest_key(sat.forms[0])
    assert version is not None
    assert (version.number, version.by, version.signed_by) == (2, sat.examiner, sat.second)
    assert version.reason == "set by the panel"
    with pytest.raises(KeyRoundOver):
        enter(key_round, words(sat), sat.second)


def test_nobody_is_told_anything_before_both_are_in(sat: Sat, key_round: KeyRound) -> None:
    enter(key_round, words(sat), sat.examiner)
    assert key_differences(key_round) == []
    with pytest.raises(KeyEnteredBefore):
        enter(key_round, words(sat, C00="*"), sat.examiner)


def test_what_differs_is_shown_and_corrected_and_nothing_else(
    sat: Sat, key_round: KeyRound
) -> None:
    enter(key_round, words(sat), sat.examiner)
    assert enter(key_round, words(sat, C03="-"), sat.second) is None
    (difference,) = key_differences(key_round)
    assert (difference.place, difference.item, difference.second["rule"]) == (4, "C03", "dropped")
    with pytest.raises(KeyAlreadyEqual):
        enter(key_round, words(sat, C05="*"), sat.second)
    version = enter(key_round, words(sat), sat.second)
    assert version is not None
    assert KeyEntry.objects.count() == 3


def test_a_third_person_and_a_second_round_are_refused(
    sat: Sat, key_round: KeyRound, make_staff: object
) -> None:
    enter(key_round, words(sat), sat.examiner)
    enter(key_round, words(sat, C03="-"), sat.second)
    third = make_staff(Role.EXAMINER, username="third")  # type: ignore[operator]
    with pytest.raises(KeyEnteredByTwo):
        enter(key_round, words(sat), third)
    with pytest.raises(KeyRoundOpen):
        open_key_round(form=sat.forms[0], reason="again", by=third, at=NOW)
    call_off_key_round(key_round=key_round, reason="wrong paper", by=third, at=NOW)
    assert KeyVersion.objects.filter(form=sat.forms[0]).count() == 1
    open_key_round(form=sat.forms[0], reason="again", by=third, at=NOW)


def test_an_entry_is_never_edited(sat: Sat, key_round: KeyRound) -> None:
    enter(key_round, words(sat), sat.examiner)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        KeyEntry.objects.update(digest="x")


def sent(sat: Sat, folder: Path, text: str) -> list[Row]:
    file = folder / "key.csv"
    file.write_bytes(text.encode("cp874"))
    return sent_key(sat.forms[0], file)


def test_a_key_comes_as_a_file_by_item_in_any_order_or_by_place(sat: Sat, tmp_path: Path) -> None:
    rows = words(sat)
    by_item = "".join(f"{row['item']},{row['right'][0]},1\n" for row in reversed(rows))
    assert sent(sat, tmp_path, "item,key,weight\n" + by_item) == rows
    by_place = "".join(f"{n};{row['right'][0]}\n" for n, row in enumerate(rows, 1))
    assert sent(sat, tmp_path, "ข้อ;เฉลย\n" + by_place) == rows


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("item,key\nC00,Q\n", ("2", "B")),
        ("item,key\nC00,A\nC00,A\n", ("3", "A")),
        ("item,key\nZZ,A\n", ("2", "A")),
        ("place,key\n99,A\n", ("2", "A")),
        ("item,answer\nC00,A\n", ("1", "1")),
        ("item,key,weight\nC00,A,many\n", ("2", "B")),
        ("item,key\nC00,A\n", ("1", "1")),
        ("", ("1", "1")),
    ],
)
def test_a_wrong_key_file_is_told_with_row_and_column(
    sat: Sat, tmp_path: Path, text: str, place: tuple[str, str]
) -> None:
    with pytest.raises(KeyUnreadable) as fault:
        sent(sat, tmp_path, text)
    assert (str(fault.value.facts["row"]), str(fault.value.facts["column"])) == place
