"""Prices of every cell's places, with which a plan of patterns begins and by which it is proved.

They are learnt from the bound of Lagrange with soft minima, cooled step by step: projected Newton
on a smooth function, where linear programmes over part of the people swing to and fro. The bound
itself takes nothing from all this but the prices, in whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .patterns import Choice
from .problem import Floats, Ints

UNIT = 2**12  # prices are whole numbers of 1/4096 of 0.1 km
CLOSE = 1e-5  # gap that is good enough

NEVER_TAKEN = 2.0**40
_CHUNK = 4096
_SAMPLE = 4000  # units that prices are first learnt from, at most
_WARM = (1000.0, 300.0, 100.0, 30.0)  # temperatures in 0.1 km, of the sample
_COOL = (10.0, 3.0, 1.0, 0.3)  # and of everybody
_DECIDED = 40.0  # temperatures that the second best pattern is behind, and more never matters
_NEWTON = 20  # steps at one temperature, at most
_RIDGE = 1e-9  # on the bend, so that a step is there
# A lot as a share of the last temperature: the soft choice there, drawn (E. J. Gumbel, 1954).
LOTS = 0.3 * np.log(-np.log((np.arange(256) + 0.5) / 256))


def packing_bound(choices: Sequence[Choice], places: Ints, prices: Ints) -> int:
    """What no plan costs less than, at any whole prices >= 0, in 1/UNIT of 0.1 km."""
    total: int = -int((prices * places).sum())
    for choice in choices:
        for part in _parts(choice):
            total += int(_priced(choice, part, prices).min(1).sum())
    return total


def learn_prices(choices: Sequence[Choice], places: Ints) -> Floats:
    """Prices near the best: of soft minima, ever cooler, of a sample and then of everybody."""
    every = sum(len(choice.members) for choice in choices)
    spread = max(1, every // _SAMPLE)
    part = [_every(choice, spread) for choice in choices]
    share = sum(len(choice.members) for choice in part) / max(1, every)
    prices: Floats = np.zeros(len(places))
    room: Floats = places * np.float64(share)
    for temperature in _WARM:
        prices = _smoothed(part, room, prices, temperature)
    for temperature in (*_WARM[-2:], *_COOL) if spread > 1 else _COOL:
        prices = _smoothed(*_undecided(choices, places, prices, temperature), prices, temperature)
    return prices


def _every(choice: Choice, spread: int) -> Choice:
    return _some(choice, np.arange(0, len(choice.members), spread))


def _some(choice: Choice, rows: Ints) -> Choice:
    return replace(
        choice,
        members=choice.members[rows],
        cost=choice.cost[rows],
        refused=choice.refused[rows],
        lot=choice.lot[rows],
    )


def _undecided(
    choices: Sequence[Choice], places: Ints, prices: Floats, temperature: float
) -> tuple[list[Choice], Floats]:
    """Units that a temperature leaves more than one pattern, and the places the others leave."""
    left, room = [], places.astype(float)
    for choice in choices:
        margin = margins_of(choice, prices)
        decided = margin.pattern > _DECIDED * (temperature + 0.1)
        room -= np.bincount(margin.best[decided], minlength=len(choice.uses)) @ choice.uses
        left.append(_some(choice, np.flatnonzero(~decided)))
    return left, room


def _smoothed(
    choices: Sequence[Choice], places: Floats, prices: Floats, temperature: float
) -> Floats:
    """Prices of the highest bound when everybody's minimum is a soft one, by projected Newton.

    Bertsekas, "Projected Newton methods", SIAM J. Control and Optimization 20, 1982. The soft
    minimum is -t log sum exp(-x / t): at most t times the log of the patterns too low.
    """
    value, slope, bend = _soft(choices, places, prices, temperature)
    damped = 0.0
    for _ in range(_NEWTON):
        tried = np.maximum(0.0, prices + _step(prices, slope, bend, damped))
        found = _soft(choices, places, tried, temperature)
        gained = found[0] - value
        if gained > 0:
            prices, (value, slope, bend) = tried, found
            if gained < CLOSE / 20 * abs(value) and damped < 1:
                break
        damped = damped / 8 if gained > 0 else max(4 * damped, 0.5)
    return prices


def _step(prices: Floats, slope: Floats, bend: Floats, damped: float) -> Floats:
    """Newton's step over the prices that may move, shorter where it is damped."""
    free = (prices > 0) | (slope > 0)
    step = np.zeros(len(prices))
    inner = bend[np.ix_(free, free)]
    steep = inner.diagonal()
    inner = inner + np.diag(damped * steep + _RIDGE * max(1.0, float(steep.max(initial=0))))
    step[free] = np.linalg.solve(inner, slope[free])
    return step


def _soft(
    choices: Sequence[Choice], places: Floats, prices: Floats, temperature: float
) -> tuple[float, Floats, Floats]:
    """The smoothed bound at some prices, its slope (C,) and its bend downwards (C, C)."""
    value, slope = -float(prices @ places), -places
    bend = np.zeros((len(places), len(places)))
    for choice in choices:
        uses, often = choice.uses.astype(float), np.zeros(len(choice.uses))
        for part in _parts(choice):
            table = choice.cost[part] + uses @ prices
            table[choice.refused[part]] = NEVER_TAKEN
            least = table.min(1)
            table -= least[:, None]
            table *= -1 / temperature
            np.exp(table, out=table)
            total = table.sum(1)
            value += float(least.sum() - temperature * np.log(total).sum())
            table /= total[:, None]
            often += table.sum(0)
            mean = table @ uses
            bend -= mean.T @ mean
        slope = slope + often @ uses
        bend += uses.T @ (often[:, None] * uses)
    return value, slope, bend / temperature


def _parts(choice: Choice) -> list[slice]:
    return [slice(s, s + _CHUNK) for s in range(0, len(choice.members), _CHUNK)]


def _priced(choice: Choice, part: slice, prices: Ints) -> Ints:
    table: Ints = choice.cost[part] * np.int64(UNIT) + choice.uses @ prices
    table[choice.refused[part]] = int(NEVER_TAKEN) * UNIT
    return table


def reduced(choice: Choice, rows: slice | Ints, prices: Floats) -> Floats:
    """Cost, lot and prices together, (m, P) of some units; NEVER_TAKEN where refused."""
    table: Floats = LOTS[choice.lot[rows]]
    table += choice.cost[rows]
    table += choice.uses @ prices
    table[choice.refused[rows]] = NEVER_TAKEN
    return table


@dataclass(frozen=True, eq=False)
class Margins:
    """For m units: the best pattern, and how much the next one, and the next centre, are behind."""

    best: Ints
    pattern: Floats
    centre: Floats


def margins_of(choice: Choice, prices: Floats) -> Margins:
    starts = np.flatnonzero(np.diff(choice.centre, prepend=-1))
    best, pattern, other = [np.empty(0, np.int64)], [np.empty(0)], [np.empty(0)]
    for part in _parts(choice):
        table = reduced(choice, part, prices)
        rows, first = np.arange(len(table)), table.argmin(1)
        least = table[rows, first]
        table[rows, first] = 2 * NEVER_TAKEN
        by_centre = np.minimum.reduceat(table, starts, axis=1)
        best.append(first)
        pattern.append(by_centre.min(1) - least)
        by_centre[rows, np.searchsorted(starts, first, "right") - 1] = 2 * NEVER_TAKEN
        other.append(by_centre.min(1) - least)
    return Margins(np.concatenate(best), np.concatenate(pattern), np.concatenate(other))
