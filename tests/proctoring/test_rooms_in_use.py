"""The boards list the rooms that are used: not those a plan shut, unless something happened."""

from datetime import datetime

import pytest

from proctoring.models import RoomHead
from proctoring.queries.boards import centre_lines, room_lines
from scheduling.models import RoomSession
from tests.factories import (
    make_booking,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)

pytestmark = pytest.mark.django_db


def test_a_room_that_was_shut_or_lost_is_on_no_board_while_nobody_sits_in_it(now: datetime) -> None:
    centre, sitting = make_centre(), make_sitting()
    session = sitting.exam_sessions.get()
    _used, shut, lost, begun = (
        make_room_session(make_room(centre, code), session) for code in ("1", "2", "3", "4")
    )

    def listed() -> list[str]:
        lines = room_lines(session.pk, centre.pk)
        assert [line.rooms for line in centre_lines(session.pk, 0)] == [len(lines)]
        return [line.code for line in lines]

    assert listed() == ["1", "2", "3", "4"]
    RoomSession.objects.filter(pk__in=[shut.pk, begun.pk]).update(shut_at=now)
    lost.room.is_open = False
    lost.room.save()
    RoomHead.objects.create(room_session=begun, seq=1)
    assert listed() == ["1", "4"]
    make_booking(make_registration(sitting), lost, lost.room.seats.first())
    assert listed() == ["1", "3", "4"]
