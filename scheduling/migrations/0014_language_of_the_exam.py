"""The language a person sits the exam in. Everybody before this sat it in Thai."""

from django.db import migrations, models


def language_of(model: str) -> migrations.SeparateDatabaseAndState:
    """A column with a default, added in place: SQLite would build the table anew, and the triggers
    that read it would stand in the way."""
    table = f"scheduling_{model}"
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"ALTER TABLE {table} ADD COLUMN language varchar(2) DEFAULT 'th' NOT NULL",
                f"ALTER TABLE {table} DROP COLUMN language",
            )
        ],
        state_operations=[
            migrations.AddField(
                model_name=model,
                name="language",
                field=models.CharField(
                    choices=[("th", "Thai"), ("en", "English")],
                    db_default="th",
                    default="th",
                    max_length=2,
                    verbose_name="language of the exam",
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0013_several_papers"),
    ]

    operations = [language_of("application"), language_of("registration")]
