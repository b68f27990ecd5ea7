"""A PostgreSQL of one's own, to be killed without warning."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.journeys.conftest import free_port

BINARIES = shutil.which("initdb"), shutil.which("pg_ctl")
HAS_OWN = all(BINARIES) and (os.geteuid() != 0 or shutil.which("runuser") is not None)


class Cluster:
    """One database server in a folder, with its own port; durable, as on the day."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, *command: str) -> None:
        """As a user that PostgreSQL accepts: it refuses to be run by root."""
        by = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        with (self.folder / "log").open("a") as log:
            subprocess.run([*by, *command], check=True, stdout=log, stderr=log, cwd="/")

    def make(self) -> None:
        self.run("initdb", "-D", str(self.folder / "data"), "-U", "postgres", "--auth=trust")

    def start(self) -> None:
        """Start it; after a kill it first waits for its own orphans, then recovers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        until = time.monotonic() + 60
        while True:
            try:
                self.run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-w", "start")
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.3)
            else:
                return

    def kill(self) -> None:
        """kill -9, with no chance to write anything more."""
        head = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        os.kill(int(head), signal.SIGKILL)

    def end(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    cluster = Cluster(folder)
    try:
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        cluster.end()
        shutil.rmtree(folder, ignore_errors=True)
