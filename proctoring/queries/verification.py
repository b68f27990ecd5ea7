"""Is every ledger what was written, and is every table what the ledgers add up to?"""

from collections.abc import Iterator
from dataclasses import dataclass

from proctoring.live.chain import Break, first_break, merkle_root
from proctoring.live.room import RoomState, apply
from proctoring.queries.ledger import EMPTY, all_entries, all_heads, event_of


@dataclass(frozen=True)
class Verdict:
    """What a walk over all ledgers found; `root` is one hash for all heads, to keep elsewhere."""

    ledgers: int
    events: int
    breaks: tuple[Break, ...]
    root: str


def verify_ledgers() -> Verdict:
    """Walk every chain from end to end and compare its end with its head."""
    heads = dict(all_heads())
    breaks: list[Break] = []
    events = 0
    ends = sorted(heads.items())
    for room, entries in all_entries():
        head = heads.pop(room, EMPTY)
        found = first_break(room, entries, *head)
        events += head.seq
        breaks += [found] if found else []
    breaks += [Break(room, 0, "head") for room, head in heads.items() if head.seq]
    root = merkle_root([(room, head.seq, head.hash) for room, head in ends])
    return Verdict(len(ends), events, tuple(breaks), root)


def replayed_rooms() -> Iterator[tuple[int, str, RoomState]]:
    """Every room as its ledger alone says it is, with the hash it ends in."""
    for room, entries in all_entries():
        state, end = RoomState(), ""
        for entry in entries:
            state, end = apply(state, event_of(room, entry)), entry.hash
        yield room, end, state
