from collections.abc import Callable

import pytest

from centres.common.runs import RunState, perform
from scoring.actions.similarity import create_similarity
from scoring.models import AlikePair, CandidateScore, Outcome, Reach, ResultHold, SimilarityRun
from scoring.queries.integrity import file_of, pair_rows
from tests.factories import NOW
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


def compared(sat: Sat, reach: str = Reach.CENTRE) -> SimilarityRun:
    run = create_similarity(
        sitting=sat.sitting, paper=sat.paper, reach=reach, by=sat.examiner, at=NOW
    )
    perform(run)
    assert run.state == RunState.DONE, run.error
    return run


@pytest.mark.parametrize("reach", list(Reach))
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


def test_nobody_is_held_by_a_comparison(crowd: Sat) -> None:
    compared(crowd)
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
