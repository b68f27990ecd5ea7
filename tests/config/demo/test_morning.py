import numpy as np
import pytest

from config.demo.morning import Expected, Watch, room_day
from proctoring.live.clock import MINUTE
from proctoring.live.events import Event, Fact, numbered
from proctoring.live.protocol import body_of
from proctoring.live.room import replay
from proctoring.live.state import RoomState

START = 1_800_000_000_000
PEOPLE = tuple(Expected(100 + k, 45 if k == 3 else 0, comes=k % 11 != 0) for k in range(32))


def watch(room: int = 1) -> Watch:
    return Watch(
        room, START - 45 * MINUTE, START, START + 30 * MINUTE, 180,
        proctor=5, second=6, chief=7, device=3, next_dseq=41,
    )  # fmt: skip


def day(room: int, seed: int = 1) -> list[Fact]:
    return room_day(np.random.default_rng([seed, room]), watch(room), PEOPLE)


def after(facts: list[Fact]) -> RoomState:
    plan = {
        "people": [(p.booking, f"A{p.booking}", "A", p.extra) for p in PEOPLE],
        "starts_at": START, "minutes": 180, "late_until": START + 30 * MINUTE,
    }  # fmt: skip
    first = Event(
        "plan", facts[0].room, "room.plan", plan, facts[0].at, 7, "chief", None, None, -1, 1, 0
    )
    events = [numbered(fact, seq, fact.at) for seq, fact in enumerate(facts, start=2)]
    return replay([first, *events])


@pytest.mark.parametrize("room", range(60))
def test_the_rules_of_a_room_allow_every_fact_of_its_day(room: int) -> None:
    state = after(day(room))
    assert state.conflicts == ()
    assert state.phase == "closed"
    assert state.counts["submitted"] == sum(p.comes for p in PEOPLE)
    assert state.counts["absent"] == sum(not p.comes for p in PEOPLE)


def test_everybody_present_leaves_at_least_four_facts() -> None:
    said = [fact.body.get("booking") for fact in day(1)]
    assert all(said.count(p.booking) >= 4 for p in PEOPLE if p.comes)


def test_the_same_seed_tells_the_same_day_to_the_last_id() -> None:
    assert day(1) == day(1)
    assert {fact.id for fact in day(1)}.isdisjoint(fact.id for fact in day(2))


def test_every_fact_is_one_a_console_may_send() -> None:
    for room in range(60):
        for fact in day(room):
            assert body_of(fact.type, dict(fact.body)) == fact.body


def test_device_numbers_count_on_without_a_gap_in_order_of_time() -> None:
    facts = day(1)
    own = [fact for fact in facts if fact.dseq is not None]
    assert [fact.dseq for fact in own] == list(range(41, 41 + len(own)))
    assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)


def test_people_with_extra_time_leave_after_the_others() -> None:
    left = {fact.body["booking"]: fact.at for fact in day(1) if fact.type == "seat.submit"}
    assert left[103] == max(left.values())
    assert left[103] - START > (180 + 45) * MINUTE


def test_incidents_late_arrivals_and_doubted_faces_all_occur_over_many_rooms() -> None:
    facts = [fact for room in range(400) for fact in day(room)]
    kinds = {fact.type for fact in facts}
    assert {"incident.open", "incident.close", "seat.id_verify", "seat.out", "room.pause"} <= kinds
    assert any(fact.type == "seat.check_in" and fact.at > START for fact in facts)
