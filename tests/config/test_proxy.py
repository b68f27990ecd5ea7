"""Behind a proxy limits count by who asks; on one's own, nobody's word for it is taken."""

import asyncio
from typing import Any

import pytest
from django.test import override_settings

from config.proxy import BehindProxy

PROXY = ("10.0.0.1", 4711)


def seen_as(*said: bytes) -> Any:
    """The asker as the application is told, when headers say this of him."""
    scopes: list[Any] = []

    async def application(scope: Any) -> None:
        scopes.append(scope)

    headers = [(b"x-forwarded-for", line) for line in said]
    scope = {"type": "http", "headers": headers, "client": PROXY}
    asyncio.run(BehindProxy(application)(scope))
    return scopes[0]["client"]


@override_settings(HTTPS=True)
@pytest.mark.parametrize(
    ("said", "asker"),
    [
        ((b"203.0.113.9",), "203.0.113.9"),
        ((b"1.2.3.4, 203.0.113.9",), "203.0.113.9"),
        ((b"1.2.3.4", b"5.6.7.8, 203.0.113.9"), "203.0.113.9"),
        ((b"2001:db8::7",), "2001:db8::7"),
        ((), "10.0.0.1"),
    ],
)
def test_behind_a_proxy_the_last_address_is_the_asker(said: tuple[bytes, ...], asker: str) -> None:
    assert seen_as(*said)[0] == asker


def test_without_a_proxy_nobody_may_name_an_address_of_his_own() -> None:
    assert seen_as(b"203.0.113.9") == PROXY
