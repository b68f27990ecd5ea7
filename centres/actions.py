"""Writes about people and places."""

from datetime import datetime

from django.db import transaction
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.common.audit import record
from centres.models import Centre, Role, Seat, StaffRole, User


@transaction.atomic
def assign_role(
    *, user: User, role: Role, centre: Centre | None, by: User | None, at: datetime
) -> StaffRole:
    """Give a person a role, at one centre or everywhere. Giving it twice changes nothing."""
    held, made = StaffRole.objects.get_or_create(user=user, role=role, centre=centre)
    if made:
        code = centre.code if centre else "*"
        record("assign_role", target=user, by=by, at=at, role=role, centre=code)
    return held


@transaction.atomic
def begin_second_factor(*, user: User) -> TOTPDevice:
    """The one-time-code device a person is setting up; a new secret each time until confirmed."""
    TOTPDevice.objects.filter(user=user, confirmed=False).delete()
    device: TOTPDevice = TOTPDevice.objects.create(user=user, name="phone", confirmed=False)
    return device


@transaction.atomic
def confirm_second_factor(*, device: TOTPDevice, by: User, at: datetime) -> None:
    """Put a device in force once its owner has shown a code from it."""
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    record("confirm_second_factor", target=by, by=by, at=at)


@transaction.atomic
def set_password(*, user: User, password: str, at: datetime) -> None:
    """Put a person's new password in force. The audit trail knows that, not the password."""
    user.set_password(password)
    user.save(update_fields=["password"])
    record("set_password", target=user, by=user, at=at)


@transaction.atomic
def block_seat(*, seat: Seat, reason: str, by: User, at: datetime) -> None:
    """Take a seat out of use: broken, or no place for a person."""
    seat.is_usable = False
    seat.save(update_fields=["is_usable"])
    record("block_seat", target=seat, by=by, at=at, reason=reason)
