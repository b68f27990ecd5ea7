"""How a person is reached, however they wrote it."""

import pytest

from centres.common.contact import AddressWrong, Channel, masked, typed_address


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("081 234 5678", "+66812345678"),
        ("๐๘๑-๒๓๔-๕๖๗๘", "+66812345678"),
        ("+66 81 234 5678", "+66812345678"),
        ("02 123 4567", "+6621234567"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_phone_number_has_one_spelling(typed: str, known: str) -> None:
    assert typed_address(typed) == (Channel.SMS, known)


def test_an_e_mail_address_has_one_spelling() -> None:
    assert typed_address("  Khwan@Example.ORG ") == (Channel.EMAIL, "khwan@example.org")


@pytest.mark.parametrize("typed", ["", "khwan", "a@b", "0812", "12345678901234567890", "a b@c.d"])
def test_what_is_neither_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(AddressWrong, match=r"081 234 5678"):
        typed_address(typed)


def test_a_masked_address_is_known_by_its_owner_alone() -> None:
    assert masked("khwan@example.org") == "kh…@example.org"
    assert masked("+66812345678") == "+66…5678"
