"""Writes about people and places."""

import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django_otp.plugins.otp_totp.models import TOTPDevice

from centres.common.audit import record
from centres.common.contact import Channel, masked
from centres.common.identity import one_time_digits
from centres.common.outbox import Letter, write
from centres.errors import AddressTaken, CodeEnded, CodeWrong, LastContact, TooManyCodes
from centres.models import (
    Centre,
    CodePurpose,
    Contact,
    OneTimeCode,
    Role,
    Seat,
    StaffRole,
    User,
)

CODE_FOR = timedelta(minutes=10)
CODES_AN_HOUR = 6  # to one address
WRONG_TRIES = 5
SAME_CODE_FOR = timedelta(seconds=45)  # asked again at once: the same code, no second message


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


# --- accounts ----------------------------------------------------------------------------------


def send_code(
    *,
    purpose: CodePurpose,
    channel: Channel,
    address: str,
    user: User | None,
    language: str,
    at: datetime,
) -> OneTimeCode:
    """Send six digits to an address, and say the same whether the address is known or not.

    To make an account with an address that has one, its owner is told so instead; to recover or
    sign in without an account, nothing is sent. Raises TooManyCodes.
    """
    with transaction.atomic():
        earlier = OneTimeCode.objects.filter(address=address, made_at__gt=at - timedelta(hours=1))
        newest = earlier.filter(purpose=purpose, user=user, used_at=None, tries=0).last()
        if newest and newest.made_at > at - SAME_CODE_FOR:
            return newest
        if earlier.count() >= CODES_AN_HOUR:
            raise TooManyCodes
        is_known = Contact.objects.filter(address=address).exists()
        asks_new = purpose in (CodePurpose.JOIN, CodePurpose.ADD)
        code = OneTimeCode.objects.create(
            purpose=purpose, channel=channel, address=address, user=user,
            opens=not is_known if asks_new else user is not None,
            salt=secrets.token_hex(16), made_at=at, until=at + CODE_FOR,
        )  # fmt: skip
        if code.opens:
            _letter_of(code, language, "centres.letters.one_time_code", number=code.pk)
        elif asks_new:
            _letter_of(code, language, "centres.letters.account_exists")
        return code


def _letter_of(code: OneTimeCode, language: str, wording: str, **facts: int) -> None:
    letter = Letter(
        key=f"code/{code.pk}", wording=wording, channel=code.channel, to=code.address,
        language=language, facts=facts, about=f"{code._meta.label_lower}:{code.pk}",
        made_at=code.made_at, due_at=code.made_at,
    )  # fmt: skip
    write([letter])


def digits_of(code: OneTimeCode) -> str:
    return one_time_digits(f"{code.pk}/{code.salt}")


def use_code(*, code: OneTimeCode, typed: str, at: datetime) -> OneTimeCode:
    """Accept the digits of a code, once. Raises CodeWrong or CodeEnded; wrong tries are counted."""
    with transaction.atomic():
        found = OneTimeCode.objects.select_for_update().get(pk=code.pk)
        ended = found.used_at is not None or at >= found.until or found.tries >= WRONG_TRIES
        right = found.opens and secrets.compare_digest(digits_of(found).encode(), typed.encode())
        if right and not ended:
            found.used_at = at
        elif not ended:
            found.tries += 1
        found.save(update_fields=["used_at", "tries"])
    if ended:
        raise CodeEnded
    if not right:
        raise CodeWrong(left=WRONG_TRIES - found.tries)
    return found


def open_account(*, code: OneTimeCode, password: str, at: datetime) -> User:
    """Make the account of an address that was confirmed. Raises AddressTaken or CodeEnded."""
    if code.purpose != CodePurpose.JOIN or code.used_at is None or at > code.until + CODE_FOR:
        raise CodeEnded
    try:
        with transaction.atomic():
            shown = masked(code.address)  # until an officer has seen who they are
            user = User(username=f"person-{secrets.token_hex(6)}", name_th=shown, name_en=shown)
            user.set_password(password)
            user.save()
            _confirm(user, code, at)
            record("open_account", target=user, by=user, at=at, channel=code.channel)
            return user
    except IntegrityError as error:
        raise AddressTaken from error


def add_contact(*, user: User, code: OneTimeCode, at: datetime) -> Contact:
    """Put one more confirmed address on an account. Raises AddressTaken."""
    if code.purpose != CodePurpose.ADD or code.user_id != user.pk or code.used_at is None:
        raise CodeEnded
    try:
        with transaction.atomic():
            contact = _confirm(user, code, at)
            record("add_contact", target=user, by=user, at=at, channel=code.channel)
            return contact
    except IntegrityError as error:
        raise AddressTaken from error


def _confirm(user: User, code: OneTimeCode, at: datetime) -> Contact:
    return Contact.objects.create(
        user=user, channel=code.channel, address=code.address, confirmed_at=at
    )


def remove_contact(*, user: User, contact: Contact, at: datetime) -> None:
    """Take an address off an account; never the last one, by which its owner gets in."""
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if user.contacts.count() < 2:
            raise LastContact
        user.contacts.filter(pk=contact.pk).delete()
        record("remove_contact", target=user, by=user, at=at, channel=contact.channel)


def recover_account(*, code: OneTimeCode, password: str, at: datetime) -> User:
    """A new password for whoever holds the address; every open session ends."""
    user = code.user
    ended = code.used_at is None or at > code.until + CODE_FOR
    if code.purpose != CodePurpose.RECOVER or user is None or ended:
        raise CodeEnded
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        end_sessions(user=user)
        record("recover_account", target=user, by=user, at=at, channel=code.channel)
        user.refresh_from_db()
        return user


def end_sessions(*, user: User) -> None:
    """Sign a person out everywhere; whoever calls this writes the audit entry."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)


def sign_out_everywhere(*, user: User, at: datetime) -> None:
    """What a person does who has lost a device."""
    with transaction.atomic():
        end_sessions(user=user)
        record("sign_out_everywhere", target=user, by=user, at=at)
