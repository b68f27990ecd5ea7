from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from centres.common.identity import access_code
from centres.common.runs import perform
from centres.models import Role, User
from scheduling.models import Registration
from scoring.actions.publication import (
    approve_publication,
    draft_publication,
    open_envelope,
    release_publication,
)
from scoring.models import CandidateScore
from tests.factories import NOW, make_registration, make_sitting
from tests.scoring.conftest import Sat


@pytest.fixture
def published(sat: Sat, make_staff: Callable[..., User]) -> Sat:
    sat.ingest()
    sat.analyse()
    scaling = sat.scale()
    one, other = make_staff(Role.STAFF, username="one"), make_staff(Role.STAFF, username="other")
    hour = NOW - timedelta(days=100)
    first = draft_publication(scaling=scaling, release_at=hour, by=one, at=hour)
    second = approve_publication(publication=first.publication, by=other, at=hour)
    perform(first.publication.sealing_runs.get())
    open_envelope(publication=first.publication, code=first.release_code, by=one, at=hour)
    opened = open_envelope(
        publication=first.publication, code=second.release_code, by=other, at=hour
    )
    release_publication(publication=opened, by=one, at=hour)
    return sat


def as_candidate(registration: Registration) -> Client:
    user = User.objects.create(username=registration.number)
    registration.candidate.user = user
    registration.candidate.save()
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def past(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages are asked on a day after the release."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def test_each_candidate_sees_his_own_result_and_nobody_elses(published: Sat, past: None) -> None:
    people = [booking.registration for booking in published.bookings[:3]]
    for registration in people:
        text = as_candidate(registration).get(reverse("result")).content.decode()
        score = CandidateScore.objects.get(registration=registration)
        assert f"<b>{score.scaled}</b>" in text
        assert registration.candidate.given_name_en in text
        for other in people:
            if other != registration:
                assert f"{other.candidate.given_name_en} " not in text


def section(page: str) -> str:
    return page[page.index("<main") : page.index("</main>")]


def test_asking_for_another_sitting_by_number_changes_nothing(published: Sat, past: None) -> None:
    registration = published.bookings[0].registration
    client = as_candidate(registration)
    own = client.get(reverse("result")).content
    for query in ("?sitting=999", "?sitting=x", f"?registration={registration.pk + 1}"):
        asked = client.get(reverse("result") + query).content.decode()
        assert section(asked) == section(own.decode())


def test_a_newer_registration_does_not_hide_a_result_that_is_out(
    published: Sat, past: None
) -> None:
    registration = published.bookings[0].registration
    newer = make_sitting("2/2570", opens_at=NOW - timedelta(days=40))
    make_registration(newer, candidate=registration.candidate, number="9876543210")
    text = as_candidate(registration).get(reverse("result")).content.decode()
    assert "Sitting 1/2570" in text


def test_before_the_release_the_page_says_so(sat: Sat, past: None) -> None:
    text = as_candidate(sat.bookings[0].registration).get(reverse("result")).content.decode()
    assert "Results are not out yet" in text


def test_a_result_page_asks_the_same_for_everybody(
    published: Sat, past: None, django_assert_num_queries: Callable[..., object]
) -> None:
    clients = [as_candidate(published.bookings[n].registration) for n in (0, 1, -1)]
    for client in clients:
        with django_assert_num_queries(12):  # type: ignore[attr-defined]
            client.get(reverse("result"))


def test_the_door_answers_where_a_server_speaks_wsgi_too(published: Sat) -> None:
    number = published.bookings[0].registration.number
    client = Client(headers={"accept-language": "en"}, enforce_csrf_checks=True)
    address = reverse("result_lookup")
    asked = client.post(address, {"number": number, "code": access_code(number, 1)})
    if asked.status_code == 404:  # the pointer is written on commit, which this test never sees
        assert "No results are out" in asked.content.decode()
    assert asked["Cache-Control"] == "private, no-store"
    assert client.get(address).status_code == 200
