"""The pages of the exam day, with and without a script, for the right people and the wrong."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.models import Role
from proctoring.live.events import CHIEF, Fact
from proctoring.models import RoomEvent, RoomHead
from proctoring.queries.ledger import current_room
from proctoring.store import append_many
from scheduling.actions.admission import issue_admission_cards, replace_admission_card
from scheduling.models import AdmissionCard
from scheduling.queries.cards import card_payload

START = 1_800_061_200_000


@pytest.fixture
def signed(sign_in: Any) -> Any:
    """signed(user): a browser of this person, who also gave a one-time code."""

    def make(user: Any) -> Client:
        TOTPDevice.objects.create(user=user, confirmed=True)
        client: Client = sign_in(user)
        return client

    return make


def opened(room: Any) -> None:
    append_many([Fact(str(uuid.uuid4()), room.pk, "room.open", {}, START, None, CHIEF)], recv=START)


def test_a_proctor_finds_his_own_rooms_and_opens_one(day: Any, signed: Any) -> None:
    client = signed(day.proctor("a", day.rooms[0], day.rooms[1]))
    assert b"You watch 2 rooms" in client.get("/rooms/").content
    page = client.get(f"/rooms/{day.rooms[0].pk}/").content.decode()
    assert page.count("data-booking=") == 4
    assert "broken" in page
    assert "wheelchair place" in page


@pytest.mark.parametrize("path", ["", "state/", "find/", "sync/"])
def test_another_room_by_changing_the_number_is_refused(day: Any, signed: Any, path: str) -> None:
    client = signed(day.proctor("a", day.rooms[0]))
    address = f"/rooms/{day.rooms[1].pk}/{path}"
    answer = client.post(address, {"type": "room.open"}) if path else client.get(address)
    assert answer.status_code == 403
    assert b"no duty in this room" in answer.content
    assert not RoomEvent.objects.exists()


def test_a_room_that_does_not_exist_is_refused_alike(day: Any, signed: Any) -> None:
    client = signed(day.proctor("a", day.rooms[0]))
    assert client.get("/rooms/999999/").status_code == 403


def test_without_a_script_a_room_is_opened_and_a_person_checked_in(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    client = signed(day.proctor("a", room))
    client.post(f"/rooms/{room.pk}/state/", {"type": "room.open"})
    booking = day.bookings(room)[0]
    number = booking.registration.number
    answer = client.post(f"/rooms/{room.pk}/find/", {"number": number}, follow=True)
    assert b"Seat A1 is checked in" in answer.content
    again = client.post(f"/rooms/{room.pk}/find/", {"number": number}, follow=True)
    assert b"already marked" in again.content
    client.post(f"/rooms/{room.pk}/state/",
                {"type": "seat.id_verify?match=true", "booking": booking.pk})  # fmt: skip
    assert current_room(room.pk).state.seats[booking.pk].state == "seated"


def test_the_exam_starts_for_everybody_in_the_room(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    client = signed(day.proctor("a", room))
    opened(room)
    for booking in day.bookings(room)[:2]:
        client.post(f"/rooms/{room.pk}/state/", {"type": "seat.check_in", "booking": booking.pk})
    answer = client.post(f"/rooms/{room.pk}/state/", {"type": "room.start"}, follow=True)
    assert b"started for 2 people" in answer.content


def test_a_card_of_the_next_room_names_that_room(day: Any, signed: Any) -> None:
    room, other = day.rooms[0], day.rooms[1]
    opened(room)
    client = signed(day.proctor("a", room))
    number = day.bookings(other)[0].registration.number
    answer = client.post(f"/rooms/{room.pk}/find/", {"number": number}, follow=True)
    assert b"for room 215, seat A1" in answer.content
    assert RoomEvent.objects.filter(type="seat.check_in").count() == 0


def test_a_card_of_another_centre_says_nothing_about_its_owner(day: Any, signed: Any) -> None:
    room, far = day.rooms[0], day.rooms[2]
    client = signed(day.proctor("a", room))
    number = day.bookings(far)[0].registration.number
    answer = client.post(f"/rooms/{room.pk}/find/", {"number": number},
                         headers={"accept": "application/json"})  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_card")
    assert "301" not in answer.json()["message"]


def test_a_scanned_card_counts_only_with_its_signature(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    opened(room)
    issue_admission_cards(sitting=day.exam_session.sitting, by=None, at=day.exam_session.starts_at)
    client = signed(day.proctor("a", room))
    registration = day.bookings(room)[0].registration
    good = card_payload(registration.number, 1)
    forged = good[:-50] + ("A" if good[-50] != "A" else "B") + good[-49:]
    for text in (forged, good.replace(".1.", ".2.")):
        client.post(f"/rooms/{room.pk}/find/", {"number": text})
    assert not RoomEvent.objects.filter(type="seat.check_in").exists()
    client.post(f"/rooms/{room.pk}/find/", {"number": good})
    assert RoomEvent.objects.filter(type="seat.check_in").count() == 1


def _sync(client: Client, room: Any, *frames: dict[str, Any]) -> list[dict[str, Any]]:
    hello = {"t": "hello", "v": 1, "device": str(uuid.uuid4()), "t0": 1,
             "rooms": [{"room": room.pk, "since": 0}]}  # fmt: skip
    body = json.dumps([hello, *frames])
    answer = client.post(f"/rooms/{room.pk}/sync/", body, content_type="application/json")
    frames_back: list[dict[str, Any]] = answer.json()["frames"]
    return frames_back


def _claim(room: Any, dseq: int, type_: str, **body: Any) -> dict[str, Any]:
    return {"t": "ev", "id": str(uuid.uuid4()), "room": room.pk, "type": type_, "body": body,
            "at": START, "dseq": dseq, "base": 0}  # fmt: skip


def test_where_sockets_are_blocked_the_same_frames_go_by_post(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    client = signed(day.proctor("a", room))
    booking = day.bookings(room)[0].pk
    claims = [_claim(room, 1, "room.open"), _claim(room, 2, "seat.check_in", booking=booking),
              _claim(day.rooms[1], 3, "room.open")]  # fmt: skip
    frames = _sync(client, room, *claims)
    assert [frame["t"] for frame in frames] == ["welcome", "ok", "ok", "no", "snap"]
    assert frames[3]["code"] == "scope"


def test_a_withdrawn_card_is_refused_by_post_too(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    opened(room)
    at = day.exam_session.starts_at
    issue_admission_cards(sitting=day.exam_session.sitting, by=None, at=at)
    booking = day.bookings(room)[0]
    replace_admission_card(registration=booking.registration, by=None, at=at, reason="lost")
    assert AdmissionCard.objects.filter(withdrawn_at=None).count() == 12
    client = signed(day.proctor("a", room))
    old, new = (card_payload(booking.registration.number, version) for version in (1, 2))
    claims = [_claim(room, n, "seat.check_in", booking=booking.pk, card=card)
              for n, card in enumerate((old, new), start=1)]  # fmt: skip
    frames = _sync(client, room, *claims)
    assert [(f["t"], f.get("code")) for f in frames[1:3]] == [("no", "card"), ("ok", None)]
    assert current_room(room.pk).state.seats[booking.pk].state == "checked_in"


def test_a_chief_sees_his_centre_and_no_other(day: Any, signed: Any) -> None:
    mine, other = day.centres
    client = signed(day.user("chief", Role.CHIEF, mine))
    session = day.exam_session.pk
    page = client.get(f"/board/{session}/{mine.pk}/")
    assert page.content.count(b"data-room=") == 2
    assert client.get(f"/board/{session}/{other.pk}/").status_code == 403
    assert client.get("/wall/").status_code == 403
    assert client.get("/board/").url == f"/board/{session}/{mine.pk}/"


def test_headquarters_sees_every_centre_and_the_sum_closes(day: Any, signed: Any) -> None:
    opened(day.rooms[0])
    client = signed(day.user("hq", Role.HEADQUARTERS))
    page = client.get(f"/wall/{day.exam_session.pk}/").content.decode()
    assert page.count("data-centre=") == 2
    assert '<span data-total="total">12</span>' in page


def test_a_board_asks_the_database_as_often_for_one_room_as_for_many(
    day: Any, signed: Any, django_assert_max_num_queries: Any
) -> None:
    for code in ("216", "217", "218"):
        day.room_session(day.centres[0], code)
    client = signed(day.user("chief", Role.CHIEF, day.centres[0]))
    with django_assert_max_num_queries(22):
        client.get(f"/board/{day.exam_session.pk}/{day.centres[0].pk}/")


@pytest.mark.parametrize("role", [Role.EXAMINER, Role.STAFF, Role.AUDITOR])
def test_other_roles_open_no_room_and_no_board(day: Any, signed: Any, role: Role) -> None:
    client = signed(day.user("other", role))
    session, centre, room = day.exam_session.pk, day.centres[0].pk, day.rooms[0].pk
    for address in (f"/rooms/{room}/", f"/board/{session}/{centre}/", f"/wall/{session}/"):
        assert client.get(address).status_code == 403


def _play(room: Any, *types: str, role: str = CHIEF, **body: Any) -> None:
    facts = [Fact(str(uuid.uuid4()), room.pk, t, body, START, None, role) for t in types]
    assert all(answer.seq for answer in append_many(facts, recv=START).answers)


def test_the_room_to_watch_now_comes_first_and_what_is_over_is_folded(
    day: Any, signed: Any
) -> None:
    over, now, later = day.rooms[0], day.rooms[1], day.room_session(day.centres[0], "216")
    _play(over, "room.abort", role="hq")
    _play(now, "room.open")
    opens = timezone.now() + timedelta(hours=1)
    type(day.exam_session).objects.update(
        doors_open_at=opens, starts_at=opens + timedelta(hours=1),
        doors_close_at=opens + timedelta(hours=2), ends_at=opens + timedelta(hours=4),
    )  # fmt: skip
    page = signed(day.proctor("a", over, now, later)).get("/rooms/").content.decode()
    places = [page.index(f"/rooms/{room.pk}/") for room in (now, later, over)]
    assert places == sorted(places)
    assert page.index("<details>") < places[2]
    assert page.count('class="now"') == 1


def test_a_closed_room_is_a_record(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    _play(room, "room.abort", role="hq")
    client = signed(day.proctor("a", room))
    page = client.get(f"/rooms/{room.pk}/?booking={day.bookings(room)[0].pk}").content.decode()
    assert 'id="scan" data-live hidden' in page
    assert "the exam here is over" in page


def test_a_chief_finds_the_door_list_and_the_cards_of_each_room(day: Any, signed: Any) -> None:
    centre, room = day.centres[0], day.rooms[0]
    client = signed(day.user("chief", Role.CHIEF, centre))
    for address in (f"/board/{day.exam_session.pk}/{centre.pk}/", f"/rooms/{room.pk}/"):
        page = client.get(address).content.decode()
        for name in ("door_list_pdf", "room_cards_pdf"):
            assert f'href="{reverse(name, args=[room.pk])}"' in page


def test_a_silent_room_is_marked_until_a_device_is_there_again(day: Any, signed: Any) -> None:
    room, centre = day.rooms[0], day.centres[0]
    opened(room)
    RoomHead.objects.update(moved_at=1)
    client = signed(day.user("chief", Role.CHIEF, centre))
    address = f"/board/{day.exam_session.pk}/{centre.pk}/"
    page = client.get(address).content.decode()
    assert "open · silent" in page
    assert 'class="mini look"' in page
    assert 'class="tile look" id="silent-tile"' in page
    _sync(signed(day.proctor("a", room)), room)
    page = client.get(address).content.decode()
    assert "silent</span>" not in page
    assert 'class="mini look"' not in page


def _step(client: Client, room: Any, type_: str, **fields: Any) -> str:
    address = f"/rooms/{room.pk}/state/"
    return client.post(address, {"type": type_, **fields}, follow=True).content.decode()


def test_a_person_is_moved_only_to_a_free_chair_that_exists_and_is_whole(
    day: Any, signed: Any
) -> None:
    room = day.rooms[0]
    opened(room)
    booking = day.bookings(room)[0].pk
    client = signed(day.proctor("a", room))
    for label in ("Z9", "B3"):  # not there; broken
        assert "has no chair" in _step(client, room, "seat.move", booking=booking, seat=label)
    assert "is taken" in _step(client, room, "seat.move", booking=booking, seat="A2")
    assert "moved to another seat" in _step(client, room, "seat.move", booking=booking, seat="B2")
    assert current_room(room.pk).state.seats[booking].seat == "B2"
    claims = [_claim(room, 1, "seat.move", booking=booking, seat="Z9")]
    assert _sync(client, room, *claims)[1]["code"] == "no_seat"


def test_more_time_and_disqualifying_are_the_chiefs_and_take_two(day: Any, signed: Any) -> None:
    room = day.rooms[0]
    opened(room)
    _play(room, "seat.check_in", booking=(booking := day.bookings(room)[0].pk))
    proctor, witness = signed(user := day.proctor("a", room)), user.pk
    chief = signed(day.user("chief", Role.CHIEF, day.centres[0]))
    for kind in ("seat.extra_time", "seat.disqualify"):
        given = {"booking": booking, "minutes": 9, "second": witness, "why": "x"}
        assert "Call the chief" in _step(proctor, room, kind, **given)
    assert "given more time" in _step(chief, room, "seat.extra_time", booking=booking, minutes=9)
    alone = {"booking": booking, "why": "x"}
    assert "did not understand" in _step(chief, room, "seat.disqualify", **alone)
    assert "disqualified" in _step(chief, room, "seat.disqualify", **alone, second=witness)
    seat = current_room(room.pk).state.seats[booking]
    assert (seat.state, seat.extra >= 9) == ("disqualified", True)


@pytest.mark.parametrize("booking", ["9" * 5000, "9" * 30, "²", "-1"])
def test_a_number_that_is_none_chooses_nobody(day: Any, signed: Any, booking: str) -> None:
    room = day.rooms[0].pk
    client = signed(day.proctor("a", day.rooms[0]))
    assert client.get(f"/rooms/{room}/", {"booking": booking}).status_code == 200
    said = {"type": "seat.check_in", "booking": booking}
    assert client.post(f"/rooms/{room}/state/", said).status_code == 302
    assert not RoomEvent.objects.filter(type="seat.check_in").exists()


def test_brackets_without_end_are_not_understood(day: Any, signed: Any) -> None:
    client = signed(day.proctor("a", day.rooms[0]))
    address = f"/rooms/{day.rooms[0].pk}/sync/"
    answer = client.post(address, "[" * 60_000, content_type="application/json")
    assert answer.status_code == 400


def test_a_room_that_does_not_exist_is_nobodys_not_even_of_headquarters(
    day: Any, signed: Any
) -> None:
    client = signed(day.user("hq", Role.HEADQUARTERS))
    assert client.get("/rooms/999999/").status_code == 403
    assert client.post("/rooms/999999/state/", {"type": "room.open"}).status_code == 403
