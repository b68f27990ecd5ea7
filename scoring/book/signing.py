"""What a book claims about itself, signed: how many results, which bytes, one root over them all.

The root is a Merkle tree hash as in RFC 9162, section 2.1: leaves and nodes are hashed with
different first bytes, so no node can pass for a leaf. Whoever holds one record and its path can
check that it is in the published set without seeing any other.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scoring.book.sealed import Book, BookDamaged, file_digest

EMPTY = sha256(b"").digest()


class WrongSignature(Exception):
    """The manifest was not signed by the holder of this key, or was altered since."""


@dataclass(frozen=True)
class Manifest:
    """The claims of one book. `publication` names the decision it belongs to; hex digests."""

    publication: str
    count: int
    size: int
    sha256: str
    root: str

    def to_bytes(self) -> bytes:
        """Return the one spelling of these claims that is signed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> "Manifest":
        """Read what `to_bytes` wrote."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class SignedManifest:
    """A manifest's bytes and the Ed25519 signature (RFC 8032) over them: 64 bytes."""

    text: bytes
    signature: bytes


def describe(path: Path, publication: str) -> Manifest:
    """Measure the book at `path` and say what it is."""
    with Book(path) as book:
        root = merkle_root(leaf_hashes(book.records()))
        count = len(book)
    digest = file_digest(path).hex()
    return Manifest(publication, count, path.stat().st_size, digest, root.hex())


def sign(manifest: Manifest, seed: bytes) -> SignedManifest:
    """Sign a manifest with the Ed25519 key that grows from `seed` (32 secret bytes)."""
    text = manifest.to_bytes()
    return SignedManifest(text, Ed25519PrivateKey.from_private_bytes(seed).sign(text))


def public_key(seed: bytes) -> bytes:
    """Return the 32 public bytes with which a signature of `seed` is checked."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def read_manifest(signed: SignedManifest, key: bytes) -> Manifest:
    """Return the manifest if `key` signed it; WrongSignature if not."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, signed.text)
    except InvalidSignature as error:
        raise WrongSignature("the manifest of this results book is not ours") from error
    return Manifest.from_bytes(signed.text)


def check_book(path: Path, signed: SignedManifest, key: bytes) -> Manifest:
    """Compare a file with its signed manifest, every byte. WrongSignature or BookDamaged."""
    manifest = read_manifest(signed, key)
    found = describe(path, manifest.publication)
    if found != manifest:
        raise BookDamaged(f"{path.name} differs from its signed manifest")
    return manifest


def leaf_hash(record: bytes) -> bytes:
    """Return the hash of one record (32 bytes)."""
    return sha256(b"\x00" + record).digest()


def leaf_hashes(records: Iterable[bytes]) -> list[bytes]:
    """Return the hashes of all records, in order."""
    return [leaf_hash(record) for record in records]


def _level_up(level: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; a last one without a neighbour moves up as it is."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return above + [level[-1]] * (len(level) % 2)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the tree hash of `leaves` (each 32 bytes); of none, the hash of nothing."""
    level = list(leaves)
    while len(level) > 1:
        level = _level_up(level)
    return level[0] if level else EMPTY


def merkle_path(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """Return the neighbours met on the way from leaf `place` to the root, lowest first."""
    path, level = [], list(leaves)
    while len(level) > 1:
        neighbour = place ^ 1
        if neighbour < len(level):
            path.append(level[neighbour])
        level, place = _level_up(level), place // 2
    return path


def is_on_path(leaf: bytes, place: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether `leaf`, at `place` of `count`, leads along `path` to `root`."""
    if not 0 <= place < count:
        return False
    left_over = iter(path)
    while count > 1:
        if place ^ 1 < count:
            other = next(left_over, b"")
            pair = other + leaf if place % 2 else leaf + other
            leaf = sha256(b"\x01" + pair).digest()
        place, count = place // 2, (count + 1) // 2
    return leaf == root and next(left_over, None) is None
