import itertools
from hashlib import sha256

import pytest

from scoring.book.release import (
    WrongReleaseCode,
    combine,
    draw_shares,
    new_release_code,
    open_with,
    public_half,
    seal_to,
)

FIRST, SECOND = new_release_code(), new_release_code()


def test_two_codes_together_make_the_release_key() -> None:
    drawn = draw_shares(public_half(FIRST), public_half(SECOND))
    assert combine(open_with(FIRST, drawn.first), open_with(SECOND, drawn.second)) == (
        drawn.release_key
    )


@pytest.mark.parametrize("code", [FIRST, SECOND], ids=["first", "second"])
def test_one_code_opens_one_share_and_never_the_key(code: str) -> None:
    drawn = draw_shares(public_half(FIRST), public_half(SECOND))
    opened = []
    for envelope in (drawn.first, drawn.second):
        try:
            opened.append(open_with(code, envelope))
        except WrongReleaseCode:
            continue
    assert len(opened) == 1
    known = [opened[0], public_half(FIRST), public_half(SECOND), bytes(32)]
    guesses = {combine(a, b) for a, b in itertools.product(known, repeat=2)}
    guesses |= {sha256(part).digest() for part in known} | set(known)
    assert drawn.release_key not in guesses


def test_the_order_of_the_shares_matters() -> None:
    assert combine(b"a" * 32, b"b" * 32) != combine(b"b" * 32, b"a" * 32)


def test_one_person_cannot_hold_both_shares() -> None:
    with pytest.raises(ValueError, match="same"):
        draw_shares(public_half(FIRST), public_half(FIRST))


def test_a_code_may_be_typed_in_small_letters_with_spaces_and_lookalikes() -> None:
    code = "0011-2222-3333-4444-5555-ZZZZ"
    sealed = seal_to(public_half(code), b"x" * 32)
    assert open_with(" oO1l 2222 3333 4444 5555 zzzz", sealed) == b"x" * 32


@pytest.mark.parametrize(
    "code",
    ["", "ABCD", "UUUU-2222-3333-4444-5555-ZZZZ", FIRST + "A"],
    ids=["empty", "short", "no such letter", "too long"],
)
def test_what_is_no_release_code_is_refused(code: str) -> None:
    with pytest.raises(WrongReleaseCode):
        public_half(code)


def test_an_altered_envelope_does_not_open() -> None:
    sealed = seal_to(public_half(FIRST), b"x" * 32)
    for place in range(32, len(sealed)):
        broken = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(WrongReleaseCode):
            open_with(FIRST, broken)


def test_codes_do_not_repeat() -> None:
    assert len({new_release_code() for _ in range(200)}) == 200
