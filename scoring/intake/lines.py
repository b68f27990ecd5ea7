"""What every reader gives back, and the marks that are no choice.

A stored answer is one character: an option, or ``-`` omitted, ``.`` not reached, ``*`` double mark,
``?`` illegible, space not administered. A file may also say *blank*, nothing seen at that place:
whether that is an omission or the end of somebody's time follows from what comes after it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")
OMITTED, NOT_REACHED, DOUBLE, ILLEGIBLE, NOT_ADMINISTERED = "-", ".", "*", "?", " "
MARKS: Final = OMITTED + NOT_REACHED + DOUBLE + ILLEGIBLE + NOT_ADMINISTERED
BLANK: Final = "\0"
WORDS: Final = {
    "omitted": OMITTED,
    "not_reached": NOT_REACHED,
    "double": DOUBLE,
    "illegible": ILLEGIBLE,
    "not_administered": NOT_ADMINISTERED,
    "blank": BLANK,
}
THAI_OPTIONS: Final = dict(zip("กขคงจ", "ABCDE", strict=True))


class IntakeFault(ValueError):
    """A file that cannot be used: what is wrong, in which row and column, with the figures."""

    def __init__(self, code: str, row: int = 0, column: str | int = "", **facts: Any) -> None:
        super().__init__(f"{code} at row {row}, column {column}: {facts}")
        self.code, self.row, self.column, self.facts = code, row, str(column), facts


@dataclass(frozen=True, slots=True)
class Line:
    """One sheet as read: the row it begins on, whose, of which exam form, with which answers."""

    line: int
    number: str
    form: str
    answers: str


@dataclass(frozen=True)
class ReadFile:
    """All sheets of a file, and how it was read. `columns`: where each field stands in a row."""

    lines: list[Line] = field(repr=False)
    format: str
    encoding: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormPlan:
    """The items of one exam form in their order, and the options of each."""

    items: tuple[str, ...]
    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.items) != len(self.options):
            raise ValueError("Every item has its options.")


Plans = Mapping[str, FormPlan]
Tell = Callable[[int], None]  # how many rows of a file are read
TELL_EVERY: Final = 1000


def in_silence(rows: int) -> None:
    """For whoever does not ask how far a reader is."""


def telling(rows: Iterable[T], tell: Tell) -> Iterator[T]:
    """The same rows; every thousand of them is told."""
    for number, row in enumerate(rows, 1):
        if number % TELL_EVERY == 0:
            tell(number)
        yield row


def every_option(plans: Plans) -> frozenset[str]:
    """Every option letter that an item of any form offers."""
    return frozenset(letter for plan in plans.values() for some in plan.options for letter in some)


def settle_blanks(answers: str, inside: str = OMITTED, trailing: str = NOT_REACHED) -> str:
    """Blanks before the last mark become `inside`; those after it `trailing`."""
    if BLANK not in answers:
        return answers
    kept = answers.rstrip(BLANK)
    return kept.replace(BLANK, inside) + trailing * (len(answers) - len(kept))


def check_field(text: str, row: int, column: str) -> str:
    """A number or form as it stands, without the spaces around it; a formula is refused."""
    plain = text.strip()
    if plain.startswith(("=", "+", "@")):
        raise IntakeFault("formula", row, column, value=plain[:40])
    return plain


def column_letter(number: int) -> str:
    """The letter a spreadsheet program shows above its column, from 1: A, B, ... Z, AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def distinct(names: Iterable[str]) -> str | None:
    """The first name that stands there twice, if one does."""
    seen = set[str]()
    for name in names:
        if name and name in seen:
            return name
        seen.add(name)
    return None


def joined(stretches: Sequence[tuple[int, int]], text: str) -> str:
    """The characters of some stretches (first column from 1, width) put together."""
    return "".join(text[start - 1 : start - 1 + width] for start, width in stretches)
