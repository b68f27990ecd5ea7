"""Long jobs: a row that says how far it is, can be stopped, and survives a killed worker."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from centres.common.runs import (
    Run,
    RunState,
    ask_to_cancel,
    perform,
    revive_silent,
    start,
)
from scheduling.actions.allocations import prepare_allocation
from scheduling.models import AllocationRun
from tests.factories import (
    make_centre,
    make_registration,
    make_room,
    make_room_session,
    make_sitting,
)


@pytest.fixture
def run(db: None) -> AllocationRun:
    """The allocation of three people to one room, not started yet."""
    sitting = make_sitting()
    make_room_session(make_room(make_centre()), sitting.exam_sessions.get())
    for _ in range(3):
        make_registration(sitting)
    return prepare_allocation(sitting=sitting, by=None, at=timezone.now(), seed=1)


def fresh(run: Run) -> Run:
    run.refresh_from_db()
    return run


def test_a_run_ends_with_its_result_and_its_progress_full(run: AllocationRun) -> None:
    seen: list[tuple[int, int]] = []
    perform(run, lambda done, total: seen.append((done, total)))
    assert fresh(run).state == RunState.DONE
    assert run.done == run.total > 0
    assert seen
    assert all(done <= total for done, total in seen)
    assert run.digest


def test_a_broken_rule_ends_a_run_with_its_sentence(run: AllocationRun) -> None:
    run.sitting.exam_sessions.get().room_sessions.all().delete()
    run.sitting.exam_sessions.get().seat_pools.all().delete()
    perform(run)
    assert fresh(run).state == RunState.FAILED
    assert run.error
    assert run.lines.count() == 0


def test_a_wish_to_stop_is_heard_at_the_next_report(run: AllocationRun) -> None:
    run.keep(state=RunState.RUNNING)
    ask_to_cancel(run)
    perform(run)
    assert fresh(run).state == RunState.CANCELLED
    assert run.lines.count() == 0


def test_a_run_that_still_waits_is_cancelled_at_once(run: AllocationRun) -> None:
    ask_to_cancel(run)
    assert fresh(run).state == RunState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_a_started_run_is_worked_on_by_the_worker(run: AllocationRun) -> None:
    start(run)
    assert fresh(run).state == RunState.QUEUED
    call_command("db_worker", batch=True, verbosity=0)
    assert fresh(run).state == RunState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_run_is_left_alone_by_the_worker(run: AllocationRun) -> None:
    start(run)
    ask_to_cancel(run)
    call_command("db_worker", batch=True, verbosity=0)
    assert fresh(run).state == RunState.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_a_run_silent_for_five_minutes_is_queued_once_more_and_then_given_up(
    run: AllocationRun,
) -> None:
    now = timezone.now()
    run.keep(state=RunState.RUNNING, attempts=1, heard_at=now - timedelta(minutes=6))
    assert revive_silent(at=now) == 1
    assert fresh(run).state == RunState.QUEUED
    assert DBTaskResult.objects.count() == 1
    run.keep(state=RunState.RUNNING, attempts=2, heard_at=now - timedelta(minutes=6))
    assert revive_silent(at=now) == 1
    assert fresh(run).state == RunState.FAILED
    assert run.error


def test_a_run_that_still_speaks_is_not_revived(run: AllocationRun) -> None:
    run.keep(state=RunState.RUNNING, heard_at=timezone.now())
    assert revive_silent(at=timezone.now()) == 0


def test_a_run_killed_after_its_result_was_stored_is_done_and_not_worked_on_again(
    run: AllocationRun,
) -> None:
    now = timezone.now()
    perform(run)
    run.keep(state=RunState.RUNNING, heard_at=now - timedelta(minutes=6))
    assert revive_silent(at=now) == 1
    assert fresh(run).state == RunState.DONE
    assert DBTaskResult.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_waiting_run_whose_worker_was_killed_before_it_began_is_queued_anew(
    run: AllocationRun,
) -> None:
    later = run.created_at + timedelta(minutes=6)
    assert revive_silent(at=later) == 1
    assert revive_silent(at=later + timedelta(minutes=1)) == 0
    call_command("db_worker", batch=True, verbosity=0)
    assert fresh(run).state == RunState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_run_queued_twice_is_worked_on_once(run: AllocationRun) -> None:
    start(run)
    start(run)
    call_command("db_worker", batch=True, verbosity=0)
    assert fresh(run).attempts == 1
