"""When a room counts as silent: its devices are gone, or nobody ever said anything.

A device that is connected gives a sign every twenty seconds, whether anybody types or not, so
a calm room is not a silent one. Times are milliseconds.
"""

from typing import Final

IN_USE: Final = frozenset(
    {
        "opened", "checking_in", "briefing", "running", "paused", "evacuated", "time_up",
        "collecting", "reconciling",
    }
)  # fmt: skip
DEVICE_GONE: Final = 2 * 60_000
NEVER_HEARD: Final = 15 * 60_000


def silent_from(phase: str, moved_at: int, sign: int) -> int:
    """From which moment the room is silent if nothing more comes; 0 when it cannot be.

    `sign` is when a device of the room was last connected, 0 when none ever was.
    """
    if phase not in IN_USE:
        return 0
    return max(sign, moved_at) + (DEVICE_GONE if sign else NEVER_HEARD)


def is_silent(phase: str, moved_at: int, sign: int, now: int) -> bool:
    """Whether the room is silent at the moment `now`."""
    begins = silent_from(phase, moved_at, sign)
    return 0 < begins <= now
