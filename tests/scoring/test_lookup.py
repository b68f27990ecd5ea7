import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from centres.common.identity import access_code, derived_key, grouped, registration_number
from scoring import lookup
from scoring.book.pointer import Released, write_pointer
from scoring.book.sealed import Entry, write_book
from scoring.facts import ABSENT, BOOK_PEPPER, HELD, SCORED, Edition, Mark, PaperFacts, Personal
from scoring.lookup import Bucket, ResultLookup, TooManyTries, network_of
from tests.factories import NOW

EDITION = Edition(
    "ครั้งที่ 1/2570", "Sitting 1/2570", 1, NOW, "",
    (PaperFacts("วิชาครู", "Teaching", 0, 100, 60, 57861, 39276),),
)  # fmt: skip
NUMBERS = [registration_number(serial) for serial in range(5)]
MARKS = [
    Mark(SCORED, 71, 67, 75, True),
    Mark(SCORED, 57, 53, 61, False),
    Mark(SCORED, 60, 56, 64, True),
    Mark(ABSENT),
    Mark(HELD),
]
KEY = b"k" * 32


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    lookup.by_number = Bucket(size=5, per_second=5 / 60)
    lookup.by_network = Bucket(size=600, per_second=10)
    yield
    lookup.shelves.clear()


@pytest.fixture
def book() -> Path:
    folder = Path(settings.BOOKS_DIR)
    folder.mkdir(parents=True)
    entries = [
        Entry(
            number,
            access_code(number, 1),
            Personal(f"นางสาวข้าว{place}", f"Khao {place} <b>", (mark,)).to_bytes(),
        )
        for place, (number, mark) in enumerate(zip(NUMBERS, MARKS, strict=True))
    ]
    write_book(
        folder / "one.book",
        entries,
        pepper=derived_key(BOOK_PEPPER),
        release_key=KEY,
        salt=b"s" * 16,
        preface=EDITION.to_bytes(),
    )
    return folder


@pytest.fixture
def out(book: Path) -> Path:
    write_pointer(book, [Released("1", "one.book", KEY)])
    return book


async def never(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"the other application"})


def ask(
    method: str = "POST",
    *,
    path: str = lookup.ADDRESS,
    language: str = "en",
    query: bytes = b"",
    body: bytes | None = None,
    scheme: bytes = b"https",
    **fields: str,
) -> tuple[int, dict[str, str], str]:
    """One request at the door: status, headers, page."""
    sent: list[dict[str, Any]] = []
    content = urlencode(fields).encode() if body is None else body

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [
            (b"cookie", f"django_language={language}".encode()),
            (b"x-forwarded-proto", scheme),
        ],
        "client": ("203.0.113.9", 1),
    }
    asyncio.run(ResultLookup(never)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"].decode()


def test_number_and_code_open_the_own_result_and_nothing_else(out: Path) -> None:
    for place, number in enumerate(NUMBERS):
        status, _headers, page = ask(number=number, code=access_code(number, 1))
        assert status == 200
        assert f"Khao {place}" in page
        assert all(f"Khao {other}" not in page for other in range(5) if other != place)


def test_the_page_shows_the_score_the_band_and_the_country(out: Path) -> None:
    _status, _headers, page = ask(number=NUMBERS[0], code=access_code(NUMBERS[0], 1))
    for shown in (
        "You passed",
        "<b>71</b>",
        "67–75",
        "11 points above",
        "39,276 of 57,861",
        "67.9",
    ):
        assert shown in page
    assert "<b>Khao" not in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    ("place", "english", "thai"),
    [
        (1, "Not passed this time", "ครั้งนี้ยังไม่ผ่าน"),
        (2, "Exactly the pass mark", "เท่าเกณฑ์ผ่านพอดี"),
        (3, "You did not sit this exam", "คุณไม่ได้เข้าสอบครั้งนี้"),
        (4, "Your result is not out yet", "ผลของคุณยังไม่ออก"),
    ],
)
def test_every_outcome_is_told_in_both_languages(
    out: Path, place: int, english: str, thai: str
) -> None:
    fields = {"number": NUMBERS[place], "code": access_code(NUMBERS[place], 1)}
    assert english in ask(**fields)[2]
    assert thai in ask(language="th", **fields)[2]


def test_not_passed_is_never_red(out: Path) -> None:
    page = ask(number=NUMBERS[1], code=access_code(NUMBERS[1], 1))[2]
    assert "bad" not in page
    assert "harm" not in page


def test_the_code_may_be_typed_with_groups_spaces_and_small_letters(out: Path) -> None:
    code = grouped(access_code(NUMBERS[0], 1)).lower().replace("-", " - ")
    assert ask(number=f" {NUMBERS[0][:5]} {NUMBERS[0][5:]}", code=code)[0] == 200


