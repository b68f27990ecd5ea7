"""What somebody entered as a key is never edited: a correction is a further entry."""

from django.db import migrations

from centres.common.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("scoring", "0008_two_readings_balances_and_double_keys")]

    operations = [protect("scoring_keyentry")]
