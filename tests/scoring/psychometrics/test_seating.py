from itertools import combinations

import pytest

from scoring.psychometrics.seating import Nearness, Seat, nearness, place_pairs

SEATS = [Seat(room, row, column) for room in "ab" for row in range(3) for column in range(4)]


def test_seats_apart_are_counted_in_the_longer_direction() -> None:
    beside, far, across = place_pairs([(0, 5), (0, 11), (0, 12)], SEATS, {"a": ["phone found"]})
    assert (beside.distance, beside.incidents) == (1, ("phone found",))
    assert far.distance == 3
    assert (across.same_room, across.distance, across.incidents) == (False, None, ())


def test_a_seat_nobody_knows_places_no_pair() -> None:
    (placed,) = place_pairs([(0, 1)], [None, SEATS[1]])
    assert placed.distance is None


def test_neighbours_are_compared_with_all_pairs_of_a_room() -> None:
    slow = place_pairs(list(combinations(range(24), 2)), SEATS)
    beside = sum(placed.distance == 1 for placed in slow)
    together = sum(placed.same_room for placed in slow)
    found = nearness(place_pairs([(0, 1), (4, 5), (12, 17)], SEATS), SEATS)
    assert found.share == pytest.approx(beside / together)
    assert (found.together, found.near) == (3, 3)
    assert found.p == pytest.approx(
        beside * (beside - 1) * (beside - 2) / (together * (together - 1) * (together - 2))
    )


def test_no_pair_is_no_evidence() -> None:
    assert nearness((), []) == Nearness(0, 0, 0.0, 1.0)
