"""The whole story, small, as a stranger runs it: in a process of its own, which may be killed."""

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from config.demo.items import write_paper
from config.demo.story import STEPS
from tests.factories import make_sitting

SIZE = 400
KEYS = {"SECRET_KEY": "a" * 64, "DATA_KEY": "b" * 64}
# What depends on the hour at which the story is told, or on a draft that had to be sent back.
PASSING = {"drill_here", "version"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """environment(name): the variables of a demo with a folder and a database of its own."""
    made: list[str] = []

    def make(name: str) -> dict[str, str]:
        folder = tmp_path_factory.mktemp(name)
        found = {**os.environ, **KEYS, "DATA_DIR": str(folder), "SERVE": "0", "SIZE": str(SIZE)}
        if connection.vendor == "postgresql":
            made.append(f"demo_{uuid.uuid4().hex}")
            found["DATABASE_URL"] = _address(made[-1])
            _postgres(f'CREATE DATABASE "{made[-1]}"')
        return found

    yield make
    for name in made:
        _postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


def _address(database: str) -> str:
    said = connection.settings_dict
    return f"postgres://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/{database}"


def _postgres(statement: str) -> None:
    import psycopg  # noqa: PLC0415  only where it is the database

    with psycopg.connect(_address("postgres"), autocommit=True) as there:
        there.execute(statement)


def demo(environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "manage.py", "demo"]
    return subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def journal(environment: dict[str, str]) -> dict[str, Any]:
    path = Path(environment["DATA_DIR"]) / "demo" / "story.json"
    return json.loads(path.read_text()) if path.exists() else {"done": []}


def figures(environment: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {
        step["name"]: {k: v for k, v in step["figures"].items() if k not in PASSING}
        for step in journal(environment)["done"]
    }


@pytest.fixture(scope="module")
def played(environment: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A demo played from end to end without a disturbance, once for all processes of this run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "played.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = shared / "played.json"
        if not kept.exists():
            found = environment("played")
            process = demo(found)
            said, _none = process.communicate(timeout=600)
            assert process.returncode == 0, said
            kept.write_text(json.dumps({"DATA_DIR": found["DATA_DIR"], "SAID": said}))
    played: dict[str, str] = json.loads(kept.read_text())
    return played


def test_the_story_is_told_to_its_end_with_a_table_and_sign_ins(played: dict[str, str]) -> None:
    said = played["SAID"]
    assert journal(played)["finished"]
    for words in ("Peak memory", "First wish granted", "Certificate:", "gap 0", "examiner2"):
        assert words in said


def test_everybody_is_seated_and_has_a_score_an_absence_or_a_hold(played: dict[str, str]) -> None:
    told = figures(played)
    registrations = told["Country"]["registrations"]
    assert told["Allocation"]["bookings"] == told["Admission cards"]["cards"] == registrations
    assert told["Exam days"]["present"] == told["Answers"]["sheets"] == SIZE
    assert told["Exam days"]["events"] >= 3 * SIZE
    scores = told["Scores"]
    assert scores["scored"] + scores["absent"] + scores["held"] == registrations
    assert scores["lost"] == told["Answers"]["waiting"] == 0


def test_the_wrong_key_that_was_planted_is_found_and_changed_to_the_truth(
    played: dict[str, str],
) -> None:
    paper = write_paper()
    _form, item = paper.wrong_key
    (change,) = figures(played)["Analysis"]["changes"]
    truth = "ABCDE"[paper.key[paper.code.index(item)]]
    assert (change["item"], change["right"]) == (item, truth)
    assert change["up"] > 0


def test_the_pair_that_copied_is_found_and_held_and_nobody_else(played: dict[str, str]) -> None:
    told = figures(played)
    assert len(told["Analysis"]["pairs"]) == 1
    assert told["Scores"]["held"] == 2


def test_each_reads_the_own_result_and_nobody_elses(played: dict[str, str]) -> None:
    told = figures(played)["Publication"]
    assert told["own_results_read"] == 200
    assert told["others_results_read"] == 0


def test_there_is_a_sitting_of_several_papers_with_a_seat_for_each(
    played: dict[str, str],
) -> None:
    told = figures(played)["Several papers"]
    assert 1.5 * told["people"] < told["seats"] <= 3 * told["people"]


def test_there_is_a_sitting_to_wish_for_one_to_allocate_and_a_drill_to_watch(
    played: dict[str, str],
) -> None:
    (today,) = (s["figures"] for s in journal(played)["done"] if s["name"] == "Today")
    assert today["wishing"] == figures(played)["Scores"]["absent"]
    assert 0 < today["special"] < today["drill"]
    assert 0 < today["drill_here"] < today["drill"]


def killed_and_continued(found: dict[str, str], moments: list[float]) -> str:
    """What the last process says, after one was killed so many seconds after each beginning."""
    for seconds in moments:
        process = demo(found)
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
    process = demo(found)
    said, _none = process.communicate(timeout=600)
    assert process.returncode == 0, said
    return said


def test_a_demo_killed_again_and_again_ends_as_one_that_was_left_alone(
    played: dict[str, str], environment: Any
) -> None:
    """Killed in the middle of several steps; what the journal says in the end is the same."""
    found, chance = environment("killed"), random.Random(2570)
    for steps in (0, 1, 3, 5):
        process = demo(found)
        while process.poll() is None and len(journal(found)["done"]) < steps:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.02, 0.15))
        process.send_signal(signal.SIGKILL)
        said, _none = process.communicate()
        assert process.returncode == -signal.SIGKILL, said
    process = demo(found)
    said, _none = process.communicate(timeout=600)
    assert process.returncode == 0, said
    assert "Going on where the last demo was stopped." in said
    assert figures(found) == figures(played)
    assert [step["name"] for step in journal(found)["done"]] == [step.name for step in STEPS]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
def test_a_demo_killed_at_any_moment_ends_the_same(
    played: dict[str, str], environment: Any, seed: int
) -> None:
    chance, found = random.Random(seed), environment(f"soak{seed}")
    said = killed_and_continued(found, [chance.uniform(1.0, 6.0) for _ in range(3)])
    assert "Peak memory" in said
    assert figures(found) == figures(played)


# --- what it refuses -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_database_with_a_real_sitting_is_left_alone() -> None:
    make_sitting("9/2570", is_rehearsal=False)
    with pytest.raises(CommandError, match="real sitting"):
        call_command("demo", size=SIZE, no_serve=True)


@pytest.mark.parametrize("size", [0, 199, 59_680])
def test_a_size_that_cannot_be_played_is_named(size: int) -> None:
    with pytest.raises(CommandError, match="SIZE"):
        call_command("demo", size=size, no_serve=True)
