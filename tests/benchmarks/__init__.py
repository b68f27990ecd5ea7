"""Every figure the documents quote is measured here: `make bench`.

A benchmark is a module with `rows()`. Each row names what was measured, the measure of a peer or
of the physical limit taken in the same run, and the goal where there is one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured figure. `ratio` is ours / theirs, both taken in this run."""

    what: str
    ours: float
    unit: str
    peer: str = ""
    theirs: float | None = None
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.theirs if self.theirs else None

    @property
    def reached(self) -> bool | None:
        """Whether the figure is at or under its goal; None when it has no goal."""
        return None if self.goal is None else self.ours <= self.goal


def seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """The quickest wall time of a few runs: what the machine can do when it is left alone."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)
