"""A plan is proved before the transaction that books it: what changes in between is not booked."""

from datetime import timedelta

import pytest

from centres.common.runs import perform
from centres.models import Room
from scheduling.actions import allocations, plans
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.bookings import move_booking
from scheduling.actions.moves import choose_move_plan, prepare_move_study
from scheduling.actions.plans import accept_moves
from scheduling.actions.registrations import withdraw_registration
from scheduling.arrays.moves import Lost
from scheduling.errors import InputsChanged
from scheduling.models import Booking, Registration, RoomSession, Wish
from scheduling.queries.inputs import inputs_seen
from tests.factories import NOW, make_room, make_room_session
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Ten days before the exam."""
    return NOW - timedelta(days=10)


@pytest.fixture
def country():
    made = small_country()
    room = make_room(made.north, "215")
    for session in made.sessions:
        make_room_session(room, session)
    return made


@pytest.fixture
def run(country, now):
    return perform(prepare_allocation(sitting=country.sitting, by=None, at=now, seed=7))


def someone_acts_during_the_proof(monkeypatch, module, name, act) -> None:
    """Let another writer in between reading for the proof and the transaction."""
    load = getattr(module, name)

    def loaded(*args):
        found = load(*args)
        act()
        return found

    monkeypatch.setattr(module, name, loaded)


def withdrawal(country, now):
    person = Registration.objects.get(pk=country.people[0].pk)
    withdraw_registration(registration=person, by=None, at=now, reason="")


def test_without_the_comparison_a_withdrawn_person_would_be_booked(country, run, now, monkeypatch):
    someone_acts_during_the_proof(
        monkeypatch, allocations, "load_problem", lambda: withdrawal(country, now)
    )
    monkeypatch.setattr(allocations, "refuse_changed", lambda run, seen: None)
    accept_allocation(run=run, by=None, at=now)
    assert Booking.objects.filter(registration=country.people[0], state="confirmed").exists()


def test_who_withdraws_while_a_plan_is_proved_is_not_booked(country, run, now, monkeypatch):
    someone_acts_during_the_proof(
        monkeypatch, allocations, "load_problem", lambda: withdrawal(country, now)
    )
    with pytest.raises(InputsChanged):
        accept_allocation(run=run, by=None, at=now)
    assert not Booking.objects.exists()


def test_who_moves_while_a_plan_of_moves_is_proved_keeps_the_seat_he_chose(
    country, run, now, monkeypatch
):
    accept_allocation(run=run, by=None, at=now)
    country.sitting.refresh_from_db()
    lost = Lost(rooms=(Room.objects.get(code="215").pk,))
    study = perform(prepare_move_study(sitting=country.sitting, lost=lost, by=None, at=now))
    moves = perform(choose_move_plan(study=study, point=8, by=None, at=now))
    booking = Booking.objects.filter(room_session__room__code="214").first()
    there = RoomSession.objects.filter(room__building__centre=country.south).first()
    taken = Booking.objects.filter(room_session=there).values("seat")
    free = there.room.seats.exclude(pk__in=taken).first()
    early = country.sitting.freezes_at.replace(hour=0)

    def moving():
        person = Registration.objects.get(pk=booking.registration_id)
        move_booking(registration=person, room_session=there, seat=free, by=None, at=early)

    someone_acts_during_the_proof(monkeypatch, plans, "load_moves", moving)
    with pytest.raises(InputsChanged):
        accept_moves(run=moves, by=None, at=now)
    assert Booking.objects.get(registration=booking.registration, state="confirmed").seat == free


def test_a_wish_sent_anew_and_changed_back_is_still_a_change(run):
    before = inputs_seen(run)
    wish = Wish.objects.first()
    Wish.objects.filter(pk=wish.pk).delete()
    wish.pk = None
    wish.save()
    assert inputs_seen(run) != before