def test_a_wrong_number_and_a_wrong_code_get_the_same_page(out: Path) -> None:
    code = access_code(NUMBERS[0], 1)
    stranger = registration_number(77)
    pages = {
        ask(number=number, code=typed)[2].replace(number, "N")
        for number, typed in [
            (NUMBERS[0], access_code(NUMBERS[1], 1)),
            (NUMBERS[0], "not a code"),
            (stranger, code),
        ]
    }
    assert len(pages) == 1


def test_before_the_pointer_names_the_book_every_answer_is_the_same(book: Path) -> None:
    right = ask(number=NUMBERS[0], code=access_code(NUMBERS[0], 1))
    wrong = ask(number=NUMBERS[0], code=access_code(NUMBERS[1], 1))
    assert right == wrong
    assert right[0] == 404
    assert "No results are out at this moment" in right[2]


def test_results_go_when_the_pointer_moves_and_no_process_restarts(out: Path) -> None:
    fields = {"number": NUMBERS[0], "code": access_code(NUMBERS[0], 1)}
    assert ask(**fields)[0] == 200
    write_pointer(out, [])
    assert ask(**fields)[0] == 404


def test_no_answer_is_kept_by_anybody_on_the_way(out: Path) -> None:
    for status, headers, _page in (
        ask(number=NUMBERS[0], code=access_code(NUMBERS[0], 1)),
        ask(number=NUMBERS[0], code="wrong"),
        ask("GET"),
    ):
        assert status in (200, 404)
        assert headers["cache-control"] == "private, no-store"
        assert headers["referrer-policy"] == "no-referrer"


def test_an_answer_asks_the_database_nothing(out: Path, db: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        ask(number=NUMBERS[0], code=access_code(NUMBERS[0], 1))
        ask("GET")
    assert len(asked) == 0


def test_number_and_code_in_an_address_open_nothing(out: Path) -> None:
    query = urlencode({"number": NUMBERS[0], "code": access_code(NUMBERS[0], 1)}).encode()
    status, _headers, page = ask("GET", query=query)
    assert status == 200
    assert "Khao" not in page


def test_the_sixth_try_for_one_number_has_to_wait(out: Path) -> None:
    for _ in range(5):
        assert ask(number=NUMBERS[0], code="wrong")[0] == 404
    status, headers, page = ask(number=NUMBERS[0], code=access_code(NUMBERS[0], 1))
    assert status == 429
    assert int(headers["retry-after"]) <= 13
    assert "Nothing is locked" in page
    assert ask(number=NUMBERS[1], code=access_code(NUMBERS[1], 1))[0] == 200


def test_a_bucket_fills_again_with_time() -> None:
    bucket = Bucket(size=2, per_second=0.1)
    for _ in range(2):
        bucket.take("a", now=0)
    with pytest.raises(TooManyTries) as often:
        bucket.take("a", now=5)
    assert often.value.wait == pytest.approx(5)
    bucket.take("a", now=10.1)
    bucket.take("b", now=10.1)


def test_a_bucket_remembers_only_so_many_keys() -> None:
    bucket = Bucket(size=1, per_second=1, most_keys=10)
    for key in range(100):
        bucket.take(str(key), now=0)
    assert len(bucket) == 10


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.9", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("unix", "")],
)
def test_one_network_is_one_guesser(address: str, network: str) -> None:
    assert network_of(address) == network


def test_other_addresses_are_handed_on(out: Path) -> None:
    assert ask("GET", path="/")[0] == 299


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("PUT", b"", 405), ("POST", b"x" * 5000, 413), ("POST", b"a=1&" * 50, 404)],
)
def test_what_no_browser_sends_gets_a_short_answer(
    out: Path, method: str, body: bytes, status: int
) -> None:
    assert ask(method, body=body)[0] == status


@given(body=st.binary(max_size=300))
def test_no_body_breaks_the_door(body: bytes) -> None:
    lookup.by_number = Bucket(size=5, per_second=5)
    assert ask(body=body)[0] in (404, 429)


def test_the_switch_of_language_is_remembered(out: Path) -> None:
    _status, headers, page = ask("GET", language="th", query=b"language=en")
    assert 'lang="en"' in page
    assert headers["set-cookie"].startswith("django_language=en")
    assert "set-cookie" not in ask("GET", query=b"language=xx")[1]


def test_the_hour_is_that_of_the_edition(out: Path) -> None:
    page = ask(number=NUMBERS[0], code=access_code(NUMBERS[0], 1))[2]
    assert "16 Jan 2027 9:00" in page
    assert Edition.from_bytes(EDITION.to_bytes()) == EDITION
    assert EDITION.released_at + timedelta(0) == NOW


def test_where_https_is_spoken_no_code_is_taken_without_it(out: Path, settings: Any) -> None:
    given = {"number": NUMBERS[0], "code": access_code(NUMBERS[0], 1)}
    settings.HTTPS = True
    status, _headers, page = ask(scheme=b"http", **given)
    assert (status, page) == (299, "the other application")
    status, headers, _page = ask(**given)
    assert status == 200
    assert "max-age" in headers["strict-transport-security"]
