"""kill -9 of the database, and of the server with it: what was promised is still there."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as product
from django.db import connection

from tests.faults.cluster import HAS_OWN, Cluster, own_cluster
from tests.faults.test_ledger_kill import Promises, listen, server

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="this database is a file"),
    pytest.mark.skipif(not HAS_OWN, reason="no initdb and pg_ctl here to make a cluster with"),
]
CLERK = """
import json, sys
import django
django.setup()
from proctoring.models import RoomEvent
from proctoring.queries.verification import verify_ledgers
if sys.argv[1] == "make":
    from tests.faults.test_ledger_kill import facts_of
    from tests.proctoring.conftest import make_day
    print(json.dumps(facts_of(make_day(), int(sys.argv[2]))))
else:
    rows = RoomEvent.objects.exclude(type="room.plan").values_list("event_id", "seq")
    print(json.dumps([list(rows), len(verify_ledgers().breaks)]))
"""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with own_cluster() as made:
        yield made


def clerk(url: str, folder: Any, *words: str) -> Any:
    """What a process connected to that database says."""
    environment = {
        **os.environ, "DATABASE_URL": url, "DATA_DIR": str(folder), "REDIS_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": product.SECRET_KEY,
        "DATA_KEY": product.DATA_KEY.hex(), "PYTHONPATH": str(product.BASE_DIR),
    }  # fmt: skip
    said = subprocess.run(
        [sys.executable, *words], cwd=product.BASE_DIR, env=environment, check=True, text=True,
        capture_output=True,
    ).stdout  # fmt: skip
    return json.loads(said) if words[0] == "-c" else said


@pytest.mark.parametrize(
    ("each", "kills"), [(40, 2), pytest.param(300, 20, marks=pytest.mark.soak)]
)
def test_nothing_promised_is_lost_when_the_database_is_killed(
    cluster: Cluster, tmp_path: Any, each: int, kills: int
) -> None:
    clerk(cluster.url, tmp_path, "manage.py", "migrate", "-v", "0")
    devices = clerk(cluster.url, tmp_path, "-c", CLERK, "make", str(each))
    promised: Promises = {}
    dice = random.Random(5)
    for kill in range(kills):
        process = server(devices, tmp_path, cluster.url)

        def strike(both: bool = kill % 2 == 1, process: Any = process) -> None:
            """The database falls while the server works; every second time both do."""
            before = len(promised)
            while len(promised) < before + dice.randrange(5, each) and process.poll() is None:
                time.sleep(0.01)
            cluster.kill()
            if both:
                process.kill()
            cluster.start()

        striking = threading.Thread(target=strike)
        striking.start()
        listen(process, -1, promised)
        striking.join()
    listen(server(devices, tmp_path, cluster.url), -1, promised)
    rows, breaks = clerk(cluster.url, tmp_path, "-c", CLERK, "held")
    held = dict(map(tuple, rows))
    sent = {fact[0] for facts in devices for fact in facts}
    assert set(promised) == sent
    assert {id_: held.get(id_) for id_ in promised} == promised, "promised and lost"
    assert len(rows) == len(held) == len(sent), "doubled"
    assert breaks == 0, "a gap or a torn chain"
