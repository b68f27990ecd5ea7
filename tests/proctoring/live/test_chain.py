"""A ledger changed anywhere is found, and the place is named."""

import hashlib
import json
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from proctoring.live.chain import (
    GENESIS,
    Break,
    Entry,
    canonical,
    entry_text,
    first_break,
    link,
    merkle_root,
)

ROOM = 17
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@dataclass
class Ledger:
    entries: list[Entry]

    @property
    def head(self) -> tuple[int, str]:
        return self.entries[-1].seq, self.entries[-1].hash


@st.composite
def ledgers(draw: st.DrawFn) -> Ledger:
    entries: list[Entry] = []
    previous = GENESIS
    for seq in range(1, draw(st.integers(1, 8)) + 1):
        body = canonical(draw(st.dictionaries(st.text(), PLAIN, max_size=3)))
        who = draw(st.none() | st.integers(1, 9))
        entry = Entry(
            seq, f"id-{seq}", "seat.check_in", body, 5, 6, who, "proctor", who, seq, 0, ""
        )
        previous = link(previous, entry_text(ROOM, entry))
        entries.append(Entry(*entry[:-1], previous))
    return Ledger(entries)


@given(ledgers())
def test_the_text_that_is_hashed_is_canonical_json_of_every_field(ledger: Ledger) -> None:
    for entry in ledger.entries:
        fields = entry._asdict()  # noqa: SLF001
        fields.pop("hash")
        fields |= {"room": ROOM, "body": json.loads(entry.body)}
        assert entry_text(ROOM, entry) == canonical(fields)


@given(ledgers())
def test_a_whole_ledger_has_no_break(ledger: Ledger) -> None:
    assert first_break(ROOM, ledger.entries, *ledger.head) is None


@given(ledgers(), st.data())
def test_one_changed_character_is_found_at_its_number(ledger: Ledger, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(ledger.entries) - 1))
    field = data.draw(st.sampled_from(["body", "type", "at", "actor", "hash"]))
    entry = ledger.entries[place]
    other = ("f" if entry.hash[0] != "f" else "0") + entry.hash[1:]
    changed = {"body": entry.body + " ", "type": "x", "at": 99, "actor": 99, "hash": other}
    forged = list(ledger.entries)
    position = Entry._fields.index(field)  # noqa: SLF001
    forged[place] = Entry(*entry[:position], changed[field], *entry[position + 1 :])
    assert first_break(ROOM, forged, *ledger.head) == Break(ROOM, place + 1, "hash")


@given(ledgers(), st.data())
def test_a_removed_entry_is_found(ledger: Ledger, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(ledger.entries) - 1))
    left = ledger.entries[:place] + ledger.entries[place + 1 :]
    expected = "gap" if place < len(left) else "head"
    found = first_break(ROOM, left, *ledger.head)
    assert found is not None
    assert found.code == expected


def test_two_rooms_with_equal_words_have_different_chains() -> None:
    entry = Entry(1, "id", "room.open", "{}", 1, 1, None, "chief", None, None, -1, "")
    assert link(GENESIS, entry_text(1, entry)) != link(GENESIS, entry_text(2, entry))


def test_the_root_of_heads_follows_rfc_6962() -> None:
    heads = [(1, 5, "aa"), (2, 6, "bb"), (3, 7, "cc")]

    def leaf(room: int, seq: int, hash_: str) -> bytes:
        return hashlib.sha256(b"\x00" + f"{room}:{seq}:{hash_}".encode()).digest()

    one, two, three = (leaf(*head) for head in heads)
    pair = hashlib.sha256(b"\x01" + one + two).digest()
    assert merkle_root(heads) == hashlib.sha256(b"\x01" + pair + three).hexdigest()
    assert merkle_root(heads[:1]) == one.hex()
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


@given(st.lists(st.integers(1, 99), min_size=1, max_size=9, unique=True), st.data())
def test_the_root_changes_when_any_head_changes(rooms: list[int], data: st.DataObject) -> None:
    heads = [(room, 3, "ab") for room in rooms]
    place = data.draw(st.integers(0, len(heads) - 1))
    other = [*heads[:place], (heads[place][0], 3, "ac"), *heads[place + 1 :]]
    assert merkle_root(heads) != merkle_root(other)
