"""A device's own number may be as large as the protocol allows. SQLite's integers are that wide."""

from typing import Any

from django.db import migrations, models


def widen(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE proctoring_roomevent ALTER COLUMN dseq TYPE bigint")


class Migration(migrations.Migration):
    dependencies = [("proctoring", "0007_tickets")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(widen, migrations.RunPython.noop)],
            state_operations=[
                migrations.AlterField(
                    model_name="roomevent",
                    name="dseq",
                    field=models.PositiveBigIntegerField(
                        null=True, verbose_name="number on the device"
                    ),
                )
            ],
        )
    ]
