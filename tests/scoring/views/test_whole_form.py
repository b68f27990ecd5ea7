import csv
import io
import json
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from centres.common.runs import perform
from centres.models import Role, User
from scoring.actions.analysis import create_analysis
from scoring.actions.items import revise_key
from scoring.models import AnalysisRun, RawScore
from scoring.psychometrics.flags import FlagCode, Severity
from scoring.psychometrics.keying import ItemKey, Rule
from scoring.queries.published import published, severity_of
from tests.factories import NOW
from tests.scoring.conftest import ITEMS, Sat


@pytest.fixture
def run(sat: Sat) -> AnalysisRun:
    sat.ingest()
    return sat.analyse()[0]


@pytest.fixture
def examiner(sat: Sat, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(sat.examiner)


def test_the_test_page_says_whether_the_form_is_good_enough(
    run: AnalysisRun, examiner: Client
) -> None:
    page = examiner.get(reverse("whole_test", args=[run.pk])).content.decode()
    assert f"{run.result['reliability']['alpha']:.3f}" in page
    assert run.input_digest[:8] in page
    assert "no cut yet" in page


def test_the_pages_of_a_form_ask_few_questions_whatever_its_size(
    run: AnalysisRun, examiner: Client, django_assert_max_num_queries: Any
) -> None:
    for name in ("whole_test", "form_groups"):
        with django_assert_max_num_queries(20):
            assert examiner.get(reverse(name, args=[run.pk])).status_code == 200


def test_forms_are_laid_side_by_side_by_the_items_they_share(
    run: AnalysisRun, examiner: Client
) -> None:
    address = reverse("compare_forms", args=[run.sitting_id, run.form.paper_id])
    page = examiner.get(address).content.decode()
    assert "6 items stand in A and in B" in page
    assert page.count("C0") >= 6


def who_crossed(examiner: Client, run: AnalysisRun) -> dict[str, tuple[int, int]]:
    """Everybody of the file that may be taken away, who must be those of the page."""
    page = examiner.get(reverse("run_difference", args=[run.pk])).content.decode()
    sent = examiner.get(reverse("crossed", args=[run.pk, "csv"])).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(sent)))[1:]
    assert all(number in page for number, *_rest in rows)
    book = openpyxl.load_workbook(
        io.BytesIO(examiner.get(reverse("crossed", args=[run.pk, "xlsx"])).content)
    )
    assert [row[0].value for row in book.active.iter_rows(min_row=2)] == [row[0] for row in rows]
    return {row[0]: (int(row[3]), int(row[4])) for row in rows}


def by_hand(before: AnalysisRun, after: AnalysisRun) -> dict[str, tuple[int, int]]:
    """Whose raw score is on the other side of 60 in 100 now; forms this small are not equated."""
    old, new = (
        dict(RawScore.objects.filter(run=run).values_list("registration__number", "raw"))
        for run in (before, after)
    )
    scores = {number: (round(100 * old[number] / ITEMS), round(100 * new[number] / ITEMS))
              for number in old}  # fmt: skip
    return {number: pair for number, pair in scores.items() if (pair[0] >= 60) != (pair[1] >= 60)}


def test_a_changed_key_is_shown_person_by_person(
    sat: Sat, run: AnalysisRun, examiner: Client
) -> None:
    change = ItemKey("C00", ("A",), Rule.EVERYONE)
    revise_key(form=run.form, change=change, reason="misprint", by=sat.examiner, at=NOW)
    after = create_analysis(sitting=sat.sitting, form=run.form, by=sat.examiner, at=NOW)
    perform(after)
    gained = sum(
        answers[0] != sat.keys[run.form_id][0]
        for form, answers in sat.sheets.values()
        if form == run.form.code
    )
    page = examiner.get(reverse("run_difference", args=[after.pk])).content.decode()
    assert "misprint" in page
    assert who_crossed(examiner, after) == by_hand(run, after)
    assert f"<b>{gained}</b>" in page
    assert "C00" in page
    old = examiner.get(reverse("whole_test", args=[run.pk])).content.decode()
    assert "This is an older analysis" in old


