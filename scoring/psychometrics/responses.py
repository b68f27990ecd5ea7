"""Raw answers as an array: one uint8 code for each candidate and item.

A code below 251 is the place of the chosen option in ``options``; the five highest codes say why
there is no single choice. They are never mixed up: an omission is wrong, an item that was not
administered is neither right nor wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.uint8]

OMITTED, NOT_REACHED, DOUBLE_MARK, ILLEGIBLE, NOT_ADMINISTERED = range(251, 256)
MARKS = {
    "-": OMITTED,
    ".": NOT_REACHED,
    "*": DOUBLE_MARK,
    "?": ILLEGIBLE,
    " ": NOT_ADMINISTERED,
}
MAX_OPTIONS = 251


class SheetLengthWrong(ValueError):
    """A stored sheet has more or fewer marks than the exam form has items."""

    def __init__(self, row: int, found: int, expected: int) -> None:
        super().__init__(f"Sheet {row + 1} has {found} marks; the exam form has {expected} items.")
        self.row, self.found, self.expected = row, found, expected


class UnknownMark(ValueError):
    """A stored sheet holds a character that is neither an option nor a known mark."""

    def __init__(self, row: int, column: int, mark: str) -> None:
        super().__init__(f"Sheet {row + 1}, item {column + 1}: the mark {mark!r} is not known.")
        self.row, self.column, self.mark = row, column, mark


@dataclass(frozen=True)
class ResponseMatrix:
    """Answers of N candidates to J items, with the labels of both.

    ``codes``: uint8, (N, J). ``persons``: N labels of any kind. ``items``: J distinct names.
    ``options``: at most 251 option labels shared by all items; code k means ``options[k]``.
    """

    codes: Codes
    persons: NDArray[Any]
    items: tuple[str, ...]
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.codes.ndim != 2 or self.codes.dtype != np.uint8:
            raise ValueError("Codes are a uint8 array, candidates by items.")
        if self.codes.shape != (len(self.persons), len(self.items)):
            raise ValueError("The labels do not fit the codes.")
        if len(set(self.items)) != len(self.items):
            raise ValueError("Two items have the same name.")
        if len(self.options) > MAX_OPTIONS:
            raise ValueError(f"More than {MAX_OPTIONS} different options.")

    @cached_property
    def administered(self) -> NDArray[np.bool_]:
        """(N, J): whether the candidate was given the item at all."""
        given: NDArray[np.bool_] = self.codes != NOT_ADMINISTERED
        return given

    def share_marked(self, mark: int) -> NDArray[np.float64]:
        """Per item, the share of those given it whose answer carries ``mark``; NaN if nobody."""
        given = self.administered.sum(axis=0)
        marked = (self.codes == mark).sum(axis=0)
        share = np.full(len(self.items), np.nan)
        np.divide(marked, given, out=share, where=given > 0)
        return share


def from_strings(
    sheets: Sequence[str],
    *,
    persons: Sequence[Any] | NDArray[Any],
    items: Sequence[str],
    options: Sequence[str] = "ABCDE",
) -> ResponseMatrix:
    """Read sheets stored as one character per item: ``ABD-C*.?`` and a space for not administered.

    One ``join`` and one ``numpy.frombuffer``. Options are single characters in the order of their
    codes. Raises ``SheetLengthWrong`` and ``UnknownMark`` naming the sheet (from 0) and the item.
    """
    width = len(items)
    for row, sheet in enumerate(sheets):
        if len(sheet) != width:
            raise SheetLengthWrong(row, len(sheet), width)
    codes = _decode("".join(sheets), tuple(options)).reshape(len(sheets), width)
    unknown = np.argwhere(codes == _UNKNOWN)
    if len(unknown):
        row, column = (int(place) for place in unknown[0])
        raise UnknownMark(row, column, sheets[row][column])
    return ResponseMatrix(codes, np.asarray(persons), tuple(items), tuple(options))


_UNKNOWN = 250


def _decode(text: str, options: tuple[str, ...]) -> Codes:
    known = {option: code for code, option in enumerate(options)} | MARKS
    if text.isascii():
        table = np.full(256, _UNKNOWN, np.uint8)
        for mark, code in known.items():
            if mark.isascii():
                table[ord(mark)] = code
        return table[np.frombuffer(text.encode("ascii"), np.uint8)]
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    codes = np.full(points.shape, _UNKNOWN, np.uint8)
    for mark, code in known.items():
        codes[points == ord(mark)] = code
    return codes


def to_strings(matrix: ResponseMatrix) -> list[str]:
    """The inverse of ``from_strings`` for single-character options."""
    table = np.full(256, "?", "<U1")
    table[: len(matrix.options)] = matrix.options
    for mark, code in MARKS.items():
        table[code] = mark
    width = len(matrix.items)
    text = table[matrix.codes].tobytes().decode("utf-32-le")
    return [text[start * width : (start + 1) * width] for start in range(len(matrix.persons))]


def concatenate(matrices: Sequence[ResponseMatrix]) -> ResponseMatrix:
    """Several exam forms as one matrix over the union of their items, in order of appearance.

    Items a form does not hold are not administered to its candidates. Codes are translated to the
    union of the options.
    """
    items = tuple(dict.fromkeys(item for matrix in matrices for item in matrix.items))
    options = tuple(dict.fromkeys(option for matrix in matrices for option in matrix.options))
    column = {item: place for place, item in enumerate(items)}
    total = sum(len(matrix.persons) for matrix in matrices)
    codes = np.full((total, len(items)), NOT_ADMINISTERED, np.uint8)
    start = 0
    for matrix in matrices:
        table = np.arange(256, dtype=np.uint8)
        table[: len(matrix.options)] = [options.index(option) for option in matrix.options]
        stop = start + len(matrix.persons)
        codes[start:stop, [column[item] for item in matrix.items]] = table[matrix.codes]
        start = stop
    persons = np.concatenate([matrix.persons for matrix in matrices])
    return ResponseMatrix(codes, persons, items, options)
