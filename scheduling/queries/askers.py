"""Who asks, for many requests at once: sessions to candidates to their registrations.

The same questions that sessions and sign-in ask of one request, each asked once for a group.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from centres.models import Seat, User
from scheduling.models import Registration, RegistrationState, RoomSession


class Asker(NamedTuple):
    """Who has signed in: the account, and its registrations by sitting, if it has any."""

    user: int
    registrations: dict[int, int]


def askers_of(keys: Collection[str], at: datetime) -> dict[str, Asker]:
    """The people behind some session keys; those of nobody are left out."""
    stored = Session.objects.filter(session_key__in=keys, expire_date__gt=at)
    said = {key: _said(data) for key, data in stored.values_list("session_key", "session_data")}
    fields = ("password", "session_epoch", "is_active")
    users = User.objects.only(*fields).in_bulk({user for user, _hash in said.values() if user})
    accounts = {
        key: users[user].pk
        for key, (user, hash_) in said.items()
        if user in users
        and users[user].is_active
        and constant_time_compare(hash_, users[user].get_session_auth_hash())
    }
    registrations: dict[int, dict[int, int]] = {user: {} for user in accounts.values()}
    own = Registration.objects.filter(
        candidate__user__in=registrations, state=RegistrationState.ACCEPTED
    )
    for user, sitting, key in own.values_list("candidate__user_id", "sitting_id", "pk"):
        registrations[user or 0][sitting] = key
    return {key: Asker(user, registrations[user]) for key, user in accounts.items()}


def _said(data: str) -> tuple[int, str]:
    """The user and the hash in a session's data; (0, "") where nobody has signed in."""
    session = SessionStore().decode(data)
    if BACKEND_SESSION_KEY not in session:
        return 0, ""
    return int(session.get(SESSION_KEY, 0)), str(session.get(HASH_SESSION_KEY, ""))


def sittings_of(room_sessions: Collection[int]) -> dict[int, int]:
    """The sitting of each of some room sessions."""
    found = RoomSession.objects.filter(pk__in=room_sessions)
    return dict(found.values_list("pk", "exam_session__sitting_id"))


def seat_label(seat: int) -> str:
    """What is written on a seat; nothing for a key that is none."""
    return Seat.objects.filter(pk=seat).values_list("label", flat=True).first() or ""
