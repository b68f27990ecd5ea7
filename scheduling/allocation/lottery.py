"""The seeded lottery below the cost unit, which makes the best plan unique.

Each cost is shifted left by `unit_bits` and a hash of (seed, registration, centre, exam session)
is added below. All the noise together stays below one cost unit, so that no draw can outweigh a
tenth of a kilometre; and it depends on labels alone, so that neither the order of rows nor
another candidate's entry changes anybody's ticket. Mixing function: splitmix64 (Steele, Lea and
Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .problem import AllocationProblem, Ints

Words: TypeAlias = NDArray[np.uint64]

NEVER = 2**60  # no move costs as much
REFUSED = 2**61  # a column a candidate cannot sit in, with any price added
_MAX_UNIT_BITS = 44
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Lottery:
    """One draw: cost unit = 2**unit_bits, tickets below 2**noise_bits.

    Draw 0 is the lottery of the seed; 1, 2, ... are drawn only when the one before left a tie.
    """

    seed: int
    draw: int
    unit_bits: int
    noise_bits: int


def lottery_of(problem: AllocationProblem, seed: int, draw: int = 0) -> Lottery:
    """A draw of a problem; `seed` is any whole number >= 0, of any size.

    unit_bits is the largest, at most 44, for which a shortest path of moves stays below 2**59:
    one move where everybody may sit anywhere, else as many as there are columns. noise_bits is
    unit_bits less the bits of n, so that n tickets together stay below a unit.
    """
    if seed < 0:
        raise ValueError("the seed of a lottery is not negative")
    top = int(problem.cost.max(initial=0)) + 1
    moves = 1 if problem.refused is None else problem.columns
    unit_bits = min(_MAX_UNIT_BITS, 59 - top.bit_length() - moves.bit_length())
    return Lottery(seed, draw, unit_bits, max(0, unit_bits - problem.people.bit_length()))


def lottery_costs(
    problem: AllocationProblem, lottery: Lottery, rows: Ints, drawn: Words | None = None
) -> Ints:
    """cost * 2**unit_bits + ticket, (len(rows), K); REFUSED where a candidate cannot sit.

    `drawn` are the tickets of all rows as `draw_tickets` gives them, for whoever asks again and
    again with other costs; they are those of draw 0.
    """
    table = problem.cost[rows].astype(np.int64)
    table <<= lottery.unit_bits
    if lottery.noise_bits and drawn is not None and lottery.draw == 0:
        table += (drawn[rows] >> np.uint64(64 - lottery.noise_bits)).view(np.int64)
    elif lottery.noise_bits:
        table += _tickets(problem, lottery, rows)
    if problem.refused is not None:
        table[problem.refused[rows]] = REFUSED
    return table


def draw_lots(problem: AllocationProblem, seed: int) -> Ints:
    """One lot for each person, (n,) of 30 bits, from the seed and his registration alone."""
    return _lots(problem.registration_ids, seed)


def lot_of(registration_id: int, seed: int) -> int:
    """The lot of one registration, as `draw_lots` draws it."""
    return int(_lots(np.array([registration_id]), seed)[0])


def _lots(registration_ids: Ints, seed: int) -> Ints:
    drawn = _mix(_mix(_stream(Lottery(seed, 0, 0, 0)) + registration_ids.astype(np.uint64)))
    drawn >>= np.uint64(34)
    return drawn.view(np.int64)


def draw_tickets(problem: AllocationProblem, seed: int, rows: Ints) -> Words:
    """A ticket of 64 bits for some rows and every column, from the seed and their labels alone."""
    return _whole_tickets(problem, Lottery(seed, 0, 0, 0), rows)


def _tickets(problem: AllocationProblem, lottery: Lottery, rows: Ints) -> Ints:
    drawn = _whole_tickets(problem, lottery, rows)
    drawn >>= np.uint64(64 - lottery.noise_bits)
    return drawn.view(np.int64)


def _whole_tickets(problem: AllocationProblem, lottery: Lottery, rows: Ints) -> Words:
    people = _mix(_stream(lottery) + problem.registration_ids[rows].astype(np.uint64))
    columns = _mix(
        _mix(problem.centre_ids.astype(np.uint64)) + problem.session_ids.astype(np.uint64)
    )
    return _mix(people[:, None] ^ columns)


def _stream(lottery: Lottery) -> Words:
    digest = hashlib.sha256(f"{lottery.seed}/{lottery.draw}".encode()).digest()
    return np.frombuffer(digest[:8], ">u8").astype(np.uint64)


def _mix(words: Words) -> Words:
    mixed = words * _GOLDEN
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
