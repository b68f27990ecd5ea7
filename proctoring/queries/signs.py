"""Signs of life of the devices in rooms: soft knowledge, shared by processes, in no ledger."""

from collections.abc import Collection, Mapping
from typing import Final

from django.core.cache import cache

KEPT_SECONDS: Final = 12 * 3600


def keep_signs(signs: Mapping[int, int]) -> None:
    """Remember when a device of each room was last heard, in milliseconds."""
    cache.set_many({_key(room): at for room, at in signs.items()}, KEPT_SECONDS)


def last_signs(rooms: Collection[int]) -> dict[int, int]:
    """When a device of each of these rooms was last heard; rooms never heard are not in it."""
    known = cache.get_many([_key(room) for room in rooms])
    return {room: known[_key(room)] for room in rooms if _key(room) in known}


def _key(room: int) -> str:
    return f"sign:{room}"
