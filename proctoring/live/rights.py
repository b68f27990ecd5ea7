"""What each role may state: which events a room takes from whom, before its own rules are asked.

An observer reads and states nothing. A proctor states what happens to people. The head of the
room also moves the room on and closes it. Chiefs and headquarters may do all of that, and what the
reducer keeps for them alone. Pure: whose role it is was found out before.
"""

from typing import Final

from proctoring.live.events import CHIEFS, HEAD, PROCTOR

# Steps that end the day of a room: its head answers for them.
OF_THE_HEAD: Final = frozenset({"room.reconcile", "room.seal", "room.close"})


def may_state(role: str, type_: str) -> bool:
    """Whether somebody in this role may state an event of this type at all."""
    if role in CHIEFS or role == HEAD:
        return True
    return role == PROCTOR and type_ not in OF_THE_HEAD
