"""A room at any second of the day, from its ledger alone."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from proctoring.store import append_many

START = 1_800_061_200_000


def replayed(room: int, moment: int) -> str:
    at = datetime.fromtimestamp(moment / 1000, UTC).isoformat()
    said = StringIO()
    with override("en"):
        call_command("replay_room", room, at=at, stdout=said)
    return said.getvalue()


def test_a_room_is_shown_as_it_was_at_the_moment_asked_for(day: Any, says: Any) -> None:
    room = day.rooms[0]
    booking = day.bookings(room)[0].pk
    steps = ["room.open", "seat.check_in", "seat.absent"]
    for minute, (step, who) in enumerate(zip(steps, (None, booking, booking), strict=True)):
        body = {"booking": who} if who else {}
        append_many([says(room, step, at=START, **body)], recv=START + minute * 60_000)
    assert "#0" in replayed(room.pk, START - 1)
    assert "4 waiting: A1 A2 A3 B1" in replayed(room.pk, START)
    after = replayed(room.pk, START + 60_000)
    assert "1 here: A1" in after
    assert "3 waiting: A2 A3 B1" in after


def test_what_is_no_room_or_no_moment_is_said(day: Any) -> None:
    for room, at in (
        (999_999, None),
        (day.rooms[0].pk, "yesterday"),
        (day.rooms[0].pk, "2027-99-99"),
    ):
        with pytest.raises(CommandError):
            call_command("replay_room", room, at=at)
