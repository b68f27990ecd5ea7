"""The analysis of a national paper: 59,679 people, 150 items, five options. CPU s, one thread.

Peers marked "noted" were measured on another day on such a machine, one thread: mirt 1.45.1 and
psych 2.2.9 under R 4.2.2. Everything else is measured in this run.
"""

import importlib
import importlib.util
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from scoring.psychometrics.choices import count_choices
from scoring.psychometrics.classical import analyse
from scoring.psychometrics.copying import screen_copying
from scoring.psychometrics.distributions import count_scores
from scoring.psychometrics.equating import bootstrap_error, equipercentile
from scoring.psychometrics.flags import flag_items
from scoring.psychometrics.irt.calibration import Calibration, calibrate
from scoring.psychometrics.irt.expectation import expectation
from scoring.psychometrics.irt.grid import Grid
from scoring.psychometrics.irt.guessing import ThreeParameter
from scoring.psychometrics.irt.information import standard_errors
from scoring.psychometrics.irt.item_chi2 import s_x2
from scoring.psychometrics.irt.m2 import m2
from scoring.psychometrics.irt.persons import expected_a_posteriori
from scoring.psychometrics.irt.points import maximum_a_posteriori, weighted_likelihood
from scoring.psychometrics.keying import Key, ScoredMatrix, from_scores, score
from scoring.psychometrics.neighbours import weigh_neighbours
from scoring.psychometrics.responses import ResponseMatrix, from_strings, to_strings
from scoring.psychometrics.seating import Seat
from scoring.psychometrics.similarity import examine_pairs, screen
from tests.benchmarks import Row

PEOPLE, ITEMS, CENTRE = 59_679, 150, 3_730
MIRT, PSYCH, OMEGA = 65.7, 16.2, 52e-6 * CENTRE * (CENTRE - 1) / 2
Work = TypeVar("Work")


def rows() -> Iterator[Row]:
    """Reading, classical analysis, calibration, people, pairs, equating."""
    matrix, key = _answers()
    yield from _reading(matrix)
    yield from _classical(matrix, key)
    yield from _response_theory(_two_parameter_scores())
    yield from _beside_girth(_two_parameter_scores())
    yield from _pairs(matrix, key)
    yield from _beside(matrix, key)
    yield from _nation(matrix, key)
    yield from _equating()


def _reading(matrix: ResponseMatrix) -> Iterator[Row]:
    sheets = to_strings(matrix)
    took, _ = _cpu(lambda: from_strings(sheets, persons=matrix.persons, items=matrix.items))
    copied, _ = _cpu(lambda: matrix.codes.copy())
    what = f"{PEOPLE:,} sheets of {ITEMS} into a matrix"
    yield Row(what, took, "s", "copying the matrix", copied, goal=0.5)


def _classical(matrix: ResponseMatrix, key: Key) -> Iterator[Row]:
    took, _ = _cpu(lambda: flag_items(analyse(matrix, key)))
    what = "classical analysis with options and flags"
    yield Row(what, took, "CPU s", "R psych::alpha (noted)", PSYCH, goal=1.5)


