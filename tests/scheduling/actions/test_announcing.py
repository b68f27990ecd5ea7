"""Everybody with a seat is told once, by the worker; a lost account is closed and joined anew."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from centres.common.audit import AuditEntry
from centres.common.outbox import Letter, said_by
from centres.models import Contact, Role, User
from scheduling.actions.announcing import announce_seats, write_announcements
from scheduling.actions.applications import join_account_to_card, release_account
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

pytestmark = pytest.mark.django_db


def test_everybody_with_a_seat_is_told_once_where_it_is(
    make_staff: Callable[..., User], django_capture_on_commit_callbacks: Any
) -> None:
    sitting = make_sitting()
    place = make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    seats = list(place.room.seats.all())
    staff = make_staff(Role.STAFF)
    for number, seat in enumerate(seats[:3]):
        person = make_candidate(email=f"p{number}@example.org" if number else "")
        make_booking(make_registration(sitting, candidate=person), place, seat)
    for _again in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            announce_seats(sitting=sitting, by=staff, at=NOW)
        write_announcements.call(sitting.pk)  # what the worker does
    texts = [said_by(letter, "en").text for letter in Letter.objects.order_by("pk")]
    assert len(texts) == 2
    assert all("room 214" in text for text in texts)
    assert [seat.label in text for seat, text in zip(seats[1:3], texts, strict=True)] == [True] * 2


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
