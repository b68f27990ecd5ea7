"""Rows to arrays and back: the only place where the tables meet numpy before the day."""

from scheduling.arrays.columns import Columns
from scheduling.arrays.lines import load_plan, load_prices, price_rows, save_lines
from scheduling.arrays.people import ACCESS, People, journeys_of
from scheduling.arrays.sitting import (
    Policy,
    SittingArrays,
    accepted,
    load_problem,
    policy_of,
)
from scheduling.arrays.summary import summary_of

__all__ = [
    "ACCESS", "Columns", "People", "Policy", "SittingArrays", "accepted", "journeys_of",
    "load_plan", "load_prices", "load_problem", "policy_of", "price_rows", "save_lines",
    "summary_of",
]  # fmt: skip
