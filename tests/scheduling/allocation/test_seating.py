"""Everybody on a chair that serves him, and as little to copy as the room allows."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.checks import seating_violations
from scheduling.allocation.forms import form_of, protected_directions
from scheduling.allocation.seating import (
    NO_INSTITUTION,
    RoomsTooSmall,
    SeatingHall,
    neighbour_pairs,
    same_institution_pairs,
)

HALL = ["ooo ooo"] * 5


def seat(chairs, institution, access=None, forms=2, seed=1, in_front=()):
    people = np.array(institution, np.int64)
    front = np.isin(np.arange(len(people)), in_front)
    needs = np.zeros(len(people), np.int64) if access is None else np.array(access, np.int64)
    return SeatingHall(chairs).seat(people, needs, front, forms, seed)


def fewest_by_trying(chairs, institution) -> int:
    """The fewest pairs over every way to seat these people."""
    touch = neighbour_pairs(chairs).tolist()
    labels = [*institution, *[NO_INSTITUTION] * (len(chairs.seat_ids) - len(institution))]
    return min(
        sum(way[a] == way[b] != NO_INSTITUTION for a, b in touch)
        for way in set(permutations(labels))
    )


def test_an_aisle_and_a_broken_chair_part_neighbours(make_chairs):
    assert len(neighbour_pairs(make_chairs([["oo"]]))) == 1
    assert len(neighbour_pairs(make_chairs([["o o"]]))) == 0
    assert len(neighbour_pairs(make_chairs([["oo", "oo"]]))) == 6
    assert len(neighbour_pairs(make_chairs([["o.", "oo"]]))) == 3
    assert len(neighbour_pairs(make_chairs([["o"], ["o"]]))) == 0


def test_a_full_room_of_many_institutions_has_no_pair(make_chairs):
    chairs = make_chairs([HALL] * 4)
    institution = np.random.default_rng(1).integers(0, 12, len(chairs.seat_ids))
    plan = seat(chairs, institution)
    assert seating_violations(chairs, np.zeros_like(institution), plan.chair) == []
    assert (plan.pairs, plan.lower_bound) == (0, 0)
    assert same_institution_pairs(chairs, plan.chair, institution) == 0


def test_a_room_of_one_institution_reaches_the_bound_it_cannot_go_below(make_chairs):
    chairs = make_chairs([["oo", "oo"]])
    plan = seat(chairs, [5, 5, 5])
    assert (plan.pairs, plan.lower_bound) == (3, 3)


@given(st.sampled_from([["ooo", "ooo"], ["oo o", "oo o"], ["oo", "o.", "oo"]]), st.data())
@settings(max_examples=40, deadline=None)
def test_the_bound_is_true_and_the_plan_reaches_the_fewest(make_chairs, drawing, data):
    chairs = make_chairs([drawing])
    size = st.integers(1, len(chairs.seat_ids))
    people = data.draw(size.flatmap(lambda n: st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    plan, fewest = seat(chairs, people), fewest_by_trying(chairs, people)
    assert plan.lower_bound <= fewest == plan.pairs


@given(
    st.lists(st.sampled_from(["ooouuu", "o w uu", "uuuu", "oow"]), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_everybody_sits_once_on_a_chair_that_serves_him(make_chairs, drawings, random, seed):
    chairs = make_chairs([[drawing] * 3 for drawing in drawings])
    wheelchair = int(chairs.serves[1].sum())
    downstairs = random.randint(0, int(chairs.serves[2].sum()))
    others = random.randint(0, int(chairs.serves[0].sum()) - downstairs)
    access = np.array([1] * wheelchair + [2] * downstairs + [0] * others, np.int64)
    institution = np.array([random.randint(-1, 6) for _ in access], np.int64)
    plan = seat(chairs, institution, access, seed=seed)
    assert seating_violations(chairs, access, plan.chair) == []
    assert plan.pairs == same_institution_pairs(chairs, plan.chair, institution)
    assert plan.lower_bound <= plan.pairs


def test_nobody_who_needs_a_ramp_sits_upstairs(make_chairs):
    chairs = make_chairs([["uuuu"] * 4, ["oo", "oo"]])
    access = np.array([2, 2, 2, 2] + [0] * 12)
    plan = seat(chairs, np.arange(16), access)
    assert set(chairs.room_ids[plan.chair[:4]].tolist()) == {1}


def test_whoever_must_sit_in_front_has_no_more_rows_than_that_takes(make_chairs):
    chairs = make_chairs([["oooo"] * 5])
    plan = seat(chairs, [1] * 5 + [2] * 15, in_front=range(5))
    assert chairs.y[plan.chair[:5]].max() == 1


def test_too_few_chairs_of_a_kind_are_named(make_chairs):
    chairs = make_chairs([["woo"], ["uuu"]])
    with pytest.raises(RoomsTooSmall) as refusal:
        seat(chairs, [0, 1, 2], [2, 2, 2])
    assert (refusal.value.access, refusal.value.people, refusal.value.chairs) == (2, 3, 2)


def test_an_institution_is_spread_over_the_rooms(make_chairs):
    chairs = make_chairs([HALL] * 5)
    institution = np.array([1] * 50 + list(range(2, 77)))
    plan = seat(chairs, institution)
    rooms = np.bincount(chairs.room_ids[plan.chair[:50]], minlength=5)
    assert rooms.tolist() == [10, 10, 10, 10, 10]


def test_rooms_fill_in_proportion_to_their_chairs(make_chairs):
    chairs = make_chairs([HALL, ["ooo"] * 5])
    plan = seat(chairs, np.arange(30))
    assert np.bincount(chairs.room_ids[plan.chair]).tolist() == [20, 10]


def test_the_same_seed_seats_the_same_and_another_does_not(make_chairs):
    chairs = make_chairs([HALL] * 3)
    institution = np.arange(90) % 20
    first, again = seat(chairs, institution), seat(chairs, institution)
    assert (first.chair == again.chair).all()
    assert (first.chair != seat(chairs, institution, seed=2).chair).any()


def test_people_without_an_institution_share_it_with_nobody(make_chairs):
    plan = seat(make_chairs([["oo", "oo"]]), [NO_INSTITUTION] * 4)
    assert (plan.pairs, plan.lower_bound) == (0, 0)


def test_two_forms_protect_the_side_and_the_front_and_say_so(make_chairs):
    chairs = make_chairs([HALL])
    plan = seat(chairs, np.arange(30))
    assert plan.protected == ("side", "front")
    form = np.empty(30, np.int64)
    form[plan.chair] = plan.exam_form
    for a, b in neighbour_pairs(chairs).tolist():
        beside = chairs.x[a] == chairs.x[b] or chairs.y[a] == chairs.y[b]
        assert (form[a] != form[b]) == beside


@pytest.mark.parametrize(
    ("forms", "protected"),
    [
        (1, ()),
        (2, ("side", "front")),
        (3, ("side", "front", "diagonal_right")),
        (4, ("side", "front", "diagonal_right", "diagonal_left")),
        (6, ("side", "front", "diagonal_right", "diagonal_left")),
    ],
)
def test_each_number_of_forms_protects_what_it_can(forms, protected):
    assert protected_directions(forms) == protected


def test_no_form_is_refused():
    with pytest.raises(ValueError, match="no exam form"):
        form_of(np.array([0]), np.array([0]), 0)
