"""Serve the pages and live rooms, with a worker for long jobs beside them."""

import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from importlib.util import find_spec
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from centres.common.runs import revive_silent
from proctoring.actions.witness import EVERY_SECONDS, witness_heads
from proctoring.live.protocol import MAX_FRAME
from scheduling.actions.tending import tend_bookings
from scoring.actions.publication import sync_pointer

REVIVE_EVERY = 60  # seconds
TEND_EVERY = 5
log = logging.getLogger("sanamsob.live")


class Command(BaseCommand):
    help = "Serve the pages and live rooms on one port, and work on queued runs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or 8000))

    def handle(self, *, host: str, port: int, **options: Any) -> None:
        lock = _only_server()
        refuse_taken_port(host, port)
        call_command("check")
        call_command("migrate", verbosity=0, interactive=False)
        sync_pointer()  # a restored database may say something else than the books' pointer
        web, worker, post = _web(host, port), _worker(), _post()
        signal.signal(signal.SIGTERM, _stop)
        try:
            _wait_for(web, host, port)
            self.stdout.write(f"Serving at http://{host}:{port}/  (stop with Ctrl-C)")
            self._watch(web, worker, post)
        except KeyboardInterrupt:
            self.stdout.write("Stopping. What was confirmed is stored.")
        finally:
            _end(web, worker, post)
            lock.close()

    def _watch(
        self,
        web: subprocess.Popen[bytes],
        worker: subprocess.Popen[bytes],
        post: subprocess.Popen[bytes],
    ) -> None:
        """Keep worker and post alive, find silent runs; end when the web process ends."""
        revived = witnessed = tended = time.monotonic()
        while web.poll() is None:
            time.sleep(1)
            if worker.poll() is not None:
                worker = _worker()
            if post.poll() is not None:
                post = _post()
            if time.monotonic() - revived > REVIVE_EVERY:
                revived = time.monotonic()
                revive_silent(at=timezone.now())
            if time.monotonic() - witnessed > EVERY_SECONDS:
                witnessed = time.monotonic()
                _witness()
            if time.monotonic() - tended > TEND_EVERY:
                tended = time.monotonic()
                _tend()
        raise CommandError(f"The web process ended by itself (code {web.returncode}); see above.")


def _tend() -> None:
    """Offers and fees whose time is over; a database that is away must not end the service."""
    try:
        tend_bookings(at=timezone.now())
    except DatabaseError:
        log.exception("the waiting lists were not tended")


def _witness() -> None:
    """Where the ledgers end, for whoever asks later; a full disk must not end the service."""
    try:
        witness_heads(at=timezone.now())
    except (OSError, DatabaseError):
        log.exception("the witness of the ledgers missed a minute")


def _only_server() -> Any:
    """One web process a machine while live messages stay inside a process."""
    path = settings.DATA_DIR / "serve.lock"
    lock = path.open("w")
    if settings.REDIS_URL:
        return lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CommandError(
            "Another server already runs on this data. Two would not hear each other's rooms: "
            "stop the other one, or name a REDIS_URL for both."
        ) from None
    return lock


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise CommandError(
                f"Port {port} is taken by another program. Name another one: PORT={port + 1}"
            ) from None


def _web(host: str, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *web_server(host, port)], cwd=settings.BASE_DIR)


def _wait_for(web: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Until it takes connections, or ended: nobody is sent to an address that does not answer."""
    while web.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host.replace("0.0.0.0", "127.0.0.1"), port)) == 0:
                return
        time.sleep(0.1)


def web_server(host: str, port: int, *, fast: bool | None = None) -> list[str]:
    """The web server as a module and its arguments: uvicorn where `.[scale]` put it, else daphne.

    Both keep thousands of connections waiting when rooms reconnect all at once; Twisted's own
    queue of 50 is too short. uvicorn refuses a message larger than any frame of ours.
    """
    if find_spec("uvicorn") is not None if fast is None else fast:
        return [
            "uvicorn", "config.asgi:application", "--host", host, "--port", str(port),
            "--ws", "websockets-sansio", "--ws-max-size", str(MAX_FRAME),
            "--ws-per-message-deflate", "false", "--lifespan", "off", "--backlog", "4096",
            "--no-access-log", "--no-server-header", "--no-proxy-headers", "--log-level", "warning",
            "--timeout-graceful-shutdown", "8",
        ]  # fmt: skip
    endpoint = f"tcp:port={port}:interface={host}:backlog=4096"
    return ["daphne", "-v", "0", "--no-server-name", "-e", endpoint, "config.asgi:application"]


def _worker() -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "db_worker", "--interval", "0.5", "-v", "0"]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env={**os.environ, **one_thread})


def _post() -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "send_messages", "--watch"]
    return subprocess.Popen(command, cwd=settings.BASE_DIR)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
