"""What the demo has done so far, kept in a file beside the database, so that it can go on.

A step is written down only after its work is in the database, and every step looks there before it
works; so a demo that was killed anywhere goes on where it was, and never does a thing twice.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass
class Done:
    """One finished step: how many of what, how long, the highest memory, figures to show."""

    name: str
    what: str
    seconds: float
    memory_mib: float
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass
class Journal:
    """One demo: its size and seed, when it began, and the steps that are done."""

    path: Path
    size: int
    seed: int
    began: datetime
    database: str
    done: list[Done] = field(default_factory=list)
    finished: bool = False

    def of(self, name: str) -> Done | None:
        """What was noted of a step, if it is done."""
        return next((done for done in self.done if done.name == name), None)

    def note(self, done: Done) -> None:
        """Write down a finished step."""
        self.done.append(done)
        self.keep()

    def keep(self) -> None:
        """Store the journal whole: a reader finds the old one or the new one."""
        plain = asdict(self) | {"began": self.began.isoformat(), "path": str(self.path)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(plain, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


def read_journal(path: Path) -> Journal | None:
    """The journal of a demo that was begun here, or None."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    plain["began"] = datetime.fromisoformat(plain["began"])
    plain["done"] = [Done(**done) for done in plain["done"]]
    return Journal(**plain | {"path": path})