def _response_theory(scored: ScoredMatrix) -> Iterator[Row]:
    fitted, found = _cpu(lambda: calibrate(scored))
    step = 12 * _one_step(scored)
    yield Row("2PL to 1e-6 in float64", fitted, "CPU s", "R mirt (noted)", MIRT, goal=2.5)
    yield Row("the same", fitted, "CPU s", "12 bare float32 E-steps", step)
    yield Row("log-likelihood left to plain EM at 1e-9", _left(scored, found), "", goal=1e-3)
    with_errors, _ = _cpu(lambda: standard_errors(scored, calibrate(scored)))
    yield Row("2PL with all standard errors", with_errors, "CPU s", goal=5.0)
    guessed, _ = _cpu(lambda: calibrate(scored, ThreeParameter()), times=1)
    yield Row("3PL with a prior on guessing", guessed, "CPU s", goal=6.0)
    weighted, _ = _cpu(lambda: weighted_likelihood(scored, found), times=1)
    yield Row("Warm's estimate and its error for everybody", weighted, "CPU s", goal=2.0)
    modal, _ = _cpu(lambda: maximum_a_posteriori(scored, found), times=1)
    yield Row("the mode and its error for everybody", modal, "CPU s", goal=2.0)
    fits, _ = _cpu(lambda: s_x2(scored, found))
    yield Row(f"S-X2 of {ITEMS} items", fits, "CPU s", goal=3.0)
    yield from _limited_fit(scored)
    people, _ = _cpu(lambda: expected_a_posteriori(scored, found))
    yield Row("EAP and its error for everybody", people, "CPU s", "R mirt (noted)", 10.6, goal=0.3)
    yield Row(
        "memory of the 2PL beyond the scores", _peak(lambda: calibrate(scored)), "MB", goal=300
    )


def _left(scored: ScoredMatrix, found: Calibration) -> float:
    """How much more plain float64 EM gains, carried on from the calibration to a step of 1e-9."""
    data, nodes, model = found.blocks(scored), found.grid.nodes, found.model
    point, change = found.parameters, 1.0
    for _ in range(1000):
        expected = expectation(data, model.logs(point, nodes), found.grids)
        image = model.maximise(point, expected, nodes)
        point, change = image, float(np.abs(image - point).max())
        if change < 1e-9:
            break
    expected = expectation(data, model.logs(point, nodes), found.grids)
    return abs(expected.loglik - found.loglik)


def _limited_fit(scored: ScoredMatrix) -> Iterator[Row]:
    """M2 at 170 items: those of the form and twenty of them again, of other people."""
    credit = np.hstack([scored.credit, np.roll(scored.credit[:, :20], 1, axis=0)])
    items = [f"i{j}" for j in range(credit.shape[1])]
    wide = from_scores(credit, persons=scored.persons, items=items)
    found = calibrate(wide)
    took, _ = _cpu(lambda: m2(wide, found), times=1)
    yield Row("M2 at 170 items", took, "CPU s", goal=60.0)
    yield Row("memory of M2 at 170 items", _peak(lambda: m2(wide, found)), "MB", goal=1000)


def _beside_girth(scored: ScoredMatrix) -> Iterator[Row]:
    """5,000 x 100, both at 61 nodes, where the peer is installed; it stops by its own rule."""
    if importlib.util.find_spec("girth") is None:
        return
    peer = importlib.import_module("girth").twopl_mml
    credit = scored.credit[:5000, :100]
    small = from_scores(credit, persons=np.arange(5000), items=scored.items[:100])
    table = np.ascontiguousarray(credit.T.astype(int))
    theirs, _ = _cpu(lambda: peer(table, options={"quadrature_n": 61}), times=1)
    ours, _ = _cpu(lambda: calibrate(small))
    yield Row("2PL 5,000 x 100", ours, "CPU s", "girth", theirs, goal=theirs / 100)


def _pairs(matrix: ResponseMatrix, key: Key) -> Iterator[Row]:
    centre = ResponseMatrix(
        matrix.codes[:CENTRE], matrix.persons[:CENTRE], matrix.items, matrix.options
    )
    scored = score(centre, key)
    choices = count_choices(centre, scored, key)
    took, found = _cpu(lambda: screen(centre, scored, choices, np.zeros(CENTRE)))
    what = f"all {found.looked_at:,} pairs of a centre"
    yield Row(what, took, "CPU s", "R aberrance (noted, scaled)", OMEGA, goal=0.6)
    weighed, _ = _cpu(lambda: screen_copying(centre, scored, choices, np.zeros(CENTRE)), times=1)
    yield Row("the same pairs, agreement weighed", weighed, "CPU s")
    pairs = [(row, row + 1) for row in range(1000)]
    exact, _ = _cpu(lambda: examine_pairs(centre, scored, choices, pairs), times=1)
    yield Row("exact GBT and M4 of 1,000 pairs", exact, "CPU s", goal=3.0)


