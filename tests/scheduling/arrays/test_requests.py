"""What single people ask for is in the plan, in its proof, in moves and in the reason."""

from datetime import timedelta

import pytest

from centres.common.runs import RunState, perform
from centres.models import Room, Seat
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.moves import choose_move_plan, prepare_move_study
from scheduling.arrays import Policy, load_problem
from scheduling.arrays.moves import Lost
from scheduling.models import (
    AccessClass,
    AllocationLine,
    RefusedSession,
    SeatRequest,
)
from scheduling.studies import reason_for
from tests.factories import NOW, make_room, make_room_session
from tests.scheduling.small_country import open_places, small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Ten days before the exam."""
    return NOW - timedelta(days=10)


@pytest.fixture
def country():
    return small_country()


def allocated(country, now):
    run = perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=5))
    assert run.state == RunState.DONE, run.error
    return run


def line_of(run, person) -> AllocationLine:
    return AllocationLine.objects.select_related("seat", "room_session").get(
        run=run, registration=person
    )


def touch(one: AllocationLine, other: AllocationLine) -> bool:
    near = abs(one.seat.x - other.seat.x) <= 1 and abs(one.seat.y - other.seat.y) <= 1
    return one.room_session == other.room_session and near


def test_nobody_is_put_into_a_session_he_refuses(country, now):
    for person in country.people[:6]:
        RefusedSession.objects.create(registration=person, exam_session=country.sessions[0])
    run = allocated(country, now)
    assert {line_of(run, p).exam_session for p in country.people[:6]} == {country.sessions[1]}
    assert run.objective == run.bound


def test_who_refuses_every_session_is_said_by_class_and_number(country, now):
    for session in country.sessions:
        RefusedSession.objects.create(registration=country.people[0], exam_session=session)
    run = perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=5))
    assert run.state == RunState.FAILED
    assert country.people[0].number in run.error
    assert not run.lines.exists()


def test_extra_time_never_runs_into_the_next_session(country, now):
    """Sessions begin four hours apart and last three."""
    person = country.people[0]
    person.extra_minutes = 60 - Policy.turnover + 1
    person.save()
    assert line_of(allocated(country, now), person).exam_session == country.sessions[1]


def test_a_carer_sits_beside_whom_he_cares_for(country, now):
    one, other = country.people[0], country.people[19]
    SeatRequest.objects.create(kind="together", registration=one, other=other)
    run = allocated(country, now)
    assert touch(line_of(run, one), line_of(run, other))
    assert run.result["asked"] == 1
    assert run.result["unkept"] == []
    accept_allocation(run=run, by=None, at=now)
    one.sitting.refresh_from_db()
    assert reason_for(one).in_company


def test_relatives_do_not_share_a_room(country, now):
    north = make_room(country.north, "215")
    for session in country.sessions:
        make_room_session(north, session)
    one, other = country.people[:2]
    SeatRequest.objects.create(kind="apart", registration=one, other=other)
    run = allocated(country, now)
    assert line_of(run, one).room_session != line_of(run, other).room_session


def test_a_chair_of_ones_own_is_kept(country, now):
    seat = Seat.objects.get(room__building__centre=country.south, label="B2")
    SeatRequest.objects.create(kind="fixed", registration=country.people[3], seat=seat)
    run = allocated(country, now)
    assert line_of(run, country.people[3]).seat == seat


def test_a_request_the_rooms_do_not_allow_is_said(country, now):
    seats = Seat.objects.filter(room__building__centre=country.south)
    far = [seats.get(label=label) for label in ("A1", "D3")]
    for person, seat in zip(country.people, far, strict=False):
        SeatRequest.objects.create(kind="fixed", registration=person, seat=seat)
    one, other = country.people[:2]
    SeatRequest.objects.create(kind="together", registration=one, other=other)
    run = allocated(country, now)
    numbers = [int(one.number), int(other.number)]
    assert run.result["unkept"] == [["not_together", *numbers]]


def test_each_request_changes_the_digest_of_the_inputs(country):
    def digest() -> str:
        return load_problem(country.sitting, Policy()).digest

    seen = {digest()}
    RefusedSession.objects.create(registration=country.people[0], exam_session=country.sessions[0])
    seen.add(digest())
    one, other, third = country.people[:3]
    SeatRequest.objects.create(kind="together", registration=one, other=other)
    seen.add(digest())
    SeatRequest.objects.create(kind="apart", registration=one, other=third)
    seen.add(digest())
    seat = Seat.objects.first()
    SeatRequest.objects.create(kind="fixed", registration=third, seat=seat)
    seen.add(digest())
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("access", "fields", "kind"),
    [(AccessClass.MAGNIFIER, {}, "magnifier"), (AccessClass.SIGN_LANGUAGE, None, "standard")],
)
def test_a_magnifier_and_an_interpreter_are_kept_for_who_needs_them(
    country, now, access, fields, kind
):
    room = make_room(country.south, "301", rows=1, columns=2, has_interpreter=fields is None)
    room.seats.update(kind=kind)
    for session in country.sessions:
        make_room_session(room, session).exam_session.seat_pools.filter(
            centre=country.south, access_class="standard"
        ).update(capacity=12)
        open_places(country.south, session, access, 2)
    person = country.people[0]
    person.access_class = access
    person.save()
    run = allocated(country, now)
    inside = {line.registration for line in run.lines.filter(room_session__room=room)}
    assert inside == {person}


def test_a_group_that_can_stay_stays_and_one_that_cannot_moves_together(country, now):
    room = make_room(country.north, "215")
    for session in country.sessions:
        make_room_session(room, session)
    pairs = [country.people[:2], country.people[2:4], country.people[4:6]]
    for one, other in pairs:
        SeatRequest.objects.create(kind="together", registration=one, other=other)
    run = allocated(country, now)
    accept_allocation(run=run, by=None, at=now)
    country.sitting.refresh_from_db()
    lost = Lost(rooms=(Room.objects.get(code="215").pk,))
    study = perform(prepare_move_study(sitting=country.sitting, lost=lost, by=None, at=now))
    for point in range(len(study.result["points"])):
        moves = perform(choose_move_plan(study=study, point=point, by=None, at=now))
        assert moves.state == RunState.DONE, moves.error
        for one, other in pairs:
            here, there = line_of(moves, one), line_of(moves, other)
            assert (here.centre, here.exam_session) == (there.centre, there.exam_session)


def test_a_new_refusal_moves_its_person_alone(country, now):
    run = allocated(country, now)
    accept_allocation(run=run, by=None, at=now)
    country.sitting.refresh_from_db()
    line = line_of(run, country.people[0])
    RefusedSession.objects.create(registration=country.people[0], exam_session=line.exam_session)
    study = perform(
        prepare_move_study(sitting=country.sitting, lost=Lost(), by=None, at=now + timedelta(1))
    )
    assert study.result["affected"] == 1
    assert study.result["points"][-1]["moved"] == 1
