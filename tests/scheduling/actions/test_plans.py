"""A centre floods: plans are studied, one is accepted by a second person, and undone again."""

from datetime import timedelta
from uuid import uuid4

import pytest

from centres.common.audit import AuditEntry
from centres.common.runs import RunState, perform
from centres.models import Room
from scheduling.actions.admission import issue_admission_cards
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.bookings import move_booking
from scheduling.actions.moves import choose_move_plan, prepare_move_study
from scheduling.actions.plans import accept_moves, undo_moves
from scheduling.actions.registrations import withdraw_registration
from scheduling.arrays.moves import Lost
from scheduling.errors import (
    AllocationAccepted,
    ExamBegun,
    InputsChanged,
    NoPlanInForce,
    PlanNotFollowing,
    ProofFails,
    SecondPersonNeeded,
)
from scheduling.models import AdmissionCard, AllocationLine, Booking, Registration, SeatPool
from scheduling.studies import reason_for
from tests.factories import NOW, make_registration, make_room, make_room_session
from tests.scheduling.small_country import small_country, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Ten days before the exam."""
    return NOW - timedelta(days=10)


@pytest.fixture
def country(now):
    """Twenty people in a north of two rooms and a south of one, each with its card."""
    made = small_country()
    room = make_room(made.north, "215")
    for session in made.sessions:
        make_room_session(room, session)
    run = perform(prepare_allocation(sitting=made.sitting, by=None, at=now, seed=3))
    accept_allocation(run=run, by=None, at=now)
    made.sitting.refresh_from_db()
    issue_admission_cards(sitting=made.sitting, by=None, at=now)
    return made


def studied(country, now, lost: Lost):
    return perform(prepare_move_study(sitting=country.sitting, lost=lost, by=None, at=now))


def chosen(country, now, lost: Lost, point: int = -1):
    study = studied(country, now, lost)
    assert study.state == RunState.DONE, study.error
    return perform(choose_move_plan(study=study, point=point, by=None, at=now))


def seats(country) -> dict[int, tuple[int, int]]:
    live = Booking.objects.filter(state="confirmed", registration__sitting=country.sitting)
    return {b.registration_id: (b.room_session_id, b.seat_id) for b in live}


def counters_are_true(country) -> bool:
    for pool in SeatPool.objects.all():
        live = Booking.objects.filter(
            state="confirmed",
            room_session__exam_session=pool.exam_session,
            room_session__room__building__centre=pool.centre,
            access_class=pool.access_class,
        )
        if live.count() != pool.taken:
            return False
    return True


def test_the_curve_goes_from_least_distance_to_fewest_moved(country, now):
    study = studied(country, now, Lost(rooms=(Room.objects.get(code="215").pk,)))
    points = study.result["points"]
    assert len(points) >= 8
    assert points[-1]["unasked"] == 0
    assert [p["moved"] for p in points] == sorted((p["moved"] for p in points), reverse=True)
    assert [p["cost"] for p in points] == sorted(p["cost"] for p in points)
    assert Booking.objects.filter(state="moved").count() == 0


def test_a_lost_room_moves_only_those_who_sat_in_it(country, now):
    room = Room.objects.get(code="215")
    before = seats(country)
    inside = set(
        Booking.objects.filter(room_session__room=room).values_list("registration", flat=True)
    )
    assert inside
    moved = accept_moves(run=chosen(country, now, Lost(rooms=(room.pk,))), by=None, at=now)
    after = seats(country)
    assert {key for key in after if after[key] != before[key]} == inside
    assert moved == len(inside)
    assert len(set(after.values())) == 20
    assert not Booking.objects.filter(state="confirmed", room_session__room=room).exists()
    assert counters_are_true(country)
    room.refresh_from_db()
    assert not room.is_open


def test_who_moves_has_a_new_card_and_the_old_one_is_withdrawn(country, now):
    room = Room.objects.get(code="215")
    inside = set(
        Booking.objects.filter(room_session__room=room).values_list("registration", flat=True)
    )
    accept_moves(run=chosen(country, now, Lost(rooms=(room.pk,))), by=None, at=now)
    valid = AdmissionCard.objects.filter(withdrawn_at=None)
    assert valid.count() == 20
    assert set(valid.filter(version=2).values_list("registration", flat=True)) == inside


def test_a_lost_centre_without_room_elsewhere_is_refused_by_class_and_number(country, now):
    study = studied(country, now, Lost(centres=(country.north.pk, country.south.pk)))
    assert study.state == RunState.FAILED
    assert "20" in study.error
    assert len(seats(country)) == 20


def test_undoing_gives_everybody_the_former_seat_and_opens_the_rooms(country, now):
    room = Room.objects.get(code="215")
    before, pools = seats(country), list(SeatPool.objects.order_by("pk").values())
    former = country.sitting.allocation
    accept_moves(run=chosen(country, now, Lost(rooms=(room.pk,))), by=None, at=now)
    undo_moves(sitting=country.sitting, by=None, at=now)
    assert seats(country) == before
    assert list(SeatPool.objects.order_by("pk").values()) == pools
    room.refresh_from_db()
    country.sitting.refresh_from_db()
    assert room.is_open
    assert country.sitting.allocation == former
    assert [e.verb for e in AuditEntry.objects.order_by("-number")[:1]] == ["moves.undo"]


def test_who_moved_by_himself_since_keeps_his_seat_when_the_plan_is_undone(country, now):
    room = Room.objects.get(code="215")
    accept_moves(run=chosen(country, now, Lost(rooms=(room.pk,))), by=None, at=now)
    person = Registration.objects.get(
        pk=Booking.objects.filter(state="moved").values_list("registration", flat=True)[0]
    )
    free = (
        country.south.buildings.get()
        .rooms.get()
        .seats.exclude(pk__in=Booking.objects.filter(state="confirmed").values("seat"))
    )
    there = free.first().room.room_sessions.first()
    early = country.sitting.freezes_at.replace(hour=0)
    move_booking(
        registration=person, room_session=there, seat=free.first(), by=None, at=early, key=uuid4()
    )
    own = seats(country)[person.pk]
    undo_moves(sitting=country.sitting, by=None, at=now)
    assert seats(country)[person.pk] == own


def test_a_late_person_is_placed_and_nobody_else_moves(country, now):
    before = seats(country)
    late = make_registration(country.sitting, home_latitude=18.0)
    wish(late, country.north)
    run = chosen(country, now, Lost())
    assert accept_moves(run=run, by=None, at=now) == 1
    after = seats(country)
    assert after.pop(late.pk)
    assert after == before
    assert reason_for(late) is not None


def test_a_place_given_back_stays_empty_and_nobody_moves_unasked(country, now):
    gone = country.people[0]
    withdraw_registration(registration=gone, by=None, at=country.sitting.closes_at)
    before = seats(country)
    assert accept_moves(run=chosen(country, now, Lost()), by=None, at=now) == 0
    assert seats(country) == before


def test_who_asked_for_the_moves_cannot_accept_them(country, now, django_user_model):
    first = django_user_model.objects.create(username="first")
    second = django_user_model.objects.create(username="second")
    study = studied(country, now, Lost(rooms=(Room.objects.get(code="215").pk,)))
    run = perform(choose_move_plan(study=study, point=-1, by=first, at=now))
    with pytest.raises(SecondPersonNeeded):
        accept_moves(run=run, by=first, at=now)
    assert accept_moves(run=run, by=second, at=now) > 0
    with pytest.raises(SecondPersonNeeded):
        undo_moves(sitting=country.sitting, by=first, at=now)


def test_a_plan_of_moves_is_refused_once_somebody_has_moved_since(country, now):
    run = chosen(country, now, Lost(rooms=(Room.objects.get(code="215").pk,)))
    Booking.objects.filter(state="confirmed").first().delete()
    with pytest.raises(InputsChanged):
        accept_moves(run=run, by=None, at=now)


def test_a_changed_line_is_refused(country, now):
    run = chosen(country, now, Lost(rooms=(Room.objects.get(code="215").pk,)))
    one, other = AllocationLine.objects.filter(run=run)[:2]
    AllocationLine.objects.filter(pk=one.pk).update(seat=other.seat_id)
    with pytest.raises(ProofFails):
        accept_moves(run=run, by=None, at=now)


def test_a_plan_is_accepted_once_and_only_after_the_one_it_follows(country, now):
    lost = Lost(rooms=(Room.objects.get(code="215").pk,))
    one, other = chosen(country, now, lost), chosen(country, now, lost)
    accept_moves(run=one, by=None, at=now)
    with pytest.raises(AllocationAccepted):
        accept_moves(run=one, by=None, at=now)
    with pytest.raises(PlanNotFollowing):
        accept_moves(run=other, by=None, at=now)


def test_there_is_nothing_to_study_or_undo_before_a_plan_is_in_force(now):
    country = small_country()
    with pytest.raises(NoPlanInForce):
        prepare_move_study(sitting=country.sitting, lost=Lost(), by=None, at=now)
    with pytest.raises(NoPlanInForce):
        undo_moves(sitting=country.sitting, by=None, at=now)


def test_nobody_is_moved_out_of_or_into_a_session_that_has_begun(country, now):
    at = country.sessions[0].doors_open_at
    begun = seats_in(country.sessions[0])
    study = perform(
        prepare_move_study(
            sitting=country.sitting, lost=Lost(centres=(country.north.pk,)), by=None, at=at
        )
    )
    assert study.state == RunState.FAILED or study.result["affected"] <= 20 - len(begun)
    room = Room.objects.get(code="215")
    study = perform(
        prepare_move_study(sitting=country.sitting, lost=Lost(rooms=(room.pk,)), by=None, at=at)
    )
    assert study.state == RunState.DONE, study.error
    for point in range(len(study.result["points"])):
        run = perform(choose_move_plan(study=study, point=point, by=None, at=at))
        lines = AllocationLine.objects.filter(run=run, exam_session=country.sessions[0])
        assert set(lines.values_list("registration", "seat")) == begun
    accept_moves(run=run, by=None, at=at)
    assert seats_in(country.sessions[0]) == begun


def seats_in(session) -> set[tuple[int, int]]:
    live = Booking.objects.filter(state="confirmed", room_session__exam_session=session)
    return set(live.values_list("registration_id", "seat_id"))


def test_a_plan_is_not_accepted_or_undone_once_a_session_has_begun(country, now):
    run = chosen(country, now, Lost(rooms=(Room.objects.get(code="215").pk,)))
    late = country.sessions[0].doors_open_at
    with pytest.raises(InputsChanged):
        accept_moves(run=run, by=None, at=late)
    accept_moves(run=run, by=None, at=now)
    country.sitting.refresh_from_db()
    with pytest.raises(InputsChanged):
        undo_moves(sitting=country.sitting, by=None, at=late)
    with pytest.raises(ExamBegun):
        studied(country, country.sessions[1].doors_open_at, Lost())
