"""A witness of the ledgers: once a minute, where each of them ended, in a file of its own.

One line a minute in JSON. It names every ledger that moved since the line before and where it now
ends, one root for all ledgers, and the hash of the line before. Kept outside the database, it shows
later that a ledger was not cut, removed or rewritten as a whole, hashes and all. The root alone
fits on paper; the line it stands in says the rest. Times are milliseconds. Pure: reads no file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

from proctoring.live.chain import canonical, merkle_root

FIRST: Final = "0" * 64
End = tuple[int, str]  # a number, and the hash of the entry with that number


class Minute(NamedTuple):
    """One line: what was seen at the moment `at`, in the life `epoch` of the database."""

    at: int
    epoch: str
    moved: Mapping[int, End]
    root: str


class Torn(Exception):
    """A line that is not what was written: its number, counted from 1."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number}")
        self.number = number


def digest(line: str) -> str:
    """What the next line says of this one."""
    return sha256(line.encode()).hexdigest() if line else FIRST


def root_of(ends: Mapping[int, End]) -> str:
    """One hash for where all these ledgers end, in the order of their rooms."""
    return merkle_root([(room, *ends[room]) for room in sorted(ends)])


def next_line(
    before: str, known: Mapping[int, End], ends: Mapping[int, End], *, at: int, epoch: str
) -> str:
    """The line after `before`: what of `ends` is new against `known`. Empty when nothing moved."""
    moved = [[room, *end] for room, end in sorted(ends.items()) if known.get(room) != end]
    if not moved:
        return ""
    seen = {**known, **ends}
    line: dict[str, Any] = {
        "at": at, "before": digest(before), "epoch": epoch, "moved": moved, "root": root_of(seen),
    }  # fmt: skip
    return canonical(line)


def ends_said(lines: Iterable[str]) -> dict[int, End]:
    """Where every ledger ended by these lines, taken at their word."""
    known: dict[int, End] = {}
    for line in lines:
        known |= {room: (seq, hash_) for room, seq, hash_ in json.loads(line)["moved"]}
    return known


def minutes(lines: Iterable[str]) -> Iterator[Minute]:
    """What the lines say, each checked against the one before; Torn at the first that is not so."""
    before, known = "", dict[int, End]()
    for number, line in enumerate(lines, start=1):
        try:
            said = json.loads(line)
            moved = {room: (seq, hash_) for room, seq, hash_ in said["moved"]}
            minute = Minute(said["at"], said["epoch"], moved, said["root"])
            is_next = said["before"] == digest(before)
        except (ValueError, KeyError, TypeError) as error:
            raise Torn(number) from error
        known |= moved
        if not is_next or root_of(known) != minute.root:
            raise Torn(number)
        before = line
        yield minute
