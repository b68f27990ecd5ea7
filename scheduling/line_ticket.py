"""A place in line as a signed cookie: with it in hand the line is asked without the database.

It is good only beside the session it was given to, so that the next person at a shared computer
never sees where somebody else stands.
"""

from typing import Final

from django.core import signing

from scheduling.models import QueuePlace

TICKET: Final = "queue_place"
TICKET_FOR: Final = 172_800  # seconds


def ticket_of(place: QueuePlace, session: str) -> str:
    """A place in line, signed for the holder of a session key."""
    return signing.dumps([place.sitting_id, place.order], salt=_salt(session))


def read_ticket(ticket: str, session: str) -> tuple[int, int] | None:
    """The sitting and the order that a ticket names; None when it is none, or another session's."""
    try:
        sitting, order = signing.loads(ticket, salt=_salt(session))
    except signing.BadSignature:
        return None
    return sitting, order


def _salt(session: str) -> str:
    return f"{TICKET}/{session}"
