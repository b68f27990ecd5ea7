"""The room, replayed: laws that hold for every history, and the rules one by one."""

import os
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proctoring.live.clock import MINUTE, Clock, due, ends_at, granted
from proctoring.live.events import (
    CHIEF,
    HEADQUARTERS,
    PROCTOR,
    SYSTEM,
    Event,
    Fact,
    Refused,
    numbered,
)
from proctoring.live.protocol import BODIES
from proctoring.live.room import HANDLERS, apply, replay, step
from proctoring.live.seat import FINAL, STATES
from proctoring.live.state import PHASES, RoomState

START = 1_800_000_000_000
CLOSES = START + 30 * MINUTE
PEOPLE = [[1, "A1", "A", 0], [2, "A2", "B", 45], [3, "B1", "A", 0]]
SOMEBODY = 7


def said(type_: str, seq: int, *, at: int = START, role: str = CHIEF, **body: Any) -> Event:
    fact = Fact(str(uuid.UUID(int=seq)), 1, type_, body, at, SOMEBODY, role)
    return numbered(fact, seq, at)


def plan(**more: Any) -> Event:
    body = {"starts_at": START, "minutes": 180, "late_until": CLOSES, "people": PEOPLE, **more}
    return said("room.plan", 1, role=SYSTEM, **body)


def after(*steps: tuple[str, dict[str, Any]], at: int = START) -> RoomState:
    """The room after these steps, each of which must be allowed."""
    state = step(RoomState(), plan())
    for type_, body in steps:
        state = step(state, said(type_, state.seq + 1, at=at, **body))
    return state


OPEN = ("room.open", {})
BEGIN = ("room.start", {})


def check_in(booking: int) -> tuple[str, dict[str, Any]]:
    return "seat.check_in", {"booking": booking}


# --- laws ---------------------------------------------------------------------------------------

# `make soak` asks for a thousand histories of each law, `make test` for a sample.
many = settings(max_examples=1000 if os.environ.get("SOAK") else 40, deadline=None)
BOOKING = st.sampled_from([1, 2, 3, 99])
FIELDS = {
    "booking": BOOKING, "booking?": BOOKING, "everybody?": st.booleans(),
    "match": st.booleans(), "minutes": st.integers(1, 60),
    "second": st.sampled_from([SOMEBODY, 8]), "seat": st.sampled_from(["A1", "A2", "B2"]),
    "kind": st.sampled_from(["phone", "ill"]), "of": st.integers(1, 40),
    "reason?": st.sampled_from(["toilet", "centre"]), "note": st.just("seen"),
    "note?": st.just("seen"), "sheet?": st.just("S1"),
    "incident": st.integers(1, 40).map(lambda n: str(uuid.UUID(int=n))),
}  # fmt: skip


