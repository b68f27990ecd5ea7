"""What the person at the terminal sees: a bar for every long job, one table at the end."""

import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from config.demo.journal import Done

Report = Callable[[int, int], None]


class Teller:
    """Writes to one console; silent about numbers it was not given."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def say(self, sentence: str) -> None:
        """One line of the story."""
        self.console.print(sentence)

    @contextmanager
    def bar(self, title: str) -> Iterator[Report]:
        """A progress bar for one job; call what is yielded as `report(done, total)`."""
        bar = Progress(
            TextColumn("  "), SpinnerColumn(), TextColumn("{task.description}"), BarColumn(32),
            MofNCompleteColumn(), TimeElapsedColumn(),
            console=self.console, refresh_per_second=4,
        )  # fmt: skip
        with bar:
            task = bar.add_task(title, total=None)

            def report(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            yield report

    def table(self, steps: list[Done]) -> None:
        """Step, how many, seconds, peak memory."""
        table = Table(title_justify="left", show_footer=True)
        table.add_column("Step", footer="All of it")
        table.add_column("How many")
        seconds = sum(step.seconds for step in steps)
        table.add_column("Seconds", justify="right", footer=f"{seconds:.1f}")
        memory = max((step.memory_mib for step in steps), default=0.0)
        table.add_column("Peak memory", justify="right", footer=f"{memory:,.0f} MiB")
        for step in steps:
            table.add_row(
                step.name, step.what, f"{step.seconds:.1f}", f"{step.memory_mib:,.0f} MiB"
            )
        self.console.print(table)

    def figures(self, rows: list[tuple[str, str]]) -> None:
        """The short list of what matters to a person."""
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for name, value in rows:
            table.add_row(name, value)
        self.console.print(table)


class Measure:
    """Seconds and the highest resident memory between its making and its reading."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._resets = _reset_peak()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def memory_mib(self) -> float:
        """Highest resident memory: of this step where the system can tell, else so far."""
        if self._resets:
            found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
            if found:
                return int(found[1]) / 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _reset_peak() -> bool:
    """Let the kernel forget the highest memory so far; Linux can, others cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True
