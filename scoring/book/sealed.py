"""One publication in one file: sorted keyed hashes, then bodies nobody can read without a code.

    header   64 bytes   magic, salt, number of results, size of a sealed body, size of the preface
    preface             what all results share, AES-256-GCM under the release key
    keys     16 x n     HMAC-SHA256(pepper, salt, number, code), first 16 bytes, ascending
    bodies   size x n   AES-256-GCM, in the order of the keys

A body's key is HKDF (RFC 5869) of the release key and the candidate's number and code, so a stolen
file shows nothing before the release key exists and, after that, nothing without each person's
code. All bodies have one size: the length of a record must not tell a pass from a fail. One key
seals one body, once; the nonce is therefore a constant. The hash of a record is its associated
data: two bodies that change places are found out.
"""

import hmac
import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"SANAMBK1"
HEADER = struct.Struct("<8s16sQII24x")
LENGTH = struct.Struct("<I")
KEY_SIZE = 16
TAG_SIZE = 16
NONCE = bytes(12)
PURPOSE = b"sanamsob: body of one result"
PREFACE = b"sanamsob: preface of a book"


class NoSuchResult(Exception):
    """No result for this number and code. Which of the two was wrong is not known, by design."""


class BookDamaged(Exception):
    """The file is not what was written: cut short, altered, or opened with another release key."""


@dataclass(frozen=True)
class Entry:
    """One result before it is sealed: who may read it, and the bytes he will read."""

    number: str
    code: str
    body: bytes


@dataclass(frozen=True)
class Sealed:
    """What a written book reports of itself: number of results and bytes on disk."""

    path: Path
    count: int
    size: int


def name_of(number: str, code: str) -> bytes:
    """Join number and code so that no two pairs join to the same bytes."""
    first, second = number.encode(), code.encode()
    return LENGTH.pack(len(first)) + first + second


def keyed_hash(pepper: bytes, salt: bytes, name: bytes) -> bytes:
    """Return the 16 bytes under which a result is found."""
    return hmac.digest(pepper, salt + name, "sha256")[:KEY_SIZE]


def hkdf_extract(salt: bytes, secret: bytes) -> bytes:
    """HKDF-Extract of RFC 5869, section 2.2, with SHA-256: 32 bytes."""
    return hmac.digest(salt, secret, "sha256")


def hkdf_expand(key: bytes, purpose: bytes) -> bytes:
    """HKDF-Expand of RFC 5869, section 2.3, with SHA-256, one block: 32 bytes."""
    return hmac.digest(key, purpose + b"\x01", "sha256")


