"""Every address says who may open it, and opens for nobody else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from centres.common.http import ANYONE, CANDIDATE, SIGNED_IN, access_of
from centres.models import Role, User
from tests.factories import make_candidate, make_centre


def addresses(
    patterns: list[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        else:
            yield route, pattern


def sample(pattern: URLPattern, route: str) -> str:
    """An address that the pattern answers, with a number or word in each of its places."""
    from_kind = {
        "int": "999999",
        "slug": "x",
        "str": "x",
        "uuid": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
        "path": "x",
    }
    filled = route
    for part in route.split("<")[1:]:
        place = part.split(">")[0]
        kind = place.split(":")[0] if ":" in place else "str"
        filled = filled.replace(f"<{place}>", from_kind[kind])
    return "/" + filled.replace("^", "").replace("$", "")


ALL = list(addresses(get_resolver().url_patterns))
OURS = [(route, pattern) for route, pattern in ALL if not route.startswith("admin/")]


@pytest.mark.parametrize(("route", "pattern"), ALL, ids=[route for route, _ in ALL])
def test_every_view_says_who_may_open_it(route: str, pattern: URLPattern) -> None:
    assert access_of(pattern.callback), f"{route} opens for nobody: give its view a role"


@pytest.fixture
def people(db: None, make_staff: Callable[..., User]) -> dict[str, User]:
    centre = make_centre()
    local = (Role.PROCTOR, Role.CHIEF)
    return {role: make_staff(role, centre if role in local else None) for role in Role}


def test_an_anonymous_visitor_is_sent_to_the_door(db: None) -> None:
    for route, pattern in OURS:
        if access_of(pattern.callback) == ANYONE:
            continue
        answer = Client().get(sample(pattern, route))
        assert answer.status_code == 302, route
        assert answer["location"].startswith("/sign-in/"), route


def test_each_role_is_refused_every_page_of_other_roles(
    people: dict[str, User], sign_in: Callable[[User], Client]
) -> None:
    tried = 0
    for role, user in people.items():
        client = sign_in(user)
        for route, pattern in ALL:
            access = access_of(pattern.callback) or frozenset()
            if access in (ANYONE, SIGNED_IN) or role in access:
                continue
            for ask in (client.get, client.post):
                answer = ask(sample(pattern, route))
                assert answer.status_code == 403, f"{role} got {answer.status_code} at {route}"
                tried += 1
    assert tried > 50


def test_a_candidate_is_refused_every_page_of_staff(
    people: dict[str, User], sign_in: Callable[[User], Client]
) -> None:
    user = User.objects.create(username="c")
    make_candidate(user=user)
    client = sign_in(user)
    for route, pattern in ALL:
        access = access_of(pattern.callback) or frozenset()
        if access not in (ANYONE, SIGNED_IN, CANDIDATE):
            assert client.get(sample(pattern, route)).status_code == 403, route


def test_a_role_without_its_one_time_code_opens_nothing(people: dict[str, User]) -> None:
    for role, user in people.items():
        client = Client()
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        for route, pattern in OURS:
            access = access_of(pattern.callback) or frozenset()
            if role in access:
                answer: Any = client.get(sample(pattern, route))
                assert answer.status_code == 302, route
                assert answer["location"].startswith("/sign-in/code/"), route


def test_staff_pages_refuse_rows_that_do_not_exist_with_a_sentence(
    people: dict[str, User], sign_in: Callable[[User], Client]
) -> None:
    for role, user in people.items():
        client = sign_in(user)
        for route, pattern in OURS:
            access = access_of(pattern.callback) or frozenset()
            if "<int:" in route and role in access:
                answer = client.get(sample(pattern, route))
                assert answer.status_code in (403, 404, 405), f"{role}: {route}"
                assert b"Traceback" not in answer.content
