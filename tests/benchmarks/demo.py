"""The whole demo at national size, in a process of its own, on a database of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks import Row

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS, LIMIT_MIB = 180, 2048


def rows() -> list[Row]:
    """Wall time and memory of `make demo` after installation, and of each of its steps."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        environment |= {"DATA_DIR": folder, "SERVE": "0", "SIZE": ""}
        began = time.perf_counter()
        command = [sys.executable, "manage.py", "demo"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - began
        told = json.loads((Path(folder) / "demo" / "story.json").read_text(encoding="utf-8"))
        size = (Path(folder) / "sanamsob.sqlite3").stat().st_size / 2**20
    steps = told["done"]
    memory = max(step["memory_mib"] for step in steps)
    return [
        Row("make demo, 59,679 people", whole, "s", goal=LIMIT_SECONDS),
        Row("make demo, peak memory", memory, "MiB", goal=LIMIT_MIB),
        Row("make demo, database", size, "MiB"),
        *(Row(f"make demo: {step['name'].lower()}", step["seconds"], "s") for step in steps),
    ]
