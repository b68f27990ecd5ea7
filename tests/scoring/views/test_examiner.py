from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from centres.common.runs import perform
from centres.models import User
from scoring.models import AnalysisRun, FormItem, Item, ItemDecision, RawScore, SecondScoring
from tests.scoring.conftest import Sat


@pytest.fixture
def runs(sat: Sat) -> list[AnalysisRun]:
    sat.ingest()
    return sat.analyse()


@pytest.fixture
def first(sat: Sat, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(sat.examiner)


@pytest.fixture
def second(sat: Sat, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(sat.second)


def place(run: AnalysisRun, position: int = 3) -> FormItem:
    return FormItem.objects.get(form=run.form, position=position)


def page(client: Client, name: str, *args: int, query: str = "") -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_overview_shows_counts_that_close(runs: list[AnalysisRun], first: Client) -> None:
    text = page(first, "analyses")
    assert "<b>24</b>" in text
    assert "<b>23</b>" in text
    assert f'href="{reverse("item_table", args=[runs[0].pk])}"' in text


def test_the_item_table_shows_the_difficulty_counted_by_hand(
    runs: list[AnalysisRun], first: Client, sat: Sat
) -> None:
    run = runs[0]
    key = sat.keys[run.form_id]
    sheets = [answers for form, answers in sat.sheets.values() if form == run.form.code]
    right = sum(answers[2] == key[2] for answers in sheets)
    text = page(first, "item_table", run.pk, query="?sort=position")
    row = text[text.index(place(run).item.code + "</a>") :]
    assert f'<td class="num">{right / len(sheets):.2f}</td>' in row[:1200]


def test_the_item_page_puts_the_question_in_both_languages(
    runs: list[AnalysisRun], first: Client
) -> None:
    Item.objects.update(text_th="ข้อใดผิด", text_en="Which is right?")
    text = page(first, "item", runs[0].pk, place(runs[0]).pk)
    assert "ข้อใดผิด" in text
    assert "Which is right?" in text


def test_the_item_page_counts_every_option_by_hand(
    runs: list[AnalysisRun], first: Client, sat: Sat
) -> None:
    run = runs[0]
    sheets = [answers for form, answers in sat.sheets.values() if form == run.form.code]
    text = page(first, "item", run.pk, place(run).pk)
    table = text[text.index("<tbody>") : text.index("</tfoot>")]
    for option in "ABCDE":
        chosen = sum(answers[2] == option for answers in sheets)
        if chosen:
            row = table[table.index(f'<th scope="row">{option}') :]
            assert f'<td class="num">{chosen}</td>' in row[:400]
    assert f'<td class="num">{len(sheets)}</td>' in table[table.index("<tfoot>") :]
    assert "<svg" in text


def test_sorting_and_filtering_need_no_script(runs: list[AnalysisRun], first: Client) -> None:
    up = page(first, "item_table", runs[0].pk, query="?sort=p")
    down = page(first, "item_table", runs[0].pk, query="?sort=-p")
    codes = [row.form_item.item.code for row in runs[0].item_statistics.order_by("p")]
    assert up.index(f">{codes[0]}<") < up.index(f">{codes[-1]}<")
    assert down.index(f">{codes[0]}<") > down.index(f">{codes[-1]}<")
    assert 'aria-sort="ascending"' in up
    assert page(first, "item_table", runs[0].pk, query="?f=nonsense&sort=nonsense&page=99")


@pytest.mark.parametrize("name", ["item_table", "item", "remedies"])
def test_more_rows_ask_no_more_questions(
    runs: list[AnalysisRun],
    first: Client,
    name: str,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    args = [runs[0].pk] if name == "item_table" else [runs[0].pk, place(runs[0]).pk]
    with django_assert_max_num_queries(34):  # type: ignore[attr-defined]
        first.get(reverse(name, args=args))


def propose(client: Client, run: AnalysisRun, choice: str, reason: str = "seen in the book") -> int:
    address = reverse("propose", args=[run.pk, place(run).pk])
    answer = client.post(address, {"choice": choice, "reason": reason})
    return answer.status_code


def test_a_new_key_takes_two_examiners_and_makes_a_new_version_and_analysis(
    runs: list[AnalysisRun], first: Client, second: Client, sat: Sat
) -> None:
    run = runs[0]
    old = sat.keys[run.form_id][2]
    other = "A" if old != "A" else "B"
    assert propose(first, run, f"rekey:{other}") == 302
    decision = ItemDecision.objects.get()
    assert decision.effects["people"] == len(sat.sheets)
    sign = reverse("sign_decision", args=[decision.pk])
    assert first.post(sign, {"reason": "mine"}).status_code == 403
    assert second.post(sign, {"reason": "compared"}).status_code == 302
    newest = AnalysisRun.objects.latest("pk")
    assert newest.key_version.number == 2
    assert newest.key_version.item_keys[2]["right"] == [other]
    assert run.key_version.number == 1
    perform(newest)
    assert "older analysis" in page(first, "item_table", run.pk)


def test_keeping_a_key_is_a_decision_too_and_makes_no_version(
    runs: list[AnalysisRun], first: Client, second: Client
) -> None:
    assert propose(first, runs[0], "keep:") == 302
    decision = ItemDecision.objects.get()
    second.post(reverse("sign_decision", args=[decision.pk]), {"reason": "agreed"})
    decision.refresh_from_db()
    assert decision.signed_at
    assert decision.key_version is None


def test_a_weight_is_decided_by_two_and_everybody_is_scored_by_it(
    runs: list[AnalysisRun], first: Client, second: Client, sat: Sat
) -> None:
    run = runs[0]
    for wrong in ("weight:0", "weight:10", "weight:B", "weight:"):
        assert propose(first, run, wrong) == 400
    assert propose(first, run, "weight:3") == 302
    decision = ItemDecision.objects.get()
    assert (decision.kind, decision.shown_value) == ("weight", "× 3")
    second.post(reverse("sign_decision", args=[decision.pk]), {"reason": "as announced"})
    newest = AnalysisRun.objects.latest("pk")
    assert newest.key_version.item_keys[2]["weight"] == 3
    perform(newest)
    old, new = (
        dict(RawScore.objects.filter(run=one).values_list("registration__number", "raw"))
        for one in (run, newest)
    )
    right = sat.keys[run.form_id][2]
    assert new == {
        number: raw + 2 * (sat.sheets[number][1][2] == right) for number, raw in old.items()
    }
    scaling = sat.scale()
    assert SecondScoring.objects.get(scaling=scaling).disagreements == 0


def test_a_proposal_without_a_reason_is_refused_with_a_sentence(
    runs: list[AnalysisRun], first: Client
) -> None:
    assert propose(first, runs[0], "drop:", reason=" ") == 400
    assert propose(first, runs[0], "explode:") == 400
    assert not ItemDecision.objects.exists()


def test_a_proposal_may_be_sent_back_and_made_again(
    runs: list[AnalysisRun], first: Client, second: Client
) -> None:
    propose(first, runs[0], "drop:")
    sign = reverse("sign_decision", args=[ItemDecision.objects.get().pk])
    second.post(sign, {"reason": "look at the book first", "answer": "back"})
    assert propose(first, runs[0], "drop:") == 302
    assert ItemDecision.objects.count() == 2


def test_the_remedies_page_names_who_crosses_by_number_and_not_by_name(
    runs: list[AnalysisRun], first: Client, sat: Sat
) -> None:
    text = page(first, "remedies", runs[0].pk, place(runs[0]).pk, query="?chosen=drop:")
    assert "ขวัญข้าว" not in text
    assert "Khwankhao" not in text


def test_an_analysis_that_fails_says_why_on_its_page(
    runs: list[AnalysisRun], first: Client, sat: Sat
) -> None:
    run = runs[0]
    run.keep(state="failed", error="There is no answer sheet.")
    assert "There is no answer sheet." in page(first, "item_table", run.pk)
