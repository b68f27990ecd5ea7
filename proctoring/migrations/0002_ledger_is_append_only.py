"""The database itself refuses to change or remove an entry of a ledger."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("proctoring", "0001_on_the_day")]

    operations = [protect("proctoring_roomevent")]
