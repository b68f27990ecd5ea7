"""Run every benchmark, or those named: python -m tests.benchmarks [NAME ...]."""

import importlib
import json
import os
import pkgutil
import platform
import sys

import django

for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[pool] = (
        "1"  # ours and the peers': a thread that waits burns seconds of the processor
    )
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

import tests.benchmarks as package  # noqa: E402


def main(asked: list[str]) -> int:
    console = Console()
    console.print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    )
    kept = []
    for name in asked or sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        if name == "__main__":
            continue
        table = Table("measured", "ours", "unit", "beside", "theirs", "ratio", "goal", title=name)
        for row in importlib.import_module(f"tests.benchmarks.{name}").rows():
            verdict = {None: "", True: "reached", False: "[bold]not reached[/]"}[row.reached]
            table.add_row(
                row.what,
                f"{row.ours:.4g}",
                row.unit,
                row.peer,
                "" if row.theirs is None else f"{row.theirs:.4g}",
                "" if row.ratio is None else f"{row.ratio:.3g}",
                "" if row.goal is None else f"{row.goal:g} {verdict}",
            )
            kept.append({"bench": name, **vars(row), "ratio": row.ratio, "reached": row.reached})
        console.print(table)
    report = settings.REPORTS_DIR / "bench.json"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(kept, ensure_ascii=False, indent=1))
    console.print(f"Kept in {report}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
