"""Show a room as it was at any moment of the day, from its ledger alone."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from proctoring.live.room import replay
from proctoring.live.state import RoomState
from proctoring.looks import SAID
from proctoring.queries.console import room_session_of
from proctoring.queries.ledger import events_until
from proctoring.views.times import clock_time
from proctoring.words import PHASES, SEAT_STATES


class Command(BaseCommand):
    help = "Show a room session as it stood at a moment (server time), from its ledger."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", type=int, help="the number in the address of its console")
        parser.add_argument("--at", help="such as 2027-01-16T09:30:00; now when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        room_session = room_session_of(options["room"])
        if room_session is None:
            raise CommandError(_("There is no such room session."))
        moment = _moment(options["at"])
        events = events_until(room_session.pk, round(moment.timestamp() * 1000))
        state = replay(events)
        self.stdout.write(f"{room_session.room} {clock_time(moment)} #{state.seq}")
        self.stdout.write(str(dict(PHASES)[state.phase]))
        for line in (*_people(state), *_open(state)):
            self.stdout.write(line)
        if events:
            last = events[-1]
            self.stdout.write(f"#{last.seq} {clock_time(last.at)} {SAID[last.type]}")


def _moment(text: str | None) -> datetime:
    if text is None:
        return timezone.now()
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(_("This is not a moment: %(text)s") % {"text": text})
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def _people(state: RoomState) -> list[str]:
    """How many are in each state, who they are by seat, and the sum of all."""
    lines = []
    for name, word in SEAT_STATES:
        seats = sorted(seat.seat for seat in state.seats.values() if seat.state == name)
        if seats:
            lines.append(f"{len(seats):4} {word}: {' '.join(seats)}")
    return [*lines, f"{len(state.seats):4}"]


def _open(state: RoomState) -> list[str]:
    seats = {seat.booking: seat.seat for seat in state.seats.values()}
    return [
        f"! {seats.get(i.booking or 0, '')} {i.kind} {clock_time(i.at)}"
        for i in state.open_incidents
    ]
