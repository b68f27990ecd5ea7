"""The chain that makes a ledger tamper-evident, and where it breaks.

Each entry carries `hash = SHA-256(hash of the entry before || canonical JSON of the entry)`.
The hash before is its 64 hexadecimal characters, for the first entry 64 zeros. Canonical JSON
has sorted keys, no spaces, UTF-8, and no numbers but integers.
Source: Haber and Stornetta (1991), How to time-stamp a digital document; the tree of heads
follows RFC 6962, section 2.1.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

GENESIS: Final = "0" * 64
UNSEEN: Final[Mapping[int, str]] = {}
_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


class Entry(NamedTuple):
    """One stored row of a ledger; `body` is the canonical text of the event's body."""

    seq: int
    id: str
    type: str
    body: str
    at: int
    recv: int
    actor: int | None
    role: str
    device: int | None
    dseq: int | None
    base: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a ledger is not what was written.

    `code` is `gap` (a number is missing or doubled), `hash` (a byte of this entry changed),
    `head` (entries were cut off, or the head was changed) or `witness` (the ledger agrees with
    itself, but ended otherwise when it was seen: it was rewritten, cut or taken away).
    """

    room: int
    seq: int
    code: str


def canonical(value: Any) -> str:
    """Canonical JSON of a value made of dicts, lists, strings, integers, booleans and null."""
    return _ENCODER.encode(value)


def entry_text(room: int, entry: Entry) -> str:
    """Canonical JSON of one entry without its hash: what the chain signs.

    Built by hand because it runs once per event of the day; a test holds it equal to
    `canonical` of the same fields. Identifiers, types and roles never need escaping.
    """
    seq, id_, type_, body, at, recv, actor, role, device, dseq, base, _ = entry
    return (
        f'{{"actor":{"null" if actor is None else actor},"at":{at},"base":{base},"body":{body},'
        f'"device":{"null" if device is None else device},'
        f'"dseq":{"null" if dseq is None else dseq},"id":"{id_}","recv":{recv},'
        f'"role":"{role}","room":{room},"seq":{seq},"type":"{type_}"}}'
    )


def link(previous: str, text: str) -> str:
    """The hash of the entry `text` that follows the entry with hash `previous`."""
    return sha256((previous + text).encode()).hexdigest()


def first_break(
    room: int, entries: Iterable[Entry], seq: int, head: str, seen: Mapping[int, str] = UNSEEN
) -> Break | None:
    """The first break of a whole ledger whose head says it ends at `seq` with hash `head`.

    `entries` are all entries of the room in order of `seq`; `seen` are hashes by number that a
    witness wrote down. None means the chain is whole.
    """
    last, previous = 0, GENESIS
    for entry in entries:
        if entry.seq != last + 1:
            return Break(room, last + 1, "gap")
        previous = link(previous, entry_text(room, entry))
        if previous != entry.hash:
            return Break(room, entry.seq, "hash")
        if seen.get(entry.seq, previous) != previous:
            return Break(room, entry.seq, "witness")
        last = entry.seq
    if (last, previous) != (seq, head):
        return Break(room, last, "head")
    return Break(room, last, "witness") if max(seen, default=0) > last else None


def merkle_root(heads: Sequence[tuple[int, int, str]]) -> str:
    """One hash for many heads `(room, seq, hash)`, in the order given; RFC 6962 hashing.

    Kept outside the database, it proves later that no ledger was rewritten as a whole.
    """
    level = [sha256(b"\x00" + f"{r}:{s}:{h}".encode()).digest() for r, s, h in heads]
    if not level:
        return sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [
            sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()
