from pathlib import Path

from scoring.book.pointer import NAME, Released, pointer_mark, read_pointer, write_pointer

ONE = Released("1/2570-1", "one.book", b"k" * 32)
TWO = Released("1/2570-2", "two.book", b"l" * 32)


def test_before_the_first_release_nothing_is_out(tmp_path: Path) -> None:
    assert read_pointer(tmp_path) == []
    assert pointer_mark(tmp_path) is None


def test_the_books_that_are_out_are_those_last_named(tmp_path: Path) -> None:
    write_pointer(tmp_path, [ONE])
    write_pointer(tmp_path, [TWO])
    assert read_pointer(tmp_path) == [TWO]
    write_pointer(tmp_path, [])
    assert read_pointer(tmp_path) == []


def test_a_moved_pointer_is_noticed(tmp_path: Path) -> None:
    write_pointer(tmp_path, [ONE])
    before = pointer_mark(tmp_path)
    write_pointer(tmp_path, [TWO])
    assert pointer_mark(tmp_path) != before


def test_the_release_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    write_pointer(tmp_path, [ONE])
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
