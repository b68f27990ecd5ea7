"""What devices bring back after a database was restored from a backup."""

from collections.abc import Sequence

from proctoring.errors import NotTold
from proctoring.live.events import WAS, Fact
from proctoring.live.protocol import Held, Kept
from proctoring.proofs import was_told
from proctoring.queries.access import people_among
from proctoring.queries.ledger import former_end, ids_among
from proctoring.store import Answer


def returning(held: Held) -> tuple[list[Fact], list[Answer], bool]:
    """What of `held` the ledger lacks, as facts in their old order; the answers to the rest.

    An entry that comes back keeps its id, its words, its time, and who stated it in which role;
    its body says under which number it was known. The last value says whether entries before
    them are missing still, which another device may hold.
    """
    there = ids_among(held.room, [kept.id for kept in held.events])
    answers, lacking = [], []
    for kept in sorted(held.events, key=lambda kept: kept.seq):
        if kept.id in there:
            answers.append(Answer(kept.id, held.room, there[kept.id], repeated=True))
        elif was_told(held.room, kept):
            lacking.append(kept)
        else:
            answers.append(Answer(kept.id, held.room, 0, code=NotTold.code))
    has_gap = bool(lacking) and lacking[0].seq > former_end(held.room) + 1
    return _facts(held.room, lacking), answers, has_gap


def _facts(room: int, lacking: Sequence[Kept]) -> list[Fact]:
    """An account made after the backup is not there: then nobody is named."""
    known = people_among({kept.actor for kept in lacking if kept.actor})
    return [
        Fact(
            kept.id, room, kept.type, {**kept.body, WAS: kept.body.get(WAS, kept.seq)}, kept.at,
            kept.actor if kept.actor in known else None, kept.role, base=0,
        )
        for kept in lacking
    ]  # fmt: skip
