import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from centres.common.sheets import write_csv, write_xlsx
from centres.models import AuditEntry, Role, User
from scoring.actions.bank import set_blueprint, take_in_items
from scoring.bank_file import (
    BLUEPRINT_FIELDS,
    ITEM_FIELDS,
    READ_ONLY,
    item_rows,
    read_blueprint,
    read_items,
)
from scoring.errors import ItemWasGiven, ReasonMissing
from scoring.models import Blueprint, Item
from scoring.queries.bank import bank_rows, newest_blueprint, plan_of
from tests.factories import NOW
from tests.scoring.conftest import Sat

NEW = ["N01", "ความเป็นครู", "Calling", "จรรยาบรรณ", "Ethics", "=1+1 คืออะไร", "What?", "ABCD"]


def take_in(sat: Sat, path: Path) -> Any:
    read = read_items(path)
    assert not read.faults
    return take_in_items(
        paper=sat.paper, items=read.rows, digest=read.digest, by=sat.examiner, at=NOW
    )


def written(folder: Path, rows: list[list[Any]], header: tuple[str, ...] = ITEM_FIELDS) -> Path:
    path = folder / "bank.xlsx"
    write_xlsx(path, header, rows)
    return path


def test_what_was_taken_out_comes_back_and_changes_nothing(sat: Sat, tmp_path: Path) -> None:
    take_in(sat, written(tmp_path, [NEW]))
    out = tmp_path / "out.xlsx"
    write_xlsx(out, [*ITEM_FIELDS, *READ_ONLY], item_rows(bank_rows(sat.paper)))
    change = take_in(sat, out)
    assert (change.new, change.changed) == (0, 0)
    assert change.same == Item.objects.filter(paper=sat.paper).count()
    assert Item.objects.get(code="N01").text_th == "=1+1 คืออะไร"


def test_a_csv_adds_and_brings_up_to_date(sat: Sat, tmp_path: Path) -> None:
    take_in(sat, written(tmp_path, [NEW]))
    path = tmp_path / "more.csv"
    write_csv(path, ITEM_FIELDS, [[*NEW[:4], "Honesty", *NEW[5:]], ["N02", *NEW[1:]]])
    change = take_in(sat, path)
    assert (change.new, change.changed, change.same) == (1, 1, 0)
    assert Item.objects.get(code="N01").competency_en == "Honesty"
    assert AuditEntry.objects.filter(verb="take_in_items").count() == 2


@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        ([NEW, ["", *NEW[1:]]], 3, "A"),
        ([NEW, NEW], 3, "A"),
        ([[*NEW[:7], "ABD"]], 2, "H"),
        ([["x" * 21, *NEW[1:]]], 2, "A"),
    ],
)
def test_a_fault_is_named_by_its_row_and_nothing_is_taken(
    tmp_path: Path, rows: list[list[Any]], row: int, column: str
) -> None:
    read = read_items(written(tmp_path, rows))
    assert read.rows == []
    assert [(fault.row, fault.column) for fault in read.faults] == [(row, column)]


def test_a_file_without_the_headings_says_which_are_missing(tmp_path: Path) -> None:
    read = read_items(written(tmp_path, [["N01", "x"]], ("code", "words")))
    assert "options" in str(read.faults[0])


def test_the_words_of_an_item_that_people_answered_stay(sat: Sat, tmp_path: Path) -> None:
    sat.ingest()
    sat.analyse()
    old = Item.objects.get(paper=sat.paper, code="C00")
    plain = [getattr(old, name) for name in ITEM_FIELDS]
    plain[ITEM_FIELDS.index("competency_th")] = "ใหม่"
    assert take_in(sat, written(tmp_path, [plain])).changed == 1
    plain[ITEM_FIELDS.index("text_th")] = "โจทย์อื่น"
    with pytest.raises(ItemWasGiven, match="C00"):
        take_in(sat, written(tmp_path, [["N09", *NEW[1:]], plain]))
    assert not Item.objects.filter(code="N09").exists()


