"""The one file that says which books are out. It is replaced whole: all results appear, or go."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scoring.book.sealed import replace_file

NAME = "released.json"


@dataclass(frozen=True)
class Released:
    """A book that may be read: its file, the key that opens it, and what it is called."""

    publication: str
    book: str
    release_key: bytes


def write_pointer(folder: Path, books: Sequence[Released]) -> None:
    """Name the books that are out, in one step. An empty list takes every result back."""
    rows = [
        {"publication": b.publication, "book": b.book, "release_key": b.release_key.hex()}
        for b in books
    ]
    replace_file(folder / NAME, [json.dumps(rows, indent=1).encode()])


def read_pointer(folder: Path) -> list[Released]:
    """Return the books that are out; none when nothing was ever released."""
    try:
        rows = json.loads((folder / NAME).read_bytes())
    except FileNotFoundError:
        return []
    return [
        Released(row["publication"], row["book"], bytes.fromhex(row["release_key"])) for row in rows
    ]


def pointer_mark(folder: Path) -> tuple[int, int] | None:
    """Return what changes whenever the pointer moves (time and file number), None without one."""
    try:
        stat = (folder / NAME).stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_ino
