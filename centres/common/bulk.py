"""Many rows at once: executemany on SQLite, COPY on PostgreSQL.

`bulk_create` builds a model instance and prepares every value of every row; measured here it takes
five to eight times as long. Rows come as plain values in the order of the named fields, so this is
for imports and generated rows whose values the caller has made sure of; constraints still hold.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, models, transaction

Row = Sequence[Any]


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """Primary keys that nobody else will get. Call it in the transaction that inserts the rows."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # the transaction holds the only write lock
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = (cursor.fetchone() or [0])[0]
            return list(range(last + 1, last + count + 1))
        sequence = "pg_get_serial_sequence(%s, 'id')"
        cursor.execute(
            f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [f'"{table}"', count]
        )
        return [number for (number,) in cursor.fetchall()]


def insert_rows(model: type[models.Model], fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows of values for `fields` (a foreign key takes the key), all of them or none.

    Fields not named are NULL or refused: a model's defaults are not consulted.
    """
    found: list[Any] = [model._meta.get_field(name) for name in fields]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in found)
    table = connection.ops.quote_name(model._meta.db_table)
    adapted: Any = _adapted(rows, [_adapter(field) for field in found])
    # Outside a transaction SQLite would commit, and wait for the disk, after every row.
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(found))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", adapted)
            return
        ready = list(adapted)  # rows that asked the database during COPY would wait for ever
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
        ):
            for row in ready:
                copy.write_row(row)


def _adapter(field: Any) -> Callable[[Any], Any] | None:
    """How a value of this field is written; None where it is written as it is."""
    if isinstance(field, models.DateTimeField):
        return _remembered(connection.ops.adapt_datetimefield_value)
    if isinstance(field, models.DateField):
        return _remembered(connection.ops.adapt_datefield_value)
    if isinstance(field, models.JSONField):
        raise TypeError(f"{field.name}: rows with JSON go through bulk_create")
    return None


def _remembered(adapt: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known: dict[date | datetime | None, Any] = {}

    def again(value: Any) -> Any:
        if value not in known:
            known[value] = adapt(value)
        return known[value]

    return again


def _adapted(rows: Iterable[Row], adapters: Sequence[Callable[[Any], Any] | None]) -> Iterable[Row]:
    places = [(place, adapt) for place, adapt in enumerate(adapters) if adapt is not None]
    if not places:
        return rows
    return (_adapt_row(list(row), places) for row in rows)


def _adapt_row(row: list[Any], places: Sequence[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    for place, adapt in places:
        row[place] = adapt(row[place])
    return row