def write_book(
    path: Path,
    entries: Iterable[Entry],
    *,
    pepper: bytes,
    release_key: bytes,
    salt: bytes,
    preface: bytes = b"",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Sealed:
    """Seal `entries` into `path`, which appears whole or not at all.

    `pepper` and `release_key` are 32 secret bytes, `salt` 16 random bytes of this book alone;
    `preface` is what all results share, such as the names of the papers.
    ValueError when two entries share number and code.
    """
    named = [(keyed_hash(pepper, salt, name_of(e.number, e.code)), e) for e in entries]
    listed = sorted(named, key=lambda pair: pair[0])
    keys = [key for key, _ in listed]
    if len(set(keys)) != len(keys):
        raise ValueError("two results share one number and code")
    room = max((len(entry.body) for _, entry in listed), default=0)
    size = LENGTH.size + room + TAG_SIZE
    secret = hkdf_extract(salt, release_key)

    def parts() -> Iterator[bytes]:
        yield HEADER.pack(MAGIC, salt, len(listed), size, len(preface) + TAG_SIZE)
        yield _preface_cipher(secret).encrypt(NONCE, preface, salt)
        yield b"".join(keys)
        for done, (key, entry) in enumerate(listed, 1):
            yield _seal(secret, salt, key, entry, room)
            if not done % 2000 or done == len(listed):
                progress(done, len(listed))

    return Sealed(path, len(listed), replace_file(path, parts()))


def _preface_cipher(secret: bytes) -> AESGCM:
    return AESGCM(hkdf_expand(secret, PREFACE))


def _seal(secret: bytes, salt: bytes, key: bytes, entry: Entry, room: int) -> bytes:
    plain = LENGTH.pack(len(entry.body)) + entry.body.ljust(room, b"\0")
    body_key = hkdf_expand(secret, PURPOSE + name_of(entry.number, entry.code))
    return AESGCM(body_key).encrypt(NONCE, plain, salt + key)


def replace_file(path: Path, parts: Iterable[bytes]) -> int:
    """Write `parts` beside `path`, force them to the disk, then take its name in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            size = sum(file.write(part) for part in parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return size


class Book:
    """A sealed book mapped for reading. Many processes may map one file; none may write it."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < HEADER.size:
                raise BookDamaged(f"{path.name} is shorter than its header")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header: tuple[bytes, bytes, int, int, int] = HEADER.unpack_from(self._map)
        magic, self.salt, self.count, self.size, preface = header
        self._keys = HEADER.size + preface
        self._bodies = self._keys + self.count * KEY_SIZE
        if magic != MAGIC or len(self._map) != self._bodies + self.count * self.size:
            self.close()
            raise BookDamaged(f"{path.name} is not a whole results book")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the map back. A closed book cannot be read."""
        self._map.close()

    def __len__(self) -> int:
        return self.count

    def key(self, place: int) -> bytes:
        """Return the keyed hash at `place`, 0 to count - 1."""
        start = self._keys + place * KEY_SIZE
        return self._map[start : start + KEY_SIZE]

    def sealed_body(self, place: int) -> bytes:
        """Return the sealed bytes at `place`, 0 to count - 1."""
        start = self._bodies + place * self.size
        return self._map[start : start + self.size]

    def records(self) -> Iterator[bytes]:
        """Yield every record as it lies in the file: its keyed hash and its sealed body."""
        return (self.key(place) + self.sealed_body(place) for place in range(self.count))

    def preface(self, release_key: bytes) -> bytes:
        """Return what all results share. BookDamaged when it does not open with this key."""
        cipher = _preface_cipher(hkdf_extract(self.salt, release_key))
        try:
            return cipher.decrypt(NONCE, self._map[HEADER.size : self._keys], self.salt)
        except InvalidTag as error:
            raise BookDamaged("the preface of this book does not open") from error

    def place_of(self, number: str, code: str, *, pepper: bytes) -> int:
        """Return where the result of this number and code lies. NoSuchResult if it does not."""
        wanted = keyed_hash(pepper, self.salt, name_of(number, code))
        place = bisect_left(range(self.count), wanted, key=self.key)
        if place == self.count or not hmac.compare_digest(self.key(place), wanted):
            raise NoSuchResult
        return place

    def read(self, number: str, code: str, *, pepper: bytes, release_key: bytes) -> bytes:
        """Return the body of one result.

        NoSuchResult for a wrong number and for a wrong code alike, after the same work;
        BookDamaged when the record was altered or the release key belongs to another book.
        """
        secret = hkdf_extract(self.salt, release_key)
        body_key = AESGCM(hkdf_expand(secret, PURPOSE + name_of(number, code)))
        try:
            place = self.place_of(number, code, pepper=pepper)
        except NoSuchResult:
            self._spend(body_key)
            raise
        try:
            sealed, bound = self.sealed_body(place), self.salt + self.key(place)
            plain = body_key.decrypt(NONCE, sealed, bound)
        except InvalidTag as error:
            raise BookDamaged("a record of this book does not open") from error
        (length,) = LENGTH.unpack_from(plain)
        return plain[LENGTH.size : LENGTH.size + length]

    def _spend(self, body_key: AESGCM) -> None:
        """Do for a wrong name the work that a right one costs."""
        if not self.count:
            return
        try:
            body_key.decrypt(NONCE, self.sealed_body(0), self.salt)
        except InvalidTag:
            return


def file_digest(path: Path) -> bytes:
    """Return the SHA-256 of a whole file: 32 bytes."""
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()
