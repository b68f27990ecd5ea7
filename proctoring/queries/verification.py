"""Is every ledger what was written, and is every table what the ledgers add up to?"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from proctoring.live.chain import Break, first_break, merkle_root
from proctoring.live.room import apply
from proctoring.live.state import RoomState
from proctoring.live.witness import Minute
from proctoring.queries.ledger import EMPTY, all_entries, all_heads, epoch, event_of
from proctoring.queries.witness import testimony


@dataclass(frozen=True)
class Verdict:
    """What a walk over all ledgers found; `root` is one hash for all heads, to keep elsewhere.

    `seen` counts the ends that the witness wrote down in this life of the database and that were
    compared, `former` those of lives before a backup was restored; `faults` is what is wrong with
    the witness itself. `returned` entries were lost with a database, and came back from devices.
    """

    ledgers: int
    events: int
    breaks: tuple[Break, ...]
    root: str
    seen: int = 0
    former: int = 0
    faults: tuple[str, ...] = ()
    returned: int = 0


def verify_ledgers() -> Verdict:
    """Walk every chain from end to end; compare its end with its head, and with the witness."""
    heads = dict(all_heads())
    minutes, faults = testimony()
    seen, former = _seen(minutes)
    breaks: list[Break] = []
    events = returned = 0
    ends = sorted(heads.items())
    for room, entries in all_entries():
        head = heads.pop(room, EMPTY)
        whole = list(entries)
        returned += sum('"was":' in entry.body for entry in whole)
        found = first_break(room, whole, *head, seen.pop(room, {}))
        events += head.seq
        breaks += [found] if found else []
    breaks += [Break(room, 0, "head") for room, head in heads.items() if head.seq]
    breaks += [Break(room, 0, "witness") for room in seen if room not in heads]
    root = merkle_root([(room, head.seq, head.hash) for room, head in ends])
    compared = sum(len(minute.moved) for minute in minutes) - former
    return Verdict(
        len(ends), events, tuple(breaks), root, compared, former, tuple(faults), returned
    )


def _seen(minutes: list[Minute]) -> tuple[dict[int, dict[int, str]], int]:
    """Hashes by room and number as this life's witness saw them; how many are of former lives."""
    life, former = epoch(), 0
    seen: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for minute in minutes:
        if minute.epoch != life:
            former += len(minute.moved)
            continue
        for room, (seq, hash_) in minute.moved.items():
            seen[room][seq] = hash_
    return dict(seen), former


def replayed_rooms() -> Iterator[tuple[int, str, RoomState]]:
    """Every room as its ledger alone says it is, with the hash it ends in."""
    for room, entries in all_entries():
        state, end = RoomState(), ""
        for entry in entries:
            state, end = apply(state, event_of(room, entry)), entry.hash
        yield room, end, state
