"""A reference file that remembers what of it was compared, so that nothing is passed over."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Told: TypeAlias = Iterator[tuple[str, float, float]]  # what, how far apart, how far it may be

# What a reference says about itself, not about the answers.
PROSE = frozenset(
    [
        "call",
        "note",
        "note_purified",
        "M2_note",
        "cpu_seconds",
        "wall_seconds",
        "iterations",
        "converged",
        "error",
        "item",
        "_row",
        "i",
        "j",
        "u",
        "person",
        "option",
        "key",
        "type",
        "focal",
        "anchor",
        "versions",
        "generated",
    ]
)


@dataclass
class Entry:
    """One part of a reference file; reading a figure marks it as compared."""

    content: Any
    path: str = ""
    read: set[str] = field(default_factory=set)

    def __contains__(self, name: str) -> bool:
        return name in self.content

    def part(self, name: str) -> "Entry":
        """A part of it, with the same memory."""
        return Entry(self.content[name], f"{self.path}/{name}", self.read)

    def said(self, name: str) -> Any:
        """What stands there, whole, as compared."""
        self.read.add(f"{self.path}/{name}")
        return self.content[name]

    def figures(self, *names: str) -> list[float]:
        """Numbers by name; NaN where the reference has none."""
        return [_number(self.said(name)) for name in names]

    def column(self, name: str) -> np.ndarray:
        """Of a list of rows: one figure of each, NaN where the reference has none."""
        self.read.add(f"{self.path}/[]/{name}")
        return np.array([_number(row.get(name)) for row in self.content], np.float64)

    def unread(self) -> list[str]:
        """Figures that nobody compared."""
        left = sorted(set(_leaves(self.content, self.path)))
        return [leaf for leaf in left if not any(_within(leaf, read) for read in self.read)]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _within(leaf: str, read: str) -> bool:
    return leaf == read or leaf.startswith(f"{read}/")


def _leaves(content: Any, path: str) -> Iterator[str]:
    if isinstance(content, dict):
        for name, value in content.items():
            if name not in PROSE:
                yield from _leaves(value, f"{path}/{name}")
    elif isinstance(content, list) and content and isinstance(content[0], dict):
        for row in content:
            yield from _leaves(row, f"{path}/[]")
    elif content not in ({}, []):
        yield path


def gap(ours: Any, theirs: Any, *, relative: bool = False) -> float:
    """The largest difference where the reference has a figure; infinite where only we have none."""
    wanted = np.ravel(np.asarray(theirs, np.float64))
    apart = np.abs(np.ravel(np.asarray(ours, np.float64)) - wanted)
    if relative:
        apart = apart / np.abs(wanted)
    apart = apart[np.isfinite(wanted)]
    return float("inf") if np.isnan(apart).any() else float(apart.max(initial=0.0))
