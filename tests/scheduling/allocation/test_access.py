"""A class is a rule about places; the four the house began with are rules like any other."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.allocation.access import AccessRule, rule_for, serves, share_places

SCARCE = {"wheelchair", "separate", "magnifier", "sign_language"}


def rule(name: str, *needs: str, may_use: tuple[str, ...] = ()) -> AccessRule:
    return AccessRule(name, frozenset(needs), frozenset(may_use))


RULES = (
    rule("standard"),
    rule("step_free", "step_free"),
    rule("wheelchair", "wheelchair", "step_free"),
    rule("separate", "separate", may_use=("wheelchair",)),
    rule("magnifier", "magnifier"),
    rule("sign_language", "sign_language"),
    rule("wheelchair in a room of its own", "wheelchair", "step_free", "separate"),
)


def features(*drawn: set[str]) -> dict[str, np.ndarray]:
    names = sorted(SCARCE | {"step_free"})
    return {name: np.array([name in chair for chair in drawn]) for name in names}


def test_four_rules_are_the_four_classes_of_before():
    chairs = [{n for n, has in zip(("wheelchair", "step_free", "separate"), way, strict=True)
                  if has} for way in product([False, True], repeat=3)]  # fmt: skip
    table = features(*chairs)
    wheels, flat, apart = table["wheelchair"], table["step_free"], table["separate"]
    assert (
        serves(RULES[:4], table, SCARCE)
        == [~wheels & ~apart, ~wheels & ~apart & flat, wheels & ~apart & flat, apart]
    ).all()


def test_a_magnifier_is_kept_for_who_needs_it_and_an_interpreter_too():
    served = serves(RULES, features(set(), {"magnifier"}, {"sign_language"}), SCARCE)
    assert served[0].tolist() == [True, False, False]
    assert served[4].tolist() == [False, True, False]
    assert served[5].tolist() == [False, False, True]


def test_somebody_gets_the_class_that_covers_his_needs_and_asks_for_no_more():
    assert RULES[rule_for(RULES, set())].name == "standard"
    assert RULES[rule_for(RULES, {"step_free"})].name == "step_free"
    assert RULES[rule_for(RULES, {"wheelchair", "separate"})].name == RULES[6].name
    assert rule_for(RULES, {"magnifier", "sign_language"}) is None


def test_a_feature_nobody_was_asked_about_is_named():
    with pytest.raises(ValueError, match="step_free, wheelchair"):
        serves(RULES[:3], {"separate": np.array([True])}, SCARCE)


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_no_sharing_serves_more_people_and_no_chair_counts_twice(seed):
    rng = np.random.default_rng(seed)
    served = rng.random((3, int(rng.integers(1, 7)))) < 0.5
    wanted = rng.integers(0, 4, 3)
    places, missing = share_places(served, wanted)
    ways = product(*[[None, *np.flatnonzero(chair).tolist()] for chair in served.T])
    best = max(sum(min(way.count(a), int(wanted[a])) for a in range(3)) for way in ways)
    assert wanted.sum() - missing.sum() == best
    assert places.sum() == served.any(0).sum()
    assert (places >= wanted - missing).all()
