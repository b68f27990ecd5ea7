from collections.abc import Callable

import pytest

from centres.common.runs import RunState, perform
from scheduling.models import Booking
from scoring.actions.similarity import create_similarity
from scoring.models import AlikePair, CandidateScore, Outcome, Reach, ResultHold, SimilarityRun
from scoring.queries.integrity import file_of, pair_rows
from tests.factories import NOW, make_room, make_room_session
from tests.scoring.conftest import ITEMS, Sat

WEAK = "".join("ABCDE"[place * 7 % 5] for place in range(ITEMS))


@pytest.fixture
def crowd(make_sat: Callable[..., Sat]) -> Sat:
    """Two on one exam form hand in the same sheet, most of it wrong."""
    sat = make_sat(480, seed=7)
    for number in copiers(sat):
        sat.sheets[number] = ("A", WEAK)
    sat.ingest()
    sat.analyse()
    return sat


def copiers(sat: Sat) -> list[str]:
    return [number for number, (form, _answers) in sat.sheets.items() if form == "A"][:2]


def compared(sat: Sat, reach: str = Reach.CENTRE, a_centre: int = 5) -> SimilarityRun:
    run = create_similarity(
        sitting=sat.sitting, paper=sat.paper, reach=reach, by=sat.examiner, at=NOW,
        a_centre=a_centre,
    )  # fmt: skip
    perform(run)
    assert run.state == RunState.DONE, run.error
    return run


@pytest.mark.parametrize("reach", [Reach.ROOM, Reach.CENTRE, Reach.NATION])
def test_the_pair_that_copied_is_found_however_far_one_looks(crowd: Sat, reach: str) -> None:
    run = compared(crowd, reach)
    rows = pair_rows(run)
    assert [{row.pair.first.number, row.pair.second.number} for row in rows] == [
        set(copiers(crowd))
    ]
    pair = rows[0].pair
    assert pair.matches == ITEMS
    assert pair.wrong_matches == ITEMS - file_of(pair).sitters[0].right
    assert pair.adjusted < 0.01
    assert run.result["looked_at"] == 240 * 239 // 2 + 239 * 238 // 2


@pytest.mark.parametrize("reach", [Reach.CENTRE, Reach.BESIDE])
def test_nobody_is_held_by_a_comparison(crowd: Sat, reach: str) -> None:
    compared(crowd, reach)
    crowd.scale()
    assert not ResultHold.objects.exists()
    assert not CandidateScore.objects.filter(outcome=Outcome.HELD).exists()


def test_people_who_work_alone_are_not_listed(make_sat: Callable[..., Sat]) -> None:
    sat = make_sat(480, seed=11)
    sat.ingest()
    sat.analyse()
    run = compared(sat)
    assert run.result["looked_at"] > 50_000
    assert not AlikePair.objects.exists()


def test_only_people_of_one_room_are_compared_when_asked_so(crowd: Sat) -> None:
    other = crowd.bookings[0]
    assert compared(crowd, Reach.ROOM).result["alike"] == 1
    other.state = "cancelled"  # who has no seat is in no room with anybody
    other.save(update_fields=["state"])
    moved = compared(crowd, Reach.ROOM)
    assert moved.result["looked_at"] < 240 * 239 // 2 + 239 * 238 // 2


def test_the_file_of_a_pair_shows_the_rarest_wrong_answers_first(crowd: Sat) -> None:
    compared(crowd)
    file = file_of(AlikePair.objects.get())
    shares = [same.share for same in file.same_wrong if same.share is not None]
    assert shares == sorted(shares)
    assert len(file.same_wrong) == file.pair.wrong_matches
    assert len(file.answers) == ITEMS
    assert file.sitters[0].right + file.sitters[0].wrong + file.sitters[0].omitted == ITEMS


def test_the_same_answers_give_the_same_digest(crowd: Sat) -> None:
    assert compared(crowd).digest == compared(crowd).digest


# --- those who sat side by side -------------------------------------------------------------------


@pytest.fixture
def rooms(make_sat: Callable[..., Sat]) -> Sat:
    """480 people in four rooms; one of the second row has the sheet of the seat before him."""
    sat = make_sat(480, seed=7)
    into_rooms(sat, 4)
    first, second = (sat.bookings[place].registration.number for place in (0, 8))
    sat.sheets[second] = sat.sheets[first]
    sat.ingest()
    sat.analyse()
    return sat


def test_who_has_the_sheet_of_the_next_seat_leads_the_list(rooms: Sat) -> None:
    run = compared(rooms, Reach.BESIDE)
    pair = pair_rows(run)[0].pair
    first, second = (rooms.bookings[place] for place in (0, 8))
    assert {pair.first_id, pair.second_id} == {first.registration_id, second.registration_id}
    assert (pair.room_session, pair.distance) == (first.room_session, 1.0)
    assert pair.log10_factor is not None
    assert pair.log10_factor > 2
    assert pair.strangers_alike is not None
    assert pair.strangers_alike < 1e-3
    factors = [row.pair.log10_factor or 0.0 for row in pair_rows(run)]
    assert factors == sorted(factors, reverse=True)


def test_a_centre_is_listed_as_many_honest_neighbours_as_it_can_read(rooms: Sat) -> None:
    """Fifteen rows of eight: those of one form sit in one column, one behind the other."""
    for a_centre in (1, 4):
        run = compared(rooms, Reach.BESIDE, a_centre)
        told = run.result
        assert told["looked_at"] == 4 * 8 * 14 - 1  # one was absent
        assert told["level"] == pytest.approx(a_centre / told["looked_at"])
        assert 0 < told["by_chance"] <= a_centre
        assert told["alike"] <= 1 + 3 * a_centre
        assert all(pair.log10_factor and pair.log10_factor > 0 for pair in run.pairs.all())
    assert told["p"] > 0.001


def test_in_a_single_room_there_are_no_strangers_and_nobody_is_listed(crowd: Sat) -> None:
    told = compared(crowd, Reach.BESIDE).result
    assert (told["strangers"], told["alike"]) == (0, 0)


def into_rooms(sat: Sat, rooms: int) -> None:
    """Seat everybody anew, in so many rooms of the same centre."""
    old = sat.bookings[0].room_session
    size = -(-len(sat.bookings) // rooms)
    for number in range(rooms):
        room = make_room(old.room.building.centre, f"R{number}", rows=-(-size // 8), columns=8)
        room_session = make_room_session(room, old.exam_session)
        some = sat.bookings[number * size : (number + 1) * size]
        for booking, seat in zip(some, room.seats.order_by("pk"), strict=True):
            booking.room_session, booking.seat = room_session, seat
    Booking.objects.bulk_update(sat.bookings, ["room_session", "seat"])