def test_an_analysis_that_has_no_figures_yet_has_no_such_pages(sat: Sat, examiner: Client) -> None:
    sat.ingest()
    waiting = create_analysis(sitting=sat.sitting, form=sat.forms[0], by=sat.examiner, at=NOW)
    for name in ("whole_test", "form_groups", "run_difference"):
        assert examiner.get(reverse(name, args=[waiting.pk])).status_code == 404


def test_the_report_is_a_pdf_a_workbook_a_list_and_everything(
    run: AnalysisRun, examiner: Client
) -> None:
    pdf = examiner.get(reverse("report", args=[run.pk, "pdf"]))
    assert pdf.content.startswith(b"%PDF")
    book = examiner.get(reverse("report", args=[run.pk, "xlsx"]))
    sheets = openpyxl.load_workbook(io.BytesIO(book.content))
    assert sheets["checks"]["B6"].value.startswith("=")
    rows = examiner.get(reverse("report", args=[run.pk, "csv"])).content.decode("utf-8-sig")
    assert len(rows.splitlines()) == ITEMS + 1
    assert run.input_digest in rows
    whole = json.loads(examiner.get(reverse("report", args=[run.pk, "json"])).content)
    assert whole["reliability"]["alpha"] == run.result["reliability"]["alpha"]
    assert whole["made"]["key_digest"] == run.key_version.digest
    assert examiner.get(reverse("report", args=[run.pk, "exe"])).status_code == 404


def test_one_sheet_alone_is_a_page_with_dashes_and_no_crash(
    make_sat: Callable[..., Sat], sign_in: Callable[[User], Client]
) -> None:
    few = make_sat(4)
    few.ingest()
    lonely = few.analyse()[1]
    assert lonely.result["reliability"]["persons"] == 1
    client = sign_in(few.examiner)
    page = client.get(reverse("whole_test", args=[lonely.pk])).content.decode()
    assert "reliability cannot be told" in page
    assert "There is one person" in page
    assert client.get(reverse("form_groups", args=[lonely.pk])).status_code == 200
    forms = reverse("compare_forms", args=[lonely.sitting_id, lonely.form.paper_id])
    assert client.get(forms).status_code == 200
    for kind in ("pdf", "xlsx", "csv", "json", "html"):
        assert client.get(reverse("report", args=[lonely.pk, kind])).status_code == 200


def test_only_examiners_and_auditors_take_a_report_away(
    sat: Sat, run: AnalysisRun, make_staff: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(make_staff(Role.STAFF))
    for kind in ("pdf", "xlsx", "json"):
        assert client.get(reverse("report", args=[run.pk, kind])).status_code == 403


def test_a_published_run_has_the_names_of_the_command(run: AnalysisRun) -> None:
    found = published(run)
    wanted = {"reliability", "scores", "speed", "items", "options", "curves", "flags", "made"}
    assert wanted <= found.keys()
    assert [row["place"] for row in found["items"]] == list(range(1, ITEMS + 1))
    assert sum(row["people"] for row in found["scores"]) == found["reliability"]["persons"]


def test_every_flag_has_the_urgency_that_the_analysis_gave_it() -> None:
    acts = {"two_right_answers", "negative_discrimination", "very_low_discrimination",
            "favours_a_group"}  # fmt: skip
    for code in FlagCode:
        expected = Severity.ACT if code in acts else Severity.REVIEW
        expected = Severity.ALARM if code is FlagCode.WRONG_KEY else expected
        assert severity_of(str(code)) == expected.name.lower()


def test_the_bench_of_a_form_changes_all_flagged_items_at_once(
    run: AnalysisRun, examiner: Client
) -> None:
    flagged = run.item_statistics.exclude(flags=[]).count()
    page = examiner.get(reverse("together", args=[run.pk])).content.decode()
    assert "Without any flagged item" in page
    assert f"({flagged})" in page
    chosen = examiner.get(reverse("together", args=[run.pk]) + "?chosen=now").content.decode()
    assert "nothing waits" in chosen
