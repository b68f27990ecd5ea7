"""Frames: what is in the language is understood, and nothing else gets through."""

import json
import uuid
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring.live.bucket import TokenBucket
from proctoring.live.keyboard import read_card
from proctoring.live.protocol import (
    MAX_FRAME,
    Claims,
    FrameError,
    Hello,
    Need,
    Ping,
    Seen,
    parse,
)

ID = "0190163d-8694-739b-aea5-966c26f8ad91"
CLAIM = {"t": "ev", "id": ID, "room": 3, "type": "seat.check_in", "body": {"booking": 7},
         "at": 5, "dseq": 1, "base": 0}  # fmt: skip


def fault(**changes: Any) -> FrameError:
    with pytest.raises(FrameError) as error:
        parse(json.dumps({**CLAIM, **changes}))
    return error.value


def test_each_frame_becomes_its_command() -> None:
    hello = {"t": "hello", "v": 1, "device": ID, "rooms": [{"room": 3, "since": 4}], "t0": 9}
    assert isinstance(parse(json.dumps(hello)), Hello)
    assert parse('{"t":"need","room":3,"since":4}') == Need(3, 4)
    assert parse('{"t":"seen","room":3,"seq":4}') == Seen(3, 4)
    assert parse('{"t":"ping","t0":4}') == Ping(4)
    claims = parse(json.dumps(CLAIM))
    assert isinstance(claims, Claims)
    assert claims.items[0].body == {"booking": 7}


def test_a_hash_with_many_digits_in_a_row_is_no_identity_number() -> None:
    rooms = [{"room": 3, "since": 0, "head": "0" * 64}]
    hello = {"t": "hello", "v": 1, "device": ID, "rooms": rooms, "t0": 9}
    assert isinstance(parse(json.dumps(hello)), Hello)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"id": "1"}, "id"), ({"room": 0}, "room"), ({"room": True}, "room"),
        ({"type": "room.plan"}, "type"), ({"type": ["x"]}, "type"), ({"dseq": 0}, "dseq"),
        ({"at": 1.5}, "at"), ({"base": -1}, "base"), ({"body": {}}, "body.booking"),
        ({"body": {"booking": 7, "more": 1}}, "body"), ({"body": []}, "body"),
        ({"type": "incident.open", "body": {"kind": "phone", "note": "1 2345 67890 12 3"}},
         "body.note"),
    ],
)  # fmt: skip
def test_a_fault_is_named_by_its_place(changes: dict[str, Any], where: str) -> None:
    assert (fault(**changes).code, fault(**changes).where) == ("schema", where)


def test_no_more_than_two_hundred_events_come_at_once() -> None:
    many = {"t": "ev", "events": [CLAIM] * 201}
    with pytest.raises(FrameError, match="events"):
        parse(json.dumps(many))
    assert len(parse(json.dumps({"t": "ev", "events": [CLAIM] * 200})).items) == 200  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"t":1}', '{"t":["ev"]}', "[" * 60_000])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(FrameError):
        parse(text)


def test_a_frame_that_is_too_big_is_not_even_read() -> None:
    with pytest.raises(FrameError, match="too_big"):
        parse("x" * (MAX_FRAME + 1))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(["hello", "ev", "need", "seen", "ping"]), st.data())
def test_no_frame_can_do_more_than_be_refused(kind: str, data: st.DataObject) -> None:
    names = ["v", "device", "rooms", "room", "since", "seq", "events", "id", "type", "body",
             "at", "dseq", "base", "t0", "epoch"]  # fmt: skip
    values = JSON | st.just(ID) | st.just(1) | st.just([CLAIM]) | st.just({"booking": 7})
    frame = {"t": kind, **data.draw(st.dictionaries(st.sampled_from(names), values))}
    with suppress(FrameError):
        assert isinstance(parse(json.dumps(frame)), Hello | Claims | Need | Seen | Ping)


def test_a_bucket_stops_a_flood_and_fills_again() -> None:
    bucket = TokenBucket.full(rate=20, burst=200, at=0.0)
    assert bucket.take(200, 0.0) == 0.0
    assert bucket.take(1, 0.0) == pytest.approx(0.05)
    assert bucket.take(20, 1.0) == 0.0


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("6800000123", "6800000123"), (" 6800-0001 23 ", "6800000123"),
        ("๖๘๐๐๐๐๐๑๒๓", "6800000123"), ("ุคจจจจจๅ/-", "6800000123"),
        ("SNM1.6800000123.2.ABCD", "6800000123"), ("ขวัญข้าว", ""), ("12345", ""), ("C4", ""),
    ],
)  # fmt: skip
def test_a_card_is_read_past_the_thai_layout(typed: str, number: str) -> None:
    assert read_card(typed)[0] == number


def test_a_whole_card_typed_through_the_thai_layout_is_read() -> None:
    latin = "SNM1.6800000123.2.ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    keys = {"S": "ฆ", "N": "์", "M": "?", ".": "ใ", "1": "ๅ", "2": "/", "3": "-", "4": "ภ",
            "5": "ถ", "6": "ุ", "7": "ึ", "8": "ค", "0": "จ", "A": "ฤ", "B": "ฺ", "C": "ฉ",
            "D": "ฏ", "E": "ฎ", "F": "โ", "G": "ฌ", "H": "็", "I": "ณ", "J": "๋", "K": "ษ",
            "L": "ศ", "O": "ฯ", "P": "ญ", "Q": "๐", "R": "ฑ", "T": "ธ", "U": "๊", "V": "ฮ",
            "W": '"', "X": ")", "Y": "ํ", "Z": "("}  # fmt: skip
    assert read_card("".join(keys[sign] for sign in latin)) == ("6800000123", latin)


def test_ids_are_made_by_devices_in_lower_case() -> None:
    assert fault(id=str(uuid.uuid4()).upper()).where == "id"
