"""The staff's pages between paper and score, and the examiner's about keys."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from centres.common.runs import RunState, perform
from centres.models import Centre, Role, User
from scoring.actions.key_entry import plan_of
from scoring.actions.second_reading import compare_second_reading
from scoring.models import (
    AnswerSheet,
    IntakeRun,
    IntakeSignature,
    KeyEntry,
    KeyVersion,
    MissingSheet,
    ReadingDifference,
    ResponseException,
    ResponseFile,
    SecondScoring,
)
from tests.factories import NOW
from tests.scoring.conftest import Sat

DAY = timedelta(days=1)


@pytest.fixture
def secretary(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.STAFF, username="secretary"))


@pytest.fixture
def chair(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.STAFF, username="chair"))


@pytest.fixture
def auditor(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.AUDITOR, username="auditor"))


def see(client: Client, name: str, *args: object, query: str = "", status: int = 200) -> str:
    answer = client.get(reverse(name, args=args) + query)
    assert answer.status_code == status
    return answer.content.decode()


def act(client: Client, name: str, *args: object, **fields: object) -> str:
    answer = client.post(reverse(name, args=args), fields, follow=True)
    return answer.content.decode()


def send(client: Client, sat: Sat, text: str, **fields: object) -> str:
    file = SimpleUploadedFile("answers.csv", text.encode())
    return act(client, "take_in", sat.sitting.pk, file=file, **{"reading": 1, **fields})


def read_sent(client: Client, sat: Sat) -> str:
    """What the worker does with what was sent; then the page says what came of it."""
    for run in sat.sitting.intake_runs.filter(state=RunState.QUEUED):
        with override("en"):
            perform(run)
    return see(client, "answer_sheets", sat.sitting.pk)


def plain(sat: Sat) -> str:
    return "number,form,answers\n" + "".join(",".join(row) + "\n" for row in sat.rows())


# --- taking in ------------------------------------------------------------------------------------


def test_a_file_is_taken_in_on_the_page_and_compared_with_its_second_reading(
    sat: Sat, secretary: Client
) -> None:
    assert "data-live" in send(secretary, sat, plain(sat), expected=23)
    assert not ResponseFile.objects.exists()
    assert "23 lines taken in: 23 sheets" in read_sent(secretary, sat)
    header, *rows = plain(sat).splitlines()
    send(secretary, sat, "\n".join([header, *rows[::-1]]) + "\n", reading=2)
    text = read_sent(secretary, sat)
    assert AnswerSheet.objects.filter(second_file__isnull=False).count() == 23
    assert "23 sheets compared: 23 are equal" in text
    assert text.count("SHA-256") == 1
    assert len(re.findall(r'class="digest"', text)) == 2


def test_a_file_that_is_refused_says_why_by_row_and_column_and_takes_nothing(
    sat: Sat, secretary: Client
) -> None:
    send(secretary, sat, "number,form,answers\n=1,A,ABC\n")
    assert "answers.csv, row 2, column A: =1 is a formula" in read_sent(secretary, sat)
    assert not ResponseFile.objects.exists()
    layout = SimpleUploadedFile("layout.toml", b"\xff\xfe")
    assert 'role="alert"' in send(secretary, sat, plain(sat), layout=layout)


def test_what_is_sent_is_kept_only_until_it_is_read(sat: Sat, secretary: Client) -> None:
    def kept() -> int:
        return len(list((settings.DATA_DIR / "sent").iterdir()))

    send(secretary, sat, plain(sat))
    assert kept() == 1
    assert "is being read" in send(secretary, sat, plain(sat))
    assert sat.sitting.intake_runs.count() == 1
    read_sent(secretary, sat)
    assert kept() == 0
    assert "was taken in before" in send(secretary, sat, plain(sat))
    assert sat.sitting.intake_runs.count() == 1


def test_a_file_that_was_called_back_leaves_nothing(sat: Sat, secretary: Client) -> None:
    send(secretary, sat, plain(sat))
    waiting = sat.sitting.intake_runs.get()
    assert "Nothing of it will be kept" in act(secretary, "cancel_intake", waiting.pk)
    send(secretary, sat, plain(sat))
    working = sat.sitting.intake_runs.exclude(pk=waiting.pk).get()
    IntakeRun.objects.filter(pk=working.pk).update(cancel_asked=True)
    read_sent(secretary, sat)
    working.refresh_from_db()
    assert working.state == RunState.CANCELLED
    assert not ResponseFile.objects.exists()
    assert not list((settings.DATA_DIR / "sent").iterdir())


def test_a_sitting_that_has_begun_is_offered_before_it_has_any_score(
    sat: Sat, secretary: Client
) -> None:
    assert reverse("publication_gate", args=[sat.sitting.pk]) not in see(secretary, "publications")
    sat.sitting.exam_sessions.update(starts_at=timezone.now(), doors_open_at=NOW - DAY * 900)
    answer = secretary.get(reverse("publications"), follow=True)
    assert reverse("answer_sheets", args=[sat.sitting.pk]) in answer.content.decode()


def test_only_staff_of_the_whole_country_take_in_and_the_auditor_reads(
    sat: Sat, auditor: Client, make_staff: Callable[..., User], sign_in: Callable[[User], Client]
) -> None:
    assert 'name="file"' not in see(auditor, "answer_sheets", sat.sitting.pk)
    address = reverse("take_in", args=[sat.sitting.pk])
    assert auditor.post(address).status_code == 403
    here = make_staff(Role.STAFF, username="here", centre=Centre.objects.get())
    assert sign_in(here).get(reverse("balance", args=[sat.sitting.pk])).status_code == 403


# --- odd lines ------------------------------------------------------------------------------------


@pytest.fixture
def odd(sat: Sat) -> list[ResponseException]:
    """A form not bubbled, a double, a number with two digits swapped."""
    rows = sat.rows()
    number, _form, answers = rows[0]
    last = rows[-1]
    swapped = f"{last[0][:7]}{last[0][8]}{last[0][7]}{last[0][9]}"
    sat.ingest([(number, "", answers), *rows[1:-1], rows[1], (swapped, *last[1:])])
    return list(ResponseException.objects.order_by("line"))


def test_the_desk_counts_by_kind_and_shows_each_line(
    sat: Sat, odd: list[ResponseException], secretary: Client
) -> None:
    text = see(secretary, "exceptions", sat.sitting.pk)
    assert text.count('name="line"') == 3
    assert (
        see(secretary, "exceptions", sat.sitting.pk, query="?kind=duplicate").count('name="line"')
        == 1
    )
    by_kind = {line.kind: see(secretary, "resolve_exception", line.pk) for line in odd}
    number, (form, _answers) = next(iter(sat.sheets.items()))
    assert f'value="{number}"' in by_kind["unknown_form"]
    assert f'value="{form}"' in by_kind["unknown_form"]
    assert sat.rows()[-1][0] in by_kind["unknown_number"]


def test_ticked_lines_are_set_aside_together_or_not_at_all(
    sat: Sat, odd: list[ResponseException], secretary: Client
) -> None:
    keys = [line.pk for line in odd[:2]]
    act(secretary, "set_aside", sat.sitting.pk, line=keys, reason="")
    assert ResponseException.objects.filter(resolution="").count() == 3
    act(secretary, "set_aside", sat.sitting.pk, line=keys, reason="test sheets")
    assert ResponseException.objects.filter(resolution="").count() == 1
    act(secretary, "set_aside", sat.sitting.pk, line=[odd[2].pk, keys[0]], reason="all")
    assert ResponseException.objects.filter(resolution="").count() == 1


def test_a_line_is_taken_on_its_own_page(
    sat: Sat, odd: list[ResponseException], secretary: Client
) -> None:
    number, (form, answers) = next(iter(sat.sheets.items()))
    act(
        secretary, "resolve_exception", odd[0].pk,
        answer="take", number=number, form=form, reason="seat plan",
    )  # fmt: skip
    assert AnswerSheet.objects.get(registration__number=number).answers == answers
    assert "seat plan" in see(secretary, "exceptions", sat.sitting.pk, query="?kind=decided")


# --- two readings ---------------------------------------------------------------------------------


def test_a_difference_is_decided_mark_by_mark(sat: Sat, secretary: Client) -> None:
    rows = sat.rows()
    sat.ingest()
    number, form, answers = rows[0]
    seen = "*" + answers[1:3] + "?" + answers[4:]
    path = sat.write([(number, form, seen), *rows[1:]], "second.csv")
    compare_second_reading(sitting=sat.sitting, path=path, by=sat.second, at=timezone.now())
    difference = ReadingDifference.objects.get()
    text = see(secretary, "readings", sat.sitting.pk)
    assert (text.count('value="first" checked'), text.count("C03")) == (2, 1)
    act(secretary, "settle_difference", difference.pk, **{"place-4": "second"}, reason="a smudge")
    assert AnswerSheet.objects.get(registration__number=number).answers == (
        answers[:3] + "?" + answers[4:]
    )
    assert "a smudge" in see(secretary, "readings", sat.sitting.pk, query="?show=decided")


def test_sheets_read_once_are_signed_for_by_two_and_not_by_one(
    sat: Sat, secretary: Client, chair: Client
) -> None:
    sat.ingest()
    found = re.search(r'name="digest" value="(\w{64})"', see(secretary, "readings", sat.sitting.pk))
    assert found
    for client in (secretary, secretary):
        act(client, "sign_intake", sat.sitting.pk, "reading", digest=found[1], reason="no scanner")
    assert not IntakeSignature.objects.get().is_complete
    act(chair, "sign_intake", sat.sitting.pk, "reading", digest=found[1], reason="agreed")
    signature = IntakeSignature.objects.get()
    assert signature.is_complete
    act(chair, "take_back_signature", signature.pk, reason="the scanner is back")
    assert IntakeSignature.objects.filter(withdrawn_at=None).count() == 0


# --- the balance ----------------------------------------------------------------------------------


def test_the_balance_closes_in_every_room_and_names_who_has_no_sheet(
    sat: Sat, secretary: Client
) -> None:
    sat.ingest(sat.rows()[1:])
    text = see(secretary, "balance", sat.sitting.pk, query="?centre=CNX")
    assert sat.rows()[0][0] in text
    sums = re.findall(r'<p class="sum">(.*?)</p>', text, re.DOTALL)
    figures = [[int(n) for n in re.findall(r"<b[^>]*>(\d+)</b>", one)] for one in sums]
    assert figures == [[24, 23, 1], [22, 23, 1, 0]]
    who = sat.bookings[0]
    act(
        secretary, "explain_missing", sat.sitting.pk,
        registration=who.registration_id, paper=sat.paper.pk, kind="lost", reason="torn",
    )  # fmt: skip
    assert MissingSheet.objects.get().reason == "torn"
    assert "torn" in see(secretary, "balance", sat.sitting.pk)


def test_the_balance_asks_the_same_for_more_people(
    make_sat: Callable[..., Sat],
    secretary: Client,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    sat = make_sat(40)
    sat.ingest()
    for name in ("balance", "readings", "exceptions", "answer_sheets"):
        with django_assert_max_num_queries(40):  # type: ignore[attr-defined]
            see(secretary, name, sat.sitting.pk)


# --- the second scoring ---------------------------------------------------------------------------


def test_the_second_scoring_is_asked_for_and_read_on_its_page(sat: Sat, secretary: Client) -> None:
    sat.ingest()
    sat.analyse()
    scaling = sat.scale()
    act(secretary, "score_again", scaling.pk)
    run = SecondScoring.objects.latest("pk")
    assert "data-live" in see(secretary, "second_scoring", scaling.pk)
    perform(run)
    assert run.digest[:16] in see(secretary, "second_scoring", scaling.pk)


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_is_typed_blind_by_two_examiners(
    sat: Sat, sign_in: Callable[[User], Client], auditor: Client
) -> None:
    form = sat.forms[0]
    first, second = sign_in(sat.examiner), sign_in(sat.second)
    act(first, "begin_key_round", form.pk, reason="set by the panel")
    codes = plan_of(form).items
    typed = {f"key-{c}": k for c, k in zip(codes, sat.keys[form.pk], strict=True)}
    assert see(first, "form_key", form.pk).count('name="key-') == 20
    act(first, "enter_key", form.pk, **typed)
    other = typed | {"key-C04": "*"}
    for client in (first, second, auditor):
        text = see(client, "form_key", form.pk)
        values = re.findall(r'name="key-\w+" value="(\w*)"', text)
        assert set(values) <= {""}
    act(second, "enter_key", form.pk, **other)
    for client in (first, second):
        text = see(client, "form_key", form.pk)
        assert text.count('name="key-') == 1
        assert "C04" in text
    assert "C04" not in see(auditor, "form_key", form.pk)
    act(second, "enter_key", form.pk, **{"key-C04": typed["key-C04"]})
    version = KeyVersion.objects.get(form=form, number=2)
    assert (version.by, version.signed_by) == (sat.examiner, sat.second)
    assert KeyEntry.objects.count() == 3


def test_a_key_that_is_refused_keeps_what_was_typed(
    sat: Sat, sign_in: Callable[[User], Client]
) -> None:
    form, client = sat.forms[0], sign_in(sat.examiner)
    act(client, "begin_key_round", form.pk, reason="set by the panel")
    text = act(client, "enter_key", form.pk, **{"key-C00": "B", "key-C01": "Q"})
    assert 'role="alert"' in text
    assert 'name="key-C00" value="B"' in text
    assert not KeyEntry.objects.exists()
    file = SimpleUploadedFile("key.csv", b"item,key\nC00,Q\n")
    assert "key.csv" in act(client, "enter_key", form.pk, file=file)
    act(client, "call_off_key_round", form.pk, reason="wrong book")
    assert "version 2" not in see(client, "keys")
