from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from centres.models import User
from scheduling.models import ExamForm
from scoring.actions.laying_out import lay_out_from_file
from scoring.errors import FormLaidOut, KeyUnreadable
from scoring.models import FormItem
from tests.factories import NOW
from tests.scoring.conftest import Sat


@pytest.fixture
def form(sat: Sat) -> ExamForm:
    return ExamForm.objects.create(paper=sat.paper, code="C")


def lay_out(form: ExamForm, folder: Path, text: str) -> list[FormItem]:
    file = folder / "order.csv"
    file.write_text(text)
    return lay_out_from_file(form=form, path=file, by=None, at=NOW)


def test_a_form_is_laid_out_once_in_the_order_of_its_file(form: ExamForm, tmp_path: Path) -> None:
    places = lay_out(form, tmp_path, "place,item,options\n1,N1,ABCD\n2,C03,\n3,A01,ABCDE\n")
    assert [(p.position, p.item.code, p.item.options) for p in places] == [
        (1, "N1", "ABCD"),
        (2, "C03", "ABCDE"),
        (3, "A01", "ABCDE"),
    ]
    with pytest.raises(FormLaidOut):
        lay_out(form, tmp_path, "place,item\n1,N2\n")


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("item,options\nN1,AB\n", 1, "1"),
        ("place,item\n2,N1\n", 2, "A"),
        ("place,item\n1,N1\n1,N2\n", 3, "A"),
        ("place,item\n1,N1\n2,N1\n", 3, "B"),
        ("place,item\n1,=N1\n", 2, "B"),
        ("place,item,options\n1,N1,AAB\n", 2, "C"),
        ("place,item,options\n1,C03,ABCD\n", 2, "C"),
    ],
)
def test_a_wrong_order_is_told_with_row_and_column(
    form: ExamForm, tmp_path: Path, text: str, row: int, column: str
) -> None:
    with pytest.raises(KeyUnreadable) as fault:
        lay_out(form, tmp_path, text)
    assert (fault.value.facts["row"], str(fault.value.facts["column"])) == (row, column)
    assert not FormItem.objects.filter(form=form).exists()


def test_the_command_lays_a_form_out(form: ExamForm, sat: Sat, tmp_path: Path) -> None:
    file = tmp_path / "order.csv"
    file.write_text("ข้อ,รหัสข้อสอบ\n1,C01\n")
    call_command("lay_out_form", file, exam="TPC", paper="P1", form="C", by="examiner")
    assert FormItem.objects.get(form=form).item.code == "C01"


def test_an_examiner_sends_the_order_on_its_page_once(
    form: ExamForm, sat: Sat, sign_in: Callable[[User], Client]
) -> None:
    def send(text: str) -> str:
        file = SimpleUploadedFile("order.csv", text.encode())
        answer = examiner.post(reverse("lay_out_form", args=[form.pk]), {"file": file}, follow=True)
        return answer.content.decode()

    examiner, address = sign_in(sat.examiner), reverse("form_layout", args=[form.pk])
    assert address in examiner.get(reverse("keys")).content.decode()
    assert "order.csv, row 3, column A" in send("place,item\n1,N1\n3,N2\n")
    assert not FormItem.objects.filter(form=form).exists()
    page = send("place,item,options\n1,N1,ABCD\n2,C03,\n")
    assert "has 2 items in their printed order" in page
    assert "A 4, B 4" in page  # where C03 stands in the other forms
    assert reverse("lay_out_form", args=[form.pk]) not in page
    assert "Nothing was kept" in send("place,item\n1,N9\n")
    assert FormItem.objects.filter(form=form).count() == 2