@st.composite
def bodies(draw: st.DrawFn, type_: str) -> dict[str, Any]:
    fields = {name: made for name, made in FIELDS.items() if name in BODIES[type_]}
    body = {name.rstrip("?"): draw(made) for name, made in fields.items()}
    if type_ == "note.read":
        body["note"] = str(uuid.UUID(int=5))
    return body


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Any events in any order, the sensible ones more often than chance would have them."""
    types = st.sampled_from(sorted(BODIES)) | st.sampled_from(
        ["room.open", "room.start", "seat.check_in", "seat.start", "seat.submit", "correct"]
    )
    events = [plan()]
    for seq in range(2, draw(st.integers(2, 40))):
        type_ = draw(types)
        role = draw(st.sampled_from([PROCTOR, CHIEF, HEADQUARTERS]))
        at = START + draw(st.integers(-60, 240)) * MINUTE
        events.append(said(type_, seq, at=at, role=role, **draw(bodies(type_))))
    return events


@many
@given(histories())
def test_the_people_in_all_states_are_the_people_expected_at_every_number(
    events: list[Event],
) -> None:
    state = RoomState()
    for event in events:
        state = apply(state, event)
        assert sum(state.counts.values()) == len(PEOPLE)
        assert (state.seq, state.phase in PHASES) == (event.seq, True)


@many
@given(histories(), st.integers(0, 40))
def test_a_room_caught_up_from_any_number_equals_the_room_replayed(
    events: list[Event], cut: int
) -> None:
    assert replay(events[cut:], replay(events[:cut])) == replay(events)


@many
@given(histories())
def test_an_event_is_applied_or_kept_as_a_conflict_and_nothing_else(events: list[Event]) -> None:
    state = RoomState()
    for event in events:
        before, state = state, apply(state, event)
        if any(seq == event.seq for seq, _code in state.conflicts):
            assert (state.seats, state.phase, state.clock) == (
                before.seats, before.phase, before.clock,
            )  # fmt: skip
            with pytest.raises(Refused):
                step(before, event)
        else:
            assert step(before, event) == state


@many
@given(histories())
def test_nobody_sits_on_a_taken_chair(events: list[Event]) -> None:
    state = replay(events)
    chairs = [seat.seat for seat in state.seats.values() if seat.state not in FINAL]
    assert len(chairs) == len(set(chairs))


@many
@given(histories())
def test_a_corrected_seat_is_what_it_was_before(events: list[Event]) -> None:
    state = replay(events)
    for seat in state.seats.values():
        if seat.before is None:
            continue
        correction = said("correct", state.seq + 1, of=seat.last, booking=seat.booking)
        if any(seq == seat.last for seq, _code in state.conflicts):
            continue
        assert step(state, correction).seats[seat.booking] == seat.before


def test_every_kind_a_device_may_send_has_a_rule() -> None:
    assert set(BODIES) | {"room.plan"} == set(HANDLERS)


# --- rules --------------------------------------------------------------------------------------


def test_the_day_of_one_person_from_the_door_to_the_hand_in() -> None:
    day = [
        OPEN, check_in(1), ("seat.id_verify", {"booking": 1, "match": True}), BEGIN,
        ("seat.start", {"booking": 1}), ("seat.out", {"booking": 1}), ("seat.back", {"booking": 1}),
        ("seat.submit", {"booking": 1, "sheet": "S-17"}),
    ]  # fmt: skip
    seat = after(*day).seats[1]
    assert (seat.state, seat.sheet, seat.started_at) == ("submitted", "S-17", START)


def refusal(state: RoomState, type_: str, **more: Any) -> str:
    with pytest.raises(Refused) as refused:
        step(state, said(type_, state.seq + 1, **more))
    return refused.value.code


def test_a_second_check_in_is_refused_with_the_time_of_the_first() -> None:
    with pytest.raises(Refused) as refused:
        after(OPEN, check_in(1), check_in(1))
    assert refused.value.code == "already"
    assert refused.value.facts == {"seat": "A1", "state": "checked_in", "since": START}


def test_a_closed_room_takes_nobody() -> None:
    assert refusal(after(), "seat.check_in", booking=1) == "room_closed"


def test_after_the_doors_close_the_chief_alone_lets_people_in() -> None:
    state, late = after(OPEN, BEGIN), CLOSES + 1
    assert refusal(state, "seat.check_in", booking=1, at=late, role=PROCTOR) == "late"
    let_in = step(state, said("seat.check_in", 9, booking=1, at=late, role=CHIEF))
    assert let_in.seats[1].late


def test_nobody_is_absent_before_the_doors_close() -> None:
    state = after(OPEN, BEGIN)
    assert refusal(state, "seat.absent", booking=1, at=CLOSES - 1, role=PROCTOR) == "too_early"
    gone = step(state, said("seat.absent", 9, booking=1, at=CLOSES, role=PROCTOR))
    assert gone.seats[1].state == "absent"


def test_an_unsure_face_sits_and_stays_in_doubt_until_it_is_confirmed() -> None:
    unsure = [OPEN, check_in(1), ("seat.id_verify", {"booking": 1, "match": False})]
    assert after(*unsure, BEGIN, ("seat.start", {"booking": 1})).seats[1].doubt
    assert not after(*unsure, ("seat.id_verify", {"booking": 1, "match": True})).seats[1].doubt


def test_disqualifying_and_sealing_need_two_different_people() -> None:
    state = after(OPEN, check_in(1))
    assert refusal(state, "seat.disqualify", booking=1, second=SOMEBODY) == "second_person"
    done = step(state, said("seat.disqualify", 9, booking=1, second=8))
    assert done.seats[1].state == "disqualified"


def test_a_room_is_sealed_only_when_everybody_is_accounted_for() -> None:
    at = CLOSES + MINUTE
    absent = [("seat.absent", {"booking": booking}) for booking in (1, 2)]
    end = [("room.time_up", {}), ("room.reconcile", {})]
    left = after(OPEN, BEGIN, *absent, *end, at=at)
    assert refusal(left, "room.seal", second=8) == "not_settled"
    settled = after(OPEN, BEGIN, *absent, ("seat.absent", {"booking": 3}), *end, at=at)
    assert step(settled, said("room.seal", 20, second=8)).phase == "sealed"


def test_headquarters_alone_aborts_an_exam() -> None:
    assert refusal(after(OPEN), "room.abort") == "headquarters_only"
    assert step(after(OPEN), said("room.abort", 9, role=HEADQUARTERS)).phase == "aborted"


def test_time_called_too_early_is_taken_back_by_the_chief_alone() -> None:
    state = after(OPEN, BEGIN, ("room.time_up", {}))
    assert refusal(state, "room.resume", role=PROCTOR) == "chief_only"
    assert step(state, said("room.resume", 9)).phase == "running"


def test_an_open_incident_is_counted_until_it_is_closed() -> None:
    state = after(OPEN, ("incident.open", {"kind": "phone", "booking": 1}))
    incident = state.open_incidents[0]
    closed = step(state, said("incident.close", 9, incident=incident.id, note="returned"))
    assert (closed.open_incidents, closed.incidents[incident.id].notes) == ([], ("returned",))


# --- time ---------------------------------------------------------------------------------------


def test_a_pause_gives_back_exactly_what_it_took() -> None:
    clock = Clock(START, 180, CLOSES).started(START)
    before = ends_at(clock, 0, START)
    stopped = clock.paused(START + 60 * MINUTE).resumed(START + 72 * MINUTE)
    assert before is not None
    assert ends_at(stopped, 0, START + 80 * MINUTE) == before + 12 * MINUTE


@given(
    st.integers(0, 60), st.integers(0, 30),
    st.lists(st.tuples(st.integers(1, 30), st.integers(1, 20)), max_size=5),
)  # fmt: skip
def test_who_stops_when_the_clock_says_was_granted_what_was_due(
    extra: int, extended: int, pauses: list[tuple[int, int]]
) -> None:
    clock, at = Clock(START, 180, CLOSES).started(START).extended_by(extended), START
    for work, rest in pauses:
        clock = clock.paused(at + work * MINUTE).resumed(at + (work + rest) * MINUTE)
        at += (work + rest) * MINUTE
    end = ends_at(clock, extra, at)
    assert end is not None
    assert granted(clock, START, end, 0) == due(clock, extra)


def test_states_have_no_name_twice() -> None:
    assert len(set(STATES)) == len(STATES)


@pytest.mark.parametrize(("of", "undone"), [(3, True), (5, True), (4, False), (9, False)])
def test_a_correction_that_came_back_finds_its_entry_or_touches_nobody(
    of: int, undone: bool
) -> None:
    """Entry 3 stood in the backup; 4 is lost; 5 came back as 4, and the correction as 5."""
    booking = 1 if of == 3 else 2
    state = after(OPEN, check_in(1), ("seat.check_in", {"booking": 2, "was": 5}))
    state = apply(state, said("correct", 5, of=of, booking=booking, was=6))
    assert (state.seats[booking].state == "expected") == undone
    assert bool(state.conflicts) == (not undone)
