"""The judge finds each fault in a plan that somebody else made."""

import numpy as np

from scheduling.allocation.checks import Violation, seating_violations, violations


def test_a_sound_plan_has_no_violation(make_problem):
    assert violations(make_problem(np.ones((2, 2)), [1, 1]), np.array([0, 1])) == []


def test_every_fault_of_an_allocation_is_named(make_problem):
    refused = np.zeros((4, 2), bool)
    refused[1, 0] = True
    problem = make_problem(np.ones((4, 2)), [2, 1], refused=refused)
    assert violations(problem, np.array([0, 0, 0, -1])) == [
        Violation("no_column", 103),
        Violation("refused_column", 101),
        Violation("over_capacity", "standard 1/1", 1),
    ]


def test_every_fault_of_a_seating_is_named(make_chairs):
    chairs = make_chairs([["wu"]])
    found = seating_violations(chairs, np.array([0, 1, 2, 0]), np.array([1, 1, 1, -1]))
    assert found == [
        Violation("no_chair", 3),
        Violation("shared_chair", 1001, 3),
        Violation("unfit_chair", 1001),
        Violation("unfit_chair", 1001),
    ]
