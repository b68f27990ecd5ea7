"""The witness of the ledgers: once a minute it writes down where they end, outside the database."""

import fcntl
import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Final

from proctoring.live.witness import End, ends_said, next_line
from proctoring.queries.ledger import all_heads, epoch
from proctoring.queries.witness import lines_of, witness_files

log = logging.getLogger("sanamsob.live")
EVERY_SECONDS: Final = 60


def witness_heads(*, at: datetime) -> int:
    """Write one line for what moved since the last one; how many ledgers did.

    No table is written, so there is no transaction and no entry in the audit trail. A second
    place that cannot be reached must not stop the first: it is filled when it is there again.
    """
    first, *copies = witness_files()
    first.parent.mkdir(parents=True, exist_ok=True)
    with (first.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        written = lines_of(first)
        known = ends_said(written)
        ends: dict[int, End] = {room: (h.seq, h.hash) for room, h in all_heads().items() if h.seq}
        moment = round(at.timestamp() * 1000)
        line = next_line(written[-1] if written else "", known, ends, at=moment, epoch=epoch())
        if line:
            written.append(line)
        _append(first, written)
        for copy in copies:
            try:
                _append(copy, written)
            except OSError:
                log.warning("the second place of the witness, %s, cannot be written", copy)
    return sum(known.get(room) != end for room, end in ends.items())


def _append(file: Path, written: list[str]) -> None:
    """Add the lines that the file lacks, and let go only when the disk holds them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    held = lines_of(file)
    missing = written[len(held) :]
    if not missing:
        return
    with file.open("r+b" if file.exists() else "wb") as out:
        out.truncate(sum(len(line.encode()) + 1 for line in held))  # a line that a crash cut short
        out.seek(0, os.SEEK_END)
        out.write("".join(f"{line}\n" for line in missing).encode())
        out.flush()
        os.fsync(out.fileno())
