"""What docs/protocol.schema.json says is what the server understands, no more and no less."""

import json
import uuid
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proctoring.live.protocol import BODIES, FrameError, parse

SCHEMA = json.loads((settings.BASE_DIR / "docs" / "protocol.schema.json").read_text())
up = Draft202012Validator({"$ref": "#/$defs/up", "$defs": SCHEMA["$defs"]})
ID = "0190163d-8694-739b-aea5-966c26f8ad91"


def claim(**changes: Any) -> dict[str, Any]:
    return {"t": "ev", "id": ID, "room": 3, "type": "room.open", "body": {}, "at": 5, "dseq": 1,
            "base": 0, **changes}  # fmt: skip


def understood(frame: Any) -> bool:
    try:
        parse(json.dumps(frame))
    except FrameError:
        return False
    return True


def test_the_schema_is_a_schema_and_knows_every_kind_of_event() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    bodies = SCHEMA["$defs"]["bodies"]
    assert set(bodies) == set(BODIES)
    for kind, fields in BODIES.items():
        assert set(bodies[kind]["properties"]) == {name.rstrip("?") for name in fields}
        assert set(bodies[kind]["required"]) == {n for n in fields if not n.endswith("?")}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 700), st.text(max_size=8), st.just(ID),
    st.sampled_from(["phone", "toilet", "x" * 301, "A1"]), st.lists(st.integers(), max_size=1),
)  # fmt: skip
NAMES = sorted({name.rstrip("?") for fields in BODIES.values() for name in fields})


@given(st.sampled_from(sorted(BODIES)), st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3))
def test_a_claim_is_in_the_schema_exactly_when_the_server_understands_it(
    kind: str, body: dict[str, Any]
) -> None:
    frame = claim(type=kind, body=body)
    assert understood(frame) == up.is_valid(frame)


@given(st.sampled_from(["id", "room", "type", "at", "dseq", "base"]), VALUES)
def test_so_is_every_field_of_a_claim(name: str, value: Any) -> None:
    frame = claim(**{name: value})
    assert understood(frame) == up.is_valid(frame)


HELLO = {"t": "hello", "v": 1, "device": str(uuid.UUID(int=7)), "rooms": [{"room": 1}], "t0": 0}


@pytest.mark.parametrize(
    "frame",
    [
        HELLO, {**HELLO, "v": 2}, {**HELLO, "rooms": []}, {**HELLO, "device": "x"},
        {**HELLO, "rooms": [{"room": 0}]}, {**HELLO, "epoch": "e" * 65}, {"t": "ping", "t0": 1},
        {"t": "ping", "t0": -1}, {"t": "ping"}, {"t": "need", "room": 1, "since": 0},
        {"t": "need", "room": 1}, {"t": "seen", "room": 1, "seq": 2}, {"t": "x"}, {},
        {"t": "ev", "events": []}, {"t": "ev", "events": [claim()] * 201},
        {"t": "ev", "events": [claim(), claim(dseq=2)]}, {"t": "ev", "events": [claim(dseq=0)]},
    ],
)  # fmt: skip
def test_so_is_every_other_frame(frame: Any) -> None:
    assert understood(frame) == up.is_valid(frame)
