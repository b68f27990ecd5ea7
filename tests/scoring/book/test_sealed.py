from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from scoring.book import sealed
from scoring.book.sealed import Book, BookDamaged, Entry, NoSuchResult, write_book

PEPPER, RELEASE, SALT = bytes(range(32)), bytes(range(32, 64)), bytes(range(16))


def entries(count: int) -> list[Entry]:
    return [
        Entry(f"10{n:08d}", f"CODE-{n * 7919:08d}", f'{{"score": {n}}}'.encode())
        for n in range(count)
    ]


def book_of(folder: Path, count: int = 40) -> Path:
    path = folder / "one.book"
    write_book(path, entries(count), pepper=PEPPER, release_key=RELEASE, salt=SALT)
    return path


def read(book: Book, number: str, code: str, release_key: bytes = RELEASE) -> bytes:
    return book.read(number, code, pepper=PEPPER, release_key=release_key)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 257])
def test_everybody_reads_his_own_result(tmp_path: Path, count: int) -> None:
    with Book(book_of(tmp_path, count)) as book:
        assert len(book) == count
        for entry in entries(count):
            assert read(book, entry.number, entry.code) == entry.body


def test_a_wrong_number_and_a_wrong_code_raise_the_same_error(tmp_path: Path) -> None:
    first, second = entries(2)
    with Book(book_of(tmp_path)) as book:
        refusals = []
        for number, code in [
            (first.number, second.code),
            (first.number, "CODE-NOBODY"),
            ("9999999999", first.code),
            ("", ""),
        ]:
            with pytest.raises(NoSuchResult) as caught:
                read(book, number, code)
            refusals.append((type(caught.value), caught.value.args))
        assert len(set(refusals)) == 1


def test_number_and_code_cannot_be_cut_elsewhere_to_make_another_name(tmp_path: Path) -> None:
    path = tmp_path / "b"
    write_book(path, [Entry("12", "34", b"x")], pepper=PEPPER, release_key=RELEASE, salt=SALT)
    with Book(path) as book, pytest.raises(NoSuchResult):
        read(book, "123", "4")


def test_before_the_release_key_nothing_opens_even_with_number_and_code(tmp_path: Path) -> None:
    entry = entries(1)[0]
    with Book(book_of(tmp_path)) as book, pytest.raises(BookDamaged):
        read(book, entry.number, entry.code, release_key=bytes(32))


def test_a_stolen_file_holds_no_number_no_code_and_no_word_of_a_result(tmp_path: Path) -> None:
    stolen = book_of(tmp_path).read_bytes()
    for entry in entries(40):
        for secret in (entry.number.encode(), entry.code.encode(), entry.body, b"score"):
            assert secret not in stolen


def test_the_length_of_a_record_does_not_tell_a_pass_from_a_fail(tmp_path: Path) -> None:
    path = tmp_path / "b"
    pair = [Entry("1", "a", b"passed"), Entry("2", "b", b"not passed, and here is why" * 9)]
    write_book(path, pair, pepper=PEPPER, release_key=RELEASE, salt=SALT)
    with Book(path) as book:
        assert len(book.sealed_body(0)) == len(book.sealed_body(1))


def test_what_all_results_share_opens_with_the_release_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "b"
    shared = b"60 is the cut"
    write_book(path, entries(3), pepper=PEPPER, release_key=RELEASE, salt=SALT, preface=shared)
    assert shared not in path.read_bytes()
    with Book(path) as book:
        assert book.preface(RELEASE) == shared
        assert read(book, entries(3)[1].number, entries(3)[1].code) == entries(3)[1].body
        with pytest.raises(BookDamaged):
            book.preface(bytes(32))


def test_two_bodies_that_change_places_are_found_out(tmp_path: Path) -> None:
    path = book_of(tmp_path, 2)
    with Book(path) as book:
        bodies = [book.sealed_body(1), book.sealed_body(0)]
    whole = path.read_bytes()
    path.write_bytes(whole[: -2 * len(bodies[0])] + b"".join(bodies))
    with Book(path) as book:
        for entry in entries(2):
            with pytest.raises(BookDamaged):
                read(book, entry.number, entry.code)


@pytest.mark.parametrize("kept", [0, 10, 63, 64, 200, -1])
def test_a_file_cut_short_is_not_a_book(tmp_path: Path, kept: int) -> None:
    path = book_of(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BookDamaged):
        Book(path)


def test_two_results_under_one_number_and_code_are_refused(tmp_path: Path) -> None:
    twice = [Entry("1", "a", b"x"), Entry("1", "a", b"y")]
    with pytest.raises(ValueError, match="share"):
        write_book(tmp_path / "b", twice, pepper=PEPPER, release_key=RELEASE, salt=SALT)


def test_a_writing_that_fails_leaves_the_old_book_and_no_litter(tmp_path: Path) -> None:
    path = book_of(tmp_path)
    before = path.read_bytes()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_book(path, entries(9), pepper=PEPPER, release_key=RELEASE, salt=SALT, progress=stop)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_only_its_owner_may_open_the_file(tmp_path: Path) -> None:
    assert book_of(tmp_path).stat().st_mode & 0o777 == 0o600


@given(st.binary(min_size=1, max_size=64), st.binary(max_size=40), st.binary(max_size=40))
def test_our_hkdf_is_the_hkdf_of_rfc_5869(secret: bytes, salt: bytes, purpose: bytes) -> None:
    theirs = HKDF(SHA256(), 32, salt or None, purpose).derive(secret)
    assert sealed.hkdf_expand(sealed.hkdf_extract(salt, secret), purpose) == theirs
