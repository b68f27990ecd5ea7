"""The one way into a ledger."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from proctoring.live.chain import first_break
from proctoring.models import Attendance, Incident, RoomEvent, RoomHead
from proctoring.queries.ledger import current_room, entries_from, forget, head_of
from proctoring.store import append_many
from proctoring.store.rebuild import rebuild
from scheduling.models import Booking, BookingState

START = 1_800_000_000_000


def test_a_ledger_begins_with_the_people_expected(day: Any, says: Any) -> None:
    room = day.rooms[0]
    append_many([says(room, "room.open")], recv=START)
    types = list(RoomEvent.objects.order_by("seq").values_list("type", flat=True))
    assert types == ["room.plan", "room.open"]
    assert set(current_room(room.pk).state.seats) == {b.pk for b in day.bookings(room)}
    assert Attendance.objects.filter(room_session=room, state="expected").count() == 4


def test_a_repeat_gets_its_first_answer_and_writes_nothing(day: Any, says: Any) -> None:
    room = day.rooms[0]
    fact = says(room, "room.open")
    first = append_many([fact], recv=START).answers[0]
    again = append_many([fact], recv=START + 1)
    assert (first.seq, again.answers[0].seq, again.answers[0].repeated) == (2, 2, True)
    assert again.moved == []


def test_a_repeat_within_one_group_is_written_once(day: Any, says: Any) -> None:
    fact = says(day.rooms[0], "room.open")
    written = append_many([fact, fact], recv=START)
    assert [answer.seq for answer in written.answers] == [2, 2]
    assert RoomEvent.objects.count() == 2


def test_a_second_check_in_is_refused_and_leaves_no_trace(day: Any, says: Any) -> None:
    room = day.rooms[0]
    booking = day.bookings(room)[0].pk
    append_many([says(room, "room.open"), says(room, "seat.check_in", booking=booking)], recv=START)
    answer = append_many([says(room, "seat.check_in", booking=booking)], recv=START).answers[0]
    assert (answer.seq, answer.code) == (0, "already")
    assert head_of(room.pk).seq == 3


def test_a_fact_decided_before_the_news_is_kept_as_a_conflict(day: Any, says: Any) -> None:
    room = day.rooms[0]
    booking = day.bookings(room)[0].pk
    facts = [says(room, "room.open"), says(room, "seat.refuse", booking=booking)]
    append_many(facts, recv=START)
    offline = says(room, "seat.check_in", booking=booking, base=2)
    aware = says(room, "seat.check_in", booking=booking, base=3)
    assert append_many([aware], recv=START).answers[0].seq == 0
    answer = append_many([offline], recv=START).answers[0]
    assert (answer.seq, answer.code) == (4, "not_from_here")
    assert append_many([offline], recv=START).answers[0].code == "not_from_here"
    assert RoomHead.objects.get(pk=room.pk).conflicts == 1


def test_a_device_cannot_give_one_number_to_two_facts(day: Any, says: Any) -> None:
    room = day.rooms[0]
    device = day.user("p").devices.create(
        key="0190163d-8694-739b-aea5-966c26f8ad91", first_seen_at="2027-01-16T00:00Z"
    )
    append_many([says(room, "room.open", device=device.pk, dseq=1)], recv=START)
    answer = append_many([says(room, "room.brief", device=device.pk, dseq=1)], recv=START)
    assert answer.answers[0].code == "number_reused"


def test_the_database_refuses_to_change_or_remove_an_entry(day: Any, says: Any) -> None:
    append_many([says(day.rooms[0], "room.open")], recv=START)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RoomEvent.objects.filter(seq=1).update(body="{}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RoomEvent.objects.filter(seq=1)._raw_delete("default")  # noqa: SLF001


def test_the_chain_is_whole_and_its_head_is_the_last_hash(day: Any, says: Any) -> None:
    room = day.rooms[0].pk
    bookings = [booking.pk for booking in day.bookings(day.rooms[0])]
    checked_in = [says(room, "seat.check_in", booking=booking) for booking in bookings]
    append_many([says(room, "room.open"), *checked_in[:2]], recv=START)
    append_many(checked_in[2:], recv=START + 5)
    head = head_of(room)
    assert first_break(room, entries_from(room, 1), head.seq, head.hash) is None


def test_what_is_remembered_of_a_room_equals_what_its_ledger_says(day: Any, says: Any) -> None:
    room = day.rooms[0].pk
    booking = day.bookings(day.rooms[0])[0].pk
    append_many([says(room, "room.open")], recv=START)
    remembered = append_many([says(room, "seat.check_in", booking=booking)], recv=START).moved[0]
    forget()
    assert current_room(room) == (remembered.head, remembered.state)


def test_a_room_rolled_back_is_not_remembered(day: Any, says: Any) -> None:
    room = day.rooms[0].pk
    append_many([says(room, "room.open")], recv=START)
    with transaction.atomic():
        append_many([says(room, "room.brief")], recv=START)
        transaction.set_rollback(True)
    answer = append_many([says(room, "room.brief", at=START + 9)], recv=START).answers[0]
    assert answer.seq == 3
    assert current_room(room).state.phase == "briefing"


def test_incidents_follow_the_ledger(day: Any, says: Any) -> None:
    room = day.rooms[0]
    opened = says(room, "incident.open", kind="phone", note="มือถือในกระเป๋า")
    append_many([says(room, "room.open"), opened], recv=START)
    append_many([says(room, "incident.close", incident=opened.id, note="ฝากแล้ว")], recv=START)
    incident = Incident.objects.get()
    assert (incident.is_open, incident.note) == (False, "มือถือในกระเป๋า\nฝากแล้ว")
    assert RoomHead.objects.get(pk=room.pk).open_incidents == 0


def test_many_events_of_many_rooms_cost_a_fixed_number_of_statements(
    day: Any, says: Any, django_assert_max_num_queries: Any
) -> None:
    facts = [says(room, "room.open") for room in day.rooms]
    facts += [
        says(room, "seat.check_in", booking=booking.pk)
        for room in day.rooms
        for booking in day.bookings(room)
    ]
    with django_assert_max_num_queries(14):
        append_many(facts, recv=START)
    assert connection.vendor in ("sqlite", "postgresql")


def _states(room: Any) -> dict[str, int]:
    return {state: n for state, n in current_room(room.pk).state.counts.items() if n}


def test_a_booking_moved_before_the_doors_open_is_in_one_room_alone(day: Any, says: Any) -> None:
    here, there = day.rooms[0], day.rooms[1]
    note = {"kind": "noise", "note": "x"}
    append_many([says(room, "incident.open", **note) for room in (here, there)], recv=START)
    booking = day.bookings(here)[0]
    free = there.room.seats.get(label="B2")
    Booking.objects.filter(pk=booking.pk).update(room_session=there, seat=free)
    open_ = says(there, "room.open")
    append_many([open_], recv=START)
    assert append_many([open_], recv=START).answers[0].repeated
    assert (_states(here), _states(there)) == ({"expected": 3}, {"expected": 5})
    assert Attendance.objects.get(booking=booking).room_session == there
    assert Attendance.objects.count() == 8
    assert rebuild(write=False) == 0
    forget()
    assert _states(here) == {"expected": 3}
    assert [len(current_room(room.pk).state.incidents) for room in (here, there)] == [1, 1]


def test_a_plan_that_still_holds_is_not_written_again(day: Any, says: Any) -> None:
    room = day.rooms[0]
    append_many([says(room, "incident.open", kind="noise")], recv=START)
    append_many([says(room, "room.open")], recv=START)
    assert RoomEvent.objects.filter(type="room.plan").count() == 1


def test_an_amended_plan_keeps_what_was_said_of_whoever_stays(day: Any, says: Any) -> None:
    room = day.rooms[0]
    stays, goes = day.bookings(room)[:2]
    facts = [says(room, "seat.suspect", booking=stays.pk)]
    facts += [says(room, "seat.extra_time", booking=stays.pk, minutes=9)]
    append_many(facts, recv=START)
    Booking.objects.filter(pk=goes.pk).update(state=BookingState.CANCELLED)
    append_many([says(room, "room.open")], recv=START)
    seats = current_room(room.pk).state.seats
    assert (seats[stays.pk].suspect, seats[stays.pk].extra >= 9) == (True, True)
    assert goes.pk not in seats
    assert not Attendance.objects.filter(booking=goes).exists()


def test_an_open_room_keeps_its_plan(day: Any, says: Any) -> None:
    room = day.rooms[0]
    append_many([says(room, "room.open")], recv=START)
    plan = says(room, "room.plan", starts_at=1, late_until=1, minutes=1, people=[])
    assert append_many([plan], recv=START).answers[0].code == "already_phase"
