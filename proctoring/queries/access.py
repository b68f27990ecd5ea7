"""Who may do what in which room: read from roles and the roster of duties, never from a device."""

from collections.abc import Mapping
from typing import Any

from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.models import Device as OneTimeCodes

from centres.models import Role, StaffRole, User
from proctoring.live.events import CHIEF, HEADQUARTERS, PROCTOR
from scheduling.models import Duty, RoomSession


def room_role(user: Any, room: int) -> str | None:
    """In which role a person acts in a room session: hq, chief, proctor, or None for a stranger."""
    if not user.is_authenticated:
        return None
    centre = RoomSession.objects.filter(pk=room).values_list("room__building__centre", flat=True)
    held = _roles(user)
    if (Role.HEADQUARTERS, None) in held:
        return HEADQUARTERS
    here = centre.first()
    if here is None:
        return None
    if (Role.CHIEF, here) in held:
        return CHIEF
    if Duty.objects.filter(proctor__user=user, room_session=room).exists():
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
