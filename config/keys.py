"""Secrets that are made on first use when nobody has named them.

One machine needs no set-up: its keys are files readable by their owner alone. Several machines
must share them, so there they come from the environment (SECRET_KEY, DATA_KEY).
"""

import os
import secrets
from pathlib import Path


def key_from_file(path: Path) -> str:
    """Return the 32-byte key kept in `path` as hex; make it, once, if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_hex(32)
    with os.fdopen(handle, "w") as file:
        file.write(key)
    return key
