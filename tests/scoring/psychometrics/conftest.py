"""Answers to analyse: invented ones, published ones, and the shared real ones where they are."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.psychometrics.keying import NO_CREDIT, ScoredMatrix, from_scores, score
from scoring.psychometrics.responses import ResponseMatrix, from_strings
from scoring.psychometrics.tables import read_key, read_responses, read_scores
from tests.data.lsat import LSAT6, LSAT7

SHARED = Path(__file__).parents[4] / "shared" / "data" / "psychometrics"


@pytest.fixture
def shared_set() -> Callable[[str], Path]:
    """shared_set("hci"): the folder of a real data set with its reference.json."""

    def find(name: str) -> Path:
        if not (SHARED / name).is_dir():
            pytest.skip(f"the shared data set {name} is not beside this project")
        return SHARED / name

    return find


@pytest.fixture
def reference(shared_set: Callable[[str], Path]) -> Callable[[str], Any]:
    """reference("hci"): what other programs found in that set."""
    return lambda name: json.loads((shared_set(name) / "reference.json").read_text("utf-8"))


@pytest.fixture
def shared_scores(shared_set: Callable[[str], Path]) -> Callable[[str], ScoredMatrix]:
    """shared_scores("hci"): its scored answers; full credit alone counts where there is partial."""

    def load(name: str) -> ScoredMatrix:
        folder = shared_set(name)
        if (folder / "key.csv").exists():
            matrix = read_responses(folder / "responses.csv")
            return score(matrix, read_key(folder / "key.csv", matrix.items))
        scored = read_scores(folder / "responses.csv")
        full = (scored.credit == scored.maximum).astype(np.uint8)
        full[~scored.administered] = NO_CREDIT
        return from_scores(full, persons=scored.persons, items=scored.items)

    return load


@pytest.fixture
def make_scored() -> Callable[..., ScoredMatrix]:
    """make_scored([[1, 0], [1, None]]): credit as given; None is not administered."""

    def make(rows: Any) -> ScoredMatrix:
        table = np.array(
            [[NO_CREDIT if cell is None else cell for cell in row] for row in rows], np.uint8
        )
        items = [f"i{j}" for j in range(table.shape[1])]
        return from_scores(table, persons=np.arange(len(table)), items=items)

    return make


@pytest.fixture
def make_matrix() -> Callable[..., ResponseMatrix]:
    """make_matrix("ABC-", "AB.*"): one sheet for each candidate."""

    def make(*sheets: str, options: str = "ABCDE") -> ResponseMatrix:
        items = [f"i{j}" for j in range(len(sheets[0]) if sheets else 0)]
        return from_strings(sheets, persons=range(len(sheets)), items=items, options=options)

    return make


@pytest.fixture
def lsat(make_scored: Callable[..., ScoredMatrix]) -> dict[int, ScoredMatrix]:
    """Both sections of Bock & Lieberman (1970)."""
    return {
        section: make_scored(
            [[int(mark) for mark in pattern] for pattern, n in patterns.items() for _ in range(n)]
        )
        for section, patterns in ((6, LSAT6), (7, LSAT7))
    }


@pytest.fixture
def simulated() -> Callable[..., tuple[ScoredMatrix, Any, Any, Any]]:
    """simulated(people, items, seed): scored answers of the 2PL, and a, b, theta behind them."""

    def make(people: int, items: int, seed: int = 1) -> tuple[ScoredMatrix, Any, Any, Any]:
        random = np.random.default_rng(seed)
        a, b = random.lognormal(0.05, 0.3, items), random.normal(0, 1, items)
        theta = random.standard_normal(people)
        chance = 1 / (1 + np.exp(-a * (theta[:, None] - b)))
        right = (random.random(chance.shape) < chance).astype(np.uint8)
        names = [f"i{j}" for j in range(items)]
        return from_scores(right, persons=np.arange(people), items=names), a, b, theta

    return make
