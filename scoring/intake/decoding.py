"""Bytes to text: UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-874.

TIS-620, the older Thai standard, is a part of Windows-874.
"""

from scoring.intake.lines import IntakeFault

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
OTHER_FILES = (b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG", b"\xff\xd8\xff")


def decoded(content: bytes, encoding: str = "") -> tuple[str, str]:
    """The text and the encoding it was read in. IntakeFault names row and column of a bad byte."""
    if not content.strip():
        raise IntakeFault("empty")
    if content[:4].startswith(OTHER_FILES):
        raise IntakeFault("not_text", 1, 1)
    tried = [encoding] if encoding else _guesses(content)
    for name in tried:
        try:
            text = content.decode(name)
        except UnicodeDecodeError as fault:
            bad = fault.start
            continue
        if "\0" in text:
            where = text.index("\0")
            raise IntakeFault("not_text", *_place(text[:where]))
        return text.removeprefix("\ufeff"), name
    before = content[:bad].decode("latin-1")
    raise IntakeFault("not_text", *_place(before))


def _guesses(content: bytes) -> list[str]:
    return ["utf-16"] if content[:2] in UTF_16 else ["utf-8-sig", "cp874"]


def _place(before: str) -> tuple[int, int]:
    """Row and column, both from 1, of what follows this text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
