"""A roster keeps every rule, and fills as many duties as any roster could."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.roster import (
    Watch,
    improve_roster,
    make_roster,
    may_watch,
    proctors_wanted,
    related_watches,
)


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


def every_roster(watch: Watch, allowed: np.ndarray, per_day: int):
    """Every set of allowed pairs that keeps the rules."""
    pairs = np.argwhere(allowed).tolist()
    for chosen in itertools.product([False, True], repeat=len(pairs)):
        duties = [pair for pair, is_in in zip(pairs, chosen, strict=True) if is_in]
        if keeps_rules(duties, watch, per_day):
            yield duties


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), proctors=st.integers(1, 3), rooms=st.integers(1, 4))
def test_no_roster_fills_more_then_keeps_more_then_travels_less(
    seed: int, proctors: int, rooms: int
):
    rng = np.random.default_rng(seed)
    session = rng.integers(0, 3, rooms)
    watch = Watch(session, session // 2, rng.integers(0, 3, rooms))
    allowed, before = rng.random((proctors, rooms)) < 0.7, rng.random((proctors, rooms)) < 0.4
    per_day, km = int(rng.integers(1, 3)), rng.integers(0, 90, (proctors, rooms))

    def worth(duties: list[list[int]]) -> tuple[int, int, int]:
        kept = sum(bool(before[p, w]) for p, w in duties)
        return len(duties), kept, -sum(int(km[p, w]) for p, w in duties)

    roster = improve_roster(watch, allowed, np.full(proctors, per_day), before, km)
    duties = np.stack([roster.proctor, roster.watch], 1).tolist()
    assert keeps_rules(duties, watch, per_day)
    assert worth(duties) == max(map(worth, every_roster(watch, allowed, per_day)))
    assert roster.missing.sum() == watch.wanted.sum() - len(duties)


def test_whoever_fails_to_come_is_replaced_and_nobody_else_moves():
    """Twelve proctors, ten rooms in each of two sessions; one is ill, a spare one is free."""
    rng = np.random.default_rng(3)
    session = np.arange(20) // 10
    watch = Watch(session, np.zeros(20, np.int64), np.ones(20, np.int64))
    allowed = np.ones((12, 20), bool)
    first = make_roster(watch, allowed, 2)
    before = np.zeros((12, 20), bool)
    before[first.proctor, first.watch] = True
    ill = int(first.proctor[0])
    allowed[ill] = False
    again = improve_roster(watch, allowed, np.full(12, 2), before, rng.integers(1, 50, (12, 20)))
    assert again.missing.sum() == 0
    kept = before[again.proctor, again.watch].sum()
    assert kept == 20 - before[ill].sum()


def test_nobody_watches_his_own_a_relative_or_too_far_away():
    present = np.array([[True, False], [False, True], [False, False]])
    related = related_watches(np.array([[2, 5], [2, 6]]), np.array([0, 0, 0, 0, 0, 1, -1]), 3, 3)
    allowed = may_watch(
        np.array([0, 1, -1]), present, related, np.array([[9, 9, 90]] * 3), farthest=50
    )
    assert allowed.tolist() == [[False, True, False], [True, False, False], [True, False, False]]


def test_a_whole_centre_is_rostered_by_every_goal():
    """Nobody of 90 proctors could fill more; each works at most his own number of sessions."""
    rng = np.random.default_rng(8)
    session = np.repeat(np.arange(6), 20)
    watch = Watch(session, session // 3, rng.integers(1, 3, 120))
    allowed = rng.random((90, 120)) < 0.4
    per_day = rng.integers(1, 4, 90)
    km, before = rng.integers(0, 80, (90, 120)), rng.random((90, 120)) < 0.02
    roster = improve_roster(watch, allowed, per_day, before, km)
    daily = np.zeros((90, 2), np.int64)
    np.add.at(daily, (roster.proctor, watch.day[roster.watch]), 1)
    assert (daily <= per_day[:, None]).all()
    assert allowed[roster.proctor, roster.watch].all()
    assert roster.missing.sum() == 0
    assert np.bincount(roster.watch, minlength=120).tolist() == watch.wanted.tolist()
    with pytest.raises(ValueError, match="negative"):
        improve_roster(watch, allowed, -per_day, before)