def _beside(matrix: ResponseMatrix, key: Key) -> Iterator[Row]:
    """Everybody in rooms of five by six seats, each weighed against the eight seats around."""
    scored = score(matrix, key)
    choices = count_choices(matrix, scored, key)
    seats = [Seat(place // 30, place % 30 // 6, place % 6) for place in range(PEOPLE)]
    took, found = _cpu(lambda: weigh_neighbours(matrix, scored, choices, seats, seed=1), times=1)
    yield Row(
        f"{len(found.rows):,} pairs side by side, and {found.strangers:,} strangers", took, "CPU s"
    )


def _nation(matrix: ResponseMatrix, key: Key) -> Iterator[Row]:
    """Every pair of the country, whatever centre they sat in."""
    scored = score(matrix, key)
    choices = count_choices(matrix, scored, key)
    everybody = np.zeros(PEOPLE)
    tracemalloc.start()
    took, found = _cpu(lambda: screen(matrix, scored, choices, everybody, rough=5.5), times=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Row(f"all {found.looked_at:,} pairs of the nation", took, "CPU s", goal=180.0)
    yield Row("memory of that beyond the answers", peak / 1e6, "MB", goal=1000)


def _equating() -> Iterator[Row]:
    random = np.random.default_rng(2)
    x, y = (count_scores(random.binomial(ITEMS, share, 30_000), ITEMS) for share in (0.6, 0.62))
    took, _ = _cpu(lambda: bootstrap_error(equipercentile, x, y, seed=1))
    yield Row("1,000 equatings of two forms of 150", took, "CPU s", goal=2.0)


def _answers() -> tuple[ResponseMatrix, Key]:
    """Every item's right option is A; who misses it prefers B."""
    scored = _two_parameter_scores()
    random = np.random.default_rng(7)
    wrong = random.choice(
        np.array([1, 2, 3, 4], np.uint8), scored.credit.shape, p=[0.5, 0.2, 0.2, 0.1]
    )
    codes = np.where(scored.credit == 1, np.uint8(0), wrong)
    matrix = ResponseMatrix(codes, np.arange(PEOPLE), scored.items, tuple("ABCDE"))
    return matrix, Key.single(dict.fromkeys(scored.items, "A"))


def _two_parameter_scores() -> ScoredMatrix:
    """Case full_2pl of the field notes: a lognormal, b and theta normal, no guessing."""
    random = np.random.Generator(np.random.PCG64(2569_01))
    a = np.clip(random.lognormal(0.05, 0.30, ITEMS), 0.35, 2.5)
    b = np.clip(random.normal(-0.2, 1.0, ITEMS), -3, 3)
    theta = random.standard_normal(PEOPLE)
    right = np.empty((PEOPLE, ITEMS), np.uint8)
    for start in range(0, PEOPLE, 8192):
        chance = 1 / (1 + np.exp(-a * (theta[start : start + 8192, None] - b)))
        right[start : start + 8192] = random.random(chance.shape) < chance
    items = [f"i{j}" for j in range(ITEMS)]
    return from_scores(right, persons=np.arange(PEOPLE), items=items)


def _one_step(scored: ScoredMatrix) -> float:
    """The physical limit: two products and one exponential per person and node, nothing else."""
    x = scored.credit.astype(np.float32)
    slope = np.random.default_rng(1).normal(0, 0.1, (ITEMS, Grid().count)).astype(np.float32)
    took, _ = _cpu(lambda: x.T @ np.exp(x @ slope))
    return took


def _cpu(work: Callable[[], Work], times: int = 3) -> tuple[float, Work]:
    taken: list[tuple[float, Any]] = []
    for _ in range(times):
        began = time.process_time()
        result = work()
        taken.append((time.process_time() - began, result))
    return min(seconds for seconds, _ in taken), taken[0][1]


def _peak(work: Callable[[], object]) -> float:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6
