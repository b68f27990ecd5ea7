"""A carer beside whom he cares for, relatives in different rooms, and a place of one's own."""

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.assign import assign
from scheduling.allocation.checks import requests_unkept, seating_violations
from scheduling.allocation.plan import seat_everybody
from scheduling.allocation.requests import Requests
from scheduling.allocation.seating import NO_INSTITUTION, SeatingHall, same_institution_pairs


def asks(together=(), apart=(), fixed=()):
    return Requests(
        **{
            name: np.array(pairs, np.int64).reshape(-1, 2)
            for name, pairs in {"together": together, "apart": apart, "fixed": fixed}.items()
        }
    )


def seat(chairs, requests, people, access=None, institution=None, seed=1):
    needs = np.zeros(people, np.int64) if access is None else np.array(access)
    label = np.full(people, NO_INSTITUTION) if institution is None else np.array(institution)
    hall, nobody = SeatingHall(chairs), np.zeros(people, bool)
    plan = hall.seat(label, needs, nobody, 2, seed, requests)
    assert seating_violations(chairs, needs, plan.chair) == []
    assert plan.pairs == same_institution_pairs(chairs, plan.chair, label)
    return plan.chair


def fewest_unkept(chairs, requests, access) -> int:
    """Over every way to seat them, by trying: a shared room counts as not kept."""
    ways = permutations(range(len(chairs.seat_ids)), len(access))
    return min(
        len(requests_unkept(requests, chairs, np.array(way)))
        for way in ways
        if all(chairs.serves[access[row], chair] for row, chair in enumerate(way))
    )


def test_a_carer_sits_beside_and_relatives_in_different_rooms(make_chairs):
    chairs = make_chairs([["ooo ooo"] * 5] * 4)
    rng = np.random.default_rng(1)
    pairs = rng.permutation(120)[:40].reshape(-1, 2)
    requests = asks(together=pairs[:10], apart=pairs[10:])
    chair = seat(chairs, requests, 120, institution=rng.integers(0, 20, 120))
    assert requests_unkept(requests, chairs, chair) == []


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_request_that_some_seating_keeps_is_kept(make_chairs, data):
    rooms = data.draw(st.lists(st.sampled_from([["oo"], ["ou"], ["wo"], ["o o"]]),
                               min_size=2, max_size=3))  # fmt: skip
    chairs = make_chairs(rooms)
    wheels = int(chairs.serves[1].sum())
    others = data.draw(st.integers(2, len(chairs.seat_ids) - wheels))
    access = np.array([0] * others + [1] * wheels)
    pair = data.draw(st.permutations(range(len(access))))[:2]
    kind = data.draw(st.sampled_from(["together", "apart"]))
    requests = asks(**{kind: [pair]})
    found = requests_unkept(requests, chairs, seat(chairs, requests, len(access), access))
    assert len(found) == fewest_unkept(chairs, requests, access)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_nobody_loses_a_chair_that_serves_him_to_a_request(make_chairs, seed):
    rng = np.random.default_rng(seed)
    chairs = make_chairs([["oow", "uu", "o"], ["uuu", "ow"], ["o o", "u u"]])
    access = np.array([0] * 9 + [1] * 2 + [2] * 3)
    pairs = rng.integers(0, 14, (6, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    fixed = [(int(rng.integers(14)), int(rng.choice(chairs.seat_ids)))]
    chair = seat(chairs, asks(pairs[::2], pairs[1::2], fixed), 14, access, seed=seed)
    assert seating_violations(chairs, access, chair) == []


def test_relatives_in_the_only_room_sit_far_apart_and_it_is_said(make_chairs):
    chairs = make_chairs([["ooooo"] * 4])
    requests = asks(apart=[(0, 1)])
    chair = seat(chairs, requests, 20)
    assert abs(chairs.x[chair[0]] - chairs.x[chair[1]]) == 4
    assert [found.kind for found in requests_unkept(requests, chairs, chair)] == ["same_room"]


def test_three_who_belong_together_hang_together(make_chairs):
    chairs = make_chairs([["oooo"] * 3] * 3)
    requests = asks(together=[(0, 1), (1, 2)], apart=[(0, 3)])
    assert requests_unkept(requests, chairs, seat(chairs, requests, 36)) == []


def test_a_fixed_place_is_kept_and_brings_its_carer_along(make_chairs):
    chairs = make_chairs([["oooo"] * 3] * 2)
    requests = asks(together=[(5, 6)], fixed=[(5, 1023)])
    chair = seat(chairs, requests, 24)
    assert requests_unkept(requests, chairs, chair) == []
    assert chairs.seat_ids[chair[5]] == 1023


def test_a_fixed_place_that_does_not_serve_or_is_taken_is_said(make_chairs):
    chairs = make_chairs([["wooo"] * 2])
    requests = asks(fixed=[(0, 1000), (1, 1001), (2, 1001), (3, 7)])
    found = requests_unkept(requests, chairs, seat(chairs, requests, 6))
    assert [(lost.kind, lost.rows) for lost in found] == [
        ("not_fixed", (0, 0)), ("not_fixed", (2, 2)), ("not_fixed", (3, 3)),
    ]  # fmt: skip


def test_a_pair_in_rooms_that_cannot_hold_both_is_said(make_chairs):
    chairs = make_chairs([["w"], ["ooo"]])
    requests = asks(together=[(0, 1)])
    found = requests_unkept(requests, chairs, seat(chairs, requests, 4, access=[1, 0, 0, 0]))
    assert [lost.kind for lost in found] == ["not_together"]


def test_rooms_without_requests_seat_as_they_did(make_chairs):
    chairs = make_chairs([["ooo ooo"] * 5] * 3)
    label = np.random.default_rng(3).integers(0, 9, 90)
    assert (seat(chairs, asks(), 90, institution=label)
            == SeatingHall(chairs).seat(label, np.zeros(90, int), np.zeros(90, bool), 2, 1).chair
            ).all()  # fmt: skip


def test_a_whole_plan_says_by_row_what_it_could_not_keep(make_problem, make_chairs):
    problem = make_problem([[0, 90], [0, 90], [90, 0], [0, 90]], [3, 3])
    chairs = make_chairs([["o o o"]])
    requests = asks(together=[(0, 2), (0, 1)], apart=[(1, 3)])
    plan = seat_everybody(
        problem, assign(problem, 1), [chairs, chairs], np.full(4, NO_INSTITUTION),
        np.zeros(4, bool), [2, 2], lambda _done, _total: None, requests,
    )  # fmt: skip
    assert [(lost.kind, lost.rows) for lost in plan.unkept] == [
        ("not_together", (0, 2)), ("not_together", (0, 1)), ("same_room", (1, 3)),
    ]  # fmt: skip
