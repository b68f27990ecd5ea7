"""The site as it is served, on the database of this run, for crowds to be let loose on."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection


@contextmanager
def serving(server: str) -> Iterator[int]:
    """The site as `serve` runs it, on the database of this run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": folder,
            "SECRET_KEY": settings.SECRET_KEY, "DATA_KEY": settings.DATA_KEY.hex(),
            "ALLOWED_HOSTS": "127.0.0.1",
        }  # fmt: skip
        log = (Path(folder) / "web.log").open("w")
        web = subprocess.Popen(
            _command(server, port), cwd=settings.BASE_DIR, env=environment, stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for(port, lambda: (Path(folder) / "web.log").read_text())
            yield port
        finally:
            web.terminate()
            web.wait(10)
            log.close()


def _command(server: str, port: int) -> list[str]:
    python = [sys.executable, "-m"]
    if server == "daphne":
        endpoint = f"tcp:port={port}:interface=127.0.0.1:backlog=4096"
        return [*python, "daphne", "-v", "0", "-e", endpoint, "config.asgi:application"]
    # Several processes only where several may write: PostgreSQL.
    workers = "1" if connection.vendor == "sqlite" else "2"
    return [*python, "uvicorn", "--port", str(port), "--workers", workers, "--no-access-log",
            "--log-level", "warning", "--lifespan", "off", "--backlog", "4096",
            "config.asgi:application"]  # fmt: skip


def _wait_for(port: int, log: Callable[[], str]) -> None:
    for _try in range(200):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(log())


def database_url() -> str:
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{named['NAME']}"
    login = f"{named['USER']}:{named['PASSWORD']}".rstrip(":")
    return f"postgres://{login}@{named['HOST']}:{named['PORT'] or 5432}/{named['NAME']}"
