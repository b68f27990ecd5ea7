import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from centres.common.runs import perform
from centres.models import Centre, Role, User
from scoring.actions.publication import release_when_due
from scoring.models import (
    Publication,
    PublicationState,
    ResponseException,
    ScalingRun,
    SealingRun,
)
from tests.scoring.conftest import Sat


@pytest.fixture
def scaling(sat: Sat) -> ScalingRun:
    sat.ingest()
    sat.analyse()
    return sat.scale()


@pytest.fixture
def secretary(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.STAFF, username="secretary"))


@pytest.fixture
def chair(make_staff: Callable[..., User], sign_in: Callable[[User], Client]) -> Client:
    return sign_in(make_staff(Role.STAFF, username="chair"))


def gate(client: Client, sat: Sat) -> str:
    answer = client.get(reverse("publication_gate", args=[sat.sitting.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def draft(client: Client, sat: Sat) -> str:
    """Draft for an hour that has just passed; returns the release code that is shown."""
    hour = timezone.localtime() - timedelta(minutes=1)
    answer = client.post(
        reverse("draft_publication", args=[sat.sitting.pk]),
        {"release_at": hour.strftime("%Y-%m-%dT%H:%M")},
    )
    return code_on(answer.content.decode())


def code_on(text: str) -> str:
    found = re.search(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", text)
    assert found
    return found[0]


def act(client: Client, name: str, **fields: str) -> str:
    publication = Publication.objects.latest("pk")
    answer = client.post(reverse(name, args=[publication.pk]), fields, follow=True)
    return answer.content.decode()


def test_the_gate_counts_everyone_and_the_counts_close(
    scaling: ScalingRun, secretary: Client, sat: Sat
) -> None:
    text = gate(secretary, sat)
    sums = re.search(r'<p class="sum">(.*?)</p>', text, re.DOTALL)
    assert sums
    assert [int(n) for n in re.findall(r"<b[^>]*>(\d+)</b>", sums[1])] == [24, 23, 1, 0, 0]


def test_every_gate_of_the_staff_leads_to_the_desk_that_settles_it(
    sat: Sat, scaling: ScalingRun, secretary: Client
) -> None:
    page = secretary.get(reverse("publication_gate", args=[sat.sitting.pk]))
    desks = {found.code: desk for found, desk in page.context["gates"] if desk}
    assert set(desks) == {"exceptions", "readings", "sheets", "outcomes", "second"}
    for desk in desks.values():
        assert f'<a href="{desk}">' in page.content.decode()
        assert secretary.get(desk).status_code == 200, desk


def test_the_gate_says_what_came_after_the_scores(
    sat: Sat, scaling: ScalingRun, secretary: Client
) -> None:
    assert f"scaling {scaling.pk}, " in gate(secretary, sat)
    ScalingRun.objects.update(created_at=timezone.now() - timedelta(days=9_000))
    assert "came 0 keys and 1 files or decisions; examiners compute" in gate(secretary, sat)


def test_two_people_publish_and_one_alone_cannot(
    scaling: ScalingRun, secretary: Client, chair: Client, sat: Sat
) -> None:
    first = draft(secretary, sat)
    assert "someone else must" in act(secretary, "approve_publication")
    second = code_on(act(chair, "approve_publication"))
    perform(Publication.objects.get().sealing_runs.get())
    assert "not the release code" in act(chair, "open_envelope", code=first)
    act(secretary, "open_envelope", code=first)
    assert "chair" in act(secretary, "release_publication")
    act(chair, "open_envelope", code=second)
    assert "The results are out" in act(chair, "release_publication")
    assert Publication.objects.get().state == PublicationState.RELEASED
    act(secretary, "withdraw_publication", reason="a wrong cut")
    assert Publication.objects.get().state == PublicationState.WITHDRAWN


def test_a_release_code_is_on_one_page_and_nowhere_else(
    scaling: ScalingRun, secretary: Client, sat: Sat
) -> None:
    code = draft(secretary, sat)
    assert code not in gate(secretary, sat)
    assert code not in str(dict(secretary.session))
    assert code not in str(Publication.objects.values())


def test_a_line_is_decided_on_its_page(sat: Sat, secretary: Client) -> None:
    rows = sat.rows()
    number, form, answers = rows[0]
    sat.ingest([(number, "", answers), *rows[1:]])
    exception = ResponseException.objects.get()
    address = reverse("exceptions", args=[sat.sitting.pk])
    assert "1 line waits" in secretary.get(address).content.decode()
    fields = {"number": number, "form": form, "reason": "the seat plan says so", "answer": "take"}
    decide = reverse("resolve_exception", args=[exception.pk])
    assert secretary.post(decide, {**fields, "reason": ""}, follow=True).status_code == 200
    exception.refresh_from_db()
    assert not exception.resolution
    secretary.post(decide, fields)
    exception.refresh_from_db()
    assert exception.resolution == "taken"
    assert "No line waits" in secretary.get(address).content.decode()


def test_an_auditor_reads_the_gate_and_can_press_nothing(
    scaling: ScalingRun,
    sat: Sat,
    make_staff: Callable[..., User],
    sign_in: Callable[[User], Client],
) -> None:
    auditor = sign_in(make_staff(Role.AUDITOR))
    text = gate(auditor, sat)
    assert "draft" not in re.findall(r'action="([^"]*)"', text)
    answer = auditor.post(reverse("draft_publication", args=[sat.sitting.pk]), {})
    assert answer.status_code == 403


@pytest.mark.parametrize("role", [Role.STAFF, Role.EXAMINER])
def test_a_role_of_one_centre_opens_no_page_about_the_whole_country(
    scaling: ScalingRun,
    sat: Sat,
    role: Role,
    make_staff: Callable[..., User],
    sign_in: Callable[[User], Client],
) -> None:
    local = sign_in(make_staff(role, Centre.objects.get()))
    run = scaling.analyses.first()
    assert run
    for address in (
        reverse("publication_gate", args=[sat.sitting.pk]),
        reverse("item_table", args=[run.pk]),
    ):
        assert local.get(address).status_code == 403


def test_at_the_hour_the_worker_lets_the_results_out(
    scaling: ScalingRun,
    secretary: Client,
    chair: Client,
    sat: Sat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = draft(secretary, sat)
    second = code_on(act(chair, "approve_publication"))
    publication = Publication.objects.get()
    perform(publication.sealing_runs.get())
    release_when_due.call(publication.pk, publication.drafted_by_id)
    assert Publication.objects.get().state == PublicationState.SEALED
    act(secretary, "open_envelope", code=first)
    act(chair, "open_envelope", code=second)
    release_when_due.call(publication.pk, publication.drafted_by_id)
    assert Publication.objects.get().state == PublicationState.RELEASED


def test_a_book_written_twice_is_opened_by_the_same_two_codes(
    scaling: ScalingRun, secretary: Client, chair: Client, sat: Sat
) -> None:
    """As after a process that was killed between the file and the database."""
    first = draft(secretary, sat)
    second = code_on(act(chair, "approve_publication"))
    publication = Publication.objects.get()
    perform(publication.sealing_runs.get())
    again = SealingRun.objects.create(publication=publication, created_at=timezone.now())
    perform(again)
    assert again.state == "done"
    act(secretary, "open_envelope", code=first)
    act(chair, "open_envelope", code=second)
    assert "The results are out" in act(chair, "release_publication")


def test_a_result_is_held_back_and_let_go_by_number_with_a_reason(
    scaling: ScalingRun, secretary: Client, sat: Sat
) -> None:
    number = sat.bookings[0].registration.number
    address = reverse("hold_result", args=[sat.sitting.pk])
    fields = {"number": number, "reason": "two sheets alike", "answer": "hold"}
    assert "Write the reason" in ask_for(secretary, address, {**fields, "reason": ""})
    assert "No registration" in ask_for(secretary, address, {**fields, "number": "123"})
    assert "1 result held back" in ask_for(secretary, address, fields)
    assert "held back already" in ask_for(secretary, address, fields)
    assert "<b>22</b>" in gate(secretary, sat)
    assert "0 results held back" in ask_for(secretary, address, {**fields, "answer": "lift"})


def ask_for(client: Client, address: str, fields: dict[str, str]) -> str:
    return client.post(address, fields, follow=True).content.decode()


def test_a_sitting_has_one_draft_at_a_time(
    scaling: ScalingRun, secretary: Client, sat: Sat
) -> None:
    draft(secretary, sat)
    hour = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    again = secretary.post(
        reverse("draft_publication", args=[sat.sitting.pk]), {"release_at": hour}
    )
    assert again.status_code == 409
    assert "waits already" in again.content.decode()
