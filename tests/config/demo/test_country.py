import itertools

import numpy as np
import pytest

from config.demo.country import (
    FULL_REGISTRATIONS,
    FULL_SIZE,
    SESSIONS,
    build_country,
    distances_km,
    plan_sessions,
)
from tests.factories import NOW


def test_the_same_seed_builds_the_same_country() -> None:
    assert build_country(600, 7) == build_country(600, 7)
    assert build_country(600, 7) != build_country(600, 8)


def test_the_full_country_seats_every_registration_with_a_few_places_to_spare() -> None:
    country = build_country()
    assert country.registrations == FULL_REGISTRATIONS
    assert len(country.centres) == 16
    assert 325 <= country.rooms <= 345
    places = sum(
        seat.is_usable and not seat.is_wheelchair
        for centre in country.centres for room in centre.rooms if not room.is_separate
        for seat in room.seats
    )  # fmt: skip
    assert 1.03 <= places * SESSIONS / FULL_REGISTRATIONS <= 1.05


@pytest.mark.parametrize("size", [1, 60, 600, FULL_SIZE])
def test_every_centre_has_a_wheelchair_place_and_a_separate_room_without_steps(size: int) -> None:
    for centre in build_country(size).centres:
        wheels = [room for room in centre.rooms if any(s.is_wheelchair for s in room.seats)]
        separate = [room for room in centre.rooms if room.is_separate]
        assert wheels
        assert separate
        assert all(room.step_free for room in wheels + separate)


def test_no_two_chairs_of_a_room_share_a_label_or_a_square() -> None:
    for centre in build_country().centres:
        codes = [(b.code, r.code) for b in centre.buildings for r in b.rooms]
        assert len(set(codes)) == len(codes)
        for room in centre.rooms:
            assert len({s.label for s in room.seats}) == len(room.seats)
            assert len({(s.x, s.y) for s in room.seats}) == len(room.seats)


def test_upper_floors_are_step_free_only_where_there_is_a_lift() -> None:
    buildings = [b for centre in build_country().centres for b in centre.buildings]
    assert all(
        building.has_lift or room.floor == 1
        for building in buildings for room in building.rooms if room.step_free
    )  # fmt: skip


def test_exam_sessions_follow_each_other_with_time_to_clear_the_rooms() -> None:
    sessions = plan_sessions(NOW.date())
    assert [session.number for session in sessions] == [1, 2, 3, 4, 5, 6]
    for before, after in itertools.pairwise(sessions):
        assert before.ends_at < after.doors_open_at


def test_distances_agree_with_a_known_one() -> None:
    # Bangkok to Chiang Mai is about 583 km as the crow flies.
    here, there = np.array([[13.754, 100.5014]]), np.array([[18.7904, 98.9847]])
    assert distances_km(here, there)[0, 0] == pytest.approx(583, abs=5)
