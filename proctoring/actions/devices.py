"""Devices: greeted when they connect, revoked when they are lost."""

import uuid
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Max

from centres.common.audit import record
from centres.models import User
from proctoring.errors import DeviceRevoked
from proctoring.models import Device, RoomEvent


class Greeted(NamedTuple):
    """A device as the ledgers know it, and the last of its own numbers they hold."""

    pk: int
    dseq: int


def greet_device(*, key: str, by: User, at: datetime) -> Greeted:
    """The device that calls itself `key`; registered at its first greeting."""
    device, _made = Device.objects.get_or_create(
        key=uuid.UUID(key), defaults={"user": by, "first_seen_at": at}
    )
    if device.revoked_at is not None:
        raise DeviceRevoked
    last = RoomEvent.objects.filter(device=device).aggregate(last=Max("dseq"))["last"]
    return Greeted(device.pk, last or 0)


@transaction.atomic
def revoke_device(*, device: Device, by: User, at: datetime) -> None:
    """A lost or stolen device: nothing it sends from now on is taken."""
    device.revoked_at = at
    device.save(update_fields=["revoked_at"])
    record("revoke_device", target=device, by=by, at=at)
