"""Several people in the same moment, each in a thread and on a connection of his own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError, connection, models

from centres.common.errors import DomainError

PATIENCE = 20  # seconds a thread waits for the others


def all_at_once(work: Sequence[Callable[[], object]]) -> list[object]:
    """Let every piece of work begin in the same moment; what each returned, or was refused with."""
    gate = threading.Barrier(len(work))
    results: list[object] = [None] * len(work)

    def run(order: int) -> None:
        try:
            gate.wait(PATIENCE)
            results[order] = work[order]()
        except (DomainError, DatabaseError) as error:
            results[order] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(order,)) for order in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@contextmanager
def without(model: type[models.Model], name: str) -> Iterator[None]:
    """A table without one of its constraints. Its rows are gone afterwards."""
    constraint = next(c for c in model._meta.constraints if c.name == name)
    with connection.schema_editor() as editor:
        editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        model._default_manager.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(model, constraint)
