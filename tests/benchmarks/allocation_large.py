"""Allocation beyond one nation: speed and memory beside OR-Tools, each in a process of its own.

Memory is the most a process held, its table of costs included; CPU is of the solver call alone.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from scheduling.allocation.assign import dual_bound, exact_sum, settle
from scheduling.allocation.problem import Ints
from tests.benchmarks import Row

SEED = 2570
_TOWNS = 77
_CHUNK = 16384


@dataclass(frozen=True)
class Run:
    """One solver on one crowd: CPU seconds, peak MiB, cost, and the bound where it has one."""

    cpu: float
    memory: float
    cost: int
    bound: int | None = None


def rows() -> Iterator[Row]:
    """The sizes of the goals; `LARGE=0` leaves out all but the first."""
    sizes = [(59_679, 16, 0.5), (59_679, 48, 0.25), (597_000, 64, 0.15)]
    for people, columns, goal in sizes if os.environ.get("LARGE") != "0" else sizes[:1]:
        size = f"{people:,} x {columns}"
        ours = _apart("ours", people, columns)
        yield Row(f"gap of settling {size}, lottery units", float(ours.cost - ours.bound), "",
                  goal=0)  # fmt: skip
        if find_spec("ortools") is None:
            continue
        peer = _apart("theirs", people, columns)
        yield Row(f"settle {size}, CPU", ours.cpu, "s", "OR-Tools min-cost flow", peer.cpu,
                  goal * peer.cpu)  # fmt: skip
        yield Row(f"settle {size}, peak memory", ours.memory, "MiB", "OR-Tools min-cost flow",
                  peer.memory, 0.4 * peer.memory)  # fmt: skip
        yield Row(f"difference from its cost, {size}", float(abs(ours.cost - peer.cost)), "",
                  goal=0)  # fmt: skip
    if os.environ.get("LARGE") != "0":
        most = _apart("ours", 1_000_000, 100)
        yield Row("settle 1,000,000 x 100, CPU", most.cpu, "s", goal=60)
        yield Row("settle 1,000,000 x 100, peak memory", most.memory, "MiB", goal=3072)
        yield Row("its gap, lottery units", float(most.cost - most.bound), "", goal=0)


def crowd(people: int, columns: int) -> tuple[Ints, Ints]:
    """Costs (n, K) with a lottery of 20 bits, and places (K,) for three in a hundred more.

    People live round 77 towns of very uneven size and name three of the centres near them; two
    fifths of the places stand where nobody asked for them.
    """
    rng = np.random.default_rng(SEED)
    place, town = (
        np.column_stack([rng.uniform(6, 20, many), rng.uniform(98, 105, many)])
        for many in (columns, _TOWNS)
    )
    size = rng.pareto(1.2, _TOWNS) + 0.3
    table = np.empty((people, columns), np.int64)
    for start in range(0, people, _CHUNK):
        part = table[start : start + _CHUNK]
        home = town[rng.choice(_TOWNS, len(part), p=size / size.sum())]
        home = home + rng.normal(0, 0.25, home.shape)
        away = home[:, None] - place
        km = 110 * np.hypot(away[..., 0], 0.97 * away[..., 1])
        wishes = np.argsort(km + rng.gumbel(0, 35, km.shape), axis=1)[:, :3]
        cost = np.rint(10 * km).astype(np.int64) + 3000
        for wish, penalty in zip(wishes.T, (0, 400, 900), strict=True):
            cost[np.arange(len(part)), wish] += penalty - 3000
        part[:] = (cost << 20) + rng.integers(0, 2**20, cost.shape)
    asked = np.bincount(table[:50_000].argmin(1), minlength=columns)
    weight = rng.uniform(0.4, 1.6, columns)
    share = 0.6 * asked / asked.sum() + 0.4 * weight / weight.sum()
    return table, np.ceil(1.03 * people * share).astype(np.int64)


def network_flow(table: Ints, capacity: Ints) -> tuple[Ints, float]:
    """Columns by OR-Tools and the CPU seconds of its solver call alone."""
    flow = import_module("ortools.graph.python.min_cost_flow").SimpleMinCostFlow()
    people, columns = table.shape
    rows, sink = np.arange(people), people + columns
    there = np.arange(columns) + people
    tails = np.concatenate([rows.repeat(columns), there])
    heads = np.concatenate([np.tile(there, people), np.full(columns, sink)])
    width = np.concatenate([np.ones(people * columns, np.int64), capacity])
    cost = np.concatenate([table.ravel(), np.zeros(columns, np.int64)])
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, width, cost)
    flow.set_nodes_supplies(np.append(rows, sink), np.append(np.ones(people, np.int64), -people))
    began = time.process_time()
    status = flow.solve()
    taken = time.process_time() - began
    if status != flow.OPTIMAL:
        raise RuntimeError(f"the peer gave up: {status}")
    return flow.flows(arcs[: people * columns]).reshape(table.shape).argmax(1), taken


def _ours(people: int, columns: int) -> Run:
    table, places = crowd(people, columns)
    began = time.process_time()
    column, prices = settle(table, places)
    cpu, peak = time.process_time() - began, _peak()
    paid = exact_sum(table[np.arange(people), column])
    return Run(cpu, peak, paid, dual_bound(table, places, prices))


def _theirs(people: int, columns: int) -> Run:
    table, places = crowd(people, columns)
    column, cpu = network_flow(table, places)
    return Run(cpu, _peak(), exact_sum(table[np.arange(people), column]))


def _peak() -> float:
    """The most this process held, MiB; ru_maxrss would count what its parent held before."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


def _apart(who: str, people: int, columns: int) -> Run:
    """One solver in a process that has loaded nothing else."""
    said = subprocess.run(
        [sys.executable, "-m", __name__, who, str(people), str(columns)],
        check=True,
        capture_output=True,
        text=True,
    )
    return Run(**json.loads(said.stdout))


if __name__ == "__main__":
    solve = {"ours": _ours, "theirs": _theirs}[sys.argv[1]]
    sys.stdout.write(json.dumps(asdict(solve(int(sys.argv[2]), int(sys.argv[3])))))
