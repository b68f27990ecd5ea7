"""Commands from above: one event a room, confirmed, narrowed, and acknowledged room by room."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.common.audit import AuditEntry
from centres.models import Role
from proctoring.actions.commands import command_rooms
from proctoring.actions.facts import state_fact
from proctoring.errors import ChiefOnly, NobodyThere, NotUnderstood
from proctoring.frames import delta_frame
from proctoring.live.events import Refused, numbered
from proctoring.live.room import step
from proctoring.live.state import RoomState
from proctoring.models import Attendance, RoomEvent
from proctoring.queries.commands import answers_to
from proctoring.queries.ledger import current_room
from proctoring.store import append_many

START = 1_800_061_200_000


@pytest.fixture
def hq(day: Any, says: Any) -> Any:
    """Headquarters, with all three rooms open."""
    append_many([says(room, "room.open") for room in day.rooms], recv=START)
    return day.user("hq", Role.HEADQUARTERS)


def send(day: Any, by: Any, type_: str, scope: str = "all", **body: Any) -> tuple[uuid.UUID, int]:
    command = body.pop("command", None) or uuid.uuid4()
    at = day.exam_session.starts_at
    session = day.exam_session.pk
    count = command_rooms(
        command=command, exam_session=session, scope=scope, type=type_, body=body, by=by, at=at
    )
    return command, count


def test_a_command_is_one_event_in_every_rooms_ledger(day: Any, hq: Any) -> None:
    _command, count = send(day, hq, "room.notice", text="Wait for the bell")
    assert count == 3
    assert RoomEvent.objects.filter(type="room.notice").count() == 3
    texts = [current_room(room.pk).state.unread[0].text for room in day.rooms]
    assert texts == ["Wait for the bell"] * 3
    assert AuditEntry.objects.filter(verb="command_rooms").count() == 1


def test_the_same_command_sent_twice_has_one_effect(day: Any, hq: Any) -> None:
    command, _count = send(day, hq, "room.start")
    send(day, hq, "room.start", command=command)
    assert RoomEvent.objects.filter(type="room.start").count() == 3
    assert AuditEntry.objects.filter(verb="command_rooms").count() == 1


def test_a_start_from_above_starts_everybody_inside_by_one_event(
    day: Any, hq: Any, says: Any
) -> None:
    room = day.rooms[0]
    here, there, *_away = (booking.pk for booking in day.bookings(room))
    append_many([says(room, "seat.check_in", booking=b) for b in (here, there)], recv=START)
    before = current_room(room.pk).head.seq
    send(day, hq, "room.start", f"room:{room.pk}")
    state = current_room(room.pk).state
    assert state.seq == before + 1
    assert {b for b, seat in state.seats.items() if seat.state == "started"} == {here, there}
    stored = Attendance.objects.filter(room_session=room, state="started", last_seq=state.seq)
    assert {attendance.pk for attendance in stored} == {here, there}
    told = json.loads(delta_frame(room.pk, before)[1])
    assert {seat["booking"] for seat in told["seats"]} == {here, there}
    assert current_room(day.rooms[1].pk).state.phase == "opened"


@pytest.mark.parametrize(("scope", "count"), [("all", 3), ("region:north", 3), ("room", 1)])
def test_a_scope_reaches_its_rooms_alone(day: Any, hq: Any, scope: str, count: int) -> None:
    wanted = f"room:{day.rooms[2].pk}" if scope == "room" else scope
    assert send(day, hq, "room.notice", wanted, text="x")[1] == count


def test_a_chief_commands_his_centre_and_no_other(day: Any, hq: Any) -> None:
    chief = day.user("chief", Role.CHIEF, day.centres[0])
    assert send(day, chief, "room.notice", "all", text="x")[1] == 2
    for scope in (f"centre:{day.centres[1].pk}", f"room:{day.rooms[2].pk}"):
        with pytest.raises(NobodyThere):
            send(day, chief, "room.notice", scope, text="x")
    assert not RoomEvent.objects.filter(room_session=day.rooms[2], type="room.notice").exists()


def test_rooms_that_have_not_answered_are_named_first(day: Any, hq: Any) -> None:
    command, _count = send(day, hq, "room.pause", why="x")
    assert not answers_to(day.exam_session.pk, command, hq)  # no room runs: nobody can pause
    send(day, hq, "room.start")
    command, count = send(day, hq, "room.pause", why="siren")
    assert count == 3
    room = day.rooms[0]
    note = next(n.id for n in current_room(room.pk).state.unread if n.type == "room.pause")
    proctor = day.proctor("a", room)
    at = day.exam_session.starts_at
    state_fact(room=room.pk, type="note.read", body={"note": note}, by=proctor, at=at)
    answers = answers_to(day.exam_session.pk, command, hq)
    assert [(answer.code, answer.has_read) for answer in answers] == [
        ("215", False), ("301", False), ("214", True),
    ]  # fmt: skip


def test_a_room_whose_rules_refuse_is_named_in_the_audit(day: Any, hq: Any, says: Any) -> None:
    append_many([says(day.rooms[0], "room.start")], recv=START)
    _command, count = send(day, hq, "room.pause")
    assert count == 1
    refused = AuditEntry.objects.get(verb="command_rooms").facts["refused"]
    assert sorted(code for code, _why in refused) == ["215", "301"]


@pytest.mark.parametrize(("type_", "body"), [("room.abort", {}), ("room.extend", {}),
                                             ("room.notice", {})])  # fmt: skip
def test_what_is_no_command_or_says_nothing_is_refused(
    day: Any, hq: Any, type_: str, body: dict[str, Any]
) -> None:
    with pytest.raises(NotUnderstood):
        send(day, hq, type_, **body)


def test_a_proctor_cannot_dress_a_step_as_a_command(day: Any, hq: Any, says: Any) -> None:
    room = day.rooms[0]
    body = {"text": "x", "command": str(uuid.uuid4())}
    proctor = day.proctor("a", room)
    at = day.exam_session.starts_at
    with pytest.raises(ChiefOnly):
        state_fact(room=room.pk, type="room.notice", body=body, by=proctor, at=at)
    fact = says(room, "room.start", role="proctor", command=body["command"])
    with pytest.raises(Refused, match="chief_only"):
        step(RoomState(phase="opened"), numbered(fact, 1, 1))


def test_a_command_is_sent_by_the_second_step_alone(day: Any, hq: Any, sign_in: Any) -> None:
    TOTPDevice.objects.create(user=hq, confirmed=True)
    client: Client = sign_in(hq)
    address = reverse("give_command", args=[day.exam_session.pk])
    form = {"scope": f"centre:{day.centres[0].pk}", "type": "room.notice", "text": "Rain stops"}
    page = client.post(address, form)
    assert b"This reaches 2 rooms at once" in page.content
    assert not RoomEvent.objects.filter(type="room.notice").exists()
    sent = client.post(address, {**form, "confirm": str(page.context["command"])})
    assert RoomEvent.objects.filter(type="room.notice").count() == 2
    assert b"2 rooms have not answered" in client.get(sent.url).content


@pytest.mark.parametrize(("form", "said"), [
    ({"type": "room.notice", "text": " "}, "Write the words of the announcement."),
    ({"type": "room.extend", "minutes": "601"}, "Write how many minutes more, from 1 to 600."),
])  # fmt: skip
def test_nobody_is_asked_to_confirm_what_every_room_would_refuse(
    day: Any, hq: Any, sign_in: Any, form: dict[str, str], said: str
) -> None:
    TOTPDevice.objects.create(user=hq, confirmed=True)
    client: Client = sign_in(hq)
    address = reverse("give_command", args=[day.exam_session.pk])
    page = client.post(address, {"scope": "all", **form})
    assert said in page.content.decode()
    assert "command" not in page.context
    assert (
        "This reaches 2 rooms"
        in client.post(
            address,
            {"scope": f"centre:{day.centres[0].pk}", "type": "room.extend", "minutes": "600"},
        ).content.decode()
    )


def test_other_roles_command_nothing(day: Any, hq: Any, sign_in: Any) -> None:
    for role in (Role.PROCTOR, Role.STAFF, Role.EXAMINER, Role.AUDITOR):
        user = day.user(role, role, day.centres[0])
        TOTPDevice.objects.create(user=user, confirmed=True)
        address = reverse("give_command", args=[day.exam_session.pk])
        assert sign_in(user).get(address).status_code == 403
