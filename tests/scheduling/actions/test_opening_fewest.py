"""As few buildings and rooms as serve everybody: in the plan, in its proof, and in use."""

from datetime import timedelta

import pytest

from centres.common.runs import RunState, perform
from centres.models import Building
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.moves import choose_move_plan, prepare_move_study
from scheduling.actions.opening import use_again
from scheduling.actions.plans import accept_moves
from scheduling.arrays import Policy
from scheduling.arrays.moves import Lost
from scheduling.models import Booking, RoomSession, SeatPool
from scheduling.queries.rooms import opened_of
from tests.factories import NOW, make_registration, make_room, make_room_session
from tests.scheduling.small_country import small_country, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Ten days before the exam."""
    return NOW - timedelta(days=10)


@pytest.fixture
def country():
    """Twenty people; the north has five rooms of twelve in two buildings."""
    made = small_country()
    second = Building.objects.create(
        centre=made.north, code="B2", name_th="อาคาร 2", name_en="Building 2"
    )
    for code in ("215", "216", "217", "218"):
        room = make_room(made.north, code)
        if code in ("217", "218"):
            room.building = second
            room.save()
        for session in made.sessions:
            make_room_session(room, session)
    return made


@pytest.fixture
def run(country, now):
    policy = Policy(one_proctor_for=10)
    made = perform(
        prepare_allocation(sitting=country.sitting, by=None, at=now, seed=3, policy=policy)
    )
    assert made.state == RunState.DONE, made.error
    return made


def test_no_more_rooms_are_used_than_serve_everybody(country, run):
    opened = opened_of(run)
    used = set(run.lines.values_list("room_session", flat=True))
    per_session = {s: run.lines.filter(exam_session=s).count() for s in country.sessions}
    assert len(used) == sum(-(-people // 12) for people in per_session.values())
    assert opened.is_proved
    assert [c.buildings for c in opened.centres] == [1]
    assert opened.rooms == len(used)


def test_accepting_uses_the_opened_rooms_alone_and_counts_their_places(country, run, now):
    accept_allocation(run=run, by=None, at=now)
    used = set(run.lines.values_list("room_session", flat=True))
    assert set(RoomSession.objects.filter(shut_at=None).values_list("pk", flat=True)) == used
    for session in country.sessions:
        places = sum(
            rs.room.seats.count()
            for rs in RoomSession.objects.filter(exam_session=session, shut_at=None)
        )
        pools = SeatPool.objects.filter(exam_session=session)
        assert sum(pool.capacity for pool in pools) == places
        assert sum(p.taken for p in pools) == run.lines.filter(exam_session=session).count()


def test_a_room_is_used_again_for_somebody_who_comes_late(country, run, now):
    accept_allocation(run=run, by=None, at=now)
    country.sitting.refresh_from_db()
    for _more in range(24):
        late = make_registration(country.sitting)
        wish(late, country.north)
    closed = RoomSession.objects.filter(shut_at__isnull=False, room__building__centre=country.north)
    before = SeatPool.objects.get(
        centre=country.north, exam_session=country.sessions[0], access_class="standard"
    ).capacity
    for room_session in closed.filter(exam_session=country.sessions[0]):
        use_again(room_session=room_session, by=None, at=now)
    after = SeatPool.objects.get(
        centre=country.north, exam_session=country.sessions[0], access_class="standard"
    ).capacity
    assert after - before == 12 * (60 // 12 - -(-run.lines.filter(
        exam_session=country.sessions[0]).count() // 12))  # fmt: skip
    study = perform(prepare_move_study(sitting=country.sitting, lost=Lost(), by=None, at=now))
    assert study.state == RunState.DONE, study.error
    moves = perform(choose_move_plan(study=study, point=8, by=None, at=now))
    assert accept_moves(run=moves, by=None, at=now) == 24
    assert Booking.objects.filter(state="confirmed").count() == 44


def test_a_plan_of_all_rooms_says_nothing_of_opening(country, now):
    run = perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=3))
    assert opened_of(run) is None
    accept_allocation(run=run, by=None, at=now)
    assert not RoomSession.objects.filter(shut_at__isnull=False).exists()
