"""Reading what the witness wrote: the file in the data folder, and its copy elsewhere."""

from pathlib import Path
from typing import Final

from django.conf import settings

from proctoring.live.witness import Minute, Torn, minutes

NAME: Final = "heads.jsonl"


def witness_files() -> list[Path]:
    """Where the witness writes: the data folder, and the second place that WITNESS_DIR names."""
    places = [Path(settings.DATA_DIR) / "witness"]
    if settings.WITNESS_DIR:
        places.append(Path(settings.WITNESS_DIR))
    return [place / NAME for place in places]


def lines_of(file: Path) -> list[str]:
    """The whole lines of a witness; a last line that a crash cut short is not one."""
    if not file.exists():
        return []
    text = file.read_text()
    return text[: text.rfind("\n") + 1].splitlines()


def testimony() -> tuple[list[Minute], list[str]]:
    """What was seen, minute by minute, and in words of a machine what is wrong with the files.

    The places must agree as far as both go; the longer one is believed.
    """
    files = witness_files()
    written = [lines_of(file) for file in files]
    faults = []
    if len(written) == 2:
        shorter = min(len(lines) for lines in written)
        for number, (one, other) in enumerate(zip(*(w[:shorter] for w in written), strict=True), 1):
            if one != other:
                faults.append(f"{files[0]} and {files[1]} differ in line {number}")
                break
    longest = max(written, key=len)
    seen: list[Minute] = []
    try:
        seen.extend(minutes(longest))
    except Torn as torn:
        faults.append(f"{files[written.index(longest)]} is not what was written: {torn}")
    return seen, faults
