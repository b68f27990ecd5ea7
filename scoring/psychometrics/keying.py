"""Right answers and what they are worth; from answers to whole credit.

Credit is a whole number, so that a pass mark is never compared with a rounded fraction. An item
that was not administered has no credit at all, which is not the same as none earned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from scoring.psychometrics.responses import NOT_ADMINISTERED, Codes, ResponseMatrix

NO_CREDIT = NOT_ADMINISTERED  # 255 in a credit array: the item was not administered
MAX_CREDIT = 250
_ROWS_AT_ONCE = 4096


class Rule(StrEnum):
    """How the credit of one item is given."""

    RIGHT_ANSWERS = "right_answers"  # to those who chose a right option
    EVERYONE = "everyone"  # to everyone who was given the item
    DROPPED = "dropped"  # to nobody: out of every total, still analysed where options are right
    UNSCORED = "unscored"  # on trial: never meant to count, analysed like any other


UNCOUNTED = frozenset({Rule.DROPPED, Rule.UNSCORED})


@dataclass(frozen=True, slots=True)
class ItemKey:
    """The key of one item: its right options, their worth and the rule."""

    item: str
    right: tuple[str, ...]
    rule: Rule = Rule.RIGHT_ANSWERS
    weight: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.weight <= MAX_CREDIT:
            raise ValueError(f"The weight of {self.item} is not between 1 and {MAX_CREDIT}.")
        if self.rule is Rule.RIGHT_ANSWERS and not self.right:
            raise ValueError(f"{self.item} has no right answer.")


@dataclass(frozen=True)
class Key:
    """The keys of the items of one exam form, in any order."""

    item_keys: tuple[ItemKey, ...]

    def __post_init__(self) -> None:
        if len(self.by_item) != len(self.item_keys):
            raise ValueError("An item has two keys.")

    @classmethod
    def single(cls, right: Mapping[str, str]) -> Self:
        """A key with one right option for each item."""
        return cls(tuple(ItemKey(item, (option,)) for item, option in right.items()))

    @cached_property
    def by_item(self) -> dict[str, ItemKey]:
        """The key of each item by its name."""
        return {item_key.item: item_key for item_key in self.item_keys}

    def replace(self, *changes: ItemKey) -> "Key":
        """The same key with some items changed: what a new version would be."""
        changed = {change.item: change for change in changes}
        unknown = changed.keys() - self.by_item.keys()
        if unknown:
            raise ItemWithoutKey(sorted(unknown))
        return Key(tuple(changed.get(old.item, old) for old in self.item_keys))


class ItemWithoutKey(ValueError):
    """Items of the exam form for which the key holds nothing."""

    def __init__(self, items: Iterable[str]) -> None:
        self.items = tuple(items)
        super().__init__(f"No key for {', '.join(self.items)}.")


@dataclass(frozen=True)
class ScoredMatrix:
    """Credit of N candidates on J items.

    ``credit``: uint8, (N, J), 0 to ``maximum``; 255 where not administered. ``maximum``: uint8,
    (J,), the most an item can give. ``counted``: (J,), False for an item outside every total.
    """

    credit: NDArray[np.uint8]
    maximum: NDArray[np.uint8]
    counted: NDArray[np.bool_]
    persons: NDArray[Any]
    items: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.credit.shape != (len(self.persons), len(self.items)):
            raise ValueError("The labels do not fit the credit.")

    @cached_property
    def administered(self) -> NDArray[np.bool_]:
        """(N, J): whether the candidate was given the item."""
        given: NDArray[np.bool_] = self.credit != NO_CREDIT
        return given

    @cached_property
    def complete(self) -> bool:
        """Whether every candidate was given every item."""
        return bool(self.administered.all())

    @cached_property
    def dichotomous(self) -> NDArray[np.bool_]:
        """(J,): whether every credit given is either nothing or one same amount."""
        if (self.maximum == 1).all():
            return np.ones(len(self.items), np.bool_)
        within = self.administered & (self.credit > 0)
        highest = np.where(within, self.credit, np.uint8(0)).max(axis=0, initial=0)
        alike: NDArray[np.bool_] = (~within | (self.credit == highest)).all(axis=0)
        return alike

    @cached_property
    def total(self) -> NDArray[np.int64]:
        """(N,): the raw score, over counted items."""
        earned = np.where(self.administered & self.counted, self.credit, np.uint8(0))
        total: NDArray[np.int64] = earned.sum(axis=1, dtype=np.int64)
        return total

    @cached_property
    def possible(self) -> NDArray[np.int64]:
        """(N,): the highest raw score the candidate could have had."""
        worth = np.where(self.counted, self.maximum, 0).astype(np.int64)
        possible: NDArray[np.int64] = self.administered.astype(np.int64) @ worth
        return possible


def score(matrix: ResponseMatrix, key: Key) -> ScoredMatrix:
    """Give every answer its credit by the key of its item.

    Omitted, not reached, double and illegible marks earn nothing unless the rule is EVERYONE.
    Raises ``ItemWithoutKey`` naming every item of the matrix that has no key.
    """
    missing = [item for item in matrix.items if item not in key.by_item]
    if missing:
        raise ItemWithoutKey(missing)
    item_keys = [key.by_item[item] for item in matrix.items]
    return ScoredMatrix(
        credit=_look_up(credit_of_codes(item_keys, matrix.options), matrix.codes),
        maximum=np.array([item_key.weight for item_key in item_keys], np.uint8),
        counted=np.array([item_key.rule not in UNCOUNTED for item_key in item_keys], np.bool_),
        persons=matrix.persons,
        items=matrix.items,
    )


def credit_of_codes(item_keys: Sequence[ItemKey], options: Sequence[str]) -> NDArray[np.uint8]:
    """(J, 256): the credit each answer code earns on each item."""
    place = {option: code for code, option in enumerate(options)}
    table = np.zeros((len(item_keys), 256), np.uint8)
    for row, item_key in zip(table, item_keys, strict=True):
        if item_key.rule is Rule.EVERYONE:
            row[:] = item_key.weight
        else:
            row[[place[option] for option in item_key.right if option in place]] = item_key.weight
    table[:, NOT_ADMINISTERED] = NO_CREDIT
    return table


def _look_up(table: NDArray[np.uint8], codes: Codes) -> NDArray[np.uint8]:
    credit = np.empty_like(codes)
    offset = np.arange(len(table), dtype=np.int32) * 256
    for start in range(0, len(codes), _ROWS_AT_ONCE):
        block = codes[start : start + _ROWS_AT_ONCE] + offset
        np.take(table.ravel(), block, out=credit[start : start + _ROWS_AT_ONCE], mode="clip")
    return credit


def from_scores(
    credit: NDArray[np.uint8],
    *,
    persons: Sequence[Any] | NDArray[Any],
    items: Sequence[str],
) -> ScoredMatrix:
    """Scores given elsewhere, with 255 for not administered; an item's maximum is the highest."""
    given = np.where(credit == NO_CREDIT, np.uint8(0), credit)
    highest = given.max(axis=0, initial=0) if credit.size else np.zeros(len(items), np.uint8)
    return ScoredMatrix(
        credit=credit,
        maximum=np.maximum(highest, 1).astype(np.uint8),
        counted=np.ones(len(items), np.bool_),
        persons=np.asarray(persons),
        items=tuple(items),
    )
