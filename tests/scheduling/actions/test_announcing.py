"""Everybody with a seat is told once, by the worker; a lost account is closed and joined anew."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from centres.common.audit import AuditEntry
from centres.common.outbox import Letter, said_by
from centres.common.runs import perform
from centres.models import Contact, Role, User
from scheduling.actions.allocations import accept_allocation, prepare_allocation
from scheduling.actions.announcing import announce_plan, announce_seats
from scheduling.actions.applications import join_account_to_card, release_account
from scheduling.actions.tending import tend_bookings
from scheduling.request_errors import ReasonMissing
from tests.factories import (
    NOW,
    make_booking,
    make_candidate,
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)
from tests.scheduling.small_country import small_country

pytestmark = pytest.mark.django_db


def work(at: datetime) -> None:
    """What the worker does with the orders that wait."""
    with time_machine.travel(at, tick=False):
        for order in DBTaskResult.objects.filter(status=TaskResultStatus.READY):
            order.claim("worker")
            order.task.call(*order.args_kwargs["args"])
            order.set_successful(None)


def test_everybody_with_a_seat_is_told_once_where_it_is(make_staff: Callable[..., User]) -> None:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    seats = list(place.room.seats.all())
    staff = make_staff(Role.STAFF)
    for number, seat in enumerate(seats[:3]):
        person = make_candidate(email=f"p{number}@example.org" if number else "")
        make_booking(make_registration(sitting, candidate=person), place, seat)
    for _again in range(2):
        announce_seats(sitting=sitting, by=staff, at=NOW)
        work(NOW)
    texts = [said_by(letter, "en").text for letter in Letter.objects.order_by("pk")]
    assert len(texts) == 2
    assert all("room 214" in text for text in texts)
    assert [seat.label in text for seat, text in zip(seats[1:3], texts, strict=True)] == [True] * 2


def test_an_accepted_plan_writes_to_everybody_by_itself_in_few_questions(
    django_assert_max_num_queries: Any,
) -> None:
    country = small_country()
    at = country.sitting.closes_at + timedelta(hours=1)
    for number, person in enumerate(country.people):
        person.candidate.email = f"p{number}@example.org"
        person.candidate.save()
    run = perform(prepare_allocation(sitting=country.sitting, by=None, at=at, seed=7))
    accept_allocation(run=run, by=None, at=at)
    assert not Letter.objects.exists()
    with django_assert_max_num_queries(20):
        work(at)
    assert Letter.objects.filter(key__startswith="seat_confirmed/").count() == 20
    assert {said_by(one, "en").subject for one in Letter.objects.all()} == {
        "Your seat is confirmed"
    }


def test_whoever_a_new_plan_moves_is_told_that_his_seat_has_changed() -> None:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    old, new, *_rest = place.room.seats.all()
    me = make_registration(sitting, candidate=make_candidate(email="me@example.org"))
    make_booking(me, place, old, state="moved", ended_at=NOW)
    make_booking(me, place, new, made_at=NOW)
    announce_plan(sitting)
    work(NOW)
    letter = Letter.objects.get()
    assert letter.key.startswith("seat_moved/")
    assert f"your seat is now {new.label}" in said_by(letter, "en").text


def test_an_exam_that_is_over_is_announced_to_nobody() -> None:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    person = make_registration(sitting, candidate=make_candidate(email="me@example.org"))
    make_booking(person, place, place.room.seats.all()[0])
    announce_plan(sitting)
    work(place.exam_session.ends_at)
    assert not Letter.objects.exists()


def test_what_a_worker_left_in_the_middle_is_written_by_the_next() -> None:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    person = make_registration(sitting, candidate=make_candidate(email="me@example.org"))
    make_booking(person, place, place.room.seats.all()[0])
    announce_plan(sitting)
    with time_machine.travel(NOW, tick=False):
        DBTaskResult.objects.get().claim("killed")
    tend_bookings(at=NOW + timedelta(minutes=4))
    work(NOW)
    assert not Letter.objects.exists()
    tend_bookings(at=NOW + timedelta(minutes=6))
    work(NOW)
    assert Letter.objects.count() == 1


def test_a_lost_account_is_closed_with_a_reason_and_its_record_joined_to_a_new_one(
    make_staff: Callable[..., User],
) -> None:
    lost = User.objects.create(username="person-lost")
    Contact.objects.create(user=lost, channel="email", address="old@example.org", confirmed_at=NOW)
    me = make_registration(make_sitting(), candidate=make_candidate(user=lost))
    staff = make_staff(Role.STAFF)
    with pytest.raises(ReasonMissing):
        release_account(registration=me, reason=" ", by=staff, at=NOW)
    release_account(registration=me, reason="Came with the card.", by=staff, at=NOW)
    lost.refresh_from_db()
    assert (lost.is_active, lost.session_epoch, lost.contacts.count()) == (False, 1, 0)
    assert [letter.to for letter in Letter.objects.all()] == ["old@example.org"]
    fresh = User.objects.create(username="person-new")
    join_account_to_card(user=fresh, registration=me, at=NOW + timedelta(hours=1))
    me.candidate.refresh_from_db()
    assert me.candidate.user == fresh
    verbs = AuditEntry.objects.order_by("number").values_list("verb", flat=True)
    assert list(verbs) == ["release_account", "join_account_to_card"]
