"""Tables that only grow: the database itself refuses UPDATE and DELETE."""

from collections.abc import Callable
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = """
CREATE TRIGGER append_only_{table}_{act} BEFORE {ACT} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: add a new row that corrects the old one'); END
"""
POSTGRES = """
CREATE FUNCTION append_only_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{table} is append-only: add a new row that corrects the old one'; END $$;
CREATE TRIGGER append_only_{table} BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION append_only_{table}();
"""


def protect(table: str) -> migrations.RunPython:
    """Return the migration operation that makes `table` append-only, and its reverse."""
    return migrations.RunPython(_forward(table), _backward(table), elidable=False)


def _forward(table: str) -> Callable[[Any, BaseDatabaseSchemaEditor], None]:
    def run(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "sqlite":
            for act in ("update", "delete"):
                editor.execute(SQLITE.format(table=table, act=act, ACT=act.upper()))
        else:
            editor.execute(POSTGRES.format(table=table), params=None)

    return run


def _backward(table: str) -> Callable[[Any, BaseDatabaseSchemaEditor], None]:
    def run(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        if editor.connection.vendor == "sqlite":
            for act in ("update", "delete"):
                editor.execute(f"DROP TRIGGER append_only_{table}_{act}")
        else:
            editor.execute(f"DROP FUNCTION append_only_{table}() CASCADE")

    return run
