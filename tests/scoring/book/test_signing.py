import random
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.book.sealed import Book, BookDamaged, Entry, write_book
from scoring.book.signing import (
    SignedManifest,
    WrongSignature,
    check_book,
    describe,
    is_on_path,
    leaf_hash,
    merkle_path,
    merkle_root,
    public_key,
    read_manifest,
    sign,
)

SEED = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = [Entry(str(n), f"code{n}", f"result {n}".encode()) for n in range(5)]
    file = tmp_path / "one.book"
    write_book(file, made, pepper=b"p" * 32, release_key=b"r" * 32, salt=b"s" * 16)
    return file


def test_any_flipped_byte_of_the_file_is_found(path: Path) -> None:
    signed = sign(describe(path, "p1"), SEED)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BookDamaged):
            check_book(path, signed, public_key(SEED))
    path.write_bytes(whole)
    assert check_book(path, signed, public_key(SEED)).count == 5


def test_any_altered_claim_breaks_the_signature(path: Path) -> None:
    manifest = describe(path, "p1")
    signed = sign(manifest, SEED)
    for altered in (
        replace(manifest, count=6),
        replace(manifest, publication="p2"),
        replace(manifest, root="00" * 32),
    ):
        forged = SignedManifest(altered.to_bytes(), signed.signature)
        with pytest.raises(WrongSignature):
            read_manifest(forged, public_key(SEED))


def test_another_key_cannot_sign_for_us(path: Path) -> None:
    signed = sign(describe(path, "p1"), bytes(32))
    with pytest.raises(WrongSignature):
        read_manifest(signed, public_key(SEED))


def slow_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 9162, 2.1.1, by recursion."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + slow_root(leaves[:half]) + slow_root(leaves[half:])).digest()


@given(st.lists(st.binary(max_size=3), max_size=40))
def test_the_root_is_that_of_rfc_9162(records: list[bytes]) -> None:
    leaves = [leaf_hash(record) for record in records]
    assert merkle_root(leaves) == slow_root(leaves)


@given(st.integers(1, 70), st.randoms())
def test_every_record_proves_that_it_is_in_the_set_and_no_other_does(
    count: int, chance: random.Random
) -> None:
    leaves = [leaf_hash(str(n).encode()) for n in range(count)]
    root, place = merkle_root(leaves), chance.randrange(count)
    way = merkle_path(leaves, place)
    assert is_on_path(leaves[place], place, count, way, root)
    assert not is_on_path(leaf_hash(b"stranger"), place, count, way, root)
    assert not is_on_path(leaves[place], place, count, [*way, root], root)
    assert not is_on_path(leaves[place], place + count, count, way, root)


def test_a_record_of_a_book_is_proved_without_opening_any(path: Path) -> None:
    manifest = describe(path, "p1")
    with Book(path) as book:
        records = list(book.records())
    leaves = [leaf_hash(record) for record in records]
    for place, record in enumerate(records):
        way = merkle_path(leaves, place)
        assert is_on_path(
            leaf_hash(record), place, manifest.count, way, bytes.fromhex(manifest.root)
        )
