"""Who a person is: identity numbers, registration numbers, access codes, and the keys they need.

An identity number is kept encrypted (AES-GCM), found by a keyed hash, and shown masked. Every key
is derived from `settings.DATA_KEY` under a label, so no two purposes share one.
"""

import base64
import hmac
import re
import secrets
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from centres.common.errors import DomainError
from centres.common.thai import ascii_digits, fold

# --- errors ------------------------------------------------------------------------------------


class NationalNumberLength(DomainError):
    code = "national_number_length"
    status = 400
    sentence = _("A national number has 13 digits. Write all of them, from the card.")


class NationalNumberWrong(DomainError):
    """The check digit does not fit. It cannot say which digit is wrong, so it is not guessed."""

    code = "national_number_wrong"
    status = 400
    sentence = _(
        "One digit of the national number is wrong or two are swapped. "
        "Compare it with the card, digit by digit."
    )


class NationalNumberInvented(DomainError):
    code = "national_number_invented"
    status = 400
    sentence = _(
        "No real national number begins with 9. Such numbers are for rehearsals; "
        "compare it with the card."
    )


class PassportWrong(DomainError):
    code = "passport_wrong"
    status = 400
    sentence = _(
        "A passport has 5 to 15 letters and digits and a country of three letters, such as GBR. "
        "Copy both from the passport."
    )


class AccessCodeWrong(DomainError):
    code = "access_code_wrong"
    status = 400
    sentence = _("An access code has 12 letters and digits. Copy it from the admission card.")


# --- identity numbers --------------------------------------------------------------------------

_SEPARATORS = re.compile(r"[\s\-.‐-―−]")
_WEIGHTS = tuple(range(13, 1, -1))


def check_digit(first_twelve: str) -> int:
    """The 13th digit of a Thai national number.

    (11 - sum(d[i] * (13 - i)) mod 11) mod 10, i = 0..11. It lets one wrong digit in ten pass, so
    it finds slips of the hand and proves nothing about a person.
    """
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_twelve, strict=True))
    return (11 - total % 11) % 10


def national_number(text: str) -> str:
    """The 13 digits of a real person's national number, as typed. Raises what is wrong with it."""
    digits = rehearsal_number(text)
    if digits[0] == "9":
        raise NationalNumberInvented
    return digits


def rehearsal_number(text: str) -> str:
    """Like `national_number`, and also the invented numbers of rehearsals, which begin with 9."""
    digits = _SEPARATORS.sub("", ascii_digits(text))
    if len(digits) != 13 or not (digits.isascii() and digits.isdigit()):
        raise NationalNumberLength
    if check_digit(digits[:12]) != int(digits[12]):
        raise NationalNumberWrong
    return digits


def passport_number(text: str, country: str) -> str:
    """A passport as `GBR-123456789`. Two countries may use one number, so both are needed."""
    number = _SEPARATORS.sub("", ascii_digits(fold(text))).upper()
    state = fold(country).upper()
    if not re.fullmatch(r"[A-Z0-9]{5,15}", number) or not re.fullmatch(r"[A-Z]{3}", state):
        raise PassportWrong
    return f"{state}-{number}"


def mask(number: str) -> str:
    """What may be shown: the last three signs, in the shape of the document."""
    if len(number) == 13 and number.isdigit():
        return f"x-xxxx-xxxxx-{number[10:12]}-{number[12]}"
    state, dash, rest = number.rpartition("-")
    return f"{state}{dash}{'x' * (len(rest) - 3)}{rest[-3:]}"


# --- keys, sealing, looking up -----------------------------------------------------------------


def derived_key(label: str) -> bytes:
    """32 bytes for one purpose, from the data key (HKDF-SHA256, the label as info)."""
    return _derive(settings.DATA_KEY, label)


@lru_cache(maxsize=64)
def _derive(data_key: bytes, label: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"sanamsob/" + label.encode()).derive(data_key)


@lru_cache(maxsize=8)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=8)
def _signer(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key)


def signing_key(label: str) -> Ed25519PrivateKey:
    """The Ed25519 key of one purpose."""
    return _signer(derived_key(label))


_SEAL = b"\x01"  # the way it was sealed, so that another can follow


def seal(number: str) -> bytes:
    """Encrypt an identity number: 1 byte version, 12 bytes nonce, AES-256-GCM."""
    nonce = secrets.token_bytes(12)
    cipher = _cipher(derived_key("identity/seal"))
    return _SEAL + nonce + cipher.encrypt(nonce, number.encode(), _SEAL)


def unseal(sealed: bytes) -> str:
    """Decrypt what `seal` made. Reading one is an act to be audited by whoever calls this."""
    sealed = bytes(sealed)
    if sealed[:1] != _SEAL:
        raise ValueError("not a sealed identity number")
    cipher = _cipher(derived_key("identity/seal"))
    return cipher.decrypt(sealed[1:13], sealed[13:], _SEAL).decode()


def lookup_hash(number: str) -> bytes:
    """32 bytes by which a number is found again; useless without the key (HMAC-SHA256)."""
    return hmac.digest(derived_key("identity/lookup"), number.encode(), "sha256")


# --- registration numbers ----------------------------------------------------------------------

# H. M. Damm's quasigroup of order 10 (2004): totally anti-symmetric with zeros on its diagonal.
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip
SERIALS = 10**9


def registration_number(serial: int) -> str:
    """Ten digits: a serial of nine and a Damm check digit.

    Damm's scheme catches every wrong digit and every swap of neighbours.
    """
    if not 0 <= serial < SERIALS:
        raise ValueError(f"serial out of range: {serial}")
    digits = f"{serial:09d}"
    return digits + _damm(digits)


def is_registration_number(text: str) -> bool:
    """Whether `text` is ten ASCII digits whose check digit fits."""
    return len(text) == 10 and text.isascii() and text.isdigit() and _damm(text) == "0"


def typed_number(text: str) -> str:
    """A registration number as a person typed it: Thai digits, spaces and hyphens allowed."""
    return _SEPARATORS.sub("", ascii_digits(fold(text)))


def _damm(digits: str) -> str:
    interim = "0"
    for digit in digits:
        interim = _DAMM[int(interim)][int(digit)]
    return interim


# --- access codes ------------------------------------------------------------------------------

# Crockford's 32 signs: no I, L, O (they read as 1, 1, 0) and no U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12
_FROM_BASE32 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)
_LOOK_ALIKES = str.maketrans("ILO", "110")


def access_code(number: str, version: int) -> str:
    """The 12 signs (60 bits) printed on version `version` of a registration's admission card.

    Computed from the data key whenever it is needed and stored nowhere.
    """
    key = derived_key("access code")
    digest = hmac.digest(key, f"{number}/{version}".encode(), "sha256")
    return base64.b32encode(digest[:10]).decode().translate(_FROM_BASE32)[:CODE_LENGTH]


def typed_code(text: str) -> str:
    """An access code as a person typed it, in its one spelling. Raises AccessCodeWrong."""
    code = _SEPARATORS.sub("", ascii_digits(fold(text))).upper().translate(_LOOK_ALIKES)
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        raise AccessCodeWrong
    return code


def code_opens(number: str, version: int, typed: str) -> bool:
    """Whether what was typed is that card's code; takes the same time for every wrong one."""
    try:
        code = typed_code(typed)
    except AccessCodeWrong:
        code = ""
    return hmac.compare_digest(access_code(number, version), code)


def grouped(code: str) -> str:
    """ABCD-EFGH-JKMN, as it is printed."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def one_time_digits(key: str) -> str:
    """The six digits of one code that is sent to a person: computed, stored nowhere."""
    digest = hmac.digest(derived_key("one-time code"), key.encode(), "sha256")
    return f"{int.from_bytes(digest[:8], 'big') % 10**6:06d}"
