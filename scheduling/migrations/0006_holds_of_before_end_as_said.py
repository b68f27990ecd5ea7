from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def limit(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """A hold of before can be extended no further than it was made for."""
    held = apps.get_model("scheduling", "Booking").objects.filter(state="held")
    held.update(hold_limit=models.F("hold_until"))


class Migration(migrations.Migration):
    dependencies = [
        ("scheduling", "0005_the_opening_day"),
    ]

    operations = [
        migrations.RunPython(limit, migrations.RunPython.noop),
    ]
