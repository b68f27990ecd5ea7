"""The second scoring, written apart from the first: one sheet, one key, plain arithmetic.

It shares no line and no library with `psychometrics`, so that a fault in one is not in both. A key
is as it is stored: for each place of the form, the right options, the rule and the worth.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NOT_GIVEN = " "  # the item was not administered to this person


class Recount:
    """The worth of every mark at every place of one exam form, from a stored key."""

    def __init__(self, key: Sequence[Mapping[str, Any]]) -> None:
        self.items = [row["item"] for row in key]
        self.worth = [_worth(row) for row in key]
        self.for_all = [row["weight"] if row["rule"] == "everyone" else 0 for row in key]

    def credits(self, answers: str) -> list[int]:
        """What each answer of a sheet earns. ValueError where sheet and key differ in length."""
        if len(answers) != len(self.items):
            raise ValueError(f"{len(answers)} answers for {len(self.items)} keys")
        return [
            0 if mark == NOT_GIVEN else for_all or worth.get(mark, 0)
            for mark, worth, for_all in zip(answers, self.worth, self.for_all, strict=True)
        ]

    def total(self, answers: str) -> int:
        """The raw score of a sheet."""
        return sum(self.credits(answers))


def _worth(row: Mapping[str, Any]) -> dict[str, int]:
    """What choosing each option earns: nothing of an item that is dropped or on trial."""
    if row["rule"] != "right_answers":
        return {}
    return dict.fromkeys(row["right"], row["weight"])


def reported(raw: int, scaled: Sequence[int], cut: int) -> tuple[int, bool]:
    """The reported score by the stored table, and whether it reaches the cut."""
    score = scaled[raw]
    return score, score >= cut


def differing(first: Iterable[int], second: Iterable[int], items: Sequence[str]) -> list[str]:
    """The items to which two scorings gave different credit."""
    pairs = zip(items, first, second, strict=True)
    return [item for item, one, other in pairs if one != other]
