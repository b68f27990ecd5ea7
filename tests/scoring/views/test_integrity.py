import io
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from openpyxl import load_workbook

from centres.models import Centre, Role, User
from scoring.actions.integrity import open_case, propose_closing
from scoring.models import AlikePair, CaseEntry, CaseOutcome, IntegrityCase, SimilarityRun
from scoring.printing import facts_of
from scoring.queries.integrity import file_of
from tests.factories import NOW
from tests.scoring.conftest import ITEMS, Sat


@pytest.fixture
def first(make_staff: Callable[..., User]) -> User:
    return make_staff(Role.INTEGRITY, username="first")


@pytest.fixture
def client(first: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(first)


@pytest.fixture
def other(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.INTEGRITY, username="second"))


@pytest.fixture
def case(alike: AlikePair, first: User) -> IntegrityCase:
    return open_case(pair=alike, reason="forty equal mistakes", by=first, at=NOW)


def page(client: Client, name: str, *args: object) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def said(sentence: str, text: str) -> bool:
    """Whether a page says it, in either language."""
    spoken = []
    for language in ("th", "en"):
        with override(language):
            spoken.append(_(sentence))
    return any(one in text for one in spoken)


def names(pair: AlikePair) -> list[str]:
    """By which a page in either language would name the two."""
    people = (pair.first.candidate, pair.second.candidate)
    return [name for one in people for name in (one.given_name_th, one.given_name_en)]


def test_the_desk_lists_a_pair_by_the_last_digits_alone(alike: AlikePair, client: Client) -> None:
    text = page(client, "integrity")
    assert f"…{alike.first.number[-4:]}" in text
    assert alike.first.number not in text
    assert reverse("integrity_pair", args=[alike.pk]) in text


def test_a_pair_is_looked_at_without_its_names(alike: AlikePair, client: Client) -> None:
    text = page(client, "integrity_pair", alike.pk)
    assert not any(name in text for name in names(alike))
    assert alike.second.number not in text
    assert 'class="chair two"' in text


def test_names_are_shown_once_a_case_is_open(alike: AlikePair, client: Client) -> None:
    answer = client.post(reverse("integrity_begin", args=[alike.pk]), {"reason": "look"})
    case = IntegrityCase.objects.get()
    assert answer.headers["Location"] == reverse("integrity_case", args=[case.pk])
    text = page(client, "integrity_case", case.pk)
    assert sum(name in text for name in names(alike)) == 2
    assert reverse("integrity_case", args=[case.pk]) in page(client, "integrity_pair", alike.pk)


def test_a_case_needs_a_reason_and_what_was_read_stays_on_the_page(
    alike: AlikePair, client: Client
) -> None:
    answer = client.post(reverse("integrity_begin", args=[alike.pk]), {"reason": " "})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not IntegrityCase.objects.exists()


def test_a_case_is_argued_and_closed_by_two(
    case: IntegrityCase, client: Client, other: Client
) -> None:
    address = reverse("integrity_act", args=[case.pk])
    client.post(address, {"answer": "note", "reason": "heard the first"})
    client.post(address, {"answer": "close", "outcome": "nothing", "reason": "one course"})
    own = page(client, "integrity_case", case.pk)
    assert 'aria-disabled="true"' in own
    client.post(address, {"answer": "agree", "reason": "mine"})
    other.post(address, {"answer": "agree", "reason": "I read it"})
    kinds = list(case.entries.order_by("number").values_list("kind", flat=True))
    assert kinds == ["opened", "note", "closing", "closed"]
    assert str(CaseOutcome.NOTHING.label) in page(client, "integrity_case", case.pk)


@pytest.mark.parametrize(("form", "start"), [("pdf", b"%PDF"), ("xlsx", b"PK")])
def test_the_evidence_is_a_file_and_taking_it_is_on_record(
    case: IntegrityCase, client: Client, form: str, start: bytes
) -> None:
    answer = client.post(reverse("integrity_evidence", args=[case.pk]), {"form": form})
    assert answer.content.startswith(start)
    assert f"case-{case.pk}.{form}" in answer.headers["Content-Disposition"]
    assert CaseEntry.objects.get(kind="evidence").text == form.upper()


def test_the_workbook_holds_every_answer_of_both(
    case: IntegrityCase, client: Client, sat: Sat
) -> None:
    answer = client.post(reverse("integrity_evidence", args=[case.pk]), {"form": "xlsx"})
    rows = list(load_workbook(io.BytesIO(answer.content)).active.values)  # type: ignore[union-attr]
    answers = [row[3] for row in rows[1 : ITEMS + 1]]
    assert "".join(map(str, answers)) == sat.sheets[case.first.number][1]


def test_a_file_is_not_given_for_a_look(case: IntegrityCase, client: Client) -> None:
    assert client.get(reverse("integrity_evidence", args=[case.pk])).status_code == 405


