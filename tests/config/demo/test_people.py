import numpy as np
import pytest

from centres.common.identity import check_digit, passport_number, rehearsal_number
from config.demo.country import build_country
from config.demo.people import NO_WISH, invent_people


@pytest.fixture(scope="module")
def people():
    return invent_people(build_country(3000))


def test_the_same_seed_invents_the_same_people(people) -> None:
    assert invent_people(build_country(3000)).digest() == people.digest()
    assert invent_people(build_country(3000, 9)).digest() != people.digest()


def test_exactly_as_many_come_as_were_asked_for(people) -> None:
    assert people.comes.sum() == 3000
    assert len(people) > 3000


def test_national_numbers_are_well_formed_and_belong_to_nobody(people) -> None:
    numbers = [
        n for n, foreign in zip(people.identity, people.is_foreign, strict=True) if not foreign
    ]
    assert all(number[0] == "9" for number in numbers)
    assert all(int(number[12]) == check_digit(number[:12]) for number in numbers)
    assert all(rehearsal_number(number) == number for number in numbers)
    assert len(set(people.identity)) == len(people)


def test_foreigners_have_passports_of_a_country_that_does_not_exist(people) -> None:
    passports = np.array(people.identity)[people.is_foreign]
    assert len(passports)
    assert all(passport_number(p, "UTO") == f"UTO-{p}" for p in passports)


def test_every_kind_of_need_occurs_however_few_people_there_are() -> None:
    few = invent_people(build_country(40))
    for flags in (few.wheelchair, few.step_free, few.large_print, few.separate_room, few.front_row):
        assert flags.any()
    assert few.extra_minutes.any()


def test_wishes_name_different_centres_without_a_gap(people) -> None:
    for wishes in people.wish_centre.tolist():
        named = [centre for centre in wishes if centre != NO_WISH]
        assert named
        assert len(set(named)) == len(named)
        assert wishes == named + [NO_WISH] * (3 - len(named))
    assert (people.wish_session[people.wish_centre == NO_WISH] == NO_WISH).all()


def test_people_mostly_wish_for_what_is_near_but_not_always(people) -> None:
    lengths = (people.wish_centre != NO_WISH).sum(axis=1)
    assert set(lengths.tolist()) == {1, 2, 3}
    first = np.bincount(people.wish_centre[:, 0], minlength=16)
    assert first[0] > 3 * np.median(first)


def test_ability_owes_little_to_the_faculty(people) -> None:
    assert people.ability.mean() == pytest.approx(0, abs=1e-9)
    assert people.ability.std() == pytest.approx(1, abs=1e-9)
    assert abs(people.ability[people.is_woman].mean()) < 0.1
