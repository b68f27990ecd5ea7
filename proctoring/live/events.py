"""What is written in a room's ledger, and the words it is written with.

A *fact* is what a device or a person states. It becomes an *event* when the ledger gives it
a number. All times are whole milliseconds since 1970-01-01 UTC.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

Body = Mapping[str, Any]

OBSERVER: Final = "observer"
PROCTOR: Final = "proctor"
HEAD: Final = "head"
CHIEF: Final = "chief"
HEADQUARTERS: Final = "hq"
SYSTEM: Final = "system"
ROLES: Final = (PROCTOR, HEAD, CHIEF, HEADQUARTERS, SYSTEM)
IN_ROOM: Final = frozenset({PROCTOR, HEAD})
WAS: Final = "was"  # in the body of an entry that came back after a restore: its number before
CHIEFS: Final = frozenset({CHIEF, HEADQUARTERS, SYSTEM})


class Fact(NamedTuple):
    """One statement about a room session, not yet numbered.

    `id` is made by the device and is the same in every repeat. `at` is the device's clock.
    `dseq` counts the device's own facts from 1. `base` is the ledger number the device had
    seen when it decided; -1 says that it knew everything.
    """

    id: str
    room: int
    type: str
    body: Body
    at: int
    actor: int | None
    role: str
    device: int | None = None
    dseq: int | None = None
    base: int = -1


class Event(NamedTuple):
    """A fact with its number in the ledger and the server's own time of receipt."""

    id: str
    room: int
    type: str
    body: Body
    at: int
    actor: int | None
    role: str
    device: int | None
    dseq: int | None
    base: int
    seq: int
    recv: int


def numbered(fact: Fact, seq: int, recv: int) -> Event:
    """The fact as entry `seq` of its ledger, received at `recv`."""
    return Event(*fact, seq, recv)


class Refused(Exception):
    """The room's rules do not allow this; `code` says which rule, `facts` what to show."""

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts
