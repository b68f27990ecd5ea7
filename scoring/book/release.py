"""Four eyes by arithmetic: a release key that neither of two people holds.

Each signer is given a release code, printed once and kept in an envelope. The code is a private
key; only its public half is stored. When both public halves are there, two random shares are drawn,
the release key is their combination, and each share is sealed to one signer's public half. Nobody
needs to be present for that, and afterwards nothing that is stored opens the book: it takes both
envelopes.
"""

import hmac
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scoring.book.sealed import NONCE, hkdf_expand, hkdf_extract

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's 32: no I, L, O, U
LOOKALIKES = str.maketrans("ILO", "110")
CODE_LENGTH = 24  # 120 bits: no list of guesses is long enough
GROUP = 4
SHARE_SIZE = 32
PURPOSE = b"sanamsob: release key of one publication"
ENVELOPE = b"sanamsob: share sealed to one signer"


class WrongReleaseCode(Exception):
    """This code does not open this share."""


@dataclass(frozen=True)
class Shares:
    """A fresh release key and its two halves, each sealed to one signer."""

    release_key: bytes
    first: bytes
    second: bytes


def new_release_code() -> str:
    """Draw a release code: six groups of four letters, made to be read aloud and typed."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return "-".join(drawn[start : start + GROUP] for start in range(0, CODE_LENGTH, GROUP))


def _private_half(code: str) -> X25519PrivateKey:
    letters = "".join(code.upper().split()).replace("-", "").translate(LOOKALIKES)
    if len(letters) != CODE_LENGTH or not set(letters) <= set(ALPHABET):
        raise WrongReleaseCode("a release code has six groups of four letters and digits")
    return X25519PrivateKey.from_private_bytes(hkdf_extract(ENVELOPE, letters.encode()))


def public_half(code: str) -> bytes:
    """Return the 32 bytes of a release code that may be stored."""
    return _raw(_private_half(code).public_key())


def _raw(key: X25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def combine(first: bytes, second: bytes) -> bytes:
    """Return the release key of two shares: HKDF of both. One share alone says nothing of it."""
    if len(first) != SHARE_SIZE or len(second) != SHARE_SIZE:
        raise ValueError("a share has 32 bytes")
    return hkdf_expand(hkdf_extract(first, second), PURPOSE)


def draw_shares(first_half: bytes, second_half: bytes) -> Shares:
    """Draw two shares, seal each to one signer's public half, and return the key they make."""
    if hmac.compare_digest(first_half, second_half):
        raise ValueError("both shares would be sealed to the same release code")
    first, second = secrets.token_bytes(SHARE_SIZE), secrets.token_bytes(SHARE_SIZE)
    return Shares(combine(first, second), seal_to(first_half, first), seal_to(second_half, second))


def seal_to(half: bytes, share: bytes) -> bytes:
    """Seal a share so that only the release code behind `half` opens it.

    An X25519 exchange (RFC 7748) with a key used once, HKDF, AES-256-GCM: 32 + 32 + 16 bytes.
    """
    once = X25519PrivateKey.generate()
    sender = _raw(once.public_key())
    met = once.exchange(X25519PublicKey.from_public_bytes(half))
    return sender + AESGCM(_envelope_key(met, sender, half)).encrypt(NONCE, share, None)


def open_with(code: str, sealed: bytes) -> bytes:
    """Open a sealed share with its release code. WrongReleaseCode if it is another's."""
    private = _private_half(code)
    sender, body = sealed[:32], sealed[32:]
    met = private.exchange(X25519PublicKey.from_public_bytes(sender))
    key = _envelope_key(met, sender, _raw(private.public_key()))
    try:
        return AESGCM(key).decrypt(NONCE, body, None)
    except InvalidTag as error:
        raise WrongReleaseCode("this release code does not open this share") from error


def _envelope_key(met: bytes, sender: bytes, half: bytes) -> bytes:
    return hkdf_expand(hkdf_extract(sender + half, met), ENVELOPE)
