"""Devices: given a ticket, let in by it, revoked when they are lost."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Max
from django.utils.crypto import constant_time_compare, salted_hmac

from centres.common.audit import record
from centres.models import User
from proctoring.errors import DeviceRevoked, NotOnDuty, TicketRefused
from proctoring.models import Device, RoomEvent, Ticket
from proctoring.queries.access import Guest, room_roles, still_in
from proctoring.store.tables import settle_tickets, write_tickets

FIRST_USE: Final = timedelta(seconds=60)
NEXT_USE: Final = timedelta(hours=12)


class Greeted(NamedTuple):
    """A device as the ledgers know it, and the last of its own numbers they hold."""

    pk: int
    dseq: int


class Knock(NamedTuple):
    """A device at the door: the ticket it shows, the name it gives, the rooms it asks for."""

    ticket: str
    device: str
    rooms: Sequence[int]


class Admitted(NamedTuple):
    """A device let in: whom it serves, its next ticket, and his role in each room it may hear."""

    guest: Guest
    dseq: int
    next: str
    stub: tuple[int, int]
    roles: Mapping[int, str]


def greet_device(*, key: str, by: User, at: datetime) -> Greeted:
    """The device that calls itself `key`; registered at its first greeting."""
    device = _device(key, by, at)
    last = RoomEvent.objects.filter(device=device).aggregate(last=Max("dseq"))["last"]
    return Greeted(device.pk, last or 0)


def _device(key: str, by: User, at: datetime) -> Device:
    device, _made = Device.objects.get_or_create(
        key=uuid.UUID(key), defaults={"user": by, "first_seen_at": at}
    )
    if device.revoked_at is not None:
        raise DeviceRevoked
    return device


@transaction.atomic
def issue_ticket(*, key: str, session_key: str, by: User, at: datetime) -> str:
    """The first ticket of a device, good for a minute; the next ones come with each welcome."""
    device = _device(key, by, at)
    Ticket.objects.filter(device=device, good_until__lt=at).delete()
    ticket = Ticket.objects.create(
        device=device, user=by, session_key=session_key, proof=by.get_session_auth_hash(),
        good_until=at + FIRST_USE,
    )  # fmt: skip
    return ticket_of(ticket.pk, ticket.given)


def ticket_of(pk: int, number: int) -> str:
    """A ticket says which one it is, and proves that the server said so."""
    name = f"{pk}.{number}"
    return f"{name}.{salted_hmac('proctoring.ticket', name, algorithm='sha256').hexdigest()}"


def _named(ticket: str) -> tuple[int, int]:
    """Which ticket this is; (0, 0) for one that the server never wrote."""
    pk, _dot, rest = ticket.partition(".")
    number, _dot, _proof = rest.partition(".")
    if not (pk.isdecimal() and number.isdecimal() and len(pk) < 16 and len(number) < 10):
        return 0, 0
    named = int(pk), int(number)
    return named if constant_time_compare(ticket, ticket_of(*named)) else (0, 0)


def admit_devices(*, knocks: Sequence[Knock], at: datetime) -> list[Admitted | type[Exception]]:
    """Let in every device that shows a ticket of its own: one transaction for all who knock.

    In the order given; a device that may not in is answered with the error it breaks:
    TicketRefused, DeviceRevoked, or NotOnDuty when no room it asks for is his to hear.
    """
    with transaction.atomic():
        shown = [_named(knock.ticket) for knock in knocks]
        found = Ticket.objects.select_for_update(of=("self",)).select_related("device", "user")
        held = {t.pk: t for t in found.filter(pk__in={pk for pk, _n in shown}).order_by("pk")}
        guests = still_in({_guest(ticket) for ticket in held.values()})
        wanted = {
            (held[pk].user_id, room)
            for (pk, _number), knock in zip(shown, knocks, strict=True) if pk in held
            for room in knock.rooms
        }  # fmt: skip
        roles, numbers = room_roles(wanted), _last_numbers(held.values())
        answers: list[Admitted | type[Exception]] = []
        for (pk, number), knock in zip(shown, knocks, strict=True):
            ticket = held.get(pk)
            error = _refusal(ticket, number, knock, guests, at)
            if ticket is None or error is not None:
                answers.append(error or TicketRefused)
                continue
            own = {room: roles.get((ticket.user_id, room), "") for room in knock.rooms}
            if not any(own.values()):
                answers.append(NotOnDuty)
                continue
            _spend(ticket, number, at)
            stub, following = (pk, ticket.given), ticket_of(pk, ticket.given)
            last = numbers.get(ticket.device_id, 0)
            answers.append(Admitted(_guest(ticket), last, following, stub, own))
        write_tickets([(t.given, t.spent, t.is_settled, t.good_until, t.pk) for t in held.values()])
    return answers


def _guest(ticket: Ticket) -> Guest:
    return Guest(ticket.user_id, ticket.session_key, ticket.device_id, ticket.proof)


def _refusal(
    ticket: Ticket | None, number: int, knock: Knock, guests: set[Guest], at: datetime
) -> type[Exception] | None:
    """Why this ticket does not open; None when it does."""
    if ticket is None or str(ticket.device.key) != knock.device or at > ticket.good_until:
        return TicketRefused
    if ticket.device.revoked_at is not None:
        return DeviceRevoked
    once_more = number == ticket.spent and not ticket.is_settled
    if number != ticket.given and not once_more:
        return TicketRefused
    return None if _guest(ticket) in guests else NotOnDuty


def _spend(ticket: Ticket, number: int, at: datetime) -> None:
    """This number is used up, and a newer one is on its way to the device."""
    ticket.spent, ticket.given = number, ticket.given + 1
    ticket.is_settled = False
    ticket.good_until = at + NEXT_USE


def settle(*, stubs: Sequence[tuple[int, int]]) -> None:
    """These devices hold the ticket given last: the one they showed opens nothing more."""
    with transaction.atomic():
        settle_tickets(stubs)


def _last_numbers(tickets: Iterable[Ticket]) -> dict[int, int]:
    """The last of its own numbers that the ledgers hold, by device."""
    devices = {ticket.device_id for ticket in tickets}
    found = RoomEvent.objects.filter(device__in=devices).values_list("device").annotate(Max("dseq"))
    return {device: last for device, last in found if last is not None}


@transaction.atomic
def revoke_device(*, device: Device, by: User, at: datetime) -> None:
    """A lost or stolen device: nothing it sends from now on is taken."""
    device.revoked_at = at
    device.save(update_fields=["revoked_at"])
    Ticket.objects.filter(device=device).delete()
    record("revoke_device", target=device, by=by, at=at)
