"""The list of wishes that a page changes without a script."""

from hypothesis import given
from hypothesis import strategies as st

from centres.models import Centre
from scheduling.actions.registrations import MOST_WISHES
from scheduling.forms.wishes import Place, WishList, read_place, read_places
from scheduling.models import ExamSession

CENTRES = {key: Centre(pk=key, code=f"C{key}") for key in range(1, 9)}
SESSIONS = {key: ExamSession(pk=key, number=key) for key in (1, 2)}
PLACES: list[Place] = [(centre, None) for centre in CENTRES.values()]


def listed(*keys: int) -> WishList:
    return WishList(tuple(PLACES[key - 1] for key in keys))


def order(wishes: WishList) -> list[int]:
    return [centre.pk for centre, _session in wishes.places]


def test_a_place_moves_one_rank_and_is_remembered_as_moved() -> None:
    assert order(listed(1, 2, 3).up(2)) == [1, 3, 2]
    assert order(listed(1, 2, 3).down(0)) == [2, 1, 3]
    assert listed(1, 2, 3).up(2).moved == 1
    assert listed(1, 2, 3).down(0).moved == 1


def test_the_first_goes_no_higher_and_the_last_no_lower() -> None:
    assert order(listed(1, 2).up(0)) == order(listed(1, 2).down(1)) == [1, 2]


@given(st.permutations([1, 2, 3, 4]), st.integers(0, 3))
def test_down_undoes_up(keys: list[int], index: int) -> None:
    moved = listed(*keys).up(index)
    assert order(moved if index == 0 else moved.down(index - 1)) == keys


def test_a_place_is_added_once_and_only_while_there_is_room() -> None:
    assert order(listed(1).with_place(PLACES[1])) == [1, 2]
    assert order(listed(1).with_place(PLACES[0])) == [1]
    full = listed(*range(1, MOST_WISHES + 1))
    assert full.is_full
    assert order(full.with_place(PLACES[7])) == order(full)


def test_a_place_is_taken_out() -> None:
    assert order(listed(1, 2, 3).without(1)) == [1, 3]


def test_a_place_is_read_with_or_without_its_session() -> None:
    assert read_place("3:", CENTRES, SESSIONS) == (CENTRES[3], None)
    assert read_place("3:2", CENTRES, SESSIONS) == (CENTRES[3], SESSIONS[2])


@given(st.text("0123456789:๑²-x ", max_size=8))
def test_no_text_reads_as_a_place_that_is_not_offered(text: str) -> None:
    place = read_place(text, CENTRES, SESSIONS)
    assert place is None or place[0].pk in CENTRES


def test_a_list_is_never_longer_than_it_may_be() -> None:
    assert len(read_places(["1:"] * 50, CENTRES, SESSIONS)) == MOST_WISHES
