"""Examination halls in which it is known who copied: for judging methods on days never seen before.

Honest life is dirty: guesses, omissions, people whose time runs out, marks that cannot be read,
people who answer at random. Some neighbours copied a share of each other's answers.
"""

from dataclasses import dataclass

import numpy as np

from scoring.psychometrics.choices import Choices, count_choices
from scoring.psychometrics.keying import Key, ScoredMatrix, score
from scoring.psychometrics.responses import DOUBLE_MARK, NOT_REACHED, OMITTED, ResponseMatrix
from scoring.psychometrics.seating import Seat

Sheets = tuple[ResponseMatrix, ScoredMatrix, Choices]
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Hall:
    """Answers, seats, and the share that each pair (rows, ascending) copied."""

    sheets: Sheets
    seats: list[Seat]
    copied: dict[tuple[int, int], float]

    @property
    def pairs(self) -> int:
        """Of all people."""
        return len(self.seats) * (len(self.seats) - 1) // 2


def sit(
    seed: int,
    *,
    rooms: int,
    rows: int,
    columns: int,
    items: int,
    options: int = 4,
    copiers: int = 10,
) -> Hall:
    """Rooms of ``rows`` by ``columns`` seats; ``copiers`` pairs, their shares in turn."""
    random = np.random.default_rng(seed)
    seats = [Seat(r, y, x) for r in range(rooms) for y in range(rows) for x in range(columns)]
    codes = _answers(random, len(seats), items, options)
    copied = _copy(random, codes, seats, columns, copiers)
    names = tuple(f"i{j}" for j in range(items))
    matrix = ResponseMatrix(codes, np.arange(len(seats)), names, tuple("ABCDE"[:options]))
    key = Key.single(dict.fromkeys(names, "A"))
    scored = score(matrix, key)
    return Hall((matrix, scored, count_choices(matrix, scored, key)), seats, copied)


def _answers(random: np.random.Generator, people: int, items: int, options: int) -> np.ndarray:
    """Option 0 is right. What draws people to a wrong one differs by item and by ability."""
    theta = random.standard_normal(people)
    slope, place = random.lognormal(0, 0.3, items), random.normal(-0.3, 1, items)
    guess = random.beta(5, 20, items)
    knows = guess + (1 - guess) / (1 + np.exp(-slope * (theta[:, None] - place)))
    right = random.random((people, items)) < knows
    pull = random.normal(0, 0.8, (items, options - 1))
    tilt = random.normal(0, 0.4, (items, options - 1))
    liking = pull + tilt * theta[:, None, None] + random.gumbel(size=(people, items, options - 1))
    codes = np.where(right, 0, 1 + liking.argmax(axis=2)).astype(np.uint8)
    careless = random.random(people) < 0.01
    codes[careless] = random.integers(0, options, (int(careless.sum()), items))
    shy = random.beta(1, 40, people)[:, None]
    codes[~right & (random.random(codes.shape) < 4 * shy)] = OMITTED
    codes[random.random(codes.shape) < 0.002] = DOUBLE_MARK
    reached = np.where(random.random(people) < 0.12, random.uniform(0.6, 1, people), 1) * items
    codes[np.arange(items) >= reached[:, None]] = NOT_REACHED
    return codes


def _copy(
    random: np.random.Generator, codes: np.ndarray, seats: list[Seat], columns: int, copiers: int
) -> dict[tuple[int, int], float]:
    """Some look to the left or right, or at the row before; nobody is in two pairs."""
    copied: dict[tuple[int, int], float] = {}
    busy: set[int] = set()
    for copier in random.permutation(len(seats)).tolist():
        source = copier + int(random.choice([-1, 1, -columns, -columns + 1]))
        if len(copied) == copiers:
            break
        if busy & {copier, source} or not _near(seats, copier, source):
            continue
        share = SHARES[len(copied) % len(SHARES)]
        taken = (random.random(codes.shape[1]) < share) & (codes[source] < OMITTED)
        codes[copier, taken] = codes[source, taken]
        copied[min(copier, source), max(copier, source)] = share
        busy |= {copier, source}
    return copied


def _near(seats: list[Seat], one: int, other: int) -> bool:
    if not 0 <= other < len(seats) or seats[one].room != seats[other].room:
        return False
    apart = seats[one].row - seats[other].row, seats[one].column - seats[other].column
    return max(map(abs, apart)) == 1
