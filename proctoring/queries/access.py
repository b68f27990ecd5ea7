"""Who may do what in which room: read from roles and the roster of duties, never from a device."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device as OneTimeCodes

from centres.models import Role, StaffRole, User
from proctoring.live.events import CHIEF, HEADQUARTERS, PROCTOR
from proctoring.models import Device
from scheduling.models import Duty, RoomSession


def room_role(user: Any, room: int) -> str | None:
    """In which role a person acts in a room session: hq, chief, proctor, or None for a stranger."""
    if not user.is_authenticated:
        return None
    centre = RoomSession.objects.filter(pk=room).values_list("room__building__centre", flat=True)
    held, here = _roles(user), centre.first()
    if here is None:
        return None
    if (Role.HEADQUARTERS, None) in held:
        return HEADQUARTERS
    if (Role.CHIEF, here) in held:
        return CHIEF
    serves = (Role.PROCTOR, here) in held or (Role.PROCTOR, None) in held
    if serves and Duty.objects.filter(proctor__user=user, room_session=room).exists():
        return PROCTOR
    return None


def board_role(user: Any, centre: int | None) -> str | None:
    """Who may watch the board of a centre; centre None is the wall of all centres."""
    if not user.is_authenticated:
        return None
    held = _roles(user)
    if (Role.HEADQUARTERS, None) in held:
        return HEADQUARTERS
    return CHIEF if centre is not None and (Role.CHIEF, centre) in held else None


def _roles(user: User) -> set[tuple[str, int | None]]:
    return set(StaffRole.objects.filter(user=user).values_list("role", "centre"))


def is_verified(user: Any, session: Mapping[str, Any]) -> bool:
    """Whether this signed-in person also gave a one-time code in this session."""
    if not user.is_authenticated:
        return False
    named = session.get(DEVICE_ID_SESSION_KEY)
    device = OneTimeCodes.from_persistent_id(named) if named else None
    return device is not None and device.user_id == user.pk


# --- sockets that stay open ----------------------------------------------------------------------


class Guest(NamedTuple):
    """Whom an open socket serves: the person, the session he came by, the device he greeted by."""

    user: int
    session: str
    device: int


def is_still_in(user: Any, session: Mapping[str, Any], device: int = 0) -> bool:
    """Whether a person who came in by this session may stay: account, sign-in, code and device."""
    if not is_verified(user, session):
        return False
    now = User.objects.filter(pk=user.pk, is_active=True).first()
    if now is None or Device.objects.filter(pk=device, revoked_at__isnull=False).exists():
        return False
    key = getattr(session, "session_key", None)
    if key and not Session.objects.filter(session_key=key).exists():
        return False
    return session.get(HASH_SESSION_KEY) in (None, now.get_session_auth_hash())


def standings(guests: Collection[Guest]) -> dict[Guest, object]:
    """All that a guest's rights rest on, in five questions for all guests together.

    While a standing stays equal nothing that `is_still_in`, `room_role` or `board_role` reads
    of that person has changed.
    """
    people = {guest.user for guest in guests}
    accounts = dict(
        User.objects.filter(pk__in=people, is_active=True).values_list("pk", "password")
    )
    held: defaultdict[int, set[object]] = defaultdict(set)
    for who, *role in StaffRole.objects.filter(user__in=people).values_list(
        "user", "role", "centre"
    ):
        held[who].add(tuple(role))
    for who, room in Duty.objects.filter(proctor__user__in=people).values_list(
        "proctor__user", "room_session"
    ):
        held[who].add(room)
    sessions = set(
        Session.objects.filter(session_key__in={guest.session for guest in guests}).values_list(
            "session_key", flat=True
        )
    )
    devices = Device.objects.filter(
        pk__in={guest.device for guest in guests}, revoked_at__isnull=False
    )
    revoked = set(devices.values_list("pk", flat=True))
    return {
        guest: (
            accounts.get(guest.user), frozenset(held[guest.user]), guest.session in sessions,
            guest.device in revoked,
        )
        for guest in guests
    }  # fmt: skip
