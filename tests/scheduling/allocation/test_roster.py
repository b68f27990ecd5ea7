"""A roster keeps every rule, and fills as many duties as any roster could."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.roster import Watch, make_roster, proctors_wanted


def most_filled(watch: Watch, allowed: np.ndarray, per_day: int) -> int:
    """Every set of allowed pairs, one by one."""
    pairs = np.argwhere(allowed).tolist()
    best = 0
    for chosen in itertools.product([False, True], repeat=len(pairs)):
        duties = [pair for pair, is_in in zip(pairs, chosen, strict=True) if is_in]
        if len(duties) > best and keeps_rules(duties, watch, per_day):
            best = len(duties)
    return best


def keeps_rules(duties: list[list[int]], watch: Watch, per_day: int) -> bool:
    at_once = [(p, int(watch.session[w])) for p, w in duties]
    days = [(p, int(watch.day[w])) for p, w in duties]
    rooms = [w for _p, w in duties]
    return (
        len(set(at_once)) == len(at_once)
        and all(days.count(day) <= per_day for day in days)
        and all(rooms.count(room) <= watch.wanted[room] for room in rooms)
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), proctors=st.integers(1, 3), rooms=st.integers(1, 4))
def test_no_roster_fills_more_and_every_rule_is_kept(seed: int, proctors: int, rooms: int):
    rng = np.random.default_rng(seed)
    session = rng.integers(0, 3, rooms)
    watch = Watch(session, session // 2, rng.integers(0, 3, rooms))
    allowed = rng.random((proctors, rooms)) < 0.7
    per_day = int(rng.integers(1, 3))
    roster = make_roster(watch, allowed, per_day)
    duties = np.stack([roster.proctor, roster.watch], 1).tolist()
    assert keeps_rules(duties, watch, per_day)
    assert allowed[roster.proctor, roster.watch].all()
    assert len(duties) == most_filled(watch, allowed, per_day)
    assert roster.missing.sum() == watch.wanted.sum() - len(duties)


def test_the_ratio_is_rounded_up_and_an_empty_room_needs_nobody():
    assert proctors_wanted(np.array([0, 1, 20, 21]), 20, least=2).tolist() == [0, 2, 2, 2]
    assert proctors_wanted(np.array([0, 1, 20, 21]), 20).tolist() == [0, 1, 1, 2]
    with pytest.raises(ValueError, match="at least one"):
        proctors_wanted(np.array([1]), 0)
