"""Identity numbers, registration numbers and access codes."""

import random
from itertools import pairwise

import pytest
from cryptography.exceptions import InvalidTag
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from centres.common import identity

SERIALS = st.integers(0, identity.SERIALS - 1)
OTHER_KEY = bytes(range(32))


@pytest.mark.parametrize("number", ["3100600445635", "1234545678781", "1112034563562"])
def test_published_numbers_are_accepted(number: str) -> None:
    assert identity.national_number(number) == number


@pytest.mark.parametrize("written", ["3-1006-00445-63-5", "๓๑๐๐๖๐๐๔๔๕๖๓๕", " 3 1006 00445 63 5 "])
def test_a_number_is_read_however_a_person_writes_it(written: str) -> None:
    assert identity.national_number(written) == "3100600445635"


def test_a_wrong_check_digit_is_refused() -> None:
    with pytest.raises(identity.NationalNumberWrong):
        identity.national_number("1234545678789")


@pytest.mark.parametrize(
    "written", ["", "310060044563", "31006004456351", "31006OO445635", "³" * 13]
)
def test_anything_but_thirteen_digits_is_refused(written: str) -> None:
    with pytest.raises(identity.NationalNumberLength):
        identity.national_number(written)


def test_an_invented_number_belongs_to_rehearsals_alone() -> None:
    invented = "912345678901" + str(identity.check_digit("912345678901"))
    assert identity.rehearsal_number(invented) == invented
    with pytest.raises(identity.NationalNumberInvented):
        identity.national_number(invented)


def test_passports_of_two_countries_may_share_a_number() -> None:
    british = identity.passport_number("c01 x00t47", "gbr")
    assert british == "GBR-C01X00T47"
    assert identity.passport_number("C01X00T47", "IRL") != british


@pytest.mark.parametrize(
    ("number", "country"), [("12", "GBR"), ("C01X00T47", "UK"), ("ก12345", "THA")]
)
def test_a_passport_needs_a_number_and_a_country(number: str, country: str) -> None:
    with pytest.raises(identity.PassportWrong):
        identity.passport_number(number, country)


def test_only_the_end_of_a_number_is_shown() -> None:
    assert identity.mask("3100600445635") == "x-xxxx-xxxxx-63-5"
    assert identity.mask("GBR-C01X00T47") == "GBR-xxxxxxT47"


def test_a_sealed_number_opens_again_and_never_looks_the_same() -> None:
    once, twice = identity.seal("3100600445635"), identity.seal("3100600445635")
    assert once != twice
    assert identity.unseal(once) == identity.unseal(memoryview(twice)) == "3100600445635"
    assert b"3100600445635" not in once


def test_a_changed_seal_does_not_open() -> None:
    sealed = bytearray(identity.seal("3100600445635"))
    sealed[20] ^= 1
    with pytest.raises(InvalidTag):
        identity.unseal(bytes(sealed))


def test_another_data_key_opens_and_finds_nothing() -> None:
    sealed, found = identity.seal("3100600445635"), identity.lookup_hash("3100600445635")
    code = identity.access_code("4108261735", 1)
    with override_settings(DATA_KEY=OTHER_KEY):
        with pytest.raises(InvalidTag):
            identity.unseal(sealed)
        assert identity.lookup_hash("3100600445635") != found
        assert identity.access_code("4108261735", 1) != code


def test_every_purpose_has_its_own_key() -> None:
    labels = ["identity/seal", "identity/lookup", "access code", "admission card"]
    assert len({identity.derived_key(label) for label in labels}) == len(labels)


@given(SERIALS, st.integers(0, 9), st.integers(1, 9))
def test_a_wrong_digit_in_a_registration_number_is_always_caught(
    serial: int, place: int, shift: int
) -> None:
    digits = list(identity.registration_number(serial))
    digits[place] = str((int(digits[place]) + shift) % 10)
    assert not identity.is_registration_number("".join(digits))


@given(SERIALS)
def test_a_swap_of_neighbours_in_a_registration_number_is_always_caught(serial: int) -> None:
    number = identity.registration_number(serial)
    assert identity.is_registration_number(number)
    for place, (left, right) in enumerate(pairwise(number)):
        if left != right:
            swapped = number[:place] + right + left + number[place + 2 :]
            assert not identity.is_registration_number(swapped)


def test_the_check_digit_is_damms() -> None:
    """His own example: 572 has the check digit 4."""
    assert identity.registration_number(572) == "0000005724"


@pytest.mark.parametrize("text", ["", "000000572", "000000572a", "๐๐๐๐๐๐๕๗๒๔", "00000057240"])
def test_only_ten_ascii_digits_are_a_registration_number(text: str) -> None:
    assert not identity.is_registration_number(text)


def test_an_access_code_has_sixty_bits_and_no_look_alikes() -> None:
    codes = {identity.access_code(identity.registration_number(n), 1) for n in range(2000)}
    assert len(codes) == 2000
    assert {len(code) for code in codes} == {12}
    assert set("".join(codes)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_a_new_card_has_a_new_code() -> None:
    assert identity.access_code("4108261735", 1) != identity.access_code("4108261735", 2)


def test_a_code_is_read_however_a_person_types_it() -> None:
    rng = random.Random(7)
    for serial in range(200):
        number = identity.registration_number(serial)
        code = identity.access_code(number, 1)
        typed = identity.grouped(code).lower().replace("0", rng.choice("0oO")).replace("1", "l")
        assert identity.code_opens(number, 1, typed)
        assert not identity.code_opens(number, 2, typed)


@pytest.mark.parametrize("typed", ["", "ABC", "U" * 12, "ABCD-EFGH-JKM!", "กขค" * 4])
def test_what_is_no_code_opens_nothing(typed: str) -> None:
    assert not identity.code_opens("4108261735", 1, typed)
