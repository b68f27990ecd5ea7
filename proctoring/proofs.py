"""Proofs that the server told an event: what devices hold can then bring a lost day back.

A device is given, with every event, a keyed hash over it. After a database was restored from a
backup it sends back what it holds; the keyed hash says that these very words were confirmed once,
whoever brings them. The key is no part of any backup.
"""

import hmac
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from proctoring.live.chain import canonical
from proctoring.live.events import Event
from proctoring.live.protocol import Kept
from proctoring.live.view import event_view


@cache
def _key(secret: str) -> bytes:
    return salted_hmac("proctoring.told", "events", secret=secret, algorithm="sha256").digest()


def proof(room: int, told: Mapping[str, Any]) -> str:
    """The keyed hash of one event of a room as a device is told it."""
    text = canonical([room, told])
    return hmac.digest(_key(settings.SECRET_KEY), text.encode(), "sha256").hex()


def told(room: int, event: Event) -> dict[str, Any]:
    """One event as a device is told it. The plan has no proof: the server makes it anew."""
    view = event_view(event)
    return view if event.type == "room.plan" else {**view, "proof": proof(room, view)}


def was_told(room: int, kept: Kept) -> bool:
    """Whether the server once told this event of this room, in these words."""
    try:
        return constant_time_compare(kept.proof, proof(room, kept.words()))
    except (ValueError, RecursionError):  # nothing that we would have written
        return False
