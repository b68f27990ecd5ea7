"""The witness: lines that name each other, and a root that all ledgers make together."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring.live.witness import End, Minute, Torn, ends_said, minutes, next_line, root_of

END = st.tuples(st.integers(1, 999), st.text("0123456789abcdef", min_size=4, max_size=4))
DAYS = st.lists(st.dictionaries(st.integers(1, 9), END, min_size=1), min_size=1, max_size=6)


def written(days: list[dict[int, End]]) -> list[str]:
    lines: list[str] = []
    known: dict[int, End] = {}
    for minute, ends in enumerate(days):
        line = next_line(lines[-1] if lines else "", known, ends, at=minute, epoch="e")
        known |= ends
        lines += [line] if line else []
    return lines


@given(DAYS)
def test_what_was_written_is_read_and_adds_up_to_the_root(days: list[dict[int, End]]) -> None:
    lines = written(days)
    known: dict[int, End] = {}
    for ends in days:
        known |= ends
    seen = list(minutes(lines))
    assert ends_said(lines) == known
    assert seen[-1].root == root_of(known)


def test_a_minute_in_which_nothing_moved_is_no_line() -> None:
    ends = {1: (2, "aa")}
    assert next_line("", {}, ends, at=1, epoch="e")
    assert next_line("", ends, ends, at=2, epoch="e") == ""


@given(DAYS, st.data())
def test_any_changed_character_of_any_line_is_found(
    days: list[dict[int, End]], data: st.DataObject
) -> None:
    lines = written(days)
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    mark = data.draw(st.sampled_from("0123456789abz{,"))
    if lines[number][place] == mark:
        return
    lines[number] = lines[number][:place] + mark + lines[number][place + 1 :]
    number_said, read = fault_in(lines)
    if number_said:
        assert number_said in (number + 1, number + 2)
    else:
        assert number == len(lines) - 1, "a line before another is covered by it"
        assert json.loads(lines[number])["moved"] == [
            [room, *end] for room, end in sorted(read[-1].moved.items())
        ]


def fault_in(lines: list[str]) -> tuple[int, list[Minute]]:
    """The number of the line that is not what was written, 0 for none; and what was read."""
    read: list[Minute] = []
    try:
        read.extend(minutes(lines))
    except Torn as torn:
        return torn.number, read
    return 0, read


def test_a_line_taken_away_is_missed_by_the_next() -> None:
    lines = written([{1: (1, "aa")}, {2: (1, "bb")}, {1: (2, "cc")}])
    with pytest.raises(Torn, match="line 2"):
        list(minutes([lines[0], lines[2]]))