def test_a_comparison_is_asked_for_shown_and_stopped(
    sat: Sat, client: Client, alike: AlikePair
) -> None:
    address = reverse("integrity_compare", args=[sat.sitting.pk, sat.paper.pk])
    client.post(address, {"reach": "nation"})
    run = SimilarityRun.objects.get(reach="nation")
    assert reverse("comparison_cancel", args=[run.pk]) in page(client, "integrity")
    client.post(reverse("comparison_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"
    client.post(address, {"reach": "planet"})
    assert SimilarityRun.objects.count() == 2


@pytest.fixture
def beside(alike: AlikePair) -> AlikePair:
    """A pair listed because it sat side by side; its figures are invented."""
    run = alike.run
    run.pk, run.reach = None, "beside"
    run.result |= {
        "looked_at": 447, "strangers": 20_000, "alike": 1, "by_chance": 5.0, "p": 0.99,
        "level": 5 / 447,
    }  # fmt: skip
    run.save(force_insert=True)
    alike.pk, alike.run, alike.log10_factor, alike.strangers_alike = None, run, 3.4, 0.0002
    alike.save(force_insert=True)
    return alike


def test_neighbours_are_listed_apart_with_how_many_chance_would_list(
    beside: AlikePair, client: Client
) -> None:
    AlikePair.objects.exclude(pk=beside.pk).delete()
    text = page(client, "integrity")
    assert reverse("integrity_pair", args=[beside.pk]) in text
    assert said("A weak alarm.", text)
    assert "447" in text
    assert "2,512" in text  # times likelier
    assert said("No pair waits to be looked into", text)  # they are not counted among the rest


def test_a_case_is_opened_from_a_pair_side_by_side_and_its_evidence_says_how_weak_it_is(
    beside: AlikePair, client: Client
) -> None:
    listed = "Listed because they sat side by side."
    assert said(listed, page(client, "integrity_pair", beside.pk))
    client.post(reverse("integrity_begin", args=[beside.pk]), {"reason": "seen whispering"})
    case = IntegrityCase.objects.get()
    assert said(listed, page(client, "integrity_case", case.pk))
    with override("en"):
        facts = dict(facts_of(file_of(case.pair)))
    assert facts["Times likelier if half or more was copied"] == "2,512"
    assert "447" in facts["Listed because they sat side by side"]
    answer = client.post(reverse("integrity_evidence", args=[case.pk]), {"form": "xlsx"})
    cells = [
        str(cell)
        for row in load_workbook(io.BytesIO(answer.content)).active.values  # type: ignore[union-attr]
        for cell in row
    ]
    assert "2,512" in cells


def test_how_many_honest_pairs_a_centre_may_be_listed_is_asked_for(
    sat: Sat, client: Client, alike: AlikePair
) -> None:
    address = reverse("integrity_compare", args=[sat.sitting.pk, sat.paper.pk])
    client.post(address, {"reach": "beside", "a_centre": "12"})
    assert SimilarityRun.objects.get(reach="beside").parameters == {"a_centre": 12}
    client.post(address, {"reach": "beside", "a_centre": "0"})
    assert SimilarityRun.objects.filter(reach="beside").count() == 1


def test_nobody_else_opens_the_desk(
    case: IntegrityCase,
    alike: AlikePair,
    sign_in: Callable[[User], Client],
    make_staff: Callable[..., User],
) -> None:
    pages = (("integrity", []), ("integrity_pair", [alike.pk]), ("integrity_case", [case.pk]))
    for role in set(Role) - {Role.INTEGRITY}:
        bound = role in (Role.PROCTOR, Role.CHIEF)
        stranger = sign_in(make_staff(role, Centre.objects.get() if bound else None))
        for name, args in pages:
            assert stranger.get(reverse(name, args=args)).status_code == 403
        for name in ("integrity_act", "integrity_evidence"):
            assert stranger.post(reverse(name, args=[case.pk])).status_code == 403
    assert case.entries.count() == 1


def test_an_officer_of_one_centre_does_not_open_the_desk_of_the_country(
    case: IntegrityCase, sign_in: Callable[[User], Client], make_staff: Callable[..., User]
) -> None:
    local = sign_in(make_staff(Role.INTEGRITY, Centre.objects.get()))
    assert local.get(reverse("integrity")).status_code == 403


def test_the_desk_asks_as_much_for_three_pairs_as_for_one(
    alike: AlikePair, first: User, client: Client
) -> None:
    open_case(pair=alike, reason="look", by=first, at=NOW)
    client.get(reverse("integrity"))
    with CaptureQueriesContext(connection) as once:
        client.get(reverse("integrity"))
    people = list(alike.analysis.raw_scores.exclude(registration=alike.first)[1:3])
    for one in people:
        alike.pk, alike.second = None, one.registration
        alike.save(force_insert=True)
        case = open_case(pair=alike, reason="look", by=first, at=NOW)
        propose_closing(case=case, outcome="nothing", reason="done", by=first, at=NOW)
    with CaptureQueriesContext(connection) as thrice:
        client.get(reverse("integrity"))
    assert len(thrice) == len(once)
