"""How a person is reached: an e-mail address or a phone number, in its one spelling."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from centres.common.thai import ascii_digits, fold


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")


class AddressWrong(DomainError):
    code = "address_wrong"
    status = 400
    sentence = _(
        "This is neither an e-mail address nor a phone number. Write name@example.org, or a number "
        "such as 081 234 5678."
    )


_MARKS = re.compile(r"[\s().\-‐-―−]")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


def typed_address(text: str) -> tuple[Channel, str]:
    """The channel and the one spelling of what a person typed. Raises AddressWrong.

    A number that begins with 0 is Thai: 081 234 5678 is +66812345678.
    """
    plain = ascii_digits(fold(text)).strip()
    if "@" in plain:
        return Channel.EMAIL, _email(plain)
    digits = _MARKS.sub("", plain)
    if re.fullmatch(r"0[2-9][0-9]{7,8}", digits):
        digits = f"+66{digits[1:]}"
    if not _PHONE.fullmatch(digits):
        raise AddressWrong
    return Channel.SMS, digits


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError as error:
        raise AddressWrong from error
    return text.lower()


def masked(address: str) -> str:
    """What may be shown of an address: who it belongs to will know it, nobody else will."""
    if "@" in address:
        name, _at, host = address.partition("@")
        return f"{name[:2]}…@{host}"
    return f"{address[:3]}…{address[-4:]}" if len(address) > 7 else "…"