def test_exposure_adds_up_over_forms(sat: Sat) -> None:
    sat.ingest()
    runs = sat.analyse()
    sat.analyse()  # a newer analysis of the same sheets is not another use
    rows = {row.item.code: row for row in bank_rows(sat.paper)}
    assert rows["C00"].given_to == sum(run.result["reliability"]["persons"] for run in runs)
    assert rows["C00"].forms == ["A", "B"]
    assert rows["A00"].given_to == runs[0].result["reliability"]["persons"]
    assert rows["A00"].sittings == 1
    assert [row.item.code for row in bank_rows(sat.paper, "c00")] == ["C00"]


def test_a_blueprint_is_a_version_and_forms_are_held_against_it(sat: Sat, tmp_path: Path) -> None:
    Item.objects.filter(code__startswith="C").update(standard_th="s", competency_th="c")
    rows = [["s", "", "c", "", 7, 9], ["s", "", "d", "", 0, 3]]
    read = read_blueprint(written(tmp_path, rows, BLUEPRINT_FIELDS))
    for reason in ("first", "second"):
        set_blueprint(paper=sat.paper, cells=read.rows, reason=reason, by=sat.examiner, at=NOW)
    newest = newest_blueprint(sat.paper)
    assert newest is not None
    assert (newest.number, newest.reason) == (2, "second")
    plan = plan_of(sat.paper, newest)
    assert [row.verdicts for row in plan.rows] == [[(6, "few"), (6, "few")], [(0, ""), (0, "")]]
    assert plan.outside == [14, 14]
    assert plan.amiss == 4
    with pytest.raises(ReasonMissing):
        set_blueprint(paper=sat.paper, cells=read.rows, reason=" ", by=sat.examiner, at=NOW)
    with pytest.raises(DatabaseError), transaction.atomic():
        Blueprint.objects.update(reason="other")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (["s", "", "c", "", 5, 3], "E"),
        (["s", "", "", "", 1, 3], "C"),
        (["s", "", "c", "", "two", 3], "E"),
        (["s", "", "c", "", 1, 9999], "F"),
    ],
)
def test_a_wrong_cell_of_a_blueprint_is_named(tmp_path: Path, row: list[Any], column: str) -> None:
    read = read_blueprint(written(tmp_path, [row], BLUEPRINT_FIELDS))
    assert [(fault.row, fault.column) for fault in read.faults] == [(2, column)]


def test_an_examiner_fills_the_bank_on_its_page_and_others_read(
    sat: Sat, tmp_path: Path, make_staff: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    sat.ingest()
    sat.analyse()
    examiner, address = sign_in(sat.examiner), reverse("bank", args=[sat.paper.pk])

    def sent(rows: list[list[Any]]) -> SimpleUploadedFile:
        return SimpleUploadedFile("bank.xlsx", written(tmp_path, rows).read_bytes())

    wrong = examiner.post(address, {"file": sent([[*NEW[:7], "A"]])})
    assert wrong.status_code == 400
    assert "Row 2, column H" in wrong.content.decode()
    assert examiner.post(address, {"file": sent([NEW])}).status_code == 302
    auditor = sign_in(make_staff(Role.AUDITOR))
    assert auditor.post(address, {"file": sent([NEW])}).status_code == 404
    page = auditor.get(address + "?q=N01&f=unused").content.decode()
    assert "N01" in page
    assert "C00" not in page
    item = Item.objects.get(code="C00", paper=sat.paper)
    assert "C00" in auditor.get(reverse("bank_item", args=[item.pk])).content.decode()
    out = auditor.get(reverse("bank_file", args=[sat.paper.pk]))
    assert openpyxl.load_workbook(io.BytesIO(out.content)).active["A1"].value == "code"
    for name in ("blueprint", "blueprint_file"):
        assert auditor.get(reverse(name, args=[sat.paper.pk])).status_code == 200
    assert sign_in(make_staff(Role.STAFF)).get(address).status_code == 403
